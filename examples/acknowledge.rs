//! Acknowledges every emergency that waits for the device, which stops its alarm on all devices of the account.
//!
//! `cargo run --example acknowledge -- login.json`
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
use handover::ports::SecretStore as _;
use handover::pushover::{Part, Rest, Servers};

pub async fn run(servers: Servers, login: &Credentials) -> Result<usize, Box<dyn Error>> {
    let rest = Rest::new(servers)?;
    let mut receipts = Vec::new();
    let mut download = rest.download(login).await?;
    while let Part::Messages(batch) = download.next().await? {
        let open = batch.into_iter().filter(|received| received.message.is_open_emergency());
        receipts.extend(open.filter_map(|received| received.message.receipt));
    }
    // The next request waits until the download has ended.
    drop(download);
    // Every repeat has the same receipt.
    receipts.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    receipts.dedup();
    for receipt in &receipts {
        rest.acknowledge(&login.secret, receipt).await?;
    }
    println!("{} acknowledged", receipts.len());
    Ok(receipts.len())
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() -> Result<(), Box<dyn Error>> {
    let servers = Servers::new(Servers::API, Servers::WEBSOCKET)?;
    let file = std::env::args().nth(1).ok_or("name the file with the login")?;
    let login = FileSecrets::new(file).load().await?.ok_or("nobody is signed in")?;
    run(servers, &login).await.map(drop)
}
