//! The messages of the notification specification: written from a notification, and read into what they mean.
//!
//! Invariant: nothing here waits or remembers; and no error repeats what the server said, since that may
//! quote the notification.
//!
//! The messages: <https://specifications.freedesktop.org/notification-spec/latest/protocol.html>.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::num::NonZeroU32;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use zbus::message::{Flags, Message, Type};
use zbus::names::OwnedUniqueName;
use zbus::zvariant::Value;

use super::super::session_bus;
use super::keys::{action, key};
use super::markup::{self, Markup};
use crate::desktop::sound;
use crate::domain::notification::{Notification, NotificationAction, NotificationId, Urgency};
use crate::domain::text::{Text, one_line};
use crate::ports::ShowError;

/// The name a notification server goes by; its interface is called the same.
pub(super) const SERVER: &str = "org.freedesktop.Notifications";
/// Where it takes calls.
pub(super) const PATH: &str = "/org/freedesktop/Notifications";
/// The bus itself.
pub(super) const BUS: &str = "org.freedesktop.DBus";

/// What has to reach this program: what happens to notifications, and who shows them.
pub(super) const MATCH_RULES: [&str; 2] = [
    "type='signal',sender='org.freedesktop.Notifications',interface='org.freedesktop.Notifications',\
     path='/org/freedesktop/Notifications'",
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
     member='NameOwnerChanged',arg0='org.freedesktop.Notifications'",
];

/// The servers that show a click on a notification as one more button, and take a real click for a request to be rid of it.
const CLICK_IS_BUTTON: [&str; 1] = ["Xfce Notify Daemon"];

/// The longest title that is sent, in characters.
const MAX_TITLE: usize = 200;

/// What a server can do, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Capabilities {
    actions: bool,
    markup: Markup,
    sound: bool,
    click_is_button: bool,
}

impl Capabilities {
    /// Reads the answer to `GetCapabilities`, and the name the server goes by.
    pub(super) fn new(words: &[String], name: &str) -> Self {
        let has = |word: &str| words.iter().any(|other| other == word);
        let click_is_button = CLICK_IS_BUTTON.contains(&name);
        Self {
            actions: has("actions"),
            markup: Markup::of_server(name, words),
            click_is_button,
            sound: has("sound"),
        }
    }

    /// Whether the server plays sounds itself.
    pub(super) fn has_sound(self) -> bool {
        self.sound
    }
}

/// The call that shows a notification, in place of `replaces` if that is on the screen.
pub(super) fn notify(
    notification: &Notification,
    replaces: Option<NotificationId>,
    capabilities: Capabilities,
) -> zbus::Result<Message> {
    let urgency: u8 = match notification.urgency {
        Urgency::Low => 0,
        Urgency::Normal => 1,
        Urgency::Critical => 2,
    };
    let mut hints = BTreeMap::from([("urgency", Value::from(urgency)), ("desktop-entry", "handover".into())]);
    if notification.resident {
        hints.insert("resident", true.into());
    }
    if let Some(icon) = &notification.icon {
        hints.insert("image-path", file_uri(icon).into());
    }
    let file = notification.sound.as_deref().and_then(Path::to_str);
    let (hint, value) = match (notification.silent || !capabilities.sound, file) {
        // Also when this program plays it: then nobody else is to.
        (true, _) => ("suppress-sound", true.into()),
        (false, Some(file)) => ("sound-file", file.into()),
        (false, None) => ("sound-name", sound::OF_THEME.into()),
    };
    hints.insert(hint, value);
    let actions: Vec<&str> = offered(&notification.actions, capabilities)
        .flat_map(|(action, label)| [key(*action), label.as_str()])
        .collect();
    // Milliseconds; 0 is never, -1 as the server sees fit.
    let expires = if notification.resident { 0 } else { -1 };
    let title = Text::from_plain(&one_line(&notification.title)).shortened(MAX_TITLE).to_plain();
    let body = markup::render(&notification.body, capabilities.markup);
    let replaces = replaces.map_or(0, |NotificationId(id)| id);
    Message::method_call(PATH, "Notify")?
        .destination(SERVER)?
        .interface(SERVER)?
        .build(&("Handover", replaces, "handover", title, body, actions, hints, expires))
}

/// What a server is to offer: nothing where it would show nothing, and no second button for what another one says.
fn offered(
    actions: &[(NotificationAction, String)],
    capabilities: Capabilities,
) -> impl Iterator<Item = &(NotificationAction, String)> {
    let is_twice = move |label: &String| actions.iter().filter(|(_, other)| other == label).count() > 1;
    actions.iter().filter(move |(action, label)| {
        let is_needless =
            capabilities.click_is_button && *action == NotificationAction::Default && is_twice(label);
        capabilities.actions && !is_needless
    })
}

