//! What is known about notification servers beyond what they say about themselves.
//!
//! Invariant: this is the only place that knows a server by its name. A server that is not in the table is treated as one
//! that does the least and spoils nothing. `servers.md` beside this file says what was seen, and with which version.

use crate::domain::notification::SCREENFUL;

/// How a notification server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ServerTraits {
    /// How many critical notifications can be seen at once; the others wait, unseen, until one of these is closed.
    pub(super) standing_limit: Option<usize>,
    /// How many notifications are shown at once, the newest whatever their urgency, if it hides the others.
    pub(super) newest_shown: Option<usize>,
    /// Whether a banner waits while there are others, for seconds or, while nobody uses the computer, until somebody does.
    pub(super) queues_banners: bool,
    /// Whether it drops the older notifications of an `app_name` when there are several.
    pub(super) limits_each_app: bool,
    /// Whether it names the application of a notification beside the title.
    pub(super) names_app: bool,
    /// Whether all actions are buttons that can be seen.
    pub(super) shows_buttons: bool,
    /// Whether the default action is one more button, while a click on the notification only closes it.
    pub(super) default_action_is_button: bool,
    /// Whether a banner loses its buttons when its notification is replaced, and is hidden if it is no longer critical or still
    /// appears.
    pub(super) spoils_replaced_banners: bool,
    /// Whether the lines of a list are joined to one: line breaks are shown as spaces, or only a few lines are shown.
    pub(super) joins_lists: bool,
    /// Whether it hands the body to Pango, or drops the tags that it does not know and keeps their content. Another
    /// server may show an unknown tag as text, or drop the whole body.
    pub(super) reads_pango: bool,
    /// Whether it spoils an address with `&` in the markup of a link.
    pub(super) spoils_links: bool,
    /// Whether it shows a picture only when its `image-path` is a path, not a URI.
    pub(super) wants_plain_paths: bool,
    /// Who is told what happens to a notification.
    pub(super) audience: Audience,
    /// How much of a text is shown, as in `Text::fits`.
    pub(super) text_limit: usize,
    /// How long a paragraph may be that is shown in full, in characters, a wide one counted twice.
    pub(super) paragraph_limit: Option<usize>,
    /// The longest title that is shown in full and leaves room for the text, in characters.
    pub(super) title_limit: usize,
}

/// Who is told of clicks, and that a notification was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// Every program on the bus.
    Everybody,
    /// The program that showed it, or replaced it.
    ItsProgram,
    /// The same; and when one is replaced that was closed, it is shown again.
    ItsProgramAlsoIfClosed,
}

/// A server that is not in the table.
const UNKNOWN: ServerTraits = ServerTraits {
    standing_limit: None,
    newest_shown: None,
    queues_banners: false,
    limits_each_app: false,
    names_app: false,
    shows_buttons: false,
    default_action_is_button: false,
    spoils_replaced_banners: false,
    joins_lists: false,
    reads_pango: false,
    spoils_links: false,
    wants_plain_paths: false,
    audience: Audience::Everybody,
    text_limit: SCREENFUL,
    paragraph_limit: None,
    title_limit: 200,
};

/// The servers by the names that they give in `GetServerInformation`.
const SERVERS: [(&str, ServerTraits); 7] = [
    (
        "gnome-shell",
        ServerTraits {
            standing_limit: Some(1),
            queues_banners: true,
            audience: Audience::ItsProgram,
            limits_each_app: true,
            shows_buttons: true,
            spoils_replaced_banners: true,
            joins_lists: true,
            text_limit: 300,
            title_limit: 50,
            ..UNKNOWN
        },
    ),
    (
        "Plasma",
        ServerTraits {
            standing_limit: Some(3),
            queues_banners: true,
            names_app: true,
            shows_buttons: true,
            ..UNKNOWN
        },
    ),
    (
        "dunst",
        ServerTraits {
            reads_pango: true,
            spoils_links: true,
            audience: Audience::ItsProgramAlsoIfClosed,
            text_limit: 600,
            ..UNKNOWN
        },
    ),
    (
        "mako",
        ServerTraits {
            newest_shown: Some(5),
            reads_pango: true,
            joins_lists: true,
            text_limit: 110,
            title_limit: 40,
            ..UNKNOWN
        },
    ),
    (
        "SwayNotificationCenter",
        ServerTraits {
            standing_limit: Some(4),
            newest_shown: Some(4),
            shows_buttons: true,
            wants_plain_paths: true,
            text_limit: 400,
            title_limit: 42,
            ..UNKNOWN
        },
    ),
    (
        "Xfce Notify Daemon",
        ServerTraits {
            shows_buttons: true,
            default_action_is_button: true,
            reads_pango: true,
            spoils_links: true,
            text_limit: 1_200,
            paragraph_limit: Some(180),
            title_limit: 42,
            ..UNKNOWN
        },
    ),
    ("lxqt-notificationd", ServerTraits { shows_buttons: true, ..UNKNOWN }),
];

impl ServerTraits {
    /// The traits of the server with this name.
    pub(super) fn of(name: &str) -> Self {
        let known = SERVERS.into_iter().find(|(server, _)| *server == name);
        known.map_or(UNKNOWN, |(_, traits)| traits)
    }

    /// Whether a critical notification hides others while it stays on the screen.
    #[cfg(target_os = "linux")]
    pub(super) fn critical_is_in_the_way(self) -> bool {
        self.standing_limit.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_server_is_described_in_the_table_for_people() {
        let table = include_str!("servers.md");
        for (name, _) in SERVERS {
            assert!(table.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_unknown_server_is_trusted_with_nothing() {
        assert_eq!(ServerTraits::of("a new one"), UNKNOWN);
        assert!(
            !UNKNOWN.critical_is_in_the_way() && ServerTraits::of("gnome-shell").critical_is_in_the_way()
        );
    }
}
