//! Listens to what the desktop is asked to show.
//!
//! Invariant: it only listens; who shows the notices and who asks for them do not know of it.

use futures_util::StreamExt;
use tokio::time::timeout;
use zbus::message::Type;
use zbus::{Message, MessageStream};

use crate::support::notification_server::{Shown, connect};
use crate::support::process::PATIENCE;

/// Every `Notify` on a bus, from the start of listening.
pub(crate) struct Notices(MessageStream);

impl Notices {
    /// Begins to listen.
    pub(crate) async fn overhear(bus_address: &str) -> Self {
        let connection = connect(bus_address).await;
        let heard = MessageStream::from(&connection);
        let rule = "type='method_call',interface='org.freedesktop.Notifications',member='Notify'";
        let place = ("/org/freedesktop/DBus", "org.freedesktop.DBus.Monitoring");
        let wish = (vec![rule], 0_u32);
        let bus = Some("org.freedesktop.DBus");
        connection.call_method(bus, place.0, Some(place.1), "BecomeMonitor", &wish).await.expect("listen");
        Self(heard)
    }

    /// The next notice that somebody wants shown; its id is not known here.
    pub(crate) async fn next(&mut self) -> Shown {
        let next = async {
            while let Some(message) = self.0.next().await {
                if let Some(shown) = message.ok().as_ref().and_then(notify) {
                    return shown;
                }
            }
            panic!("the bus is gone");
        };
        timeout(PATIENCE, next).await.expect("a notice is shown within 30 s")
    }
}

fn notify(message: &Message) -> Option<Shown> {
    let header = message.header();
    let is_notify = header.message_type() == Type::MethodCall && header.member()?.as_str() == "Notify";
    let (app_name, replaces, icon, title, body, actions, hints, expires) =
        is_notify.then(|| message.body().deserialize().expect("Notify takes susssasa{sv}i"))?;
    Some(Shown { id: 0, app_name, replaces, icon, title, body, actions, hints, expires })
}