/// A file as the specification has images: RFC 8089, with every byte escaped that could mean something else.
fn file_uri(path: &Path) -> String {
    const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    format!("file://{}", percent_encode(path.as_os_str().as_bytes(), &PLAIN))
}

/// The call that takes a notification off the screen; nobody waits for an answer.
pub(super) fn close(NotificationId(id): NotificationId) -> zbus::Result<Message> {
    Message::method_call(PATH, "CloseNotification")?
        .destination(SERVER)?
        .interface(SERVER)?
        .with_flags(Flags::NoReplyExpected)?
        .build(&(id,))
}

/// What a message from the bus means.
#[derive(Debug)]
pub(super) enum Heard {
    /// An answer to a call, as if it were [`notify`].
    Answer(NonZeroU32, Result<NotificationId, ShowError>),
    /// An action of a notification was chosen, says this program.
    Chosen(OwnedUniqueName, NotificationId, NotificationAction),
    /// A notification left the screen, says this program; by the user if `true`.
    Closed(OwnedUniqueName, NotificationId, bool),
    /// The notification server is this program now.
    Owner(Option<OwnedUniqueName>),
}

/// Reads a message; `None` when it means nothing to this program.
pub(super) fn hear(message: &Message) -> Option<Heard> {
    let header = message.header();
    match header.message_type() {
        Type::MethodCall => None,
        Type::MethodReturn => {
            let id = message.body().deserialize::<u32>().map(NotificationId);
            let id = id.map_err(|_| ShowError::Refused("its answer holds no id".into()));
            Some(Heard::Answer(header.reply_serial()?, id))
        }
        Type::Error => {
            let cause = not_shown(&zbus::Error::from(message.clone()));
            Some(Heard::Answer(header.reply_serial()?, Err(cause)))
        }
        Type::Signal => {
            let sender = header.sender()?.to_owned();
            match (header.interface()?.as_str(), header.member()?.as_str()) {
                (SERVER, "ActionInvoked") => {
                    let (id, key): (u32, String) = message.body().deserialize().ok()?;
                    Some(Heard::Chosen(sender.into(), NotificationId(id), action(&key)?))
                }
                (SERVER, "NotificationClosed") => {
                    let (id, reason): (u32, u32) = message.body().deserialize().ok()?;
                    Some(Heard::Closed(sender.into(), NotificationId(id), reason == 2))
                }
                (BUS, "NameOwnerChanged") if sender == BUS => {
                    let (name, _, owner): (String, String, String) = message.body().deserialize().ok()?;
                    (name == SERVER).then(|| Heard::Owner(OwnedUniqueName::try_from(owner).ok()))
                }
                _ => None,
            }
        }
    }
}

/// Why a notification was not shown, from an error on the bus.
pub(super) fn not_shown(error: &zbus::Error) -> ShowError {
    if let zbus::Error::MethodError(name, _, _) = error {
        let is_absent = name.as_str().strip_prefix("org.freedesktop.DBus.Error.").is_some_and(|error| {
            matches!(error, "ServiceUnknown" | "NameHasNoOwner") || error.starts_with("Spawn.")
        });
        return if is_absent {
            ShowError::NoServer("no notification server is running".into())
        } else {
            ShowError::Refused(format!("it answered with an error ({name})"))
        };
    }
    if let zbus::Error::InputOutput(cause) = error {
        return if cause.kind() == ErrorKind::TimedOut { silent_server() } else { lost_bus() };
    }
    ShowError::Refused("its answer makes no sense".into())
}

/// Why a notification was not shown, when the server took too long.
pub(super) fn silent_server() -> ShowError {
    ShowError::NoServer("the notification server does not answer".into())
}

/// Why a notification was not shown, when the connection broke.
pub(super) fn lost_bus() -> ShowError {
    ShowError::NoSession("the session bus went away".into())
}

/// Why a notification was not shown, when there is no connection to be had.
pub(super) fn no_bus(cause: &zbus::Error) -> ShowError {
    ShowError::NoSession(format!("the session bus cannot be reached: {}", session_bus::obstacle(cause)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_path_means_anything_in_an_address() {
        for (path, uri) in [
            ("/home/a/.cache/handover/icons/A-b_9.png", "file:///home/a/.cache/handover/icons/A-b_9.png"),
            ("/x/ä b%41?c#d&<e>.png", "file:///x/%C3%A4%20b%2541%3Fc%23d%26%3Ce%3E.png"),
        ] {
            assert_eq!(file_uri(Path::new(path)), uri);
        }
    }
}
