//! Judges a run by what was seen from outside.
//!
//! Invariant: a promise that was broken once is in the verdict, with the message it was broken for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::evidence::{Evidence, LifeSeen, Logged, Sent, Showing};

/// How long after the end of a pause a message may still be shown together with others because of it.
const AFTER_PAUSE: Duration = Duration::from_secs(5);

/// What was found. Every list is empty in a good run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) messages: usize,
    pub(crate) emergencies: usize,
    pub(crate) crashes: usize,
    /// Accepted by the service, but now missing from both the service and the message log.
    pub(crate) lost: Vec<String>,
    pub(crate) recorded_twice: Vec<String>,
    /// Never shown, without a pause or rule that explains it.
    pub(crate) hidden: Vec<String>,
    /// Shown again; at most as many as there were crashes.
    pub(crate) repeats: usize,
    /// The same after a notification server that left, or because a mark could not be saved.
    pub(crate) excused_repeats: usize,
    /// Open emergencies that were shown again because the notification server that showed them had left.
    pub(crate) restored: usize,
    /// Shown again without a crash that explains it.
    pub(crate) unexplained_repeats: Vec<String>,
    /// Acknowledged before it was shown.
    pub(crate) acknowledged_unseen: Vec<String>,
    /// Acknowledged while nobody was there.
    pub(crate) acknowledged_alone: Vec<String>,
    /// The same while nothing on the buses said whether somebody was there, so that the program could not know.
    pub(crate) acknowledged_blindly: usize,
    /// Shown, and not acknowledged in the end.
    pub(crate) never_acknowledged: Vec<String>,
    /// Events that a subscriber missed without being told, or got twice.
    pub(crate) events: Vec<String>,
    /// How often the message log was read beside the daemon, and how often it was locked then.
    pub(crate) reads: (usize, usize),
    /// What such a reader must not see.
    pub(crate) misread: Vec<String>,
    /// The longest recovery, and its life.
    pub(crate) longest_recovery: Option<(Duration, usize)>,
    pub(crate) incidents: Vec<String>,
}

/// So many panics cannot all have been asked of tasks that do not run.
const ENOUGH_PANICS: usize = 8;

/// After so many jumps of the clock some message was announced while it was wrong.
const ENOUGH_JUMPS: usize = 8;

impl Verdict {
    /// Judges a run.
    pub(crate) fn on(evidence: &Evidence) -> Self {
        let mut verdict = Self {
            messages: evidence.sent.len(),
            emergencies: evidence.sent.iter().filter(|sent| sent.receipt.is_some()).count(),
            crashes: evidence.lives.iter().map(|life| life.crashes).sum(),
            longest_recovery: evidence.recoveries.iter().max().copied(),
            incidents: evidence.incidents.clone(),
            ..Self::default()
        };
        // Then the log calls a panic something else, and those that no script asked for are not noticed either.
        if evidence.panics.0 >= ENOUGH_PANICS && evidence.panics.1 == 0 {
            verdict.incidents.push(format!("none of {} panics is in the log", evidence.panics.0));
        }
        // Then the program does not use the clock that was set.
        let wrong_times = evidence.log.iter().filter(|logged| logged.has_wrong_time).count();
        if evidence.clock_jumps >= ENOUGH_JUMPS && wrong_times == 0 {
            verdict
                .incidents
                .push(format!("none of {} jumps of the clock is in the log", evidence.clock_jumps));
        }
        verdict.judge_log(evidence);
        verdict.judge_reads(evidence);
        verdict.judge_screen(evidence);
        verdict.judge_acknowledgements(evidence);
        verdict.judge_events(evidence);
        verdict
    }

