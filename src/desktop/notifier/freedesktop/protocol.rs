//! Writes and reads the D-Bus messages of the notification specification.
//!
//! Invariant: nothing here waits or has state; and no error quotes the server's words, since those may quote the
//! notification.
//!
//! The messages: <https://specifications.freedesktop.org/notification-spec/latest/protocol.html>.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::num::NonZeroU32;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use zbus::message::{self, Flags, Message};
use zbus::names::OwnedUniqueName;
use zbus::zvariant::{SerializeValue, Signature, Type, Value};

use crate::desktop::notifier::action_keys::{action, key};
use crate::desktop::notifier::markup::{self, Markup};
use crate::desktop::notifier::own_icon::{self, ImageData};
use crate::desktop::notifier::server_traits::{Audience, ServerTraits};
use crate::desktop::sound;
use crate::domain::message::Receipt;
use crate::domain::notification::{
    ActivationToken, Notification, NotificationAction, NotificationId, Urgency,
};
use crate::domain::text::{Span, Style, Text, misleads, one_line};
use crate::ports::{Reattached, ShowError};
use crate::system::dbus::DBUS;

/// The bus name of a notification server, and of its interface.
pub(super) const SERVER: &str = "org.freedesktop.Notifications";
/// Its object path.
pub(super) const PATH: &str = "/org/freedesktop/Notifications";

/// The signals to subscribe to: those of the server, and those about the owner of its name.
pub(super) const MATCH_RULES: [&str; 2] = [
    "type='signal',sender='org.freedesktop.Notifications',interface='org.freedesktop.Notifications',\
     path='/org/freedesktop/Notifications'",
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
     member='NameOwnerChanged',arg0='org.freedesktop.Notifications'",
];

/// The `app_name` of what is about this program itself.
const OWN_NAME: &str = "Handover";
/// Between a title and the application.
const SEPARATOR: &str = " — ";
/// Between the lines of a list, where line breaks are shown as spaces.
const LIST_SEPARATOR: &str = " · ";

/// The hint by which a server names another application than that of the desktop entry.
const DISPLAYED_APP_HINT: &str = "x-kde-display-appname";
/// The hint that names the application whose messages a notification is about.
const APP_HINT: &str = "x-handover-app";
/// What precedes that name in the category, which the specification asks of a category that it does not list.
const CATEGORY_PREFIX: &str = "x-handover.";

/// The capabilities of a server that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Capabilities {
    actions: bool,
    markup: Markup,
    sound: bool,
    /// Whether a theme has the icon of this program.
    has_icon: bool,
    traits: ServerTraits,
}

impl Capabilities {
    /// From the reply to `GetCapabilities`, the name of the server, and whether a theme has the icon of this program.
    pub(super) fn new(words: &[String], name: &str, has_icon: bool) -> Self {
        let has = |word: &str| words.iter().any(|other| other == word);
        Self {
            actions: has("actions"),
            markup: Markup::of_server(name, words),
            sound: has("sound"),
            has_icon,
            traits: ServerTraits::of(name),
        }
    }

    /// How many critical notifications can be seen at once; `None` when no limit is known.
    pub(super) fn standing_limit(self) -> Option<usize> {
        self.traits.standing_limit
    }

    /// How much of a text is shown.
    pub(super) fn text_limit(self) -> usize {
        self.traits.text_limit
    }

    /// What becomes of the notifications of an earlier process.
    pub(super) fn reattached(self) -> Reattached {
        match self.traits.audience {
            Audience::Everybody => Reattached::Yes,
            Audience::ItsProgram => Reattached::OnceReplaced { revives_closed: false },
            Audience::ItsProgramAlsoIfClosed => Reattached::OnceReplaced { revives_closed: true },
        }
    }

    /// How many notifications it shows, whatever their urgency: the newest.
    pub(super) fn newest_shown(self) -> Option<usize> {
        self.traits.newest_shown
    }

    /// Whether some notifications hide others: a banner waits until those before it are gone, or only the newest are shown.
    pub(super) fn hides_others(self) -> bool {
        self.traits.queues_banners || self.traits.newest_shown.is_some()
    }

    /// Whether a notification is to be closed and shown anew rather than replaced: an emergency would lose its buttons and,
    /// once it is over and no longer critical, disappear at once, even if nobody has seen it yet. So would the count of a
    /// flood, whose banner is replaced while it still appears.
    pub(super) fn is_shown_anew(self, notification: &Notification) -> bool {
        let is_over = notification.urgency == Urgency::High && notification.emergency.is_some();
        let is_count = notification.urgency != Urgency::Low && notification.is_list;
        self.traits.spoils_replaced_banners
            && (notification.urgency == Urgency::Critical || is_over || is_count)
            && !notification.actions.is_empty()
    }

