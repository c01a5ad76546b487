//! Looks for new messages now and then. The service asks programs that can hold a connection not to do this: see `listen`.
//!
//! `cargo run --example poll -- login.json`
#![allow(
    clippy::allow_attributes,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "an example prints, and the tests call it as a module"
)]

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use handover::desktop::secrets::file::FileSecrets;
use handover::domain::account::Credentials;
use handover::domain::message::MessageId;
use handover::ports::SecretStore as _;
use handover::pushover::{Part, Rest, Servers};

pub async fn run(
    servers: Servers,
    login: &Credentials,
    pause: Duration,
    mut callback: impl FnMut(String) -> bool,
) -> Result<(), Box<dyn Error>> {
    let rest = Rest::new(servers)?;
    // Nothing is deleted here, so the service sends the same messages every time.
    let mut seen = BTreeSet::<MessageId>::new();
    loop {
        match rest.download(login).await {
            Ok(mut download) => {
                while let Part::Messages(batch) = download.next().await? {
                    for message in batch.into_iter().map(|received| received.message) {
                        if seen.insert(message.id) && !callback(message.body) {
                            return Ok(());
                        }
                    }
                }
            }
            // The service asks not to repeat what it refused.
            Err(error) if error.is_final() => return Err(error.into()),
            Err(error) => tokio::time::sleep(error.retry_after().unwrap_or(Duration::from_secs(5))).await,
        }
        tokio::time::sleep(pause).await;
    }
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() -> Result<(), Box<dyn Error>> {
    let servers = Servers::new(Servers::API, Servers::WEBSOCKET)?;
    let file = std::env::args().nth(1).ok_or("name the file with the login")?;
    let login = FileSecrets::new(file).load().await?.ok_or("nobody is signed in")?;
    let print = |text| {
        println!("{text}");
        true
    };
    run(servers, &login, Duration::from_mins(1), print).await
}
