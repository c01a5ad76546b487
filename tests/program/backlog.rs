//! Tests a backlog that is larger than the memory that the daemon may use.

use handover::sandbox::{Endpoint, Fault};

use crate::support::harness::Harness;

/// The most memory, in kB: far more than an unoptimized daemon needs, and less than with the whole backlog in memory.
const MOST_MEMORY: u64 = 64 << 10;

#[tokio::test]
async fn forty_megabytes_of_messages_are_received_in_little_memory() {
    let harness = Harness::signed_in().await;
    let backlog = Fault::Backlog { messages: 3_500, text: 1_000 };
    harness.sandbox.faults().next(Endpoint::Download, backlog, 1);
    let deletes = harness.sandbox.counters().deletes;
    let daemon = harness.user.daemon();
    harness.until("all are deleted", |now| now.deletes > deletes).await;
    assert_eq!(harness.sandbox.counters().last_deleted_through, Some(3_500));
    let shown = harness.shown_so_far().await;
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert!(shown[0].title.contains("3500"), "{shown:?}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid().as_raw_nonzero())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
    assert!(peak < MOST_MEMORY, "{peak} kB");
}
