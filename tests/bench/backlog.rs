//! The backlog: messages that waited at the service while this computer was off.
//!
//! Invariant: the time runs from the start of the process until the service has deleted the last message, and by then
//! all are recorded and the summary is shown.

use std::time::Duration;

use handover::sandbox::{Endpoint, Fault};

use crate::figure::Figure;
use crate::session::Session;

const MESSAGES: usize = 10_000;
const RUNS: usize = 5;
/// 200 MiB of JSON.
const LARGE: Fault = Fault::Backlog { messages: 17_500, text: 1_000 };
/// Time for the marks of the last step and for cleaning up.
const REST: Duration = Duration::from_secs(2);

pub(crate) async fn measure() -> Vec<Figure> {
    let (mut seconds, mut peaks, mut afterwards) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let session = Session::plain().await;
        // Messages that arrive before the initial sync are not shown.
        drop(session.start_and_settle().await);
        for number in 0..MESSAGES {
            session
                .send(&format!("Run {number}: 12 files changed, 3.4 MB in 8 s, nothing was lost on the way"));
        }
        let deletes = session.sandbox.counters().deletes;
        let daemon = session.start();
        session.until(|now| now.deletes > deletes).await;
        seconds.push(daemon.started.elapsed().as_secs_f64());
        assert!(session.sandbox.queue(&session.device).is_empty(), "everything is deleted");
        let summary = session.desktop.next_shown().await;
        assert!(summary.title.contains("10000"), "one summary is shown, not: {}", summary.title);
        assert_eq!(session.desktop.screen().len(), 1);
        peaks.push(daemon.peak());
        tokio::time::sleep(REST).await;
        afterwards.push(daemon.resident());
    }
    vec![
        Figure::new(
            "10,000 messages recorded, shown as one summary and deleted, from the start of the process",
            "s",
            seconds,
        )
        .at_most(3.0),
        Figure::new("peak memory meanwhile (RSS)", "MB", peaks).at_most(40.0),
        Figure::new("memory 2 s afterwards (RSS)", "MB", afterwards),
    ]
    .into_iter()
    .chain(large().await)
    .collect()
}

async fn large() -> [Figure; 2] {
    let session = Session::plain().await;
    // Messages that arrive before the initial sync are not shown.
    drop(session.start_and_settle().await);
    session.sandbox.faults().next(Endpoint::Download, LARGE, 1);
    let deletes = session.sandbox.counters().deletes;
    let daemon = session.start();
    session.until(|now| now.deletes > deletes).await;
    let seconds = daemon.started.elapsed().as_secs_f64();
    assert_eq!(session.desktop.screen().len(), 1);
    [
        Figure::new("200 MiB of messages recorded, shown as one summary and deleted", "s", vec![seconds]),
        Figure::new("peak memory meanwhile (peak RSS)", "MB", vec![daemon.peak()]).at_most(64.0),
    ]
}
