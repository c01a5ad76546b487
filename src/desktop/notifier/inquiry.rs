//! Asks the notification server who it is and what it can do, and shows nothing.
//!
//! Invariant: it waits four seconds for the bus and four for the server, no longer.

use std::time::Duration;

use tokio::time::timeout;
use zbus::connection;

use super::{Lack, Server, protocol};
use crate::domain::text::{Text, one_line};
use crate::ports::ShowError;

const TIMEOUT: Duration = Duration::from_secs(4);
/// A server's name and version are shown on one line with other words, in characters.
const LONGEST_NAME: usize = 40;

/// Asks on the bus of the session. It starts a server that the bus knows how to start, as a notification would.
pub(super) async fn inquire() -> Result<Server, ShowError> {
    let connecting = async { connection::Builder::session()?.build().await };
    let connection = match timeout(TIMEOUT, connecting).await {
        Ok(connected) => connected.map_err(|error| protocol::no_bus(&error))?,
        Err(_elapsed) => return Err(ShowError::NoSession("the session bus does not answer".into())),
    };
    let server = Some(protocol::SERVER);
    let ask = async |question| connection.call_method(server, protocol::PATH, server, question, &()).await;
    let asking = async {
        let capabilities: Vec<String> = ask("GetCapabilities").await?.body().deserialize()?;
        let (name, _vendor, version, _specification): (String, String, String, String) =
            ask("GetServerInformation").await?.body().deserialize()?;
        Ok(Server { name: short(&name), version: short(&version), lacks: lacks(&capabilities) })
    };
    match timeout(TIMEOUT, asking).await {
        Ok(answer) => answer.map_err(|error| protocol::not_shown(&error)),
        Err(_elapsed) => Err(protocol::silent_server()),
    }
}

fn lacks(capabilities: &[String]) -> Vec<Lack> {
    [
        ("body", Lack::Text),
        ("actions", Lack::Buttons),
        ("body-markup", Lack::Styles),
        ("body-hyperlinks", Lack::Links),
        ("sound", Lack::Sounds),
    ]
    .into_iter()
    .filter(|(word, _)| !capabilities.iter().any(|capability| capability == word))
    .map(|(_, lack)| lack)
    .collect()
}

fn short(name: &str) -> String {
    Text::from_plain(&one_line(name)).shortened(LONGEST_NAME).to_plain()
}
