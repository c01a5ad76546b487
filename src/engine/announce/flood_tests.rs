//! Which messages of one application become one notification, and when a flood is over.

use proptest::prelude::*;

use super::tests::in_short;
use super::{Announcer, Step};
use crate::domain::message::{Arrival, Entry, Priority, Seq};
use crate::domain::notification::{Notification, NotificationAction, NotificationId, Urgency};
use crate::domain::settings::Backlog;
use crate::engine::policy::Circumstances;
use crate::engine::policy::flood::{SHOWN_EACH, WINDOW};
use crate::engine::policy::tests::{Kind, LIVE, entry};

/// An announcer, and a screen that gives notifications ids of its own.
struct Desk {
    announcer: Announcer,
    screen: Vec<(NotificationId, Notification)>,
    last: i64,
}

impl Desk {
    fn new() -> Self {
        Self { announcer: Announcer::new(), screen: Vec::new(), last: 0 }
    }

    /// These applications send a message each, all in one download; returns the plan in short.
    fn send(&mut self, unix: i64, apps: &[&str]) -> String {
        let new: Vec<_> =
            apps.iter().map(|app| Entry { recorded: unix, ..self.message(app, Priority::Normal) }).collect();
        self.plan(&new, Circumstances { unix, ..LIVE })
    }

    fn message(&mut self, app: &str, priority: Priority) -> Entry {
        self.last += 1;
        let mut entry = entry(self.last, Kind::Of(priority));
        app.clone_into(&mut entry.message.app);
        entry.message.title = Some(format!("title {}", self.last));
        entry
    }

    fn plan(&mut self, new: &[Entry], circumstances: Circumstances<'_>) -> String {
        let steps = self.announcer.plan(new, &circumstances);
        let in_short = in_short(&steps);
        for step in steps {
            let Step::Show { seqs, notification, receipt, tracking, .. } = step else { continue };
            let known = notification.replaces.filter(|id| self.screen.iter().any(|(known, _)| known == id));
            let fresh = NotificationId(u32::try_from(seqs[0].0).unwrap());
            let id = known.unwrap_or(fresh);
            self.screen.retain(|(known, _)| *known != id);
            self.screen.push((id, notification));
            let superseded = self.announcer.shown(id, &seqs, receipt.as_ref(), tracking, circumstances.unix);
            self.screen.retain(|(known, _)| !superseded.contains(known));
        }
        in_short
    }

    fn titles(&self) -> Vec<&str> {
        self.screen.iter().map(|(_, notification)| notification.title.as_str()).collect()
    }

    fn last_notification(&self) -> &Notification {
        &self.screen.last().unwrap().1
    }

    /// The messages that the notifications on the screen are about.
    fn messages_for(&self) -> Vec<Seq> {
        let mut all: Vec<_> =
            self.screen.iter().flat_map(|(id, _)| self.announcer.messages_for(*id).0.to_vec()).collect();
        all.sort_unstable();
        all
    }
}

fn seqs(numbers: impl Iterator<Item = i64>) -> Vec<Seq> {
    numbers.map(Seq).collect()
}

#[test]
fn the_sixth_message_within_ten_seconds_makes_one_notification_of_all() {
    let mut desk = Desk::new();
    for number in 1..=5 {
        assert_eq!(desk.send(1_000 + number, &["Backup"]), format!("+{number}"));
        assert!(!desk.last_notification().silent);
    }
    assert_eq!(desk.screen.len(), 5);
    assert_eq!(desk.send(1_006, &["Backup"]), "+6");
    assert_eq!(desk.titles(), ["6 messages from Backup"]);
    let count = desk.last_notification();
    assert_eq!(count.body.to_plain(), "title 6\ntitle 5\ntitle 4\ntitle 3\ntitle 2\nand 1 more");
    assert_eq!(count.replaces, Some(NotificationId(1)), "it stands where the first stood");
    assert!(!count.silent && !count.resident);
    assert_eq!(desk.messages_for(), seqs(1..=6));

    assert_eq!(desk.send(1_015, &["Backup", "Backup"]), "+7,8");
    assert_eq!(desk.titles(), ["8 messages from Backup"]);
    assert!(desk.last_notification().silent, "the first few were heard");
    assert_eq!(desk.messages_for(), seqs(1..=8));
    let offered: Vec<_> = desk.last_notification().actions.iter().map(|(action, _)| *action).collect();
    assert_eq!(
        offered,
        [
            NotificationAction::ShowText,
            NotificationAction::MarkRead,
            NotificationAction::MuteForAnHour,
            NotificationAction::Mute,
            NotificationAction::Default
        ]
    );
}

