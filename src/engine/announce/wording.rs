//! The text of the notification of one message, or of many.
//!
//! Invariant: a title is one line that names the application it comes from, and no ciphertext is shown.

use super::actions;
use crate::domain::message::{Entry, Message, Priority};
use crate::domain::name::Name;
use crate::domain::notification::{LONGEST_TEXT, Notification, Urgency};
use crate::domain::text::{Span, Style, Text, one_short_line, unsaid};
use crate::engine::policy::flood::CountedMessages;
use crate::engine::policy::sound::{GroupSound, SoundChoice};
use crate::engine::policy::{Circumstances, Verdict, decide};

/// The longest name of an application; the service accepts 20 characters.
const APP_LIMIT: usize = 40;
/// The longest line under the text.
const LINE_LIMIT: usize = 200;
/// The longest text.
pub(super) const BODY_LIMIT: usize = LONGEST_TEXT;
/// How many messages a summary names.
const NAMED_IN_SUMMARY: usize = 5;

/// The notification of one message.
pub(super) fn of_one(entry: &Entry, verdict: &Verdict, circumstances: &Circumstances<'_>) -> Notification {
    let message = &entry.message;
    let text = message.text();
    let name = Name::of_read(message, &text);
    let body = body_up_to(BODY_LIMIT, message, &text, circumstances.open_links);
    let kind = if verdict.priority == Priority::Emergency { "Emergency: " } else { "" };
    Notification {
        replaces: None,
        app: known_app(&message.app),
        emergency: message.emergency_receipt().cloned(),
        title: format!("{kind}{}", name.above_text()),
        title_beside_app: Some(format!("{kind}{}", name.beside_app())),
        link: link_line(message, &body, circumstances.open_links),
        body,
        is_list: false,
        is_cut: actions::is_shortened(message, &text),
        part: None,
        urgency: urgency_of(verdict.priority),
        resident: verdict.priority == Priority::Emergency,
        silent: verdict.sound.is_silent(),
        sound: None,
        icon: None,
        actions: actions::of_one(entry, &text, circumstances),
    }
}

/// The one notification of many messages, added one by one, the newest first; as urgent as the most urgent of them.
#[derive(Clone, Debug)]
pub(super) struct Summary {
    count: usize,
    /// The names of a few, and whether each is of an urgent message.
    named: Vec<(bool, String)>,
    priority: Priority,
    sound: GroupSound,
}

impl Summary {
    /// A summary of no messages.
    pub(super) fn new() -> Self {
        Self { count: 0, named: Vec::new(), priority: Priority::Lowest, sound: GroupSound::default() }
    }

    /// Adds a message that is older than all before.
    pub(super) fn add(&mut self, message: &Message, verdict: &Verdict) {
        self.count += 1;
        self.priority = self.priority.max(verdict.priority);
        self.sound.add(verdict.priority, &verdict.sound);
        let is_urgent = verdict.priority >= Priority::High;
        if self.named.len() == NAMED_IN_SUMMARY {
            let Some(least) = self.named.iter().rposition(|(urgent, _)| is_urgent && !urgent) else { return };
            self.named.remove(least);
        }
        self.named.push((is_urgent, Name::of(message).line()));
    }

    /// How many messages were added.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The notification, which says when they arrived, and its sound; the urgent are named first, then the newest.
    pub(super) fn into_notification(mut self, when: &str) -> (Notification, SoundChoice) {
        self.named.sort_by_key(|(urgent, _)| !urgent);
        let lines = self.named.into_iter().map(|(_, name)| name).collect();
        let title = format!("{} messages arrived {when}", self.count);
        let sound = self.sound.into_choice();
        (of_many(title, lines, self.count, self.priority, sound.is_silent()), sound)
    }
}

/// The notification that counts the messages of one application.
pub(super) fn of_flood(app: &str, counted: &CountedMessages, silent: bool) -> Notification {
    let count = counted.seqs.len();
    let app = known_app(app);
    let title_beside_app = format!("{count} messages");
    let title = match &app {
        Some(app) => format!("{title_beside_app} from {app}"),
        None => title_beside_app.clone(),
    };
    let lines = counted.names.iter().rev().cloned().collect();
    let title_beside_app = Some(title_beside_app);
    let actions = actions::of_flood(app.as_deref());
    Notification { app, title_beside_app, actions, ..of_many(title, lines, count, counted.priority, silent) }
}