    /// Whether the server plays sounds itself.
    pub(super) fn has_sound(self) -> bool {
        self.sound
    }
}

/// The call that shows a notification, or replaces one.
pub(super) fn notify(
    notification: &Notification,
    replaces: Option<NotificationId>,
    capabilities: Capabilities,
) -> zbus::Result<Message> {
    let traits = capabilities.traits;
    let urgency: u8 = match notification.urgency {
        Urgency::Low => 0,
        Urgency::High if traits.critical_is_in_the_way() => 1,
        Urgency::Normal => 1,
        Urgency::High | Urgency::Critical => 2,
    };
    let mut hints: BTreeMap<&str, Hint<'_>> =
        BTreeMap::from([("urgency", urgency.into()), ("desktop-entry", own_icon::NAME.into())]);
    // For the rules of the user: dunst, mako and swaync choose notifications by category, not by hints of their own.
    let category = notification.app.as_ref().map(|app| format!("{CATEGORY_PREFIX}{app}"));
    if let (Some(app), Some(category)) = (&notification.app, category) {
        hints.extend([(APP_HINT, app.as_str().into()), ("category", category.into())]);
        if traits.names_app {
            hints.insert(DISPLAYED_APP_HINT, app.as_str().into());
        }
    }
    if notification.resident {
        hints.insert("resident", true.into());
    }
    let is_own = notification.icon.is_none() && !capabilities.has_icon;
    let picture = is_own.then(own_icon::picture).flatten();
    if let Some(data) = picture.as_ref().and_then(own_icon::image_data) {
        hints.insert("image-data", Hint::Picture(data));
    }
    if let Some(icon) = &notification.icon {
        let plain = icon.to_str().filter(|_| traits.wants_plain_paths).map(str::to_owned);
        hints.insert("image-path", plain.unwrap_or_else(|| file_uri(icon)).into());
    }
    let file = notification.sound.as_deref().and_then(Path::to_str);
    let (hint, value) = match (notification.silent || !capabilities.sound, file) {
        // Also when this program plays the sound: it must not be heard twice.
        (true, _) => ("suppress-sound", true.into()),
        (false, Some(file)) => ("sound-file", file.into()),
        (false, None) => ("sound-name", sound::THEME_NAME.into()),
    };
    hints.insert(hint, value);
    let actions: Vec<&str> = offered(notification, capabilities)
        .into_iter()
        .flat_map(|(action, label)| [key(action), label])
        .collect();
    // Milliseconds; 0 means never, -1 the default of the server.
    let expires = if notification.resident { 0 } else { -1 };
    let title = title_for(notification, traits);
    let body = markup::render(&whole_body(notification, capabilities), capabilities.markup);
    let replaces = replaces.map_or(0, |NotificationId(id)| id);
    Message::method_call(PATH, "Notify")?.destination(SERVER)?.interface(SERVER)?.build(&(
        app_name(notification, traits),
        replaces,
        if capabilities.has_icon { own_icon::NAME } else { "" },
        title,
        body,
        actions,
        hints,
        expires,
    ))
}

/// The value of a hint.
enum Hint<'a> {
    Value(Value<'a>),
    /// Written as it is: a `Value` would take a hundred times its memory.
    Picture(ImageData<'a>),
}

impl<'a, T: Into<Value<'a>>> From<T> for Hint<'a> {
    fn from(value: T) -> Self {
        Self::Value(value.into())
    }
}

impl Type for Hint<'_> {
    const SIGNATURE: &'static Signature = &Signature::Variant;
}

impl serde::Serialize for Hint<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Picture(picture) => SerializeValue(picture).serialize(serializer),
        }
    }
}

/// The name by which the server tells the sources of notifications apart.
fn app_name(notification: &Notification, traits: ServerTraits) -> Cow<'_, str> {
    let app = notification.app.as_deref().unwrap_or(OWN_NAME);
    // So that the parts displace neither each other nor what came before.
    if let Some(part) = notification.part.filter(|_| traits.limits_each_app) {
        return format!("{app} (part {part})").into();
    }
    match &notification.emergency {
        // Of its own for each emergency, so that nothing displaces it.
        Some(receipt) if traits.limits_each_app => {
            format!("{app} (emergency {:04x})", number_of(receipt)).into()
        }
        Some(_) | None => app.into(),
    }
}

/// A short number by which emergencies differ.
fn number_of(receipt: &Receipt) -> u16 {
    let fold = |number: u16, byte| number.rotate_left(5) ^ u16::from(byte);
    receipt.as_str().bytes().fold(0, fold)
}

fn full_title(notification: &Notification, traits: ServerTraits) -> &str {
    let beside_app = notification.title_beside_app.as_deref().filter(|_| traits.names_app);
    beside_app.unwrap_or(&notification.title)
}

