//! The actions that a notification offers, and which link of a message may be opened.
//!
//! Invariant: only a link of a kind that the user allowed is ever offered. Where a click on the notification does the same
//! as a button, both have the same label.

use std::borrow::Borrow;

use crate::domain::message::{Entry, Message};
use crate::domain::name::Name;
use crate::domain::notification::{LONGEST_TEXT, NotificationAction};
use crate::domain::settings::Emergency;
use crate::domain::text::{Text, misleads, one_short_line, scheme_of};
use crate::engine::policy::{Circumstances, emergency_setting};

/// A text that needs no more room than this is shown whole by every server, see `Text::fits`.
const SURELY_SHOWN: usize = 120;

/// The label of what marks one message as read.
pub(super) const MARK_READ: &str = "Mark as read";

/// The longest label of a button, in characters.
const LABEL_LIMIT: usize = 40;
/// How much of a label is checked for a misleading address, in characters: more than is shown, so that a cut name of a host is not
/// taken for another.
const READ_LIMIT: usize = 1_000;

/// The actions of one message: the most useful first, and the click on the notification last, since some servers show it
/// as one more button.
///
/// An emergency to be acknowledged offers no action that would dismiss it, and no click: where there are no buttons,
/// as in dunst, choosing its only action acknowledges it.
pub(super) fn of_one(
    entry: &Entry,
    text: &Text,
    circumstances: &Circumstances<'_>,
) -> Vec<(NotificationAction, String)> {
    let mut actions = Vec::new();
    let is_to_acknowledge = is_to_acknowledge(entry, circumstances);
    if is_to_acknowledge {
        actions.push((NotificationAction::Acknowledge, "Acknowledge".to_owned()));
    }
    let mut click = MARK_READ.to_owned();
    if link_with_text(&entry.message, || text).is_some_and(|link| is_allowed(&link, circumstances.open_links))
    {
        click = link_label(&entry.message);
        actions.push((NotificationAction::OpenLink, click.clone()));
    }
    if !text.fits(SURELY_SHOWN) || is_shortened(&entry.message, text) {
        actions.push((NotificationAction::ShowText, "Show whole text".to_owned()));
    }
    if !is_to_acknowledge {
        actions.push((NotificationAction::MarkRead, MARK_READ.to_owned()));
        actions.push((NotificationAction::Default, click));
    }
    actions
}

/// Whether the user is to acknowledge this message on its notification, which stays until they do.
pub fn is_to_acknowledge(entry: &Entry, circumstances: &Circumstances<'_>) -> bool {
    entry.awaits_acknowledgement() && emergency_setting(entry, circumstances) == Emergency::Manual
}

/// Whether the notification of a message leaves out a part of its title or text.
pub(super) fn is_shortened(message: &Message, text: &Text) -> bool {
    Name::cut_title(message).is_some() || text.to_plain().chars().count() > LONGEST_TEXT
}

/// The actions of a notification about many messages, which does not show all of them.
pub(super) fn of_many() -> Vec<(NotificationAction, String)> {
    let mark_read = || "Mark all as read".to_owned();
    vec![
        (NotificationAction::ShowText, "Show messages".to_owned()),
        (NotificationAction::MarkRead, mark_read()),
        (NotificationAction::Default, mark_read()),
    ]
}

/// The actions of a notification that counts the messages of one application, whose name is known or not.
pub(super) fn of_flood(app: Option<&str>) -> Vec<(NotificationAction, String)> {
    let mut actions = of_many();
    if app.is_some() {
        let mutes = [
            (NotificationAction::MuteForAnHour, "Mute for an hour".to_owned()),
            (NotificationAction::Mute, "Mute always".to_owned()),
        ];
        // The click comes last.
        actions.splice(2..2, mutes);
    }
    actions
}

/// The link of a message, if it has one and its scheme is one of `open_links`, which are in lower case.
pub fn link_of(message: &Message, open_links: &[&str]) -> Option<String> {
    any_link_of(message).filter(|link| is_allowed(link, open_links))
}

/// The link of a message, of any scheme: the one it was sent with, else the only one in its text.
pub fn any_link_of(message: &Message) -> Option<String> {
    link_with_text(message, || message.text())
}

/// The same where the text may have been read already.
fn link_with_text<T: Borrow<Text>>(message: &Message, text: impl FnOnce() -> T) -> Option<String> {
    let link = own_link_of(message);
    link.map(str::to_owned).or_else(|| {
        let text = text();
        let mut links = text.borrow().links().filter_map(|runs| runs.first()?.style.link.as_ref());
        let link = links.next()?;
        // With several links it is unknown which one is meant.
        links.all(|other| other == link).then(|| link.to_string())
    })
}

/// The link that a message was sent with, of any scheme.
pub fn own_link_of(message: &Message) -> Option<&str> {
    message.url.as_deref().map(str::trim).filter(|link| !link.is_empty() && !message.encrypted)
}

/// Whether a link is whole, hides nothing, and has one of these schemes, which are in lower case.
pub(super) fn is_allowed(link: &str, open_links: &[&str]) -> bool {
    scheme_of(link).is_some_and(|scheme| open_links.contains(&scheme.as_str()))
}

