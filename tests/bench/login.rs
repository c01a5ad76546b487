//! The time from the start of the process to the login on the websocket.
//!
//! Invariant: the message log exists already, as at every start except the first.

use crate::figure::Figure;
use crate::session::Session;

const STARTS: usize = 30;

pub(crate) async fn measure() -> Vec<Figure> {
    let plain = Session::plain().await;
    let mut figures =
        vec![Figure::new("start to login on the websocket", "ms", logins(&plain).await).at_most(60.0)];
    if let Some(tls) = Session::over_tls().await {
        figures.push(
            Figure::new("the same over TLS, with this system's certificates", "ms", logins(&tls).await)
                .at_most(60.0),
        );
    }
    figures
}

/// In milliseconds.
async fn logins(session: &Session) -> Vec<f64> {
    drop(session.start_and_settle().await);
    let mut spans = Vec::new();
    for _ in 0..STARTS {
        let before = session.sandbox.counters();
        let daemon = session.start();
        session.until(|now| now.socket_logins > before.socket_logins).await;
        spans.push(daemon.started.elapsed().as_secs_f64() * 1e3);
        session.until(|now| now.downloads > before.downloads).await;
    }
    spans
}
