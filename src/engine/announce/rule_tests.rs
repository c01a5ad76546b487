//! What rules do to plans: groups, messages that are held, and that every message is accounted for.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::tests::{KINDS, in_short};
use super::*;
use crate::domain::message::{Arrival, Entry, Priority, Seq};
use crate::domain::notification::NotificationId;
use crate::domain::rules::{Effect, GroupName, Rule, TimeOfDay};
use crate::engine::policy::Circumstances;
use crate::engine::policy::rule_tests::{any_rules, rule};
use crate::engine::policy::tests::{Kind, LIVE, NOW, entry};

fn grouping() -> Vec<Rule> {
    vec![rule(Effect { group: GroupName::new("of {app}").ok(), ..Effect::default() })]
}

fn of_app(number: i64, app: &str, arrival: Arrival) -> Entry {
    let mut entry = entry(number, Kind::Of(Priority::Normal));
    app.clone_into(&mut entry.message.app);
    Entry { arrival, ..entry }
}

/// Carries out a plan, showing each notification under the id of the one that it replaces or under a new one.
fn carry_out(announcer: &mut Announcer, steps: Vec<Step>, next: &mut u32) -> Vec<(NotificationId, String)> {
    let mut shown = Vec::new();
    for step in steps {
        let Step::Show { seqs, notification, receipt, tracking, .. } = step else { continue };
        let id = notification.replaces.unwrap_or_else(|| {
            *next += 1;
            NotificationId(*next)
        });
        announcer.shown(id, &seqs, receipt.as_ref(), tracking, NOW);
        shown.push((id, notification.title));
    }
    shown
}

#[test]
fn only_the_latest_message_of_a_group_is_on_the_screen() {
    let rules = grouping();
    let circumstances = Circumstances { rules: &rules, ..LIVE };
    let (mut announcer, mut next) = (Announcer::new(), 0);
    let mut send = |announcer: &mut Announcer, number, app| {
        let steps = announcer.plan(&[of_app(number, app, Arrival::Live)], &circumstances);
        carry_out(announcer, steps, &mut next).remove(0).0
    };
    let (backup, door) = (send(&mut announcer, 1, "Backup"), send(&mut announcer, 2, "Door"));
    assert_ne!(backup, door);
    // They replace each other, so they are no flood.
    for number in 3..20 {
        assert_eq!(send(&mut announcer, number, "Backup"), backup);
    }
    let all: Vec<_> = [1].into_iter().chain(3..20).map(Seq).collect();
    assert_eq!(announcer.messages_for(backup), (all.as_slice(), None), "a click is about all of them");
    assert!(announcer.shows_latest(backup));
    announcer.moved(backup, NotificationId(90));
    assert_eq!(send(&mut announcer, 20, "Backup"), NotificationId(90));
    announcer.gone(NotificationId(90));
    assert_ne!(send(&mut announcer, 21, "Backup"), NotificationId(90), "it left the screen");
    announcer.forget_all(NOW);
    assert!(!announcer.shows_latest(door));
}

#[test]
fn what_an_offline_computer_missed_of_a_group_comes_as_one() {
    let rules = grouping();
    let circumstances = Circumstances { rules: &rules, ..LIVE };
    let mut waiting: Vec<_> = (1..=9).map(|number| of_app(number, "Backup", Arrival::Waited)).collect();
    waiting.push(of_app(10, "Door", Arrival::Waited));
    let steps = Announcer::new().plan(&waiting, &circumstances);
    assert_eq!(
        in_short(&steps),
        "+1,2,3,4,5,6,7,8,9 +10",
        "ten messages are two notifications, and no summary"
    );
    let Step::Show { notification, .. } = &steps[0] else { panic!("{steps:?}") };
    assert!(!notification.is_list, "it is the latest message");
    // The groups are one line each in a summary.
    let mut waiting: Vec<_> =
        (1..=20).map(|number| of_app(number, &format!("{}", number % 5), Arrival::Waited)).collect();
    waiting.reverse();
    let steps = Announcer::new().plan(&waiting, &circumstances);
    let [Step::Show { seqs, notification, .. }] = &steps[..] else { panic!("{steps:?}") };
    assert_eq!((seqs.len(), notification.title.as_str()), (20, "5 messages arrived while you were away"));
}