fn link_label(message: &Message) -> String {
    let link = own_link_of(message);
    let title = message.url_title.as_deref().filter(|_| link.is_some()).unwrap_or_default();
    let is_false = link.is_some_and(|link| misleads(&one_short_line(title, READ_LIMIT), link));
    let title = one_short_line(title, LABEL_LIMIT);
    if title.is_empty() || is_false { "Open link".to_owned() } else { title }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::Priority;
    use crate::engine::policy::tests::{Kind, LIVE, entry};
    use NotificationAction::{Acknowledge, Default, MarkRead, OpenLink};

    fn offered(
        kind: Kind,
        emergency: Emergency,
        edit: impl FnOnce(&mut Message),
    ) -> Vec<(NotificationAction, String)> {
        let mut entry = entry(1, kind);
        edit(&mut entry.message);
        of_one(&entry, &entry.message.text(), &Circumstances { emergency, ..LIVE })
    }

    fn labels(expected: &[(NotificationAction, &str)]) -> Vec<(NotificationAction, String)> {
        expected.iter().map(|(action, label)| (*action, (*label).to_owned())).collect()
    }

    #[test]
    fn the_most_useful_action_comes_first() {
        let normal = Kind::Of(Priority::Normal);
        let link = |message: &mut Message| message.url = Some(" https://a.example/ ".into());
        let manual = Emergency::Manual;
        for (offered, expected) in [
            (offered(normal, manual, |_| ()), &[(MarkRead, "Mark as read"), (Default, "Mark as read")][..]),
            (
                offered(normal, manual, link),
                &[(OpenLink, "Open link"), (MarkRead, "Mark as read"), (Default, "Open link")],
            ),
            (
                offered(Kind::Open("fire"), manual, link),
                &[(Acknowledge, "Acknowledge"), (OpenLink, "Open link")],
            ),
            (offered(Kind::Open("fire"), manual, |_| ()), &[(Acknowledge, "Acknowledge")]),
            (
                offered(Kind::Open("fire"), Emergency::Auto, |_| ()),
                &[(MarkRead, "Mark as read"), (Default, "Mark as read")],
            ),
        ] {
            assert_eq!(offered, labels(expected));
        }
    }

    #[test]
    fn acknowledging_is_offered_where_the_user_has_to_do_it() {
        for (mode, kind, is_offered) in [
            (Emergency::Manual, Kind::Open("fire"), true),
            (Emergency::Manual, Kind::Closed("fire"), false),
            (Emergency::Manual, Kind::GivenUp, false),
            (Emergency::Manual, Kind::NoReceipt, false),
            (Emergency::Auto, Kind::Open("fire"), false),
            (Emergency::Never, Kind::Open("fire"), false),
        ] {
            let offers = offered(kind, mode, |_| ()).iter().any(|(action, _)| *action == Acknowledge);
            assert_eq!(offers, is_offered, "{mode:?} {kind:?}");
        }
    }

    #[test]
    fn the_label_of_a_link_is_the_title_that_the_sender_gave() {
        for (title, expected) in [
            (None, "Open link"),
            (Some(" \u{202e}\u{7}"), "Open link"),
            (Some("https://good.bank/"), "Open link"),
            (Some("a.example"), "a.example"),
            (Some("See\nthe\u{202e} log "), "See the log"),
            (Some(&*"ä".repeat(100)), &*format!("{}…", "ä".repeat(39))),
        ] {
            let offered = offered(Kind::Of(Priority::Normal), Emergency::Auto, |message| {
                message.url = Some("https://a.example/".into());
                message.url_title = title.map(str::to_owned);
            });
            assert_eq!(offered.first(), labels(&[(OpenLink, expected)]).first());
        }
    }

    #[test]
    fn a_message_without_a_link_has_the_only_link_in_its_text() {
        let here = "<a href=\"https://a.example/\">here</a>";
        for (body, html, link) in [
            ("see https://a.example/ now", false, Some("https://a.example/")),
            (&format!("click <b>{here}</b>"), true, Some("https://a.example/")),
            (&format!("{here} or {here}"), true, Some("https://a.example/")),
            ("https://a.example/ https://b.example/", false, None),
            (&format!("{here} or <a href=\"javascript:x\">there</a>"), true, None),
            ("<a href=\"javascript:x\">there</a>", true, None),
            (here, false, Some("https://a.example/")),
            ("nothing", true, None),
        ] {
            let mut message = entry(1, Kind::Of(Priority::Normal)).message;
            (message.body, message.html) = (body.to_owned(), html);
            message.url_title = Some("Pay".into());
            assert_eq!(link_of(&message, LIVE.open_links).as_deref(), link, "{body}");
            let actions =
                offered(Kind::Of(Priority::Normal), Emergency::Manual, |other| *other = message.clone());
            let is_offered = actions.first() == labels(&[(OpenLink, "Open link")]).first();
            assert_eq!(is_offered, link.is_some(), "{body}");
            message.url = Some("https://own.example/".into());
            assert_eq!(link_of(&message, LIVE.open_links).as_deref(), Some("https://own.example/"));
            message.url = Some("file:///own".into());
            assert_eq!(link_of(&message, LIVE.open_links), None, "its own link comes first, allowed or not");
        }
    }

    #[test]
    fn only_a_complete_link_with_an_allowed_scheme_is_offered() {
        for (url, is_link) in [
            ("https://a.example/", true),
            ("HTTP://a.example/", true),
            ("mailto:a@b.example", true),
            ("", false),
            ("https:", false),
            ("a.example", false),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
            ("https://a.example/\nb", false),
            ("https://a.example/\u{202e}b", false),
            ("https://a.example/ b", false),
        ] {
            let mut message = entry(1, Kind::Of(Priority::Normal)).message;
            message.url = Some(url.to_owned());
            assert_eq!(link_of(&message, LIVE.open_links), is_link.then(|| url.to_owned()));
            assert_eq!(link_of(&message, &[]), None);
            message.encrypted = true;
            assert_eq!(link_of(&message, LIVE.open_links), None);
        }
        assert!(is_allowed("tel:+49301234", &["tel"]));
    }
}
