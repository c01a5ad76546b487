//! Tests which emergencies are acknowledged, when, and how often the desktop is asked.

use super::super::backoff::tests::epoch;
use super::Input::{Answered, Changed};
use super::UserPresence::{Away, Here, Unanswered, Unknown};
use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn receipt(name: &str) -> Receipt {
    Receipt::new(name).unwrap()
}

/// These emergencies wait, one letter each.
fn waiting(names: &str) -> Input {
    Input::Waiting(names.chars().map(|name| receipt(&name.to_string())).collect())
}

fn handled(name: &str) -> Input {
    Input::Handled(receipt(name))
}

const ASK: Option<Action> = Some(Action::Ask);

#[expect(clippy::unnecessary_wraps, reason = "it stands beside `None` and `ASK`")]
fn acknowledge(name: &str) -> Option<Action> {
    Some(Action::Acknowledge(receipt(name)))
}

/// One step: seconds since the start, an input or (`None`) the timeout, and the expected action.
type Step = (u64, Option<Input>, Option<Action>);

#[track_caller]
fn run(steps: impl IntoIterator<Item = Step>) -> (AwaitedPresence, Instant) {
    let (mut machine, start) = (AwaitedPresence::new(), epoch());
    let mut now = start;
    for (number, (secs, input, action)) in steps.into_iter().enumerate() {
        now = start + Duration::from_secs(secs);
        let done = match input.clone() {
            Some(input) => machine.handle_input(input, now),
            None => machine.handle_timeout(now),
        };
        assert_eq!(done, action, "step {number}, {input:?}: {machine:?}");
    }
    (machine, now)
}

#[test]
fn nothing_is_asked_while_no_emergency_waits() {
    let (machine, _) =
        run([(0, None, None), (1, Some(Changed), None), (2, Some(waiting("")), None), (60, None, None)]);
    assert_eq!((machine.poll_timeout(), machine.is_waiting()), (None, false));
}

#[test]
fn an_emergency_is_acknowledged_at_once_when_somebody_is_here_or_presence_is_unknown() {
    for presence in [Here, Unknown] {
        let (machine, _) = run([
            (0, Some(waiting("a")), ASK),
            (0, Some(Answered(presence)), acknowledge("a")),
            (0, Some(waiting("")), None),
            (60, None, None),
        ]);
        assert_eq!((machine.poll_timeout(), machine.is_waiting()), (None, false));
    }
}

#[test]
fn a_desktop_that_stops_answering_while_nobody_is_here_acknowledges_nothing() {
    run([
        (0, Some(waiting("a")), ASK),
        (0, Some(Answered(Away)), None),
        (5, Some(Changed), ASK),
        (8, Some(Answered(Unknown)), None),
        (9, Some(waiting("ab")), ASK),
        (9, Some(Answered(Unknown)), None),
        (20, Some(Changed), ASK),
        (20, Some(Answered(Here)), acknowledge("a")),
        (20, None, acknowledge("b")),
        (20, Some(waiting("")), None),
        // The user may have left since.
        (90, Some(waiting("c")), ASK),
        (90, Some(Answered(Unknown)), None),
        (95, Some(Changed), ASK),
        (95, Some(Answered(Here)), acknowledge("c")),
        (95, Some(waiting("")), None),
        // The user left, and the emergency ended elsewhere: the next one finds nobody here either.
        (100, Some(waiting("d")), ASK),
        (100, Some(Answered(Away)), None),
        (110, Some(waiting("")), None),
        (200, Some(waiting("e")), ASK),
        (200, Some(Answered(Unknown)), None),
    ]);
}

#[test]
fn an_emergency_waits_for_a_screen_saver_that_does_not_respond_at_first() {
    run([
        (0, Some(waiting("a")), ASK),
        (2, Some(Answered(Unanswered)), None),
        (17, None, ASK),
        (17, Some(Answered(Unknown)), None),
        (32, None, ASK),
        (32, Some(Answered(Here)), acknowledge("a")),
    ]);
}