#[test]
fn a_flood_is_over_after_ten_quiet_seconds() {
    for (quiet, expected, left) in [(9, "7 messages from Backup", 1), (10, "title 7 — Backup", 2)] {
        let mut desk = Desk::new();
        desk.send(1_000, &["Backup"; 6]);
        assert_eq!(desk.titles(), ["6 messages from Backup"]);
        desk.send(1_000 + quiet, &["Backup"]);
        assert_eq!(desk.titles().last(), Some(&expected));
        assert_eq!(desk.screen.len(), left);
        // One flood that is over does not make the next one come sooner.
        if quiet == 10 {
            for number in 8..=11 {
                assert_eq!(desk.send(1_000 + quiet, &["Backup"]), format!("+{number}"));
            }
            assert_eq!(desk.screen.len(), 6);
            desk.send(1_000 + quiet, &["Backup"]);
            assert_eq!(desk.titles(), ["6 messages from Backup"; 2]);
        }
    }
}

#[test]
fn five_messages_within_any_ten_seconds_are_no_flood() {
    let mut desk = Desk::new();
    for number in 1..=100 {
        assert_eq!(desk.send(1_000 + number * 2, &["Backup"]), format!("+{number}"));
    }
}

#[test]
fn applications_and_urgent_messages_are_counted_separately_and_emergencies_not_at_all() {
    let mut desk = Desk::new();
    assert_eq!(
        desk.send(1_000, &["A", "B", "A", "B", "A", "B", "A", "B", "A", "A"]),
        "+2 +4 +6 +8 +1,3,5,7,9,10"
    );
    let mut urgent = vec![desk.message("A", Priority::High), desk.message("A", Priority::Low)];
    for number in 20..26 {
        let mut emergency = entry(number, Kind::Open("fire"));
        emergency.message.receipt = crate::domain::message::Receipt::new(&number.to_string());
        "A".clone_into(&mut emergency.message.app);
        urgent.push(emergency);
    }
    assert_eq!(desk.plan(&urgent, LIVE), "!20 !21 !22 !23 !24 !25 +11 +12");
    assert_eq!(desk.last_notification().title, "7 messages from A");
}

#[test]
fn the_thirteenth_urgent_message_within_ten_seconds_makes_one_notification_that_begins_with_the_newest() {
    for arrival in [Arrival::Live, Arrival::Waited] {
        let mut desk = Desk::new();
        for number in 1..=300 {
            let new = Entry { arrival, ..desk.message("A", Priority::High) };
            desk.plan(&[new], LIVE);
            assert_eq!(desk.screen.len(), if number <= 12 { number } else { 1 });
        }
        assert_eq!(desk.titles(), ["300 messages from A"]);
        let count = desk.last_notification();
        assert!(count.body.to_plain().starts_with("title 300\ntitle 299\n"), "{count:?}");
        assert_eq!(count.urgency, Urgency::High);
        assert_eq!(desk.messages_for(), seqs(1..=300));
        // The others are shown besides.
        desk.send(LIVE.unix, &["A"]);
        assert_eq!(desk.titles(), ["300 messages from A", "title 301 — A"]);
    }
}

#[test]
fn messages_from_a_backlog_do_not_count_as_a_flood() {
    let mut desk = Desk::new();
    let all = Circumstances { backlog: Backlog::All, ..LIVE };
    let waited = |entry| Entry { arrival: Arrival::Waited, ..entry };
    let new: Vec<_> = (0..8).map(|_| waited(desk.message("A", Priority::Normal))).collect();
    assert_eq!(desk.plan(&new, all), "+1 +2 +3 +4 +5 +6 +7 +8");
    assert_eq!(desk.send(1_000, &["A"]), "+9", "it does not begin one either");
    assert_eq!(desk.screen.len(), 9);
}

#[test]
fn notifications_that_the_user_closed_stay_closed_and_their_messages_count() {
    let mut desk = Desk::new();
    for _ in 0..5 {
        desk.send(1_000, &["A"]);
    }
    let (closed, _) = desk.screen.pop().unwrap();
    desk.announcer.gone(closed);
    desk.send(1_001, &["A"]);
    assert_eq!(desk.titles(), ["6 messages from A"]);
    assert_eq!(desk.messages_for(), seqs(1..=6), "it is about all that it counts");
    let (count, _) = desk.screen.pop().unwrap();
    desk.announcer.gone(count);
    desk.send(1_002, &["A"]);
    assert_eq!((desk.titles(), desk.messages_for()), (vec!["7 messages from A"], seqs(1..=7)));
    assert_eq!(desk.last_notification().replaces, None);
    assert!(desk.last_notification().silent, "the flood is the same");
}

