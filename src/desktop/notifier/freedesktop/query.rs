//! Asks the notification server for its name and its capabilities.
//!
//! Invariant: it waits at most four seconds for the bus and four for the server, and shows nothing.

use std::time::Duration;

use tokio::time::timeout;

use super::protocol;
use crate::desktop::notifier::server_info::{Feature, ServerInfo};
use crate::ports::ShowError;
use crate::system::dbus;

const TIMEOUT: Duration = Duration::from_secs(4);

/// Asks on the session bus. A server that the bus can start is started, as by a notification.
pub(in crate::desktop) async fn query() -> Result<ServerInfo, ShowError> {
    let connection = dbus::connect(None, TIMEOUT).await;
    let connection = connection.map_err(|error| ShowError::NoSession(error.to_string()))?;
    let server = protocol::SERVER;
    let ask = async |method| dbus::call(&connection, server, protocol::PATH, server, method, &()).await;
    let asking = async {
        let capabilities: Vec<String> = ask("GetCapabilities").await?.body().deserialize()?;
        let (name, _vendor, version, _specification): (String, String, String, String) =
            ask("GetServerInformation").await?.body().deserialize()?;
        Ok(ServerInfo::new(&name, &version, missing(&capabilities)))
    };
    match timeout(TIMEOUT, asking).await {
        Ok(reply) => reply.map_err(|error| protocol::show_error(&error)),
        Err(_elapsed) => Err(protocol::server_timed_out()),
    }
}

fn missing(capabilities: &[String]) -> Vec<Feature> {
    [
        ("body", Feature::Text),
        ("actions", Feature::Buttons),
        ("body-markup", Feature::Styles),
        ("body-hyperlinks", Feature::Links),
        ("sound", Feature::Sounds),
    ]
    .into_iter()
    .filter(|(word, _)| !capabilities.iter().any(|capability| capability == word))
    .map(|(_, feature)| feature)
    .collect()
}