#[test]
fn an_emergency_waits_until_somebody_comes_back() {
    run([
        (0, Some(waiting("a")), ASK),
        (1, Some(Answered(Away)), None),
        (15, None, None),
        (16, None, ASK),
        (16, Some(Answered(Away)), None),
        (20, Some(Changed), ASK),
        (20, Some(Answered(Here)), acknowledge("a")),
    ]);
}

#[test]
fn all_that_wait_are_acknowledged_one_after_the_other() {
    let (mut machine, now) = run([
        (0, Some(waiting("ab")), ASK),
        (0, Some(Answered(Away)), None),
        (5, Some(waiting("abc")), ASK),
        (5, Some(Answered(Here)), acknowledge("a")),
    ]);
    assert_eq!(machine.poll_timeout(), Some(now), "there is more to do at once");
    assert_eq!(machine.handle_input(waiting("bc"), now), acknowledge("b"));
    assert_eq!(machine.handle_input(waiting("c"), now), acknowledge("c"));
    assert_eq!(machine.handle_input(waiting(""), now), None);
    assert_eq!(machine.poll_timeout(), None);
}

#[test]
fn an_answer_does_not_count_for_an_emergency_that_came_after_the_question() {
    for later in [waiting("ab"), Changed] {
        run([
            (0, Some(waiting("a")), ASK),
            (1, Some(later), None),
            (2, Some(Answered(Here)), ASK),
            (3, Some(Answered(Away)), None),
        ]);
    }
}

#[test]
fn an_emergency_that_no_longer_waits_is_not_acknowledged() {
    // Acknowledged elsewhere, expired, or its notification is gone.
    run([
        (0, Some(waiting("ab")), ASK),
        (1, Some(waiting("b")), None),
        (2, Some(Answered(Here)), acknowledge("b")),
        (2, Some(waiting("")), None),
    ]);
    let (machine, _) =
        run([(0, Some(waiting("a")), ASK), (1, Some(waiting("")), None), (2, Some(Answered(Here)), None)]);
    assert_eq!(machine.poll_timeout(), None);
    // Between two of several.
    run([
        (0, Some(waiting("ab")), ASK),
        (1, Some(Answered(Here)), acknowledge("a")),
        (1, Some(waiting("")), None),
        (2, None, None),
    ]);
}

#[test]
fn a_click_or_a_dismissal_acknowledges_whatever_the_presence_is() {
    run([
        (0, Some(handled("a")), acknowledge("a")),
        (0, Some(waiting("ab")), ASK),
        (0, Some(Answered(Away)), None),
        (1, Some(handled("a")), acknowledge("a")),
        (1, Some(waiting("b")), None),
        (15, None, ASK),
    ]);
}

#[test]
fn a_request_that_was_not_recorded_is_made_again_later() {
    run([
        (0, Some(waiting("a")), ASK),
        (0, Some(Answered(Here)), acknowledge("a")),
        (0, Some(waiting("a")), None),
        (14, None, None),
        (15, None, ASK),
        (15, Some(Answered(Here)), acknowledge("a")),
    ]);
}

#[test]
fn an_unexpected_answer_changes_nothing() {
    let (machine, _) = run([(0, Some(Answered(Here)), None), (0, Some(waiting("a")), ASK)]);
    assert_eq!(machine.poll_timeout(), None);
    run([(0, Some(waiting("a")), ASK), (0, Some(Answered(Away)), None), (1, Some(Answered(Here)), None)]);
}

/// The machine beside a model that knows only what was promised.
#[derive(Clone)]
struct World {
    machine: AwaitedPresence,
    now: Instant,
    waiting: BTreeSet<Receipt>,
    /// The question under way, and the emergencies that waited when it was asked; none if something has happened since.
    asked: Option<BTreeSet<Receipt>>,
    /// The emergencies that an answer allowed to acknowledge.
    allowed: BTreeSet<Receipt>,
    acknowledged: BTreeSet<Receipt>,
}

