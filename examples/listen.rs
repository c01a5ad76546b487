//! Calls back on each message, as soon as the service signals it. A program that is to run for days needs the reconnects of
//! `handover::engine::link`; see the example `without_tokio`.
//!
//! `cargo run --example listen -- login.json`
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
use handover::domain::message::Message;
use handover::engine::link::Signal;
use handover::ports::SecretStore as _;
use handover::pushover::{Part, Rest, Servers};

pub async fn run(
    servers: Servers,
    login: &Credentials,
    mut callback: impl FnMut(&Message) -> bool,
) -> Result<(), Box<dyn Error>> {
    let rest = Rest::new(servers)?;
    let mut socket = rest.open_socket(login).await?;
    // What arrived before the socket was open is not signalled.
    let mut signal = Signal::Message;
    loop {
        match signal {
            Signal::Message => {
                let mut highest = None;
                let mut goes_on = true;
                let mut download = rest.download(login).await?;
                while let Part::Messages(batch) = download.next().await? {
                    for received in batch {
                        goes_on &= callback(&received.message);
                        highest = highest.max(Some(received.message.id));
                    }
                }
                drop(download);
                if let Some(highest) = highest.filter(|id| id.is_from_service()) {
                    rest.delete_through(login, highest).await?;
                }
                if !goes_on {
                    socket.close().await;
                    return Ok(());
                }
            }
            Signal::KeepAlive | Signal::Unknown(_) => {}
            other @ (Signal::Reload | Signal::Refused | Signal::Displaced) => {
                return Err(format!("the service ended the connection: {other:?}").into());
            }
        }
        signal = socket.next().await?;
    }
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() -> Result<(), Box<dyn Error>> {
    let servers = Servers::new(Servers::API, Servers::WEBSOCKET)?;
    let file = std::env::args().nth(1).ok_or("name the file with the login")?;
    let login = FileSecrets::new(file).load().await?.ok_or("nobody is signed in")?;
    let print = |message: &Message| {
        println!("{}: {}", message.app, message.body);
        true
    };
    run(servers, &login, print).await
}