#[test]
fn a_count_lasts_as_long_as_the_last_of_its_messages() {
    for (expiries, expected) in [
        (&[Some(2_000), Some(3_000), Some(2_000)][..], Some(3_000)),
        (&[Some(2_000), None, Some(2_000)], None),
    ] {
        let mut desk = Desk::new();
        let new: Vec<_> = expiries
            .iter()
            .cycle()
            .take(6)
            .map(|expires| {
                let mut entry = desk.message("A", Priority::Normal);
                entry.message.expires = *expires;
                entry
            })
            .collect();
        desk.plan(&new, LIVE);
        assert_eq!(desk.titles(), ["6 messages from A"]);
        assert_eq!(desk.announcer.next_expiry(), expected);
    }
}

#[test]
fn a_message_without_a_title_is_named_by_its_text() {
    let mut desk = Desk::new();
    let new: Vec<_> = (1..=6)
        .map(|number| {
            let mut entry = desk.message("", Priority::Low);
            entry.message.title = None;
            entry.message.body = if number == 6 { String::new() } else { format!("two\nlines {number}") };
            entry.message.encrypted = number == 5;
            entry
        })
        .collect();
    desk.plan(&new, LIVE);
    let notification = desk.last_notification();
    assert_eq!(notification.title, "6 messages");
    assert_eq!(
        notification.body.to_plain(),
        "Message\nEncrypted message\ntwo lines 4\ntwo lines 3\ntwo lines 2\nand 1 more"
    );
    assert!(notification.silent);
}

#[test]
fn a_clock_that_is_set_back_ends_the_flood() {
    let mut desk = Desk::new();
    desk.send(10_000, &["A"; 6]);
    assert_eq!(desk.send(5_000, &["A"]), "+7");
    assert_eq!(desk.titles(), ["6 messages from A", "title 7 — A"]);
    assert_eq!(desk.send(5_000 + WINDOW, &["A"]), "+8");
}

#[test]
fn a_new_notification_server_starts_from_zero() {
    let mut desk = Desk::new();
    desk.send(1_000, &["A"; 6]);
    desk.announcer.forget_all(1_000);
    assert_eq!(desk.send(1_000, &["A"]), "+7");
    assert_eq!(desk.last_notification().replaces, None);
}

proptest! {
    /// Whatever comes, in ten seconds at most five notifications of one application are shown besides a count, every
    /// message is accounted for once, and the notifications are about all of them.
    #[test]
    fn no_one_is_flooded_and_nothing_is_dropped(
        downloads in proptest::collection::vec((0_i64..12, proptest::collection::vec(0_usize..3, 1..9)), 1..40),
    ) {
        let mut desk = Desk::new();
        let mut unix = 1_000;
        let mut single: Vec<(i64, String)> = Vec::new();
        for (later, apps) in downloads {
            unix += later;
            let apps: Vec<_> = apps.into_iter().map(|app| ["A", "B", "C"][app]).collect();
            let first = desk.last + 1;
            let said = desk.send(unix, &apps);
            let mut planned: Vec<i64> =
                said.split([' ', ',']).map(|word| word.trim_start_matches('+').parse().unwrap()).collect();
            planned.sort_unstable();
            prop_assert_eq!(planned, (first..=desk.last).collect::<Vec<_>>());
            for word in said.split(' ').filter(|word| !word.contains(',')) {
                let number: i64 = word.trim_start_matches('+').parse().unwrap();
                let alone = format!("title {number} — {}", apps[usize::try_from(number - first).unwrap()]);
                if desk.titles().contains(&alone.as_str()) {
                    single.push((unix, alone.rsplit(' ').next().unwrap().to_owned()));
                }
            }
            for app in ["A", "B", "C"] {
                let lately = single.iter().filter(|(at, of)| of == app && unix - at < WINDOW).count();
                prop_assert!(lately <= SHOWN_EACH, "{} of {} at {}", lately, app, unix);
            }
            prop_assert_eq!(desk.messages_for(), seqs(1..=desk.last));
        }
    }
}
