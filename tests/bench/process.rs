//! A program that is measured, and what the kernel knows about it.
//!
//! Invariant: the process ends when its value is dropped.

use std::fs;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

/// The binary to measure: the one that cargo built for this, unless `HANDOVER_BINARY` names another.
pub(crate) fn binary() -> String {
    std::env::var("HANDOVER_BINARY").unwrap_or_else(|_unset| env!("CARGO_BIN_EXE_handover").to_owned())
}

/// A running program.
pub(crate) struct Process {
    process: Child,
    pub(crate) started: Instant,
}

impl Process {
    /// Starts `handover run`.
    pub(crate) fn daemon(arguments: &[&str], environment: &[(&str, String)]) -> Self {
        let mut command = Command::new(binary());
        command.arg("run").args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
        // Its warnings are printed.
        command.env("HANDOVER_LOG", "warn").envs(environment.iter().cloned());
        Self::start(&mut command)
    }

    pub(crate) fn start(command: &mut Command) -> Self {
        let started = Instant::now();
        Self { process: command.spawn().unwrap(), started }
    }

    /// What it prints, if that is piped.
    pub(crate) fn output(&mut self) -> ChildStdout {
        self.process.stdout.take().unwrap()
    }

    /// Megabytes in memory now, including shared pages.
    pub(crate) fn resident(&self) -> f64 {
        megabytes(&self.read("status"), "VmRSS")
    }

    /// The peak of megabytes in memory.
    pub(crate) fn peak(&self) -> f64 {
        megabytes(&self.read("status"), "VmHWM")
    }

    /// Megabytes in memory, with a proportional share of the pages shared with other programs.
    pub(crate) fn proportional(&self) -> f64 {
        megabytes(&self.read("smaps_rollup"), "Pss")
    }

    /// Megabytes in memory that belong to this process alone.
    pub(crate) fn private(&self) -> f64 {
        megabytes(&self.read("smaps_rollup"), "Private_Dirty")
    }

    /// Megabytes in memory that no other process has mapped: its own, and what it alone has of its file and libraries (USS).
    pub(crate) fn unshared(&self) -> f64 {
        let text = self.read("smaps_rollup");
        megabytes(&text, "Private_Dirty") + megabytes(&text, "Private_Clean")
    }

    pub(crate) fn threads(&self) -> f64 {
        self.count("task")
    }

    pub(crate) fn files(&self) -> f64 {
        self.count("fd")
    }

    /// How often one of its threads has given up the processor to wait: each time is a wake-up that ended.
    pub(crate) fn waits(&self) -> f64 {
        let threads = fs::read_dir(self.path("task")).unwrap();
        threads
            .map(|thread| {
                let status = fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
                value(&status, "voluntary_ctxt_switches")
            })
            .sum()
    }

    /// Milliseconds of processor time used so far, in steps of 10.
    pub(crate) fn processor(&self) -> f64 {
        let stat = self.read("stat");
        // The fields from the third on come after the name in brackets, which may contain anything.
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks = |place: usize| fields[place - 3].parse::<f64>().unwrap();
        (ticks(14) + ticks(15)) * 10.0
    }

    fn count(&self, folder: &str) -> f64 {
        fs::read_dir(self.path(folder)).unwrap().count() as f64
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    fn path(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.process.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let process = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        drop(self.process.wait());
    }
}

/// The kernel's kB have 1024 bytes, ours have 1000.
fn megabytes(text: &str, name: &str) -> f64 {
    value(text, name) * 1024.0 / 1e6
}

fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
