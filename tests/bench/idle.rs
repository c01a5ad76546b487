//! The cost of waiting.
//!
//! Invariant: the daemon is connected and has shown a message before it is measured, so everything it needs is
//! loaded.

use std::time::Duration;

use crate::figure::Figure;
use crate::process::Process;
use crate::session::{Session, TITLE};

const STARTS: usize = 3;
/// Long enough for threads that are no longer needed to end.
const REST: Duration = Duration::from_secs(12);
/// Long enough for two keep-alives, one every 30 s.
const SILENCE: Duration = Duration::from_secs(65);

/// In megabytes.
const MEMORY: f64 = 8.0;
const MEMORY_WITH_TRAY: f64 = 10.0;
const THREADS_WITH_TRAY: f64 = 8.0;

pub(crate) async fn measure() -> Vec<Figure> {
    let mut figures = of_a("", MEMORY, Session::plain().await).await;
    if let Some(tls) = Session::over_tls().await {
        figures.extend(of_a(", over TLS", MEMORY, tls).await);
    }
    if let Some(tls) = Session::over_tls().await {
        figures.extend(of_a(", over TLS, with a tray", MEMORY_WITH_TRAY, tls.with_tray().await).await);
    }
    figures
}

async fn of_a(kind: &str, memory: f64, mut session: Session) -> Vec<Figure> {
    let mut daemons = Vec::new();
    let (mut residents, mut proportionals, mut privates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        daemons.clear();
        let daemon = settled(&mut session).await;
        residents.push(daemon.resident());
        proportionals.push(daemon.proportional());
        privates.push(daemon.private());
        daemons.push(daemon);
    }
    let daemon = daemons.last().unwrap();
    let (waits, processor) = (daemon.waits(), daemon.processor());
    tokio::time::sleep(SILENCE).await;
    let (waits, processor) = (daemon.waits() - waits, daemon.processor() - processor);
    let keep_alives = SILENCE.as_secs() / 30;
    let one = |what: String, unit, value| Figure::new(&what, unit, [value]);
    vec![
        Figure::new(&format!("memory when idle and connected{kind} (RSS)"), "MB", residents).at_most(memory),
        Figure::new(&format!("of which private{kind} (private dirty)"), "MB", privates),
        Figure::new(&format!("with its share of shared pages{kind} (PSS)"), "MB", proportionals),
        one(format!("threads{kind}"), "", daemon.threads()).at_most(THREADS_WITH_TRAY),
        one(format!("open files{kind}"), "", daemon.files()),
        one(
            format!("wake-ups in {} s, {keep_alives} of them for keep-alives{kind}", SILENCE.as_secs()),
            "",
            waits,
        )
        .at_most(keep_alives as f64),
        one(format!("processor time in these {} s{kind}", SILENCE.as_secs()), "ms", processor),
    ]
}

async fn settled(session: &mut Session) -> Process {
    let daemon = session.start_and_settle().await;
    let deletes = session.sandbox.counters().deletes;
    session.send("Everything is loaded now");
    session.desktop.next_shown().await;
    session.until(|now| now.deletes > deletes).await;
    session.until_offered(TITLE).await;
    tokio::time::sleep(REST).await;
    daemon
}
