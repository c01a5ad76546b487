//! Texts that were made to keep the program busy.
//!
//! Invariant: what is compared is the processor time of the daemon, which does not depend on what else the computer does.

use std::fs;

use crate::process::Running;
use crate::support::e2ee::KEY;
use crate::support::harness::Harness;

/// A sender without any right but to send had a second of work done with each of these. An emergency behind them waits for all.
#[tokio::test]
async fn an_emergency_behind_encrypted_messages_full_of_links_is_shown_after_as_little_work_as_behind_others()
{
    let harmless = work_until_an_emergency_is_shown(MANY_WORDS).await;
    let hostile = work_until_an_emergency_is_shown(MANY_RUNS_OF_A_LONG_LINK).await;
    assert!(hostile.ticks <= 4 * harmless.ticks + 20, "{hostile:?}, but {harmless:?} for the same length");
    assert!(hostile.peak <= harmless.peak + 30_000, "{hostile:?}, but {harmless:?} for the same length");
}

/// What the daemon needed.
#[derive(Debug)]
struct Work {
    /// Processor time, in hundredths of a second.
    ticks: u64,
    /// The most memory, in kB.
    peak: u64,
}

async fn work_until_an_emergency_is_shown(text: &str) -> Work {
    let harness = Harness::signed_in().await;
    let with_key = ["setup", "--encryption-key"];
    harness.user.handover_with_input(&with_key, &format!("{KEY}\n")).await.succeeded();
    let daemon = harness.connected().await;
    let before = processor_time(&daemon);
    for _ in 0..30 {
        harness.send_with(text, &[("encrypted", "1"), ("html", "1")]);
    }
    harness.send_emergency("Fire");
    while !harness.server.next_shown().await.body.starts_with("Fire") {}
    let ticks = processor_time(&daemon) - before;
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid().as_raw_nonzero()));
    let status = status.expect("its status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    let peak = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    Work { ticks, peak }
}

fn processor_time(daemon: &Running) -> u64 {
    let stat =
        fs::read_to_string(format!("/proc/{}/stat", daemon.pid().as_raw_nonzero())).expect("its times");
    let (_, after_the_name) = stat.rsplit_once(')').expect("the name is in parentheses");
    let times = after_the_name.split_whitespace().skip(11).take(2);
    times.map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
}

/// 64 KB of HTML in which every run of text has the same link of 32 KB: 300 characters.
const MANY_RUNS_OF_A_LONG_LINK: &str = "BAQEBAQEBAQEBAQEBAQEBNfuk31/iu2+eRK6zVOD4j43Nn27jdk3ws5lOkY0e1NMMnfvblF7/keKaIrKZmQ3YuZKseO/+wS6bmcVXBKZHTXl/L86ba/nKzpn024zq4jSCLGPJcJp66V1tbs+QBoEwrttpQX/PGE+/+Myvwp3ayTchVKI377kzEGz5hZxSkh5lME2ICHeUavZZpx7CHgcNZv0c93dfQ8QLAJnsA9T2i93zTPm+YY+W3Qw9XiJboMjGhSHeIGyH6/K4q3Obz0FbVj35Nddzw1OADISDwuDOp8=";
/// 64 KB of plain words.
const MANY_WORDS: &str = "BQUFBQUFBQUFBQUFBQUFBb9hskpB7Lk6FgSVf0ZEXoRUJG2MzYJk5mFE9yVJnEqn0ef4fIxeghZPLdYsHIrc6oiwU/Y668/OC9FW+w+Lg24acs6UcDYJx4LcMR2mKaCpKQVCpsGLTLnPzzBtIeDTJZKCiI26JAKUcBhjRxyHfP7rYya04u06oonwCOPPMu4ryuOUlWahIxjDxMB4OZxdaJ7T2GhVDindPaEQfnZL/ZepN0ctFuZD+jpURmp/4LjcSgovkR9CJA3UOG/MOkU9K5U+l40fDqIrGZ5DSrPKmUc=";