    /// What is wrong, a sentence each.
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (what, which) in [
            ("lost", &self.lost),
            ("recorded twice", &self.recorded_twice),
            ("never shown", &self.hidden),
            ("shown again without a reason", &self.unexplained_repeats),
            ("acknowledged before it was shown", &self.acknowledged_unseen),
            ("acknowledged while nobody was there", &self.acknowledged_alone),
            ("never acknowledged", &self.never_acknowledged),
            ("events", &self.events),
            ("a reader of the message log", &self.misread),
            ("incident", &self.incidents),
        ] {
            found.extend(which.iter().map(|which| format!("{what}: {which}")));
        }
        if self.repeats > self.crashes {
            found.push(format!("{} repeats after {} crashes", self.repeats, self.crashes));
        }
        found
    }

    fn judge_log(&mut self, evidence: &Evidence) {
        let mut times = BTreeMap::<&str, usize>::new();
        let mut ids = BTreeSet::new();
        for logged in of_ours(evidence) {
            *times.entry(&logged.text).or_default() += 1;
            if !ids.insert(&logged.id) {
                self.recorded_twice.push(format!("id {}", logged.id));
            }
            if !logged.is_announced {
                self.hidden.push(format!("{} is not announced", logged.text));
            }
        }
        if evidence.left > 0 {
            self.incidents.push(format!("{} messages are left at the service", evidence.left));
        }
        for sent in &evidence.sent {
            match times.get(sent.text.as_str()) {
                None => self.lost.push(sent.text.clone()),
                Some(1) => {}
                Some(times) => self.recorded_twice.push(format!("{}, {times} times", sent.text)),
            }
        }
    }

    fn judge_reads(&mut self, evidence: &Evidence) {
        let logged: BTreeSet<&str> = evidence.log.iter().map(|logged| logged.text.as_str()).collect();
        for read in &evidence.reads {
            self.reads.0 += read.reads;
            self.reads.1 += read.locked;
            let (first, last) = read.lives;
            let lives = evidence.lives.get(first..=last).unwrap_or_default();
            if lives.iter().all(|life| life.disk_faults == 0) {
                self.misread.extend(read.errors.iter().cloned());
            }
            self.misread.extend(read.wrong.iter().cloned());
            let is_gone = |text: &&String| !logged.contains(text.as_str());
            self.misread.extend(read.texts.iter().filter(is_gone).map(|text| format!("{text} was there")));
        }
    }

    fn judge_screen(&mut self, evidence: &Evidence) {
        let mut seen = BTreeMap::<&str, &Showing>::new();
        let mut of_life = BTreeMap::<usize, usize>::new();
        let ours: BTreeMap<&str, &Sent> =
            evidence.sent.iter().map(|sent| (sent.text.as_str(), sent)).collect();
        for showing in evidence.shown.iter().filter(|showing| !showing.is_update) {
            let Some(sent) = ours.get(showing.text.as_str()) else { continue };
            let Some(before) = seen.insert(&showing.text, showing) else { continue };
            if sent.receipt.is_some() && before.server != showing.server {
                self.restored += 1;
                continue;
            }
            let lives = evidence.lives.get(before.life..=showing.life).unwrap_or_default();
            let is_faulty = |life: &LifeSeen| life.server_faults + life.disk_faults > 0;
            if before.is_unsaved || lives.iter().any(is_faulty) {
                self.excused_repeats += 1;
                continue;
            }
            self.repeats += 1;
            // A crash explains the repeat of the one notification that was being shown, perhaps not in the very next life.
            let explained = of_life.entry(before.life).or_default();
            *explained += 1;
            if *explained > lives.first().map_or(0, |life| life.crashes) {
                let (first, again) = (before.life + 1, showing.life + 1);
                self.unexplained_repeats
                    .push(format!("{}, in life {first} and in life {again}", showing.text));
            }
        }
        for sent in
            evidence.sent.iter().filter(|sent| sent.is_single && !seen.contains_key(sent.text.as_str()))
        {
            let is_elsewhere = evidence.by_user.contains(&sent.text);
            if !is_elsewhere && !may_be_held(sent, evidence) {
                self.hidden.push(sent.text.clone());
            }
        }
    }

    fn judge_acknowledgements(&mut self, evidence: &Evidence) {
        for sent in &evidence.sent {
            let Some(receipt) = &sent.receipt else { continue };
            let mut requests = evidence.acknowledgements.iter().filter(|(of, _)| of == receipt);
            if let Some((_, at)) = requests.next().filter(|_| !evidence.by_user.contains(&sent.text)) {
                let shown = evidence.shown.iter().find(|showing| showing.text == sent.text);
                if shown.is_none_or(|shown| shown.at > *at) {
                    self.acknowledged_unseen.push(sent.text.clone());
                }
                let is_alone = |(from, to): &(Instant, Instant)| from <= &sent.at && at < to;
                if evidence.absences.iter().any(is_alone) {
                    let shown = shown.map_or(sent.at, |shown| shown.at);
                    let is_unknown = |(from, to): &(Instant, Instant)| *from <= *at && shown <= *to;
                    if evidence.presence_gaps.iter().any(is_unknown) {
                        self.acknowledged_blindly += 1;
                    } else {
                        self.acknowledged_alone.push(sent.text.clone());
                    }
                }
            }
            if !evidence.acknowledged.contains(receipt) && !evidence.refused.contains(receipt) {
                self.never_acknowledged.push(sent.text.clone());
            }
        }
    }

    fn judge_events(&mut self, evidence: &Evidence) {
        let followed = &evidence.followed;
        self.events
            .extend(followed.gaps.iter().map(|(before, after)| format!("between {before} and {after}")));
        self.events.extend(followed.repeats.iter().map(|number| format!("{number} again")));
        let mut listened = BTreeMap::<&str, usize>::new();
        for text in &evidence.listened {
            *listened.entry(text).or_default() += 1;
        }
        let mut unheard = Vec::new();
        for logged in of_ours(evidence) {
            let times = followed.recorded.get(&logged.id).copied().unwrap_or_default();
            if times > 1 {
                self.events.push(format!("{times} times that {} was recorded", logged.text));
            } else if times == 0 {
                unheard.push(&logged.text);
            }
            let times = listened.get(logged.text.as_str()).copied().unwrap_or_default();
            if times != 1 {
                self.events.push(format!("`listen` printed {} {times} times", logged.text));
            }
        }
        // Those that the subscriber was told it missed are excused, as many as they were.
        if unheard.len() > followed.missed {
            self.events.extend(unheard.iter().map(|text| format!("never that {text} was recorded")));
        }
    }
}

