//! Which messages share a notification: first every rule, then every short list of messages, then long random ones.
//! The verdict on a single message has its own tests in `engine::policy`.

use proptest::prelude::*;

use super::*;
use crate::domain::account::SoundPreferences;
use crate::domain::media::Sound;
use crate::domain::message::{Acknowledgement, Arrival, Entry, Priority, Receipt, Seq};
use crate::domain::notification::{NotificationAction, NotificationId, Urgency};
use crate::domain::settings::{Backlog, Emergency, SoundSetting};
use crate::engine::policy::tests::{Kind, LIVE, NOW, entry};
use crate::engine::policy::{Circumstances, backlog, flood};

const PAUSED: Circumstances<'_> = Circumstances { paused: Some(Priority::Emergency), ..LIVE };
const FIRST: Circumstances<'_> = Circumstances { initial_sync: true, ..LIVE };

fn entries(kinds: &[Kind]) -> Vec<Entry> {
    (1..).zip(kinds).map(|(number, kind)| entry(number, *kind)).collect()
}

/// The same messages after they waited at the service.
fn waited(kinds: &[Kind]) -> Vec<Entry> {
    entries(kinds).into_iter().map(|entry| Entry { arrival: Arrival::Waited, ..entry }).collect()
}

/// A plan in short: `-` skips, `r` also marks read, `h` holds back, `+` shows, `!` also acknowledges; then the rows.
pub(super) fn in_short(steps: &[Step]) -> String {
    let word = |step: &Step| {
        let (sign, seqs) = match step {
            Step::Skip { seqs, read: false } => ('-', seqs),
            Step::Skip { seqs, read: true } => ('r', seqs),
            Step::Hold { seqs, .. } => ('h', seqs),
            Step::Show { seqs, acknowledge: false, .. } => ('+', seqs),
            Step::Show { seqs, acknowledge: true, .. } => ('!', seqs),
        };
        let rows: Vec<_> = seqs.iter().map(|seq| seq.0.to_string()).collect();
        format!("{sign}{}", rows.join(","))
    };
    steps.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_notification_of_one_message_has_the_icon_of_its_application() {
    let icon_of = |text: Option<&str>, count| {
        let mut waiting = waited(&vec![Kind::Of(Priority::Normal); count]);
        for entry in &mut waiting {
            entry.message.icon = text.map(str::to_owned);
        }
        let steps = Announcer::new().plan(&waiting, &LIVE);
        let Some(Step::Show { media, .. }) = steps.last() else { panic!("{steps:?}") };
        media.icon.as_ref().map(|name| name.as_str().to_owned())
    };
    assert_eq!(icon_of(Some("tree"), 1).as_deref(), Some("tree"));
    for name in [None, Some(""), Some("../tree")] {
        assert_eq!(icon_of(name, 1), None);
    }
    assert_eq!(icon_of(Some("tree"), 4), None, "a summary has none");
}

#[test]
fn an_emergency_that_someone_acknowledged_is_shown_as_an_urgent_message() {
    let closed = [entry(1, Kind::Closed("a"))];
    let manual = Circumstances { emergency: Emergency::Manual, ..LIVE };
    for circumstances in [LIVE, manual] {
        let steps = Announcer::new().plan(&closed, &circumstances);
        let [Step::Show { notification, acknowledge: false, .. }] = &steps[..] else { panic!("{steps:?}") };
        assert_eq!((notification.urgency, notification.resident), (Urgency::High, false));
        assert!(notification.actions.iter().all(|(action, _)| *action != NotificationAction::Acknowledge));
    }
}

#[test]
fn more_than_three_ordinary_messages_that_waited_become_one() {
    use Priority::{High, Low, Lowest, Normal};
    let (low, normal, high) = (Kind::Of(Low), Kind::Of(Normal), Kind::Of(High));
    let all = Circumstances { backlog: Backlog::All, ..LIVE };
    let paused = Circumstances { paused: Some(High), ..LIVE };
    for (waiting, circumstances, expected) in [
        (waited(&[normal, low, normal]), LIVE, "+1 +2 +3"),
        (waited(&[normal, low, normal, low]), LIVE, "+1,2,3,4"),
        (entries(&[normal, low, normal, low]), LIVE, "+1 +2 +3 +4"),
        (waited(&[normal, low, normal, low]), all, "+1 +2 +3 +4"),
        (waited(&[normal, low, high, low, normal]), paused, "h1,2,4,5 +3"),
        (waited(&[normal, high, normal, high, normal]), LIVE, "+1 +2 +3 +4 +5"),
        (waited(&[normal, high, normal, Kind::Open("a"), low, low]), LIVE, "!4 +2 +1,3,5,6"),
        (waited(&[Kind::Of(Lowest), low, Kind::Expired(Low), low, low]), LIVE, "-1,3 +2 +4 +5"),
    ] {
        assert_eq!(in_short(&Announcer::new().plan(&waiting, &circumstances)), expected, "{waiting:?}");
    }
}

#[test]
fn live_messages_among_those_that_waited_stay_out_of_the_summary() {
    let mut waiting = waited(&[Kind::Of(Priority::Normal); 6]);
    for number in [1, 4] {
        waiting[number].arrival = Arrival::Live;
    }
    assert_eq!(in_short(&Announcer::new().plan(&waiting, &LIVE)), "+2 +5 +1,3,4,6");
    waiting[0].arrival = Arrival::Live;
    assert_eq!(in_short(&Announcer::new().plan(&waiting, &LIVE)), "+1 +2 +3 +4 +5 +6");
}

#[test]
fn live_messages_that_could_not_be_shown_for_a_minute_are_summarised() {
    for (later, expected) in [(59, "+1 +2 +3 +4"), (60, "+1,2,3,4")] {
        let circumstances = Circumstances { unix: NOW + later, ..LIVE };
        let plan = Announcer::new().plan(&entries(&[Kind::Of(Priority::Normal); 4]), &circumstances);
        assert_eq!(in_short(&plan), expected);
    }
}

#[test]
fn each_notification_has_the_sound_of_its_message() {
    let preferences = SoundPreferences {
        default_sound: Some("co".to_owned()),
        default_high_priority_sound: Some("si".to_owned()),
        ..SoundPreferences::default()
    };
    let (normal, high) = (Kind::Of(Priority::Normal), Kind::Of(Priority::High));
    let kinds = [normal, normal, normal, Kind::Of(Priority::Low), high, Kind::Open("a"), Kind::Open("a")];
    let mut live = entries(&kinds);
    for (entry, sound) in live.iter_mut().zip(["", "bk", "none", "bk", "", "po", "tg"]) {
        entry.message.sound = Some(sound.to_owned()).filter(|sound| !sound.is_empty());
    }
    let waited: Vec<_> =
        live.iter().cloned().map(|entry| Entry { arrival: Arrival::Waited, ..entry }).collect();
    let on = Circumstances { sound_preferences: &preferences, ..LIVE };
    for (waiting, circumstances, expected) in [
        (&live, on, "tugboat cosmic bike - - siren"),
        (&live, Circumstances { quiet_hours: true, ..on }, "tugboat - - - - siren"),
        (&live, Circumstances { sound: SoundSetting::Emergency, ..on }, "tugboat - - - - -"),
        (&live, Circumstances { sound: SoundSetting::Off, ..on }, "- - - - - -"),
        (&live, Circumstances { paused: Some(Priority::Emergency), ..on }, "tugboat"),
        (&waited, on, "tugboat siren bike"),
    ] {
        let sounds =
            Announcer::new().plan(waiting, &circumstances).into_iter().filter_map(|step| match step {
                Step::Show { notification, media, .. } => {
                    assert_eq!(notification.silent, media.sound == Sound::Silent);
                    Some(match media.sound {
                        Sound::Silent => "-".to_owned(),
                        Sound::OfDesktop => "*".to_owned(),
                        Sound::Named(name) => name.as_str().to_owned(),
                    })
                }
                Step::Skip { .. } | Step::Hold { .. } => None,
            });
        assert_eq!(sounds.collect::<Vec<_>>().join(" "), expected, "{circumstances:?}");
    }
}

#[test]
fn copies_of_one_emergency_are_one_notification() {
    let (fire, flood) = (Kind::Open("fire"), Kind::Open("flood"));
    let normal = Kind::Of(Priority::Normal);
    for (kinds, expected) in [
        (vec![fire, flood, fire], "!2 !1,3"),
        (vec![fire, normal, fire, normal], "!1,3 +2 +4"),
        (vec![fire, Kind::Closed("fire")], "+1,2"),
        (vec![Kind::Closed("fire"), fire], "!1,2"),
    ] {
        assert_eq!(in_short(&Announcer::new().plan(&entries(&kinds), &LIVE)), expected, "{kinds:?}");
    }
}

#[test]
fn a_receipt_of_a_message_that_is_no_emergency_is_ignored() {
    let mut waiting = entries(&[Kind::Open("fire"), Kind::Open("fire")]);
    for entry in &mut waiting {
        entry.message.priority = Priority::High;
        entry.message.expires = None;
    }
    let steps = Announcer::new().plan(&waiting, &LIVE);
    assert_eq!(in_short(&steps), "+1 +2");
    assert!(steps.iter().all(|step| matches!(step, Step::Show { receipt: None, .. })));
}

#[test]
fn ten_thousand_messages_are_planned_in_one_go() {
    let kinds: Vec<_> = KINDS.iter().copied().cycle().take(10_000).collect();
    for circumstances in all_circumstances() {
        for waiting in [entries(&kinds), waited(&kinds)] {
            let steps = Announcer::new().plan(&waiting, &circumstances);
            assert_eq!(steps.iter().flat_map(seqs_of).count(), 10_000);
        }
    }
}

#[test]
fn a_repeat_replaces_the_notification_that_is_on_the_screen() {
    let fire = Receipt::new("fire").unwrap();
    let mut announcer = Announcer::new();
    let replaces = |announcer: &Announcer| {
        let steps = announcer.plan(&entries(&[Kind::Open("flood"), Kind::Open("fire")]), &LIVE);
        let [Step::Show { notification: flood, .. }, Step::Show { notification: fire, .. }] = &steps[..]
        else {
            panic!("{steps:?}")
        };
        assert_eq!(flood.replaces, None);
        fire.replaces
    };
    assert_eq!(replaces(&announcer), None);
    announcer.shown(NotificationId(7), &[Seq(1)], Some(&fire), Tracking::default(), NOW);
    assert_eq!(announcer.notification_of(&fire), Some(NotificationId(7)));
    assert_eq!(replaces(&announcer), Some(NotificationId(7)));
    assert_eq!(announcer.messages_for(NotificationId(7)), (&[Seq(1)][..], Some(&fire)));
    assert_eq!(announcer.gone(NotificationId(7)), [Seq(1)]);
    assert_eq!(replaces(&announcer), None);
    announcer.shown(NotificationId(8), &[Seq(2)], Some(&fire), Tracking::default(), NOW);
    announcer.forget_all(NOW);
    assert_eq!(replaces(&announcer), None);
    assert_eq!(announcer.messages_for(NotificationId(8)), (&[][..], None));
}

/// Asserts everything that is promised of a plan, message by message.
fn assert_plan(waiting: &[Entry], circumstances: &Circumstances<'_>) {
    let steps = Announcer::new().plan(waiting, circumstances);
    let case = || format!("{} of {waiting:?} in {circumstances:?}", in_short(&steps));

    let mut accounted: Vec<Seq> = steps.iter().flat_map(seqs_of).copied().collect();
    accounted.sort_unstable();
    let mut expected: Vec<Seq> = waiting.iter().map(|entry| entry.seq).collect();
    expected.sort_unstable();
    assert_eq!(accounted, expected, "each exactly once: {}", case());

    let step_of = |entry: &Entry| steps.iter().find(|step| seqs_of(step).contains(&entry.seq)).unwrap();
    let newest_copy = |entry: &Entry| {
        let copies = waiting.iter().filter(|other| {
            other.seq == entry.seq
                || (other.message.receipt.is_some() && other.message.receipt == entry.message.receipt)
        });
        copies.max_by_key(|copy| copy.message.id).unwrap()
    };
    for entry in waiting {
        let newest_entry = newest_copy(entry);
        let newest = &newest_entry.message;
        let is_emergency = newest.priority == Priority::Emergency;
        let is_open = newest.is_open_emergency();
        let is_settled =
            matches!(entry.acknowledgement, Acknowledgement::Wanted | Acknowledgement::Confirmed);
        match step_of(entry) {
            Step::Skip { read, .. } => {
                assert!(!read, "it would count as read unseen: {}", case());
                assert!(is_settled || !is_open, "an open emergency is shown: {}", case());
                let has_waited = newest_entry.arrival == Arrival::Waited;
                let is_silent = has_waited && circumstances.backlog == Backlog::Silent;
                let is_worthless = newest.priority == Priority::Lowest || newest.expires.is_some();
                let is_reason = !is_emergency && (is_silent || is_worthless);
                assert!(is_settled || is_reason, "skipped for no reason: {}", case());
            }
            Step::Hold { .. } => {
                let is_urgent_enough = circumstances
                    .paused
                    .is_none_or(|lowest| newest.priority >= lowest && !newest.acknowledged);
                assert!(!is_settled && !is_open && !is_urgent_enough, "held back for no reason: {}", case());
                assert!(newest.priority > Priority::Lowest, "{}", case());
                assert!(is_emergency || newest.expires.is_none(), "{}", case());
            }
            Step::Show { seqs, acknowledge, receipt, notification, media: _, read, tracking: _ } => {
                let is_urgent_enough = circumstances.paused.is_none_or(|lowest| newest.priority >= lowest);
                assert!(is_open || is_urgent_enough, "shown during a pause: {}", case());
                assert!(!is_settled, "it was shown before: {}", case());
                assert!(newest.priority > Priority::Lowest, "{}", case());
                let is_wished = newest_copy(entry).awaits_acknowledgement()
                    && circumstances.emergency == Emergency::Always;
                assert_eq!(*acknowledge, is_wished, "{}", case());
                assert!(read.is_empty(), "no rule marks anything as read: {}", case());
                assert_eq!(notification.resident, is_emergency && !newest.acknowledged, "{}", case());
                let is_other =
                    |other: &&Entry| seqs.contains(&other.seq) && newest_copy(other).message.id != newest.id;
                if waiting.iter().any(|other| is_other(&other)) {
                    let is_first = circumstances.initial_sync;
                    let is_ordinary = newest.priority < Priority::High || is_first && !is_open;
                    assert!(is_ordinary, "hidden in a summary: {}", case());
                    let summarised = |seq: &Seq| {
                        let has_waited = |other: &Entry| is_first || other.arrival == Arrival::Waited;
                        waiting.iter().any(|other| other.seq == *seq && has_waited(other))
                    };
                    let is_summary = (is_first || circumstances.backlog == Backlog::Summary)
                        && seqs.len() > backlog::shown_each(circumstances)
                        && seqs.iter().all(summarised);
                    let is_flood = seqs.len() > flood::SHOWN_EACH && !seqs.iter().any(summarised);
                    assert!(is_summary || is_flood, "{}", case());
                    assert!(receipt.is_none() && !acknowledge, "{}", case());
                    let last = steps.iter().rev().take(2);
                    assert!(last.into_iter().any(|step| step == step_of(entry)), "it is last: {}", case());
                } else {
                    assert_eq!(receipt, &newest.receipt, "{}", case());
                }
            }
        }
    }
    let is_emergency = |step: &Step| matches!(step, Step::Show { notification, .. } if notification.urgency == Urgency::Critical);
    let of_one = steps.iter().filter(|step| is_of_one(step));
    let newest: Vec<_> = of_one.map(|step| (!is_emergency(step), seqs_of(step).last())).collect();
    assert!(newest.is_sorted(), "emergencies first, then ascending: {}", case());
    let rank = |step: &Step| match step {
        Step::Skip { .. } => 0,
        Step::Hold { .. } => 1,
        Step::Show { .. } => 2,
    };
    let ranks: Vec<_> = steps.iter().map(rank).collect();
    assert!(ranks.is_sorted_by(|a, b| a < b || *a == 2), "in this order: {}", case());
}

fn seqs_of(step: &Step) -> &[Seq] {
    match step {
        Step::Show { seqs, .. } | Step::Skip { seqs, .. } | Step::Hold { seqs, .. } => seqs,
    }
}

fn is_of_one(step: &Step) -> bool {
    match step {
        Step::Show { seqs, receipt, .. } => seqs.len() == 1 || receipt.is_some(),
        Step::Skip { .. } | Step::Hold { .. } => false,
    }
}

pub(super) const KINDS: [Kind; 11] = [
    Kind::Of(Priority::Lowest),
    Kind::Of(Priority::Low),
    Kind::Of(Priority::Normal),
    Kind::Of(Priority::High),
    Kind::Expired(Priority::Normal),
    Kind::Open("a"),
    Kind::Open("b"),
    Kind::Closed("a"),
    Kind::Wanted,
    Kind::GivenUp,
    Kind::NoReceipt,
];

fn all_circumstances() -> Vec<Circumstances<'static>> {
    let mut all = vec![FIRST, PAUSED];
    for emergency in [Emergency::Auto, Emergency::Always, Emergency::Manual] {
        for backlog in [Backlog::Summary, Backlog::All, Backlog::Silent] {
            all.push(Circumstances { backlog, emergency, ..LIVE });
        }
    }
    for paused in [Priority::High, Priority::Lowest] {
        let paused = Some(paused);
        all.extend([LIVE, FIRST].map(|circumstances| Circumstances { paused, ..circumstances }));
    }
    all
}

