//! Runs many seeds and adds up what was found.
//!
//! Invariant: each seed is one line; one that fails also prints what was broken and its script.
#![expect(clippy::print_stdout, reason = "it is run by a script, which reads the output")]

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use handover::system::clock;

use crate::life;
use crate::oracle::Verdict;
use crate::parameters::Parameters;
use crate::script::Script;

/// The sums of all seeds.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) failed: Vec<u64>,
    verdicts: Vec<Verdict>,
    left_out: BTreeSet<&'static str>,
}

/// Runs all seeds.
pub(crate) fn of_all(parameters: &Parameters) -> Summary {
    let (next, summary) = (AtomicUsize::new(0), Mutex::new(Summary::default()));
    std::thread::scope(|scope| {
        for _ in 0..parameters.jobs {
            scope.spawn(|| {
                while let Some(seed) = parameters.seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    run_seed(*seed, parameters, &summary);
                }
            });
        }
    });
    let mut summary = summary.into_inner().expect("no seed panics with the lock");
    summary.failed.sort_unstable();
    summary
}

fn run_seed(seed: u64, parameters: &Parameters, summary: &Mutex<Summary>) {
    let script = Script::of(seed, parameters.size_of(seed));
    let life = AtomicUsize::new(0);
    let began = clock::instant();
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(life::run(&script, parameters.with_disk, &|number| {
            life.store(number, Ordering::Relaxed);
        }))
    };
    let outcome = catch_unwind(AssertUnwindSafe(run));
    let took = clock::instant().duration_since(began).as_secs();
    let mut summary = summary.lock().expect("no seed panics with the lock");
    if let Ok(evidence) = outcome {
        let verdict = Verdict::on(&evidence);
        let violations = verdict.violations();
        println!("seed {seed}: {verdict}; {took} s: {}", if violations.is_empty() { "ok" } else { "FAILED" });
        for slow in &evidence.slow {
            println!("seed {seed}: a slow recovery:\n{slow}");
        }
        if !violations.is_empty() {
            println!("{script}");
            for violation in &violations {
                println!("seed {seed}: {violation}");
            }
            for (life, title) in &evidence.lists {
                println!("seed {seed}: in life {}: {title}", life + 1);
            }
            summary.failed.push(seed);
        }
        summary.verdicts.push(verdict);
        summary.left_out.extend(evidence.left_out);
    } else {
        let reached = life.load(Ordering::Relaxed);
        let lives = script.lives.iter().take(reached).cloned().collect();
        println!("{}", Script { lives, ..script.clone() });
        println!("seed {seed}: stopped in life {reached} of {} after {took} s: FAILED", script.lives.len());
        summary.failed.push(seed);
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { messages, emergencies, crashes, repeats, excused_repeats, .. } = self;
        write!(f, "{messages} messages, {emergencies} emergencies, {crashes} crashes, ")?;
        write!(f, "{} lost, {repeats} + {excused_repeats} repeats", self.lost.len())?;
        match self.longest_recovery {
            Some((span, life)) => write!(f, ", recovery within {:.1} s (life {life})", span.as_secs_f64()),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum = |count: fn(&Verdict) -> usize| self.verdicts.iter().map(count).sum::<usize>();
        let recovery = self.verdicts.iter().filter_map(|verdict| verdict.longest_recovery).max();
        let mut row = |what: &str, figure: String| writeln!(f, "| chaos | {what} | {figure} |");
        row("seeds, failed", format!("{}, {}", self.verdicts.len(), self.failed.len()))?;
        row("messages", sum(|verdict| verdict.messages).to_string())?;
        row("of them emergencies", sum(|verdict| verdict.emergencies).to_string())?;
        row("kills and panics", sum(|verdict| verdict.crashes).to_string())?;
        row("lost", sum(|verdict| verdict.lost.len()).to_string())?;
        row("recorded twice", sum(|verdict| verdict.recorded_twice.len()).to_string())?;
        row("never shown", sum(|verdict| verdict.hidden.len()).to_string())?;
        row("shown again after a kill or panic", sum(|verdict| verdict.repeats).to_string())?;
        let excused = sum(|verdict| verdict.excused_repeats);
        row("shown again after a fault of the disk or of the notification server", excused.to_string())?;
        let restored = sum(|verdict| verdict.restored);
        row("open emergencies, shown again by a new notification server", restored.to_string())?;
        row("shown again for no reason", sum(|verdict| verdict.unexplained_repeats.len()).to_string())?;
        row(
            "acknowledged before it was shown",
            sum(|verdict| verdict.acknowledged_unseen.len()).to_string(),
        )?;
        row(
            "acknowledged while nobody was there",
            sum(|verdict| verdict.acknowledged_alone.len()).to_string(),
        )?;
        let blindly = sum(|verdict| verdict.acknowledged_blindly);
        row("the same while no service said whether somebody was there", blindly.to_string())?;
        row("shown and never acknowledged", sum(|verdict| verdict.never_acknowledged.len()).to_string())?;
        row("events missed without being told, or twice", sum(|verdict| verdict.events.len()).to_string())?;
        let (reads, locked) = (sum(|verdict| verdict.reads.0), sum(|verdict| verdict.reads.1));
        row("reads of the message log beside the daemon, locked out", format!("{reads}, {locked}"))?;
        row("other errors of readers", sum(|verdict| verdict.misread.len()).to_string())?;
        let recovery = recovery.unwrap_or_default().0;
        row("longest recovery", format!("{:.1} s", recovery.as_secs_f64()))?;
        row("other incidents", sum(|verdict| verdict.incidents.len()).to_string())?;
        for left_out in &self.left_out {
            row("left out on this machine", (*left_out).to_owned())?;
        }
        Ok(())
    }
}