#[test]
fn what_a_rule_held_comes_as_one_notification_at_its_time() {
    let rules = vec![rule(Effect { hold_until: TimeOfDay::parse("08:00"), ..Effect::default() })];
    let eight = 8 * 3_600;
    let entries = [1, 2].map(|number| entry(number, Kind::Of(Priority::Normal)));
    let live = Circumstances { rules: &rules, ..LIVE };
    assert_eq!(
        Announcer::new().plan(&entries, &live),
        [Step::Hold { seqs: vec![Seq(1), Seq(2)], until: Some(eight) }]
    );
    let held_after = |pause, circumstances: Circumstances<'_>| {
        let mut held = HeldMessages::new(circumstances).after_pause(pause);
        entries.iter().rev().for_each(|entry| held.add(entry.clone()));
        let release = held.release();
        let steps = Announcer::new().plan_held(held);
        let title = steps.last().map(|step| match step {
            Step::Show { notification, .. } => notification.title.clone(),
            Step::Skip { .. } | Step::Hold { .. } => String::new(),
        });
        (in_short(&steps), title, release)
    };
    let held = |circumstances| held_after(Some(0..=NOW - 1), circumstances);
    assert_eq!(held(live), (String::new(), None, Some(eight)));
    let shown = ("+1,2".to_owned(), Some("2 messages arrived earlier".to_owned()), None);
    assert_eq!(held(Circumstances { unix: eight, ..live }), shown.clone());
    let without_rule = Circumstances { rules: &[], ..live };
    assert_eq!(held(without_rule), shown.clone(), "without the rule they are shown at once");
    assert_eq!(held_after(None, without_rule), shown, "there was no pause at all");
    let (_, title, _) = held_after(Some(NOW..=NOW), without_rule);
    assert_eq!(title.as_deref(), Some("2 messages arrived while paused"), "the pause held them");
    let paused = Circumstances { unix: eight, paused: Some(Priority::High), ..live };
    assert_eq!(held(paused), (String::new(), None, Some(eight)), "the pause goes on");
}

/// How often each message is skipped, held or shown.
fn account(steps: &[Step], counts: &mut BTreeMap<Seq, [usize; 3]>) {
    for step in steps {
        let (kind, seqs) = match step {
            Step::Skip { seqs, .. } => (0, seqs),
            Step::Hold { seqs, .. } => (1, seqs),
            Step::Show { seqs, read, .. } => {
                assert!(read.iter().all(|seq| seqs.contains(seq)), "only what is shown counts as read");
                (2, seqs)
            }
        };
        for seq in seqs {
            counts.entry(*seq).or_default()[kind] += 1;
        }
    }
}

proptest! {
    /// Whatever the rules say, each message is skipped, held or shown once; and without the rules all that they held is shown.
    #[test]
    fn a_plan_with_rules_accounts_for_every_message_once(
        rules in any_rules(),
        kinds in proptest::collection::vec((0..KINDS.len(), any::<bool>(), 0_usize..3), 1..40),
        page in 1_usize..40,
        initial_sync in any::<bool>(),
        paused in any::<bool>(),
    ) {
        let circumstances = Circumstances {
            rules: &rules,
            initial_sync,
            paused: paused.then_some(Priority::High),
            ..LIVE
        };
        let mut entries = Vec::new();
        for (number, (kind, live, app)) in (1..).zip(kinds) {
            let mut entry = entry(number, KINDS[kind]);
            ["A", "B", "C"][app].clone_into(&mut entry.message.app);
            // Copies of one emergency on several pages are not a matter of rules.
            entry.message.receipt = entry.message.receipt.filter(|_| page >= 40);
            let arrival = if live { Arrival::Live } else { Arrival::Waited };
            entries.push(Entry { arrival, ..entry });
        }
        let mut announcer = Announcer::new();
        let (mut next, mut counts) = (0, BTreeMap::new());
        let mut ordinary = WaitingMessages::default();
        entries.iter().rev().for_each(|entry| ordinary.add(entry, &circumstances));
        let mut held = Vec::new();
        for page in entries.chunks(page) {
            let steps = announcer.plan_page(page, &ordinary, &circumstances);
            account(&steps, &mut counts);
            for step in &steps {
                if let Step::Hold { seqs, .. } = step {
                    held.extend(seqs.iter().copied());
                }
            }
            let shown = carry_out(&mut announcer, steps, &mut next);
            prop_assert!(shown.len() <= page.len());
        }
        account(&ordinary.into_step().into_iter().collect::<Vec<_>>(), &mut counts);
        prop_assert_eq!(counts.len(), entries.len());
        for (seq, counts) in &counts {
            prop_assert_eq!(counts.iter().sum::<usize>(), 1, "{:?} in {:?}", seq, rules);
        }

        // The rules are removed, and the pause is over.
        let mut released = HeldMessages::new(LIVE);
        for entry in entries.iter().rev().filter(|entry| held.contains(&entry.seq)) {
            released.add(entry.clone());
        }
        prop_assert_eq!(released.release(), None);
        let mut counts = BTreeMap::new();
        account(&announcer.plan_held(released), &mut counts);
        prop_assert_eq!(counts.len(), held.len(), "each of them is released");
        prop_assert!(counts.values().all(|counts| counts[1] == 0 && counts.iter().sum::<usize>() == 1));
    }
}
