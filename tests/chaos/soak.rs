//! The real program under a steady load for minutes or an hour: what it uses must not grow.
//!
//! Invariant: the message log is told to keep a fixed number of messages, so its files must stop growing too.

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Duration;

use handover::system::clock;
use rustix::process::Signal;
use tokio::time::sleep;

use crate::action::{Action, Burst};
use crate::support::process::Running;
use crate::world::{Optional, World};

/// How many messages are kept.
const KEEP: usize = 500;
/// What the events need, in kilobytes. They are kept longer than the messages: up to 10,000 of them.
const EVENTS: u64 = 1_000;

/// What the process uses at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub(crate) struct Usage {
    kilobytes: u64,
    descriptors: usize,
    threads: usize,
    /// The files of the message log, in kilobytes.
    disk: u64,
}

/// What was used after the first half and after the second one.
#[derive(Clone, Debug)]
pub(crate) struct Soak {
    span: Duration,
    messages: usize,
    /// At most, under load.
    busy: [Usage; 2],
    /// After a sync, with nothing to do.
    idle: [Usage; 2],
}

/// Runs for this long.
pub(crate) async fn run(span: Duration) -> Soak {
    let mut world = World::new(Optional::default()).await;
    world.user.settings(&format!("keep = {KEEP}\n"));
    world.begin_life();
    let daemon = world.connected().await;
    let first = load(&mut world, &daemon, span / 2).await;
    let idle = rest(&world, &daemon).await;
    let second = load(&mut world, &daemon, span / 2).await;
    let idle = [idle, rest(&world, &daemon).await];
    world.finish_commands().await;
    let (finished, _) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert_eq!(world.evidence.incidents, [""; 0]);
    // At first the message log and the memory still grow to their sizes.
    let busy = [&first[first.len() / 2..], &second[second.len() / 2..]].map(Usage::most);
    Soak { span, messages: world.evidence.sent.len(), busy, idle }
}

/// A steady load for this long; what was used in each second of it.
async fn load(world: &mut World, daemon: &Running, span: Duration) -> Vec<Usage> {
    let (began, mut seconds) = (clock::instant(), 0_u64);
    let mut usages = Vec::new();
    while clock::instant().duration_since(began) < span {
        seconds += 1;
        for number in 0..10 {
            world.act(&Action::Send(Burst::One(if number == 0 { 2 } else { number % 3 - 1 })), None).await;
        }
        if seconds.is_multiple_of(7) {
            world.act(&Action::Send(Burst::Flood(20)), None).await;
            world.act(&Action::ResetWebsocket, None).await;
        }
        if seconds.is_multiple_of(5) {
            world.act(&Action::Subscribe(Duration::from_millis(200)), None).await;
            drop(world.user.handover(&["messages", "--mark-read", "--limit", "1000"]).await);
            drop(world.user.handover(&["status"]).await);
        }
        if seconds.is_multiple_of(11) {
            world.act(&Action::RestartNotificationServer, None).await;
        }
        clock::until(Some(began + Duration::from_secs(seconds))).await;
        world.collect().await;
        usages.push(Usage::of(daemon, &world.user.path("data/handover")));
    }
    usages
}

/// What is used when nothing is left to do. A debug build on a busy machine may still have messages of the load to show.
async fn rest(world: &World, daemon: &Running) -> Usage {
    while world.queued() > 0 {
        sleep(Duration::from_millis(100)).await;
    }
    drop(world.user.handover(&["sync"]).await);
    // Threads for transactions end after ten seconds without one.
    sleep(Duration::from_secs(12)).await;
    Usage::of(daemon, &world.user.path("data/handover"))
}

impl Usage {
    fn of(daemon: &Running, folder: &Path) -> Self {
        let process = format!("/proc/{}", daemon.pid().as_raw_nonzero());
        let count = |name: &str| fs::read_dir(format!("{process}/{name}")).expect("the daemon runs").count();
        let status = fs::read_to_string(format!("{process}/status")).expect("the daemon runs");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        let sizes = fs::read_dir(folder).expect("list the folder").filter_map(Result::ok);
        let disk: u64 = sizes.filter_map(|file| file.metadata().ok()).map(|data| data.len()).sum();
        Self {
            kilobytes: resident.trim().trim_end_matches(" kB").parse().expect("kilobytes"),
            descriptors: count("fd"),
            threads: count("task"),
            disk: disk / 1_024,
        }
    }

    /// The most of each.
    fn most(usages: &[Self]) -> Self {
        usages.iter().fold(Self::default(), |most, usage| Self {
            kilobytes: most.kilobytes.max(usage.kilobytes),
            descriptors: most.descriptors.max(usage.descriptors),
            threads: most.threads.max(usage.threads),
            disk: most.disk.max(usage.disk),
        })
    }
}

impl Soak {
    /// What grew, a sentence each: more than a tenth, or more than what a few commands at the same time need. How many threads
    /// there are under load depends on how many transactions and commands happen to be under way.
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (when, [before, after], threads) in [("under load", self.busy, 30), ("at rest", self.idle, 2)] {
            for (what, before, after, more) in [
                ("memory", before.kilobytes, after.kilobytes, before.kilobytes / 10),
                ("the message log", before.disk, after.disk, before.disk / 10 + EVENTS),
                ("descriptors", before.descriptors as u64, after.descriptors as u64, 5),
                ("threads", before.threads as u64, after.threads as u64, threads),
            ] {
                if after > before + more {
                    found.push(format!("{what} {when} grew from {before} to {after}"));
                }
            }
        }
        found
    }
}

impl fmt::Display for Soak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| soak | messages | {} in {} s |", self.messages, self.span.as_secs())?;
        for (when, [half, end]) in [("under load, at most", self.busy), ("at rest", self.idle)] {
            let mut row = |what: &str, half: String, end: String| {
                writeln!(
                    f,
                    "| soak | {what} {when}, after half of the time and at the end | {half} and {end} |"
                )
            };
            row("RSS of the debug build", megabytes(half.kilobytes), megabytes(end.kilobytes))?;
            row("descriptors", half.descriptors.to_string(), end.descriptors.to_string())?;
            row("threads", half.threads.to_string(), end.threads.to_string())?;
            row("files of the message log", megabytes(half.disk), megabytes(end.disk))?;
        }
        Ok(())
    }
}

/// The kernel's kilobytes have 1,024 bytes.
fn megabytes(kilobytes: u64) -> String {
    let hundredths = kilobytes * 1_024 / 10_000;
    format!("{}.{:02} MB", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_noticed() {
        let before = Usage { kilobytes: 10_000, descriptors: 20, threads: 3, disk: 1_000 };
        let soak = |busy, idle| Soak {
            span: Duration::from_mins(1),
            messages: 1,
            busy: [before, busy],
            idle: [before, idle],
        };
        let steady = Usage { kilobytes: 10_900, descriptors: 22, ..before };
        assert_eq!(soak(steady, steady).violations(), [""; 0]);
        let grown = Usage { kilobytes: 12_000, descriptors: 40, threads: 6, disk: 2_200 };
        assert_eq!(soak(grown, steady).violations().len(), 3, "threads come and go under load");
        assert_eq!(soak(steady, grown).violations().len(), 4);
    }
}