fn title_for(notification: &Notification, traits: ServerTraits) -> String {
    let shortened = |title: &str, limit| Text::from_plain(&one_line(title)).shortened(limit).to_plain();
    let limit = traits.title_limit;
    match (&notification.title_beside_app, &notification.app) {
        (Some(_), _) if traits.names_app => shortened(full_title(notification, traits), limit),
        // The name of the application after the title is not what is cut off.
        (Some(title), Some(app))
            if notification.title.chars().count() > limit && notification.title.ends_with(app) =>
        {
            let app = shortened(app, limit / 2);
            let left = limit.saturating_sub(app.chars().count() + SEPARATOR.chars().count());
            shortened(title, left) + SEPARATOR + &app
        }
        _ => shortened(&notification.title, limit),
    }
}

/// The text, such that the server shows all of it as far as that can be done: below the title, if that is shortened above it,
/// and without long paragraphs, if the server cuts them.
fn whole_body(notification: &Notification, capabilities: Capabilities) -> Cow<'_, Text> {
    let traits = capabilities.traits;
    let mut body = body_for(notification, capabilities);
    let whole_title = Text::from_plain(&one_line(full_title(notification, traits))).to_plain();
    // Where line breaks are spaces or few lines are shown, it would hide the text.
    if whole_title.chars().count() > traits.title_limit && !notification.is_list && !traits.joins_lists {
        let style = Style { bold: true, ..Style::default() };
        let mut with_title = Text::default();
        with_title.push(Span { text: whole_title + "\n", style });
        for span in body.spans() {
            with_title.push(span.clone());
        }
        if with_title.fits(traits.text_limit) {
            body = Cow::Owned(with_title);
        }
    }
    match traits.paragraph_limit {
        Some(limit) => Cow::Owned(body.with_short_paragraphs(limit)),
        None => body,
    }
}

fn body_for(notification: &Notification, capabilities: Capabilities) -> Cow<'_, Text> {
    let traits = capabilities.traits;
    let has_button = capabilities.actions && traits.shows_buttons;
    let is_over = notification.emergency.is_some() && notification.urgency != Urgency::Critical;
    if notification.is_list && traits.joins_lists {
        let lines = notification.body.to_plain().lines().collect::<Vec<_>>().join(LIST_SEPARATOR);
        Cow::Owned(Text::from_plain(&lines))
    } else if is_over && traits.joins_lists {
        // Its last line says that it was acknowledged.
        let body = notification.body.clone().with_last_line_after(LIST_SEPARATOR);
        Cow::Owned(Notification { body, ..notification.clone() }.body_with_link())
    } else if !has_button {
        Cow::Owned(notification.body_with_link())
    } else {
        without_link_of_button(notification, capabilities.markup)
    }
}

/// The text without the link that a button opens, where its words cannot be clicked: the address would follow them. The
/// address of words that name another host stays.
fn without_link_of_button(notification: &Notification, markup: Markup) -> Cow<'_, Text> {
    let body = &notification.body;
    let has_button = notification.actions.iter().any(|(action, _)| *action == NotificationAction::OpenLink);
    let mut links: Vec<_> = body.spans().iter().filter_map(|span| span.style.link.as_deref()).collect();
    links.dedup();
    let &[link] = links.as_slice() else { return Cow::Borrowed(body) };
    if !has_button || notification.link.is_some() || markup.has_link(link) {
        return Cow::Borrowed(body);
    }
    let mut shorter = Text::default();
    for runs in body.links() {
        let words: String = runs.iter().map(|run| run.text.as_str()).collect();
        for run in runs {
            let link = run.style.link.clone().filter(|link| misleads(&words, link));
            shorter.push(Span { text: run.text.clone(), style: Style { link, ..run.style.clone() } });
        }
    }
    Cow::Owned(shorter)
}

/// The actions for a server: none where it shows none, and no default action that would be a second button with the same
/// label.
fn offered(notification: &Notification, capabilities: Capabilities) -> Vec<(NotificationAction, &str)> {
    if !capabilities.actions {
        return Vec::new();
    }
    let mut actions = notification.offered(capabilities.text_limit());
    let default = actions.iter().find(|(action, _)| *action == NotificationAction::Default).copied();
    let is_repeated =
        default.is_some_and(|(_, label)| actions.iter().filter(|(_, other)| *other == label).count() > 1);
    if capabilities.traits.default_action_is_button && is_repeated {
        actions.retain(|(action, _)| *action != NotificationAction::Default);
    }
    actions
}

/// The URI of a file by RFC 8089; every byte is escaped that could have another meaning.
fn file_uri(path: &Path) -> String {
    const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    format!("file://{}", percent_encode(path.as_os_str().as_bytes(), &PLAIN))
}