/// The notification of messages that were shown together before; `latest` are the latest of them, the newest first.
pub(super) fn of_earlier(latest: &[Entry], count: usize, circumstances: &Circumstances<'_>) -> Notification {
    let mut summary = Summary::new();
    for entry in latest {
        summary.add(&entry.message, &decide(entry, circumstances));
    }
    summary.count = count;
    let app = latest.first().and_then(|entry| known_app(&entry.message.app));
    let app =
        app.filter(|app| latest.iter().all(|entry| known_app(&entry.message.app).as_ref() == Some(app)));
    let (mut notification, _) = summary.into_notification("earlier");
    if let Some(app) = app {
        notification.title_beside_app = Some(format!("{count} messages"));
        notification.title = format!("{count} messages from {app}");
        notification.app = Some(app);
    }
    notification
}

fn known_app(app: &str) -> Option<String> {
    Some(one_short_line(app, APP_LIMIT)).filter(|app| !app.is_empty())
}

/// The notification of `count` messages, of which these lines name the first.
fn of_many(
    title: String,
    mut lines: Vec<String>,
    count: usize,
    priority: Priority,
    silent: bool,
) -> Notification {
    let unnamed = count.saturating_sub(lines.len());
    if unnamed > 0 {
        lines.push(format!("and {unnamed} more"));
    }
    Notification {
        replaces: None,
        app: None,
        emergency: None,
        title,
        title_beside_app: None,
        body: Text::from_plain(&lines.join("\n")),
        is_list: true,
        is_cut: true,
        part: None,
        link: None,
        urgency: urgency_of(priority),
        resident: false,
        silent,
        sound: None,
        icon: None,
        actions: actions::of_many(),
    }
}

fn urgency_of(priority: Priority) -> Urgency {
    match priority {
        Priority::Lowest | Priority::Low => Urgency::Low,
        Priority::Normal => Urgency::Normal,
        Priority::High => Urgency::High,
        Priority::Emergency => Urgency::Critical,
    }
}

/// The text, at most so many characters of it, its link if the user may not open it, and why the message could not be read
/// completely.
pub(super) fn body_up_to(limit: usize, message: &Message, text: &Text, open_links: &[&str]) -> Text {
    let mut body = open_only(text, open_links).shortened(limit);
    if let Some(link) = link_that_may_not_be_opened(message, &body, open_links) {
        body.push_line(link);
    }
    if let Some(problem) = &message.problem {
        let problem = one_short_line(problem, LINE_LIMIT);
        let what = if message.encrypted { "" } else { "could not be read completely: " };
        body.push_line(Span::plain(format!("({what}{problem})")));
    }
    body
}

/// The text; a link that may not be opened is followed by its address instead.
fn open_only(text: &Text, open_links: &[&str]) -> Text {
    let mut open = Text::default();
    for runs in text.links() {
        let is_refused = |link: &str| !actions::is_allowed(link, open_links);
        for run in runs {
            let link = run.style.link.clone().filter(|link| !is_refused(link));
            open.push(Span { text: run.text.clone(), style: Style { link, ..run.style.clone() } });
        }
        if let Some(address) = unsaid(runs).filter(|address| is_refused(address)) {
            open.push(Span::plain(format!(" ({})", one_short_line(address, LINE_LIMIT))));
        }
    }
    open
}

/// The address of a link that has no button, as plain text; unless the text shows it already.
fn link_that_may_not_be_opened(message: &Message, body: &Text, open_links: &[&str]) -> Option<Span> {
    let url = link_outside_text(message, body).filter(|url| !actions::is_allowed(url, open_links))?;
    Some(Span::plain(one_short_line(url, LINE_LIMIT)))
}

