//! Endless data from the service does not fill the memory.
//!
//! Invariant: the peak is that of a process that does nothing else, including the sandbox.

use std::process::Command;
use std::time::Duration;

use handover::sandbox::{Endpoint, Fault};

use crate::clock::{breathe, within};
use crate::world::{HOUR, World};

/// Set in the process that is measured.
const MEASURED: &str = "HANDOVER_TEST_MEASURED";

#[tokio::test(start_paused = true)]
async fn an_endless_body_needs_less_than_100_mb() {
    if std::env::var_os(MEASURED).is_none() {
        let path = concat!(module_path!(), "::an_endless_body_needs_less_than_100_mb");
        let name = path.split_once("::").unwrap().1;
        let program = std::env::current_exe().unwrap();
        let output =
            Command::new(program).args(["--exact", name, "--nocapture"]).env(MEASURED, "1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("1 passed"), "{said}");
        return;
    }
    for endpoint in [Endpoint::Download, Endpoint::Delete, Endpoint::Acknowledge] {
        let mut world = World::connected().await;
        let before = world.requests(endpoint).len();
        world.sandbox.faults().next(endpoint, Fault::Endless, 1);
        world.sandbox.faults().next(endpoint, Fault::Huge(9 << 20), 2);
        let receipt = world.send_emergency("fire");
        world.until("it is asked for", |world| world.requests(endpoint).len() > before).await;
        // The clock stands still, so only the limit on the length ends it.
        let given_up = async {
            while world.sandbox.counters().in_flight > 0 {
                assert_modest();
                breathe(Duration::from_millis(1)).await;
            }
        };
        within("it is given up", given_up).await;
        let over = |world: &World| world.queue().is_empty() && world.sandbox.is_acknowledged(&receipt);
        world.advance_until(HOUR, "all is done", over).await;
        assert_modest();
    }
}

fn assert_modest() {
    let peak = peak();
    assert!(peak < 100_000, "{peak} kB");
}

/// The peak memory of this process, in kB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
