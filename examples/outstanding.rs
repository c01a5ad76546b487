//! Prints what waits at the service for the device, and deletes it there.
//!
//! `cargo run --example outstanding -- login.json`
#![allow(
    clippy::allow_attributes,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "an example prints, and the tests call it as a module"
)]

use std::error::Error;

use handover::desktop::secrets::file::FileSecrets;
use handover::domain::account::Credentials;
use handover::domain::message::MessageId;
use handover::ports::SecretStore as _;
use handover::pushover::{Part, Rest, Servers};

pub async fn run(servers: Servers, login: &Credentials) -> Result<Vec<String>, Box<dyn Error>> {
    let rest = Rest::new(servers)?;
    let (mut texts, mut highest): (Vec<String>, Option<MessageId>) = (Vec::new(), None);
    // A download may be large, so it comes in parts.
    let mut download = rest.download(login).await?;
    while let Part::Messages(batch) = download.next().await? {
        for message in batch.into_iter().map(|received| received.message) {
            println!("{}: {}", message.app, message.body);
            highest = highest.max(Some(message.id).filter(|id| id.is_from_service()));
            texts.push(message.body);
        }
    }
    drop(download);
    // A program that keeps messages saves them before this.
    if let Some(highest) = highest {
        rest.delete_through(login, highest).await?;
    }
    Ok(texts)
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() -> Result<(), Box<dyn Error>> {
    let servers = Servers::new(Servers::API, Servers::WEBSOCKET)?;
    let file = std::env::args().nth(1).ok_or("name the file with the login")?;
    let login = FileSecrets::new(file).load().await?.ok_or("nobody is signed in")?;
    run(servers, &login).await.map(drop)
}