impl World {
    fn take(&mut self, (secs, input): (u64, Option<Input>)) {
        self.now += Duration::from_secs(secs);
        if matches!(input, Some(Answered(_))) && self.asked.is_none() {
            return;
        }
        let handled = match &input {
            Some(Input::Waiting(waiting)) => {
                if !waiting.is_subset(&self.waiting) {
                    self.asked = self.asked.take().map(|_| BTreeSet::new());
                }
                self.waiting.clone_from(waiting);
                self.allowed.retain(|receipt| waiting.contains(receipt));
                None
            }
            Some(Changed) => {
                self.asked = self.asked.take().map(|_| BTreeSet::new());
                None
            }
            Some(Answered(presence)) => {
                let asked = self.asked.take().unwrap_or_default();
                if *presence != Away {
                    self.allowed = asked.intersection(&self.waiting).cloned().collect();
                }
                None
            }
            Some(Input::Handled(receipt)) => Some(receipt.clone()),
            None => None,
        };
        let action = match input {
            Some(input) => self.machine.handle_input(input, self.now),
            None => self.machine.handle_timeout(self.now),
        };
        match action {
            Some(Action::Ask) => {
                assert!(self.asked.is_none(), "asked twice at once");
                assert!(!self.waiting.is_empty(), "asked for nothing");
                self.asked = Some(self.waiting.clone());
            }
            Some(Action::Acknowledge(receipt)) => {
                let was_allowed = self.allowed.remove(&receipt);
                let was_handled = handled.as_ref() == Some(&receipt);
                assert!(was_allowed || was_handled, "acknowledged while nobody was here");
                self.acknowledged.insert(receipt);
            }
            None => assert_eq!(handled, None, "a click or dismissal was ignored"),
        }
        self.check();
    }

    fn check(&self) {
        assert_eq!(self.machine.is_waiting(), !self.waiting.is_empty());
        match self.machine.poll_timeout() {
            Some(due) => {
                assert!(!self.waiting.is_empty(), "a timer for nothing");
                assert!(due <= self.now + CHECK_INTERVAL);
            }
            None => assert!(self.waiting.is_empty() || self.asked.is_some(), "an emergency is forgotten"),
        }
        if !self.allowed.is_empty() {
            assert!(self.machine.poll_timeout() <= Some(self.now), "somebody was here");
        }
    }
}

#[test]
fn in_every_history_an_emergency_is_acknowledged_only_if_somebody_was_here() {
    let inputs = [
        None,
        Some(waiting("")),
        Some(waiting("a")),
        Some(waiting("b")),
        Some(waiting("ab")),
        Some(handled("a")),
        Some(Answered(Here)),
        Some(Answered(Away)),
        Some(Changed),
    ];
    let steps: Vec<_> =
        [0, 15].into_iter().flat_map(|secs| inputs.clone().map(|input| (secs, input))).collect();
    let begin = World {
        machine: AwaitedPresence::new(),
        now: epoch() + SECOND,
        waiting: BTreeSet::new(),
        asked: None,
        allowed: BTreeSet::new(),
        acknowledged: BTreeSet::new(),
    };
    let mut worlds = vec![begin];
    for _ in 0..4 {
        worlds = worlds
            .iter()
            .flat_map(|world| steps.iter().map(|step| (world.clone(), step.clone())))
            .map(|(mut world, step)| {
                world.take(step);
                world
            })
            .collect();
    }
    assert_eq!(worlds.len(), 18_usize.pow(4));
    for world in &mut worlds {
        // Whatever happened before: once somebody is here, everything that waits is acknowledged.
        world.acknowledged.clear();
        for _ in 0..6 {
            world.take((15, world.asked.is_some().then_some(Answered(Here))));
        }
        assert!(world.waiting.is_subset(&world.acknowledged), "never acknowledged: {:?}", world.machine);
    }
}
