//! What rules say about messages: each effect, the order, and what no rule may do.

use proptest::prelude::*;

use super::rules::{explain, never_applies, ruled};
use super::tests::{Kind, LIVE, NOW, entry};
use super::{Action, Circumstances, Verdict, decide, emergency_setting};
use crate::domain::media::Sound;
use crate::domain::message::{Entry, Priority};
use crate::domain::rules::{Condition, Days, Effect, GroupName, Hours, Pattern, Rule, TimeOfDay};
use crate::domain::settings::Emergency;

/// A rule for all messages.
pub(in crate::engine) fn rule(then: Effect) -> Rule {
    Rule { then, ..Rule::default() }
}

fn pattern(written: &str) -> Pattern {
    Pattern::new(written).unwrap()
}

/// A change that makes a rule not match, and the reason that is given then.
type Case<'a> = (&'a dyn Fn(&mut Rule), &'a str);

fn of(kind: Kind, rules: &[Rule]) -> Verdict {
    decide(&entry(1, kind), &Circumstances { rules, ..LIVE })
}

fn hide() -> Effect {
    Effect { show: Some(false), ..Effect::default() }
}

fn message() -> Entry {
    let mut entry = entry(1, Kind::Of(Priority::Normal));
    let message = &mut entry.message;
    "Backup".clone_into(&mut message.app);
    message.title = Some("Nightly".to_owned());
    "<b>done</b> in 12 min".clone_into(&mut message.body);
    message.html = true;
    message.sound = Some("siren".to_owned());
    message.url = Some("https://a.example/log".to_owned());
    entry
}

#[test]
fn every_part_of_a_condition_has_to_match() {
    // The message is recorded at 1970-01-01 00:16:40 UTC, a Thursday.
    let all = Condition {
        app: Some(pattern("backup")),
        title: Some(pattern("night")),
        text: Some(pattern(r"/^done in \d+ min$/")),
        sound: Some(pattern("siren")),
        url: Some(pattern("a.example")),
        min_priority: Some(Priority::Normal),
        max_priority: Some(Priority::Normal),
        hours: Hours::parse("22:00-01:00"),
        days: Days::parse("thu"),
    };
    let why = |change: &dyn Fn(&mut Rule)| {
        let mut rule = Rule { when: all.clone(), ..rule(hide()) };
        change(&mut rule);
        explain(&message(), &Circumstances { rules: &[rule], ..LIVE }).remove(0)
    };
    assert_eq!(why(&|_| ()), None);
    let cases: [Case<'_>; 10] = [
        (&|rule| rule.when.app = Some(pattern("door")), "its application does not contain \"door\""),
        (&|rule| rule.when.title = Some(pattern("day")), "its title does not contain \"day\""),
        (&|rule| rule.when.text = Some(pattern("<b>")), "its text does not contain \"<b>\""),
        (&|rule| rule.when.sound = Some(pattern("bike")), "its sound does not contain \"bike\""),
        (&|rule| rule.when.url = Some(pattern("b.example")), "its link does not contain \"b.example\""),
        (&|rule| rule.when.min_priority = Some(Priority::High), "its priority 0 is below 1"),
        (&|rule| rule.when.max_priority = Some(Priority::Low), "its priority 0 is above -1"),
        (
            &|rule| rule.when.hours = Hours::parse("08:00-17:00"),
            "it was recorded at 00:16, outside 08:00-17:00",
        ),
        (&|rule| rule.when.days = Days::parse("sat,sun"), "it was recorded on thu, and the days are sat,sun"),
        (&|rule| rule.until = Some(NOW), "the rule had ended when it was recorded"),
    ];
    for (change, expected) in cases {
        assert_eq!(why(change).as_deref(), Some(expected));
    }
    let mut bare = entry(1, Kind::Of(Priority::Normal));
    bare.message.encrypted = true;
    "done".clone_into(&mut bare.message.body);
    let text =
        Rule { when: Condition { text: Some(pattern("done")), ..Condition::default() }, ..rule(hide()) };
    let said = explain(&bare, &Circumstances { rules: &[text], ..LIVE });
    assert_eq!(said[0].as_deref(), Some("it has no text, and \"done\" is needed"), "it is encrypted");
}

#[test]
fn the_clock_of_this_computer_decides_about_hours_and_days() {
    let night =
        Condition { hours: Hours::parse("22:00-07:00"), days: Days::parse("wed"), ..Condition::default() };
    let rules = [Rule { when: night, ..rule(hide()) }];
    for (utc_offset, action) in [(0, Action::Show), (-3_600, Action::Skip { read: false })] {
        let circumstances = Circumstances { rules: &rules, utc_offset, ..LIVE };
        assert_eq!(decide(&message(), &circumstances).action, action);
    }
}