#[test]
fn any_four_kinds_of_messages_keep_the_promises() {
    let circumstances = all_circumstances();
    for length in 0..=4 {
        for number in 0..KINDS.len().pow(length) {
            let kinds: Vec<_> =
                (0..length).map(|place| KINDS[number / KINDS.len().pow(place) % KINDS.len()]).collect();
            // Live messages are treated one by one, except in floods, which have their own tests.
            let live = (length < 4).then(|| entries(&kinds));
            for waiting in live.into_iter().chain([waited(&kinds)]) {
                for circumstances in &circumstances {
                    assert_plan(&waiting, circumstances);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn any_number_of_messages_in_any_order_keeps_the_promises(
        kinds in proptest::collection::vec((0..KINDS.len(), any::<bool>()), 0..30),
        which in any::<prop::sample::Index>(),
        turn in any::<prop::sample::Index>(),
    ) {
        let (kinds, live): (Vec<_>, Vec<_>) = kinds.into_iter().map(|(kind, live)| (KINDS[kind], live)).unzip();
        let mut waiting = waited(&kinds);
        for (entry, _) in waiting.iter_mut().zip(live).filter(|(_, live)| *live) {
            entry.arrival = Arrival::Live;
        }
        let circumstances = *which.get(&all_circumstances());
        assert_plan(&waiting, &circumstances);
        let plan = Announcer::new().plan(&waiting, &circumstances);
        if !waiting.is_empty() {
            let turn = turn.index(waiting.len());
            waiting.rotate_left(turn);
            waiting[..turn].reverse();
        }
        prop_assert_eq!(Announcer::new().plan(&waiting, &circumstances), plan);
    }
}