/// What was sent, in the message log. Where a fault put nonsense into a download, other messages are there too.
fn of_ours(evidence: &Evidence) -> impl Iterator<Item = &Logged> {
    let ours: BTreeSet<&str> = evidence.sent.iter().map(|sent| sent.text.as_str()).collect();
    evidence.log.iter().filter(move |logged| ours.contains(logged.text.as_str()))
}

/// Whether a pause may have made it a part of a summary.
fn may_be_held(sent: &Sent, evidence: &Evidence) -> bool {
    let (breaks_through, mut end) = (sent.priority == 2, sent.at + AFTER_PAUSE);
    // A pause that began while the message waited held it, too: after a recovery no message waits.
    let may_wait_until = |at: Instant| !evidence.recovered.iter().any(|done| sent.at <= *done && *done < at);
    evidence.pauses.iter().any(|(from, to)| {
        let is_held = (*from <= end || may_wait_until(*from)) && *to + AFTER_PAUSE >= sent.at;
        if is_held {
            end = end.max(*to + AFTER_PAUSE);
        }
        is_held && !breaks_through
    })
}

#[cfg(test)]
mod tests {
    use handover::system::clock;

    use super::*;
    use crate::readers::Read;

    fn sent(text: &str, receipt: Option<&str>, at: Instant) -> Sent {
        let (text, receipt) = (text.to_owned(), receipt.map(str::to_owned));
        Sent { text, priority: if receipt.is_some() { 2 } else { 0 }, receipt, at, is_single: true }
    }

