//! Sends an emergency, asks what became of it, and cancels it.
//!
//! `TOKEN=… USER_KEY=… cargo run --example send -- "The cellar is under water"`
#![allow(
    clippy::allow_attributes,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "an example prints, and the tests call it as a module"
)]

use std::error::Error;

use handover::domain::account::Secret;
use handover::domain::message::Priority;
use handover::domain::sending::Draft;
use handover::pushover::{Accepted, Fate, Rest, Servers, form};

pub async fn run(servers: Servers, token: &str, user: &str, text: &str) -> Result<Accepted, Box<dyn Error>> {
    let rest = Rest::new(servers)?;
    let (token, user) = (Secret::new(token), Secret::new(user));
    let devices = rest.validate(&token, &user).await?.devices;
    println!("devices: {}", devices.join(", "));
    let draft = Draft {
        title: Some("Example".to_owned()),
        message: text.to_owned(),
        priority: Priority::Emergency,
        ..Draft::default()
    };
    // Everything that the service would refuse is known before.
    let faults = draft.check();
    if !faults.is_empty() {
        return Err(faults.join("; ").into());
    }
    let accepted = match rest.send_message(&token, &[user], &form(&draft)).await {
        Ok(accepted) => accepted,
        Err(unsent) => {
            if unsent.fate == Fate::Unknown {
                println!("the answer was lost: it may have been sent");
            }
            return Err(unsent.error.into());
        }
    };
    if let Some(receipt) = &accepted.receipt {
        let state = rest.receipt(&token, receipt).await?;
        println!("acknowledged at {:?}", state.acknowledged_at);
        rest.cancel(&token, receipt).await?;
    }
    Ok(accepted)
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() -> Result<(), Box<dyn Error>> {
    let servers = Servers::new(Servers::API, Servers::WEBSOCKET)?;
    let text = std::env::args().nth(1).ok_or("give a text")?;
    run(servers, &std::env::var("TOKEN")?, &std::env::var("USER_KEY")?, &text).await.map(drop)
}