#[test]
fn the_first_rule_that_applies_is_the_last_unless_it_goes_on() {
    let priority = |priority| Effect { priority: Some(priority), ..Effect::default() };
    let first = rule(priority(Priority::High));
    let second = rule(Effect { read: Some(true), ..priority(Priority::Low) });
    let never = Rule { until: Some(NOW), ..rule(hide()) };
    let both = [never.clone(), first.clone(), second.clone()];
    let verdict = of(Kind::Of(Priority::Normal), &both);
    assert_eq!((verdict.priority, verdict.read), (Priority::High, false));
    let goes_on = [never, Rule { goes_on: true, ..first }, second];
    let verdict = of(Kind::Of(Priority::Normal), &goes_on);
    assert_eq!(
        (verdict.priority, verdict.read),
        (Priority::Low, true),
        "the later one replaces the earlier one"
    );
    let tried = |rules: &[Rule]| explain(&message(), &Circumstances { rules, ..LIVE }).len();
    assert_eq!([tried(&both), tried(&goes_on)], [2, 3]);
}

#[test]
fn each_effect_changes_the_verdict() {
    let normal = Kind::Of(Priority::Normal);
    let with = |then: Effect| of(normal, &[rule(then)]);
    assert_eq!(with(hide()).action, Action::Skip { read: false });
    assert_eq!(with(Effect { read: Some(true), ..hide() }).action, Action::Skip { read: true });
    assert_eq!(
        with(Effect { priority: Some(Priority::Lowest), ..Effect::default() }).action,
        Action::Skip { read: false }
    );
    let raised = of(
        Kind::Of(Priority::Lowest),
        &[rule(Effect { priority: Some(Priority::High), ..Effect::default() })],
    );
    assert_eq!((raised.action, raised.priority), (Action::Show, Priority::High));
    let siren = with(Effect { sound: Some("siren".to_owned()), ..Effect::default() });
    assert!(matches!(siren.sound.sound, Sound::Named(name) if name.as_str() == "siren"));
    assert!(with(Effect { sound: Some("none".to_owned()), ..Effect::default() }).sound.is_silent());
    let grouped = with(Effect { group: GroupName::new("of {app}").ok(), ..Effect::default() });
    assert_eq!(grouped.group.as_deref(), Some("of App"));
    let program = vec!["notify".to_owned()];
    let rules = [rule(Effect { hook: program.clone(), ..Effect::default() })];
    assert_eq!(ruled(&message(), &Circumstances { rules: &rules, ..LIVE }).hooks, [program.as_slice()]);
}

#[test]
fn a_raised_message_breaks_through_a_pause_and_a_lowered_one_does_not() {
    let rules = |priority| [rule(Effect { priority: Some(priority), ..Effect::default() })];
    let paused = Circumstances { paused: Some(Priority::High), ..LIVE };
    for (sent, priority, action) in
        [(Priority::Low, Priority::High, Action::Show), (Priority::High, Priority::Low, Action::Hold)]
    {
        let rules = rules(priority);
        let verdict = decide(&entry(1, Kind::Of(sent)), &Circumstances { rules: &rules, ..paused });
        assert_eq!(verdict.action, action);
    }
}

#[test]
fn a_message_is_held_until_the_next_time_of_day_after_it_was_recorded() {
    let rules = [rule(Effect { hold_until: TimeOfDay::parse("08:00"), ..Effect::default() })];
    let eight = 8 * 3_600;
    for (recorded, unix, action) in [
        (NOW, NOW, Action::Hold),
        (NOW, eight - 1, Action::Hold),
        (NOW, eight, Action::Show),
        (NOW, i64::MAX, Action::Show),
        (eight, eight, Action::Hold),
        (eight, eight + 86_399, Action::Hold),
        (eight, eight + 86_400, Action::Show),
    ] {
        let entry = Entry { recorded, ..entry(1, Kind::Of(Priority::Normal)) };
        let circumstances = Circumstances { rules: &rules, unix, ..LIVE };
        assert_eq!(decide(&entry, &circumstances).action, action, "{recorded} {unix}");
        assert_eq!(
            decide(&entry, &Circumstances { rules: &[], ..circumstances }).action,
            Action::Show,
            "without the rule"
        );
    }
}