    fn logged(text: &str, id: &str) -> Logged {
        Logged { text: text.to_owned(), id: id.to_owned(), is_announced: true, has_wrong_time: false }
    }

    fn showing(text: &str, life: usize, at: Instant) -> Showing {
        Showing { text: text.to_owned(), at, life, server: 0, is_update: false, is_unsaved: false }
    }

    /// A run in which all went well: a message and an emergency, over two lives of which the first was killed.
    fn good() -> Evidence {
        let now = clock::instant();
        let second = |number| now + Duration::from_secs(number);
        let mut followed = Evidence::default().followed;
        followed.note(1, false);
        followed.note(2, false);
        followed.recorded = BTreeMap::from([("1".to_owned(), 1), ("2".to_owned(), 1)]);
        Evidence {
            sent: vec![sent("one", None, second(1)), sent("fire", Some("r"), second(2))],
            log: vec![logged("one", "1"), logged("fire", "2")],
            shown: vec![showing("one", 0, second(3)), showing("fire", 1, second(4))],
            acknowledgements: vec![("r".to_owned(), second(5))],
            acknowledged: BTreeSet::from(["r".to_owned()]),
            followed,
            listened: vec!["one".to_owned(), "fire".to_owned()],
            lives: vec![LifeSeen { crashes: 1, ..LifeSeen::default() }, LifeSeen::default()],
            ..Evidence::default()
        }
    }

    /// The violations after a change of a good run.
    fn after(change: impl FnOnce(&mut Evidence)) -> Vec<String> {
        let mut evidence = good();
        change(&mut evidence);
        Verdict::on(&evidence).violations()
    }

    #[test]
    fn a_good_run_has_no_violations() {
        assert_eq!(after(|_| ()), [""; 0]);
        assert_eq!(after(|run| run.shown.push(showing("one", 1, run.sent[0].at))), [""; 0], "after a kill");
    }

    #[test]
    fn a_message_that_is_missing_or_there_twice_is_noticed() {
        assert!(after(|run| drop(run.log.remove(0))).contains(&"lost: one".to_owned()));
        let found = after(|run| run.log.push(logged("one", "3")));
        assert!(found.contains(&"recorded twice: one, 2 times".to_owned()), "{found:?}");
        assert_eq!(after(|run| run.log[1].id = "1".into())[0], "recorded twice: id 1");
        assert_eq!(after(|run| run.left = 1), ["incident: 1 messages are left at the service"]);
    }

    #[test]
    fn a_message_that_is_not_shown_is_noticed_unless_a_pause_held_it() {
        assert_eq!(after(|run| drop(run.shown.remove(0))), ["never shown: one"]);
        assert_eq!(after(|run| run.log[0].is_announced = false), ["never shown: one is not announced"]);
        let held = after(|run| {
            run.shown.remove(0);
            run.pauses.push((run.sent[0].at, run.sent[0].at));
        });
        assert_eq!(held, [""; 0]);
        for recovers in [false, true] {
            let found = after(|run| {
                run.shown.remove(0);
                let later = run.sent[0].at + Duration::from_mins(1);
                run.recovered.extend(recovers.then_some(run.sent[0].at));
                run.pauses.push((later, later));
            });
            assert_eq!(found.is_empty(), !recovers, "{found:?}");
        }
        let found = after(|run| {
            run.shown.remove(1);
            run.pauses.push((run.sent[1].at, run.sent[1].at));
        });
        assert!(found.contains(&"never shown: fire".to_owned()), "an emergency breaks through: {found:?}");
    }

