//! Records what the desktop is asked to show.
//!
//! Invariant: it only listens; the notification server and its clients do not notice it.

use futures_util::StreamExt;
use handover::system::clock;
use tokio::time::timeout;
use zbus::message::Type;
use zbus::{Message, MessageStream};

use crate::support::notification_server::{Shown, connect};
use crate::support::process::TIMEOUT;

/// Every `Notify` call on a bus since the start of listening.
pub(crate) struct Notifications(MessageStream);

impl Notifications {
    /// Starts to listen.
    pub(crate) async fn overhear(bus_address: &str) -> Self {
        let connection = connect(bus_address).await;
        let heard = MessageStream::from(&connection);
        let rule = "type='method_call',interface='org.freedesktop.Notifications',member='Notify'";
        let place = ("/org/freedesktop/DBus", "org.freedesktop.DBus.Monitoring");
        let pending = (vec![rule], 0_u32);
        let bus = Some("org.freedesktop.DBus");
        connection.call_method(bus, place.0, Some(place.1), "BecomeMonitor", &pending).await.expect("listen");
        Self(heard)
    }

    /// The next notification that a program asked to show; its id is not known here.
    pub(crate) async fn next(&mut self) -> Shown {
        let next = async {
            while let Some(message) = self.0.next().await {
                if let Some(shown) = message.ok().as_ref().and_then(notify) {
                    return shown;
                }
            }
            panic!("the bus is gone");
        };
        timeout(TIMEOUT, next).await.expect("a notification is shown within 30 s")
    }
}

fn notify(message: &Message) -> Option<Shown> {
    let header = message.header();
    let is_notify = header.message_type() == Type::MethodCall && header.member()?.as_str() == "Notify";
    let (app_name, replaces, icon, title, body, actions, hints, expires) =
        is_notify.then(|| message.body().deserialize().expect("Notify takes susssasa{sv}i"))?;
    Some(Shown {
        id: 0,
        at: clock::instant(),
        app_name,
        replaces,
        icon,
        title,
        body,
        actions,
        hints,
        expires,
    })
}