/// The call that closes a notification, without a reply.
pub(super) fn close(NotificationId(id): NotificationId) -> zbus::Result<Message> {
    Message::method_call(PATH, "CloseNotification")?
        .destination(SERVER)?
        .interface(SERVER)?
        .with_flags(Flags::NoReplyExpected)?
        .build(&(id,))
}

/// A message from the bus.
#[derive(Debug)]
pub(super) enum BusMessage {
    /// A reply to a call, read as one to [`fn@notify`].
    Reply(NonZeroU32, Result<NotificationId, ShowError>),
    /// This program gives a token for the action that is invoked next.
    Activated(OwnedUniqueName, NotificationId, ActivationToken),
    /// This program says that an action of a notification was invoked.
    ActionInvoked(OwnedUniqueName, NotificationId, NotificationAction),
    /// This program says that a notification was closed, and why.
    Closed(OwnedUniqueName, NotificationId, CloseReason),
    /// This program is the notification server now.
    Owner(Option<OwnedUniqueName>),
}

/// Why a notification was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CloseReason {
    /// The user closed it.
    Dismissed,
    /// A program closed it.
    ByProgram,
    /// The server dropped it.
    Expired,
}

impl From<u32> for CloseReason {
    fn from(reason: u32) -> Self {
        match reason {
            2 => Self::Dismissed,
            3 => Self::ByProgram,
            _ => Self::Expired,
        }
    }
}

/// Reads a message; `None` when it does not concern this program.
pub(super) fn read(message: &Message) -> Option<BusMessage> {
    let header = message.header();
    match header.message_type() {
        message::Type::MethodCall => None,
        message::Type::MethodReturn => {
            let id = message.body().deserialize::<u32>().map(NotificationId);
            let id = id.map_err(|_| ShowError::Refused("its reply contains no id".into()));
            Some(BusMessage::Reply(header.reply_serial()?, id))
        }
        message::Type::Error => {
            let error = show_error(&zbus::Error::from(message.clone()));
            Some(BusMessage::Reply(header.reply_serial()?, Err(error)))
        }
        message::Type::Signal => {
            let sender = header.sender()?.to_owned();
            match (header.interface()?.as_str(), header.member()?.as_str()) {
                (SERVER, "ActionInvoked") => {
                    let (id, key): (u32, String) = message.body().deserialize().ok()?;
                    Some(BusMessage::ActionInvoked(sender.into(), NotificationId(id), action(&key)?))
                }
                (SERVER, "ActivationToken") => {
                    let (id, token): (u32, String) = message.body().deserialize().ok()?;
                    let token = ActivationToken::new(&token)?;
                    Some(BusMessage::Activated(sender.into(), NotificationId(id), token))
                }
                (SERVER, "NotificationClosed") => {
                    let (id, reason): (u32, u32) = message.body().deserialize().ok()?;
                    Some(BusMessage::Closed(sender.into(), NotificationId(id), reason.into()))
                }
                (DBUS, "NameOwnerChanged") if sender == DBUS => {
                    let (name, _, owner): (String, String, String) = message.body().deserialize().ok()?;
                    (name == SERVER).then(|| BusMessage::Owner(OwnedUniqueName::try_from(owner).ok()))
                }
                _ => None,
            }
        }
    }
}

/// The error for an error on the bus.
pub(super) fn show_error(error: &zbus::Error) -> ShowError {
    if let zbus::Error::MethodError(name, _, _) = error {
        let is_absent = name.as_str().strip_prefix("org.freedesktop.DBus.Error.").is_some_and(|error| {
            matches!(error, "ServiceUnknown" | "NameHasNoOwner") || error.starts_with("Spawn.")
        });
        return if is_absent {
            ShowError::NoServer("no notification server is running".into())
        } else if name.as_str() == "org.freedesktop.DBus.Error.NoReply" {
            // The bus says so when the server ends with a call unanswered.
            server_timed_out()
        } else {
            ShowError::Refused(format!("it answered with an error ({name})"))
        };
    }
    if let zbus::Error::InputOutput(cause) = error {
        return if cause.kind() == ErrorKind::TimedOut { server_timed_out() } else { bus_lost() };
    }
    ShowError::Refused("its reply is malformed".into())
}

/// The error for a server that takes too long.
pub(super) fn server_timed_out() -> ShowError {
    ShowError::NoServer("the notification server does not respond".into())
}

/// The error for a lost connection.
pub(super) fn bus_lost() -> ShowError {
    ShowError::NoSession("the connection to the session bus was lost".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_of_a_path_are_escaped() {
        for (path, uri) in [
            ("/home/a/.cache/handover/icons/A-b_9.png", "file:///home/a/.cache/handover/icons/A-b_9.png"),
            ("/x/ä b%41?c#d&<e>.png", "file:///x/%C3%A4%20b%2541%3Fc%23d%26%3Ce%3E.png"),
        ] {
            assert_eq!(file_uri(Path::new(path)), uri);
        }
    }
}