    #[test]
    fn more_repeats_than_crashes_are_noticed() {
        let at = clock::instant();
        let found = after(|run| run.shown.extend([showing("one", 1, at), showing("fire", 1, at)]));
        assert_eq!(
            found,
            ["shown again without a reason: fire, in life 2 and in life 2", "2 repeats after 1 crashes"]
        );
        let found = after(|run| {
            run.lives[0].crashes = 0;
            run.shown.push(showing("one", 1, at));
        });
        assert_eq!(found.len(), 2, "{found:?}");
        let restored = Showing { server: 1, ..showing("fire", 1, at) };
        assert_eq!(after(|run| run.shown.extend(vec![restored; 2])).len(), 1, "only one is restored");
        let update = Showing { is_update: true, ..showing("one", 0, at) };
        assert_eq!(after(|run| run.shown.extend([update.clone(), update])), [""; 0]);
    }

    #[test]
    fn an_acknowledgement_that_is_too_early_or_missing_is_noticed() {
        let early = after(|run| run.acknowledgements[0].1 = run.sent[1].at);
        assert_eq!(early, ["acknowledged before it was shown: fire"]);
        let alone =
            |until| move |run: &mut Evidence| run.absences.push((run.sent[0].at, run.sent[0].at + until));
        assert_eq!(after(alone(Duration::from_mins(1))), ["acknowledged while nobody was there: fire"]);
        assert_eq!(after(alone(Duration::from_secs(2))), [""; 0], "the user returned");
        let unknown = after(|run| {
            alone(Duration::from_mins(1))(run);
            run.presence_gaps.push((run.sent[0].at, run.shown[1].at));
        });
        assert_eq!(unknown, [""; 0], "logind was gone");
        assert_eq!(after(|run| run.acknowledged.clear()), ["never acknowledged: fire"]);
    }

    #[test]
    fn panics_that_are_not_recognized_in_the_log_are_noticed() {
        assert_eq!(after(|run| run.panics = (ENOUGH_PANICS, 0)).len(), 1);
        assert_eq!(after(|run| run.panics = (ENOUGH_PANICS, 1)), [""; 0]);
        assert_eq!(after(|run| run.panics = (1, 0)), [""; 0], "its task may not run");
    }

    #[test]
    fn a_clock_that_is_never_wrong_is_noticed() {
        assert_eq!(after(|run| run.clock_jumps = ENOUGH_JUMPS).len(), 1);
        let found = after(|run| {
            run.clock_jumps = ENOUGH_JUMPS;
            run.log[0].has_wrong_time = true;
        });
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn what_a_reader_must_not_see_is_noticed_unless_the_disk_explains_it() {
        let reading = |change: fn(&mut Read)| {
            move |run: &mut Evidence| {
                let mut read = Read { lives: (0, 1), reads: 3, locked: 1, ..Read::default() };
                change(&mut read);
                run.reads.push(read);
            }
        };
        assert_eq!(after(reading(|read| read.texts.extend(["one".to_owned()]))), [""; 0]);
        let found = after(reading(|read| read.texts.extend(["two".to_owned()])));
        assert_eq!(found, ["a reader of the message log: two was there"]);
        let error = |read: &mut Read| read.errors.push("full".into());
        assert_eq!(after(reading(error)), ["a reader of the message log: full"]);
        let excused = after(|run| {
            run.lives[1].disk_faults = 1;
            reading(error)(run);
        });
        assert_eq!(excused, [""; 0]);
    }

    #[test]
    fn an_event_that_is_missing_or_comes_twice_is_noticed() {
        assert_eq!(after(|run| run.followed.note(4, false)), ["events: between 2 and 4"]);
        assert_eq!(after(|run| run.followed.note(2, false)), ["events: 2 again"]);
        assert_eq!(after(|run| run.followed.recorded.clear()).len(), 2);
        let told = |last| {
            move |run: &mut Evidence| {
                run.followed.recorded.clear();
                run.followed.note(last, true);
            }
        };
        assert_eq!(after(told(4)), [""; 0], "it was told that it missed two");
        assert_eq!(after(told(3)).len(), 2, "it was told that it missed one");
        assert_eq!(after(|run| drop(run.listened.pop())), ["events: `listen` printed fire 0 times"]);
        assert_eq!(after(|run| run.listened.push("one".into())), ["events: `listen` printed one 2 times"]);
    }
}