#[test]
fn an_emergency_is_hidden_only_by_a_rule_that_says_so() {
    let emergency = Kind::Open("fire");
    let hiding = Effect {
        show: Some(false),
        priority: Some(Priority::Low),
        sound: Some("none".to_owned()),
        group: GroupName::new("all").ok(),
        hold_until: TimeOfDay::parse("08:00"),
        read: Some(true),
        ..Effect::default()
    };
    assert_eq!(of(emergency, &[rule(hiding.clone())]), of(emergency, &[]));
    let with_word = Rule { may_hide_emergencies: true, ..rule(hiding.clone()) };
    assert_eq!(of(emergency, &[with_word]).action, Action::Skip { read: true });
    let held = Effect { show: None, ..hiding };
    let held = Rule { may_hide_emergencies: true, ..rule(held) };
    assert_eq!(of(emergency, &[held]).action, Action::Hold);
}

#[test]
fn a_rule_can_leave_the_acknowledgement_to_the_user() {
    let rules = [rule(Effect { acknowledge: Some(false), ..Effect::default() })];
    let entry = entry(1, Kind::Open("fire"));
    for (emergency, expected) in [
        (Emergency::Auto, Emergency::Manual),
        (Emergency::Always, Emergency::Manual),
        (Emergency::Manual, Emergency::Manual),
        (Emergency::Never, Emergency::Never),
    ] {
        let circumstances = Circumstances { rules: &rules, emergency, ..LIVE };
        assert_eq!(emergency_setting(&entry, &circumstances), expected);
        let verdict = decide(&entry, &circumstances);
        assert_eq!((verdict.action, verdict.acknowledge), (Action::Show, false));
    }
}

#[test]
fn rules_that_never_change_anything_are_found() {
    let all = rule(hide());
    let backups =
        Rule { when: Condition { app: Some(pattern("backup")), ..Condition::default() }, ..all.clone() };
    let never = |rule: &Rule, earlier: &[Rule]| never_applies(rule, earlier, NOW);
    assert_eq!(never(&all, &[]), None);
    assert_eq!(never(&all, std::slice::from_ref(&backups)), None);
    let stopped = Some("rule 1 applies to the same messages and is tried first".to_owned());
    assert_eq!(never(&backups, std::slice::from_ref(&all)), stopped);
    assert_eq!(never(&backups, std::slice::from_ref(&backups)), stopped);
    assert_eq!(never(&backups, &[Rule { goes_on: true, ..all.clone() }]), None);
    assert_eq!(never(&Rule { until: Some(NOW), ..all.clone() }, &[]).as_deref(), Some("it has ended"));
    let (min_priority, max_priority) = (Some(Priority::High), Some(Priority::Low));
    let empty = Rule { when: Condition { min_priority, max_priority, ..Condition::default() }, ..all };
    assert_eq!(never(&empty, &[]).as_deref(), Some("its min_priority is above its max_priority"));
}

/// Any effect that does not depend on the time.
pub(in crate::engine) fn any_effect() -> impl Strategy<Value = Effect> {
    let priority = proptest::option::of((-2_i64..=2).prop_map(Priority::from_number));
    let sound = proptest::option::of(proptest::sample::select(vec!["none".to_owned(), "siren".to_owned()]));
    let group = proptest::option::of(proptest::sample::select(vec!["all", "of {app}"]));
    let held = proptest::option::of(proptest::sample::select(vec!["08:00", "00:10"]));
    let may = || proptest::option::of(any::<bool>());
    (may(), priority, sound, group, held, may(), may()).prop_map(
        |(show, priority, sound, group, held, read, acknowledge)| Effect {
            show,
            priority,
            sound,
            group: group.and_then(|name| GroupName::new(name).ok()),
            hold_until: held.and_then(TimeOfDay::parse),
            read,
            hook: Vec::new(),
            acknowledge,
        },
    )
}

/// Any few rules about priorities.
pub(in crate::engine) fn any_rules() -> impl Strategy<Value = Vec<Rule>> {
    let any = (any_effect(), any::<bool>(), any::<bool>(), -2_i64..=2).prop_map(
        |(then, goes_on, may_hide_emergencies, lowest)| Rule {
            name: None,
            may_hide_emergencies,
            goes_on,
            until: None,
            when: Condition { min_priority: Some(Priority::from_number(lowest)), ..Condition::default() },
            then,
        },
    );
    proptest::collection::vec(any, 0..5)
}

proptest! {
    #[test]
    fn no_rules_without_the_word_hide_an_emergency(rules in any_rules()) {
        let rules: Vec<_> = rules.into_iter().map(|rule| Rule { may_hide_emergencies: false, ..rule }).collect();
        for kind in [Kind::Open("fire"), Kind::NoReceipt, Kind::GivenUp] {
            let (with, without) = (of(kind, &rules), of(kind, &[]));
            prop_assert_eq!(
                (with.action, with.priority, with.group, with.read, with.sound.is_silent()),
                (without.action, without.priority, None, false, false)
            );
        }
    }
}
