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

/// What the process uses at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub(crate) struct Usage {
    kilobytes: u64,
    descriptors: usize,
    threads: usize,
    /// The files of the message log, in kilobytes.
    disk: u64,
}

/// What was used by the end of the warm-up and by the end.
#[derive(Clone, Debug)]
pub(crate) struct Soak {
    span: Duration,
    messages: usize,
    warm: Usage,
    end: Usage,
}

/// Runs for this long.
pub(crate) async fn run(span: Duration) -> Soak {
    let mut world = World::new(Optional::default()).await;
    world.user.settings(&format!("keep = {KEEP}\n"));
    world.begin_life();
    let daemon = world.connected().await;
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
        usages.push(Usage::of(&daemon, &world.user.path("data/handover")));
    }
    // After a last sync it is as idle as it was at first.
    drop(world.user.handover(&["sync"]).await);
    sleep(Duration::from_secs(1)).await;
    usages.push(Usage::of(&daemon, &world.user.path("data/handover")));
    world.finish_commands().await;
    let (finished, _) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert_eq!(world.evidence.incidents, [""; 0]);
    let quarter = usages.len() / 4;
    let (warm, end) = (&usages[quarter..2 * quarter], &usages[3 * quarter..]);
    Soak { span, messages: world.evidence.sent.len(), warm: Usage::most(warm), end: Usage::most(end) }
}

impl Usage {
    fn of(daemon: &Running, folder: &Path) -> Self {
        let process = format!("/proc/{}", daemon.pid().as_raw_nonzero());
        let count = |name: &str| fs::read_dir(format!("{process}/{name}")).map_or(0, Iterator::count);
        let status = fs::read_to_string(format!("{process}/status")).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let sizes = fs::read_dir(folder).expect("list the folder").filter_map(Result::ok);
        let disk: u64 = sizes.filter_map(|file| file.metadata().ok()).map(|data| data.len()).sum();
        Self {
            kilobytes: resident.trim().trim_end_matches(" kB").parse().unwrap_or_default(),
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
    /// What grew, a sentence each: more than a tenth, or more than what a few commands at the same time need.
    pub(crate) fn violations(&self) -> Vec<String> {
        let Self { warm, end, .. } = self;
        let mut found = Vec::new();
        for (what, before, after, more) in [
            ("memory", warm.kilobytes, end.kilobytes, warm.kilobytes / 10),
            ("the message log", warm.disk, end.disk, warm.disk / 10),
            ("descriptors", warm.descriptors as u64, end.descriptors as u64, 5),
            ("threads", warm.threads as u64, end.threads as u64, 2),
        ] {
            if after > before + more {
                found.push(format!("{what} grew from {before} to {after}"));
            }
        }
        found
    }
}

impl fmt::Display for Soak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { span, messages, warm, end } = self;
        let mut row = |what: &str, figure: String| writeln!(f, "| soak | {what} | {figure} |");
        row("messages", format!("{messages} in {} s", span.as_secs()))?;
        row(
            "memory of the debug build, warm and at the end",
            format!("{} and {} kB", warm.kilobytes, end.kilobytes),
        )?;
        row("descriptors, warm and at the end", format!("{} and {}", warm.descriptors, end.descriptors))?;
        row("threads, warm and at the end", format!("{} and {}", warm.threads, end.threads))?;
        row("files of the message log, warm and at the end", format!("{} and {} kB", warm.disk, end.disk))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_noticed() {
        let warm = Usage { kilobytes: 10_000, descriptors: 20, threads: 3, disk: 1_000 };
        let soak = |end| Soak { span: Duration::from_mins(1), messages: 1, warm, end };
        assert_eq!(soak(Usage { kilobytes: 10_900, descriptors: 22, ..warm }).violations(), [""; 0]);
        let grown = Usage { kilobytes: 12_000, descriptors: 40, threads: 6, disk: 2_000 };
        assert_eq!(soak(grown).violations().len(), 4);
    }
}