/// The link as a line of its own, unless the text shows it already.
pub(super) fn link_line(message: &Message, body: &Text, open_links: &[&str]) -> Option<Span> {
    let url = link_outside_text(message, body).filter(|url| actions::is_allowed(url, open_links))?;
    let title = one_short_line(message.url_title.as_deref().unwrap_or_default(), LINE_LIMIT);
    let text = if title.is_empty() { one_short_line(url, LINE_LIMIT) } else { title };
    Some(Span { text, style: Style { link: Some(url.into()), ..Style::default() } })
}

/// The link that the message was sent with, unless the text shows it.
fn link_outside_text<'a>(message: &'a Message, body: &Text) -> Option<&'a str> {
    let url = actions::own_link_of(message)?;
    let is_linked = body.spans().iter().any(|span| span.style.link.as_deref() == Some(url));
    let is_shown = is_linked || body.to_plain().split_whitespace().any(|word| word == url);
    (!is_shown).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::DeviceId;
    use crate::domain::message::{Acknowledgement, Arrival, MessageId, Seq};
    use crate::engine::policy::tests::LIVE;

    fn of_many(messages: &[&Message], circumstances: &Circumstances<'_>) -> Notification {
        let mut summary = Summary::new();
        for message in messages.iter().rev() {
            summary.add(message, &decide(&entry((*message).clone()), circumstances));
        }
        assert_eq!(summary.count(), messages.len());
        summary.into_notification("while you were away").0
    }

    fn message(edit: impl FnOnce(&mut Message)) -> Message {
        let mut message = Message::unread(MessageId::from_stored(1));
        "Backup".clone_into(&mut message.app);
        edit(&mut message);
        message
    }

    fn entry(message: Message) -> Entry {
        let device = DeviceId::new("desk").unwrap();
        Entry {
            seq: Seq(1),
            device,
            message,
            recorded: 0,
            arrival: Arrival::Live,
            announced: None,
            read: None,
            acknowledgement: Acknowledgement::NotWanted,
            repeats: 0,
            first: Seq(1),
        }
    }

    fn body_of(message: &Message, open_links: &[&str]) -> Text {
        body_up_to(BODY_LIMIT, message, &message.text(), open_links)
    }

    #[test]
    fn a_body_has_the_text_then_the_problem_then_the_link() {
        let body = |edit: fn(&mut Message)| body_of(&message(edit), LIVE.open_links).to_plain();
        assert_eq!(body(|_| ()), "");
        assert_eq!(body(|message| message.body = "two\nlines".into()), "two\nlines");
        assert_eq!(
            body(|message| message.problem = Some("no\ntext".into())),
            "(could not be read completely: no text)"
        );
        let all = |message: &mut Message| {
            message.body = "text".into();
            message.url = Some("https://a.example/".into());
            message.url_title = Some("Open".into());
            message.problem = Some("no date".into());
        };
        assert_eq!(body(all), "text\n(could not be read completely: no date)");
        let message = message(all);
        let notification = of_one(&entry(message.clone()), &decide(&entry(message), &LIVE), &LIVE);
        let whole = "text\n(could not be read completely: no date)\nOpen";
        assert_eq!(notification.body_with_link().to_plain(), whole);
        assert_eq!(
            body(|message| {
                message.encrypted = true;
                message.body = "Y2lwaGVy".into();
                message.url = Some("Y2lwaGVy".into());
            }),
            "Encrypted message"
        );
    }

    #[test]
    fn only_an_allowed_link_can_be_opened() {
        for (url, title, text, link) in [
            ("https://a.example/", None, "https://a.example/", true),
            ("HTTP://a.example/", Some("Open"), "Open", true),
            ("mailto:a@b.example", Some("Write"), "Write", true),
            ("file:///etc/passwd", Some("Open"), "file:///etc/passwd", false),
            ("javascript:alert(1)", None, "javascript:alert(1)", false),
            ("https://a.example/\nb", Some("Open"), "https://a.example/ b", false),
            ("https://a.example/\u{202e}b", Some("Open"), "https://a.example/b", false),
            ("https://a.example/ b", Some("Open"), "https://a.example/ b", false),
            ("a.example", None, "a.example", false),
        ] {
            let message = message(|message| {
                message.url = Some(url.to_owned());
                message.url_title = title.map(str::to_owned);
            });
            let lines = [link_line, link_that_may_not_be_opened];
            let [open, closed] = lines.map(|line| line(&message, &Text::default(), LIVE.open_links));
            assert_eq!(open.is_some(), closed.is_none());
            let span = open.or(closed).unwrap();
            assert_eq!((span.text.as_str(), span.style.link.as_deref()), (text, link.then_some(url)));
        }
    }

    #[test]
    fn a_link_that_the_text_shows_is_not_repeated() {
        let message = message(|message| message.url = Some("https://a.example/".into()));
        let mut linked = Text::default();
        let style = Style { link: Some("https://a.example/".into()), ..Style::default() };
        linked.push(Span { text: "here".into(), style });
        for (body, is_repeated) in [
            (linked, false),
            (Text::from_plain("see https://a.example/ now"), false),
            (Text::from_plain("see https://a.example/other"), true),
            (Text::default(), true),
        ] {
            assert_eq!(link_line(&message, &body, LIVE.open_links).is_some(), is_repeated, "{body:?}");
        }
    }

    #[test]
    fn a_long_body_is_shortened_but_not_the_lines_under_it() {
        for (html, body) in [(false, "ä".repeat(2_000)), (true, format!("<b>{}</b>", "ä".repeat(2_000)))] {
            let message = message(|message| {
                message.body = body;
                message.html = html;
                message.url = Some("https://a.example/".into());
                message.problem = Some("no date".into());
            });
            let under = "…\n(could not be read completely: no date)";
            assert_eq!(body_of(&message, LIVE.open_links).to_plain(), "ä".repeat(999) + under);
        }
    }

    #[test]
    fn tags_are_interpreted_only_where_the_sender_asked_for_it() {
        for (html, text) in [(false, "a <b>b</b>"), (true, "a b")] {
            let message = message(|message| {
                message.body = "a <b>b</b>".into();
                message.html = html;
            });
            let body = body_of(&message, LIVE.open_links);
            assert_eq!(body.to_plain(), text);
            assert_eq!(body.spans().iter().any(|span| span.style.bold), html);
        }
    }

    #[test]
    fn urgency_and_sound_of_a_message() {
        use Priority::{Emergency, High, Low, Lowest, Normal};
        for (priority, quiet_hours, sound, acknowledged, urgency, silent, resident) in [
            (Lowest, false, None, false, Urgency::Low, true, false),
            (Low, false, Some("po"), false, Urgency::Low, true, false),
            (Normal, false, None, false, Urgency::Normal, false, false),
            (Normal, false, Some("none"), false, Urgency::Normal, true, false),
            (Normal, true, Some("po"), false, Urgency::Low, true, false),
            (High, true, None, false, Urgency::High, false, false),
            (High, true, Some("no"), false, Urgency::High, true, false),
            (Emergency, true, None, false, Urgency::Critical, false, true),
            (Emergency, false, None, true, Urgency::High, false, false),
        ] {
            let message = message(|message| {
                message.priority = priority;
                message.sound = sound.map(str::to_owned);
                message.acknowledged = acknowledged;
            });
            let circumstances = Circumstances { quiet_hours, ..LIVE };
            let entry = entry(message);
            let notification = of_one(&entry, &decide(&entry, &circumstances), &circumstances);
            let told = (notification.urgency, notification.silent, notification.resident);
            assert_eq!(told, (urgency, silent, resident), "{priority:?} {quiet_hours} {sound:?}");
        }
    }

    #[test]
    fn a_link_that_may_not_be_opened_shows_its_address() {
        let html = "<a href=\"javascript:x\"><b>pay</b> now</a>, <a href=\"https://a.example/\">here</a>";
        for (open_links, text, links) in [
            (LIVE.open_links, "pay now (javascript:x), here", 1),
            (&["mailto"], "pay now (javascript:x), here (https://a.example/)", 0),
            (&["javascript", "https"], "pay now, here", 3),
        ] {
            let message = message(|message| (message.body, message.html) = (html.to_owned(), true));
            let body = body_of(&message, open_links);
            let linked = body.spans().iter().filter(|span| span.style.link.is_some()).count();
            assert_eq!((body.to_plain().as_str(), linked), (text, links));
        }
        let bare = message(|message| message.body = "see https://a.example/".to_owned());
        assert_eq!(body_of(&bare, &[]), Text::from_plain("see https://a.example/"));
    }

    #[test]
    fn a_notification_knows_its_application_if_it_has_one_alone() {
        let notification = |app: &str| {
            let entry = entry(message(|message| message.app = app.into()));
            of_one(&entry, &decide(&entry, &LIVE), &LIVE)
        };
        assert_eq!(notification(" Back\tup\n2 ").app.as_deref(), Some("Back up 2"));
        assert_eq!(notification("").app, None);
        let message = message(|_| ());
        assert_eq!(of_many(&[&message, &message], &LIVE).app, None);
        let messages = CountedMessages {
            seqs: vec![Seq(1)],
            names: ["x".to_owned()].into(),
            priority: Priority::Normal,
            expires: None,
        };
        let counted = |app| of_flood(app, &messages, false).app;
        assert_eq!(counted("Backup").as_deref(), Some("Backup"));
        assert_eq!(counted(""), None);
    }

    #[test]
    fn a_summary_names_the_newest_and_counts_the_rest() {
        let messages: Vec<_> =
            (1..=7).map(|n| message(|message| message.title = Some(format!("{n}\n")))).collect();
        let notification = of_many(&messages.iter().collect::<Vec<_>>(), &LIVE);
        assert_eq!(notification.title, "7 messages arrived while you were away");
        let lines: Vec<_> = (3..=7).rev().map(|n| format!("{n} — Backup\n")).collect();
        assert_eq!(notification.body.to_plain(), lines.concat() + "and 2 more");
        let five = of_many(&messages.iter().take(5).collect::<Vec<_>>(), &LIVE);
        assert!(!five.body.to_plain().contains("more"));
    }

    #[test]
    fn a_summary_tells_untitled_messages_apart() {
        let messages =
            ["the door", "the window"].map(|body| message(|message| message.body = body.to_owned()));
        let notification = of_many(&messages.iter().collect::<Vec<_>>(), &LIVE);
        assert_eq!(notification.body.to_plain(), "Backup: the window\nBackup: the door");
    }

    #[test]
    fn a_summary_names_the_urgent_before_the_newest() {
        for (urgent, expected) in [
            (&[1, 2][..], ["2", "1", "9", "8", "7"]),
            (&[9, 4], ["9", "4", "8", "7", "6"]),
            (&[1, 2, 3, 4, 5, 6], ["6", "5", "4", "3", "2"]),
            (&[], ["9", "8", "7", "6", "5"]),
        ] {
            let messages: Vec<_> = (1..=9)
                .map(|number| {
                    message(|message| {
                        message.app = number.to_string();
                        if urgent.contains(&number) {
                            message.priority = Priority::High;
                        }
                    })
                })
                .collect();
            let notification = of_many(&messages.iter().collect::<Vec<_>>(), &LIVE);
            assert_eq!(notification.body.to_plain(), [&expected[..], &["and 4 more"]].concat().join("\n"));
        }
    }

    #[test]
    fn a_summary_is_as_urgent_and_loud_as_its_most_urgent_message() {
        let low = message(|message| message.priority = Priority::Low);
        let soundless = message(|message| message.sound = Some("none".into()));
        let normal = message(|_| ());
        let quiet = Circumstances { quiet_hours: true, ..LIVE };
        for (messages, circumstances, urgency, silent) in [
            (vec![&low, &low], LIVE, Urgency::Low, true),
            (vec![&low, &soundless], LIVE, Urgency::Normal, true),
            (vec![&soundless, &normal, &low], LIVE, Urgency::Normal, false),
            (vec![&low, &normal], quiet, Urgency::Low, true),
        ] {
            let notification = of_many(&messages, &circumstances);
            assert_eq!((notification.urgency, notification.silent), (urgency, silent));
        }
    }
}
