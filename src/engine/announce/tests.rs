//! Every rule of the plan, then every small world, then large random ones.

use proptest::prelude::*;

use super::*;
use crate::domain::account::DeviceId;
use crate::domain::message::{Arrival, MessageId};
use crate::domain::notification::{NotificationAction, Urgency};

const NOW: i64 = 1_000;

pub(super) const LIVE: Circumstances<'_> = Circumstances {
    unix: NOW,
    backlog: false,
    first_flush: false,
    quiet_hours: false,
    backlog_policy: Backlog::Summary,
    emergency: Emergency::Always,
    paused: None,
    open_links: &["https", "http", "mailto"],
};
const WAITED: Circumstances<'_> = Circumstances { backlog: true, ..LIVE };
/// A pause, with the settings as they come.
const PAUSED: Circumstances<'_> = Circumstances { paused: Some(Priority::Emergency), ..LIVE };
const FIRST: Circumstances<'_> = Circumstances { backlog: true, first_flush: true, ..LIVE };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Of(Priority),
    Expired(Priority),
    /// An emergency that nobody acknowledged, with its receipt.
    Open(&'static str),
    /// An emergency that somebody else acknowledged.
    Closed(&'static str),
    /// An emergency whose acknowledgement from here is on its way or done.
    Wanted,
    Confirmed,
    GivenUp,
    /// Priority 2, but nothing to acknowledge it by.
    NoReceipt,
}

pub(super) fn entry(number: i64, kind: Kind) -> Entry {
    let mut message = Message::unread(MessageId::from_stored(number));
    "App".clone_into(&mut message.app);
    let mut acknowledgement = Acknowledgement::NotWanted;
    let receipt = match kind {
        Kind::Of(priority) | Kind::Expired(priority) => {
            message.priority = priority;
            None
        }
        Kind::Open(receipt) | Kind::Closed(receipt) => Some(receipt),
        Kind::Wanted => Some("wanted"),
        Kind::Confirmed => Some("confirmed"),
        Kind::GivenUp => Some("givenup"),
        Kind::NoReceipt => None,
    };
    match kind {
        Kind::Of(_) | Kind::Open(_) | Kind::NoReceipt => {}
        Kind::Expired(_) => message.expires = Some(NOW),
        Kind::Closed(_) => message.acknowledged = true,
        Kind::Wanted => acknowledgement = Acknowledgement::Wanted,
        Kind::Confirmed => acknowledgement = Acknowledgement::Confirmed,
        Kind::GivenUp => acknowledgement = Acknowledgement::GivenUp,
    }
    if !matches!(kind, Kind::Of(_) | Kind::Expired(_)) {
        message.priority = Priority::Emergency;
        message.expires = Some(NOW);
    }
    message.receipt = receipt.and_then(Receipt::new);
    Entry {
        seq: Seq(number),
        device: DeviceId::new("desk").unwrap(),
        message,
        recorded: 0,
        arrival: Arrival::Waited,
        announced: None,
        read: None,
        acknowledgement,
        repeats: 0,
    }
}

fn entries(kinds: &[Kind]) -> Vec<Entry> {
    (1..).zip(kinds).map(|(number, kind)| entry(number, *kind)).collect()
}

/// A plan in short: `-` passes over, `r` also as read, `h` holds back, `+` shows, `!` also acknowledges; then the rows.
pub(super) fn in_short(steps: &[Step]) -> String {
    let word = |step: &Step| {
        let (sign, seqs) = match step {
            Step::PassOver { seqs, read: false } => ('-', seqs),
            Step::PassOver { seqs, read: true } => ('r', seqs),
            Step::Hold { seqs } => ('h', seqs),
            Step::Show { seqs, acknowledge: false, .. } => ('+', seqs),
            Step::Show { seqs, acknowledge: true, .. } => ('!', seqs),
        };
        let rows: Vec<_> = seqs.iter().map(|seq| seq.0.to_string()).collect();
        format!("{sign}{}", rows.join(","))
    };
    steps.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_done_with_each_kind() {
    use Priority::{High, Low, Lowest, Normal};
    let silent = Circumstances { backlog_policy: Backlog::Silent, ..WAITED };
    let first_while_paused = Circumstances { paused: Some(Priority::Emergency), ..FIRST };
    for (kind, live, silent_backlog, first, paused) in [
        (Kind::Of(Lowest), "-1", "-1", "r1", "-1"),
        (Kind::Of(Low), "+1", "-1", "r1", "h1"),
        (Kind::Of(Normal), "+1", "-1", "r1", "h1"),
        (Kind::Of(High), "+1", "-1", "r1", "h1"),
        (Kind::Expired(Normal), "-1", "-1", "r1", "-1"),
        (Kind::Expired(High), "-1", "-1", "r1", "-1"),
        (Kind::Open("a"), "!1", "!1", "!1", "!1"),
        (Kind::Closed("a"), "+1", "+1", "r1", "h1"),
        (Kind::Wanted, "-1", "-1", "r1", "-1"),
        (Kind::Confirmed, "-1", "-1", "r1", "-1"),
        (Kind::GivenUp, "+1", "+1", "+1", "+1"),
        (Kind::NoReceipt, "+1", "+1", "r1", "+1"),
    ] {
        for (circumstances, expected) in [
            (LIVE, live),
            (silent, silent_backlog),
            (FIRST, first),
            (first_while_paused, first),
            (PAUSED, paused),
            (Circumstances { backlog: true, ..PAUSED }, paused),
        ] {
            let steps = Announcer::new().plan(&[entry(1, kind)], &circumstances);
            assert_eq!(in_short(&steps), expected, "{kind:?} {circumstances:?}");
        }
        let live_all_the_same = Circumstances { backlog: false, ..silent };
        let steps = Announcer::new().plan(&[entry(1, kind)], &live_all_the_same);
        assert_eq!(in_short(&steps), live, "the policy is for the backlog: {kind:?}");
    }
}

#[test]
fn a_notification_of_one_message_has_the_icon_of_its_application() {
    let icon_of = |text: Option<&str>, count, circumstances| {
        let mut waiting = entries(&vec![Kind::Of(Priority::Normal); count]);
        for entry in &mut waiting {
            entry.message.icon = text.map(str::to_owned);
        }
        let steps = Announcer::new().plan(&waiting, &circumstances);
        let Some(Step::Show { media, .. }) = steps.last() else { panic!("{steps:?}") };
        media.icon.as_ref().map(|name| name.as_str().to_owned())
    };
    assert_eq!(icon_of(Some("tree"), 1, LIVE).as_deref(), Some("tree"));
    for name in [None, Some(""), Some("../tree")] {
        assert_eq!(icon_of(name, 1, LIVE), None);
    }
    assert_eq!(icon_of(Some("tree"), 4, WAITED), None, "a summary is of many");
}

#[test]
fn an_emergency_that_somebody_acknowledged_is_an_ordinary_urgent_message() {
    let closed = [entry(1, Kind::Closed("a"))];
    let manual = Circumstances { emergency: Emergency::Manual, ..LIVE };
    for circumstances in [LIVE, manual] {
        let steps = Announcer::new().plan(&closed, &circumstances);
        let [Step::Show { notification, acknowledge: false, .. }] = &steps[..] else { panic!("{steps:?}") };
        assert_eq!((notification.urgency, notification.resident), (Urgency::Critical, false));
        assert!(notification.actions.iter().all(|(action, _)| *action != NotificationAction::Acknowledge));
    }
}

#[test]
fn a_pause_is_broken_from_the_chosen_priority_on() {
    use Priority::{High, Low, Lowest, Normal};
    let kinds = [Lowest, Low, Normal, High].map(Kind::Of);
    let kinds = entries(&[&kinds[..], &[Kind::Open("a")]].concat());
    for (lowest, live, waited) in [
        (Priority::Emergency, "-1 h2,3,4 !5", "-1 h2,3,4 !5"),
        (High, "-1 h2,3 +4 !5", "-1 h2,3 +4 !5"),
        (Normal, "-1 h2 +3 +4 !5", "-1 h2 +3 +4 !5"),
        (Low, "-1 +2 +3 +4 !5", "-1 +2 +3 +4 !5"),
        (Lowest, "-1 +2 +3 +4 !5", "-1 +2 +3 +4 !5"),
    ] {
        for (circumstances, expected) in [(LIVE, live), (WAITED, waited)] {
            let circumstances = Circumstances { paused: Some(lowest), ..circumstances };
            assert_eq!(in_short(&Announcer::new().plan(&kinds, &circumstances)), expected, "{lowest:?}");
        }
    }
}

#[test]
fn an_expiry_counts_from_its_second_on() {
    for (expires, expected) in [(NOW - 1, "-1"), (NOW, "-1"), (NOW + 1, "+1")] {
        let mut entry = entry(1, Kind::Of(Priority::Normal));
        entry.message.expires = Some(expires);
        assert_eq!(in_short(&Announcer::new().plan(&[entry], &LIVE)), expected);
    }
}

#[test]
fn more_than_three_ordinary_messages_that_waited_become_one() {
    use Priority::{High, Low, Lowest, Normal};
    let (low, normal, high) = (Kind::Of(Low), Kind::Of(Normal), Kind::Of(High));
    let all = Circumstances { backlog_policy: Backlog::All, ..WAITED };
    for (kinds, circumstances, expected) in [
        (vec![normal, low, normal], WAITED, "+1 +2 +3"),
        (vec![normal, low, normal, low], WAITED, "+1,2,3,4"),
        (vec![normal, low, normal, low], LIVE, "+1 +2 +3 +4"),
        (vec![normal, low, normal, low], all, "+1 +2 +3 +4"),
        (vec![normal, high, normal, high, normal], WAITED, "+1 +2 +3 +4 +5"),
        (vec![normal, high, normal, Kind::Open("a"), low, low], WAITED, "+2 !4 +1,3,5,6"),
        (vec![Kind::Of(Lowest), low, Kind::Expired(Low), low, low], WAITED, "-1,3 +2 +4 +5"),
    ] {
        assert_eq!(in_short(&Announcer::new().plan(&entries(&kinds), &circumstances)), expected, "{kinds:?}");
    }
}

#[test]
fn copies_of_one_emergency_are_one_notification() {
    let (fire, flood) = (Kind::Open("fire"), Kind::Open("flood"));
    let normal = Kind::Of(Priority::Normal);
    for (kinds, expected) in [
        (vec![fire, flood, fire], "!2 !1,3"),
        (vec![fire, normal, fire, normal], "+2 !1,3 +4"),
        (vec![fire, Kind::Closed("fire")], "+1,2"),
        (vec![Kind::Closed("fire"), fire], "!1,2"),
    ] {
        assert_eq!(in_short(&Announcer::new().plan(&entries(&kinds), &LIVE)), expected, "{kinds:?}");
    }
}

#[test]
fn a_receipt_means_nothing_on_what_is_no_emergency() {
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
fn ten_thousand_that_waited_are_planned_at_once() {
    let kinds: Vec<_> = KINDS.iter().copied().cycle().take(10_000).collect();
    for circumstances in all_circumstances() {
        let steps = Announcer::new().plan(&entries(&kinds), &circumstances);
        assert_eq!(steps.iter().flat_map(seqs_of).count(), 10_000);
    }
}

#[test]
fn only_always_acknowledges_at_once() {
    for (emergency, expected) in [
        (Emergency::Auto, "+1"),
        (Emergency::Always, "!1"),
        (Emergency::Manual, "+1"),
        (Emergency::Never, "+1"),
    ] {
        let circumstances = Circumstances { emergency, ..LIVE };
        let steps = Announcer::new().plan(&entries(&[Kind::Open("a")]), &circumstances);
        assert_eq!(in_short(&steps), expected);
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
    announcer.shown(NotificationId(7), &[Seq(1)], Some(&fire), Ticket::default(), NOW);
    assert_eq!(announcer.notification_of(&fire), Some(NotificationId(7)));
    assert_eq!(replaces(&announcer), Some(NotificationId(7)));
    assert_eq!(announcer.messages_for(NotificationId(7)), (&[Seq(1)][..], Some(&fire)));
    assert_eq!(announcer.gone(NotificationId(7)), [Seq(1)]);
    assert_eq!(replaces(&announcer), None);
    announcer.shown(NotificationId(8), &[Seq(2)], Some(&fire), Ticket::default(), NOW);
    announcer.forget_all();
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
        let newest = &newest_copy(entry).message;
        let is_emergency = newest.priority == Priority::Emergency;
        let is_open = newest.is_open_emergency();
        let is_settled =
            matches!(entry.acknowledgement, Acknowledgement::Wanted | Acknowledgement::Confirmed);
        match step_of(entry) {
            Step::PassOver { read, .. } => {
                assert_eq!(*read, circumstances.first_flush, "{}", case());
                assert!(is_settled || !is_open, "an open emergency is shown: {}", case());
                let is_silent = circumstances.backlog && circumstances.backlog_policy == Backlog::Silent;
                let is_worthless = newest.priority == Priority::Lowest || newest.expires.is_some();
                let is_reason = circumstances.first_flush || !is_emergency && (is_silent || is_worthless);
                assert!(is_settled || is_reason, "passed over for no reason: {}", case());
            }
            Step::Hold { .. } => {
                let is_urgent_enough = circumstances
                    .paused
                    .is_none_or(|lowest| newest.priority >= lowest && !newest.acknowledged);
                assert!(!is_settled && !is_open && !is_urgent_enough, "held back for no reason: {}", case());
                assert!(!circumstances.first_flush && newest.priority > Priority::Lowest, "{}", case());
                assert!(is_emergency || newest.expires.is_none(), "{}", case());
            }
            Step::Show { seqs, acknowledge, receipt, notification, media: _, ticket: _ } => {
                let is_urgent_enough = circumstances.paused.is_none_or(|lowest| newest.priority >= lowest);
                assert!(is_open || is_urgent_enough, "shown during a pause: {}", case());
                assert!(!is_settled, "it was shown before: {}", case());
                assert!(is_open || !circumstances.first_flush, "{}", case());
                assert!(newest.priority > Priority::Lowest, "{}", case());
                let is_wished = newest_copy(entry).awaits_acknowledgement()
                    && circumstances.emergency == Emergency::Always;
                assert_eq!(*acknowledge, is_wished, "{}", case());
                assert_eq!(receipt, &newest.receipt, "{}", case());
                assert_eq!(notification.resident, is_emergency && !newest.acknowledged, "{}", case());
                let is_other =
                    |other: &&Entry| seqs.contains(&other.seq) && newest_copy(other).message.id != newest.id;
                if waiting.iter().any(|other| is_other(&other)) {
                    assert!(newest.priority < Priority::High, "hidden in a summary: {}", case());
                    let is_flood = !circumstances.first_flush && seqs.len() > flood::EACH_ON_ITS_OWN;
                    assert!(circumstances.backlog || is_flood, "{}", case());
                    assert!(receipt.is_none() && !acknowledge, "{}", case());
                    assert_eq!(Some(step_of(entry)), steps.last(), "a summary is last: {}", case());
                }
            }
        }
    }
    let newest: Vec<_> =
        steps.iter().filter(|step| is_of_one(step)).map(|step| seqs_of(step).last()).collect();
    assert!(newest.is_sorted(), "ascending: {}", case());
    let rank = |step: &Step| match step {
        Step::PassOver { .. } => 0,
        Step::Hold { .. } => 1,
        Step::Show { .. } => 2,
    };
    let ranks: Vec<_> = steps.iter().map(rank).collect();
    assert!(ranks.is_sorted_by(|a, b| a < b || *a == 2), "in this order: {}", case());
}

fn seqs_of(step: &Step) -> &[Seq] {
    match step {
        Step::Show { seqs, .. } | Step::PassOver { seqs, .. } | Step::Hold { seqs } => seqs,
    }
}

fn is_of_one(step: &Step) -> bool {
    match step {
        Step::Show { seqs, receipt, .. } => seqs.len() == 1 || receipt.is_some(),
        Step::PassOver { .. } | Step::Hold { .. } => false,
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
    let mut all = vec![FIRST, Circumstances { backlog_policy: Backlog::Silent, ..LIVE }];
    for emergency in [Emergency::Auto, Emergency::Always, Emergency::Manual] {
        all.push(Circumstances { emergency, ..LIVE });
        for backlog_policy in [Backlog::Summary, Backlog::All, Backlog::Silent] {
            all.push(Circumstances { backlog_policy, emergency, ..WAITED });
        }
    }
    for paused in [Priority::Emergency, Priority::High, Priority::Lowest] {
        let paused = Some(paused);
        all.extend([LIVE, WAITED, FIRST].map(|circumstances| Circumstances { paused, ..circumstances }));
    }
    all
}

#[test]
fn every_small_world_keeps_the_promises() {
    let circumstances = all_circumstances();
    for length in 0..=4 {
        for number in 0..KINDS.len().pow(length) {
            let kinds: Vec<_> =
                (0..length).map(|place| KINDS[number / KINDS.len().pow(place) % KINDS.len()]).collect();
            let waiting = entries(&kinds);
            for circumstances in &circumstances {
                assert_plan(&waiting, circumstances);
            }
        }
    }
}

proptest! {
    #[test]
    fn any_world_keeps_the_promises_in_any_order(
        kinds in proptest::collection::vec(0..KINDS.len(), 0..30),
        which in any::<prop::sample::Index>(),
        turn in any::<prop::sample::Index>(),
    ) {
        let kinds: Vec<_> = kinds.into_iter().map(|kind| KINDS[kind]).collect();
        let mut waiting = entries(&kinds);
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
