//! The time from the service's signal to the desktop.
//!
//! Invariant: one message at a time; the time runs from before the sandbox writes the `!` until the fake notification
//! server has read the `Notify` call, so it includes the download, the fsync and the scheduling of three programs.

use std::time::{Duration, Instant};

use crate::figure::Figure;
use crate::session::Session;

const MESSAGES: usize = 300;

/// The pause between messages. The work after a deletion (its mark, the count of unread messages) is done by then.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) async fn measure() -> Vec<Figure> {
    let plain = Session::plain().await;
    let mut figures = vec![
        Figure::new("`!` to `Notify`", "ms", delays(&plain, PAUSE).await).at_most(2.0),
        Figure::new(
            "the same, sent as soon as the previous message is deleted",
            "ms",
            delays(&plain, Duration::ZERO).await,
        ),
    ];
    if let Some(tls) = Session::over_tls().await {
        figures.push(Figure::new("`!` to `Notify`, over TLS", "ms", delays(&tls, PAUSE).await));
    }
    figures
}

async fn delays(session: &Session, pause: Duration) -> Vec<f64> {
    let _daemon = session.start_and_settle().await;
    // The first notification also connects to the bus.
    delay(session, "the first").await;
    let mut delays = Vec::new();
    for number in 0..MESSAGES {
        tokio::time::sleep(pause).await;
        delays.push(delay(session, &format!("Run {number}: 12 files changed, 3.4 MB in 8 s")).await);
    }
    delays
}

/// In milliseconds.
async fn delay(session: &Session, text: &str) -> f64 {
    let deletes = session.sandbox.counters().deletes;
    let start = Instant::now();
    session.send(text);
    session.desktop.next_shown().await;
    let delay = start.elapsed();
    session.until(|now| now.deletes > deletes).await;
    delay.as_secs_f64() * 1e3
}
