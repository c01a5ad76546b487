//! The machine on which the figures were measured.
//!
//! Invariant: it names everything the figures depend on, including the disk.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Some lines about processor, system, disk and date.
pub(crate) fn describe() -> String {
    let cores = std::thread::available_parallelism().unwrap();
    let date = output("date", &["-u", "+%Y-%m-%d"]);
    let kernel = output("uname", &["-sr"]);
    let (commit, filesystem) = (commit_on_this_disk(), filesystem());
    format!(
        "{date}: {} ({cores} cores), {}, {kernel}. A bare durable SQLite commit on this disk ({filesystem}): {commit:.2} ms.",
        field("/proc/cpuinfo", "model name", ':'),
        field("/etc/os-release", "PRETTY_NAME", '='),
    )
}

/// In milliseconds, the median of 100 commits: no message can be saved faster.
fn commit_on_this_disk() -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let log = rusqlite::Connection::open(folder.path().join("bare.db")).unwrap();
    log.pragma_update(None, "journal_mode", "WAL").unwrap();
    log.execute_batch("PRAGMA synchronous = FULL; CREATE TABLE t (x)").unwrap();
    let mut spans: Vec<_> = (0..100)
        .map(|number| {
            let start = Instant::now();
            log.execute("INSERT INTO t VALUES (?)", [number]).unwrap();
            start.elapsed()
        })
        .collect();
    spans.sort();
    spans[50].as_secs_f64() * 1e3
}

fn filesystem() -> String {
    output("stat", &["--file-system", "--format=%T", &std::env::temp_dir().display().to_string()])
}

fn field(file: impl AsRef<Path>, name: &str, separator: char) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_once(separator).map_or("", |(_, value)| value).trim().trim_matches('"').to_owned()
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
