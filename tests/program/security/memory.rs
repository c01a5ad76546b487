//! Copies of the login's secret in the memory of the daemon.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use crate::process::Running;
use crate::support::harness::Harness;

/// The HTTP client and TLS keep some in buffers that are used again; their number must not depend on how much was sent.
#[tokio::test]
#[expect(clippy::print_stderr, reason = "it says why it is skipped")]
async fn requests_leave_no_copies_of_the_secret_behind() {
    let harness = Harness::signed_in().await;
    let login = fs::read_to_string(harness.user.credentials()).expect("the login is saved");
    let login: serde_json::Value = serde_json::from_str(&login).expect("the login is JSON");
    let secret = login["secret"].as_str().expect("the login has a secret").as_bytes();
    let daemon = harness.connected().await;
    let work = async || {
        for _ in 0..5 {
            harness.send("hello");
            harness.server.next_shown().await;
            harness.user.handover(&["sync"]).await.succeeded();
        }
    };
    work().await;
    let Some(before) = copies(&daemon, secret) else {
        eprintln!("skipped: the memory of the daemon cannot be read, which is the point of it");
        return;
    };
    for _ in 0..4 {
        work().await;
    }
    let after = copies(&daemon, secret).expect("its memory");
    assert!(before >= 1, "the secret is found");
    // Buffers come and go with the timing, but 20 messages are about 60 requests.
    assert!(after <= before + 10, "{before} copies after 5 messages, {after} after 25");
}

/// How often the bytes are in its memory; `None` unless an administrator asks.
fn copies(daemon: &Running, bytes: &[u8]) -> Option<usize> {
    let process = format!("/proc/{}", daemon.pid().as_raw_nonzero());
    let memory = File::open(format!("{process}/mem")).ok()?;
    let maps = fs::read_to_string(format!("{process}/maps")).ok()?;
    let writable =
        maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("rw")));
    let parts = writable.filter_map(|line| {
        let (begin, end) = line.split_once(' ')?.0.split_once('-')?;
        let begin = u64::from_str_radix(begin, 16).ok()?;
        let size = u64::from_str_radix(end, 16).ok()? - begin;
        let mut part = vec![0; usize::try_from(size).ok()?];
        memory.read_exact_at(&mut part, begin).ok()?;
        Some(part)
    });
    Some(parts.map(|part| part.windows(bytes.len()).filter(|window| *window == bytes).count()).sum())
}
