//! Handover beside other receivers, in one run: the time to a delivery, here and at a distance, a backlog, the start, and the cost
//! of waiting.
//!
//! Invariant: every program receives the same messages from the same service over TLS, in turns, and each is used as its
//! documentation says. The other libraries come from their registry, unmodified, into `target/peers`.

mod client;
mod floor;
pub(crate) mod relay;

use std::time::Duration;

use client::{Client, Program};
use floor::Floor;

use crate::figure::{Figure, Short};
use crate::session::Session;

const MESSAGES: usize = 300;
const DISTANT_MESSAGES: usize = 60;
const BACKLOG: usize = 10_000;
const BACKLOGS: usize = 3;
const STARTS: usize = 20;
const DISTANCE: Duration = Duration::from_millis(50);
/// The work after a deletion is done by then.
const PAUSE: Duration = Duration::from_millis(20);
/// No connection to the service is kept open as long as that without a request.
const COLD_PAUSE: Duration = Duration::from_secs(75);
const COLD_MESSAGES: usize = 5;
const TEXT: &str = "Run 2381: 12 files changed, 3.4 MB in 8 s";

pub(crate) async fn measure() {
    let programs: Vec<Program> = Program::ALL.into_iter().filter(|program| program.install()).collect();
    println!(
        "\n## Beside other receivers\n\n| what | program | median | p99 | samples |\n| --- | --- | --- | --- | --- |"
    );
    let here = "signal to delivery, on this computer";
    delays(here, &programs, MESSAGES, |session| session).await;
    // The signal itself takes half a round trip, and the download one more.
    let there = "signal to delivery, with a round trip of 50 ms";
    delays(there, &programs, DISTANT_MESSAGES, |session| session.at_a_distance(DISTANCE)).await;
    cold_delays().await;
    starts(&programs).await;
    backlogs(&programs).await;
    idle(&programs).await;
}

/// The delays of each program, and, here, what no program can be faster than. All take turns.
async fn delays(what: &str, programs: &[Program], messages: usize, place: fn(Session) -> Session) {
    let Some(session) = Session::over_tls().await else { return };
    let session = place(session);
    let floor = Floor::of(&session).await;
    let mut clients = Vec::new();
    for program in programs {
        clients.push(Client::start(*program, &session).await);
    }
    for client in &mut clients {
        client.delivery(&session, TEXT).await;
    }
    let mut spans = vec![Vec::new(); clients.len()];
    let mut floors = Vec::new();
    for _ in 0..messages {
        for (client, spans) in clients.iter_mut().zip(&mut spans) {
            tokio::time::sleep(PAUSE).await;
            spans.push(client.delivery(&session, TEXT).await);
        }
        floors.push(floor.once(&session).await);
    }
    let median = |spans: &[f64]| Figure::new("", "ms", spans.iter().copied()).at(0.5);
    let multiple = median(&spans[0]) / median(&floors);
    for (client, spans) in clients.iter().zip(spans) {
        row(what, client.name(), "ms", spans);
    }
    row(what, "the floor: a request, a durable commit, a bare `Notify`", "ms", floors);
    println!("| {what} | Handover, as a multiple of the floor | {multiple:.2} | | |");
}

/// Only ours: it closes the connection for requests after a while without any, so that it opens one to fetch the message.
async fn cold_delays() {
    let Some(session) = Session::over_tls().await else { return };
    let session = session.at_a_distance(DISTANCE);
    let mut client = Client::start(Program::Handover, &session).await;
    client.delivery(&session, TEXT).await;
    let mut spans = Vec::new();
    for _ in 0..COLD_MESSAGES {
        tokio::time::sleep(COLD_PAUSE).await;
        spans.push(client.delivery(&session, TEXT).await);
    }
    row("the same after 75 s without a message", client.name(), "ms", spans);
}

async fn starts(programs: &[Program]) {
    let Some(session) = Session::over_tls().await else { return };
    for program in programs {
        let client = Client::start(*program, &session).await;
        let login = client.login.clone();
        drop(client);
        let mut spans = Vec::new();
        for _ in 0..STARTS {
            let client = Client::start_with(*program, &session, &login).await;
            spans.push(client.connected_after.as_secs_f64() * 1e3);
        }
        row("start to login on the websocket", program.name(), "ms", spans);
    }
}

async fn backlogs(programs: &[Program]) {
    for program in programs {
        let mut seconds = Vec::new();
        for _ in 0..BACKLOGS {
            let Some(session) = Session::over_tls().await else { return };
            let login = Client::start(*program, &session).await.login.clone();
            for _ in 0..BACKLOG {
                session.send_to(&login.device, TEXT);
            }
            let deletes = session.sandbox.counters().deletes;
            let client = Client::start_with(*program, &session, &login).await;
            session.until(|now| now.deletes > deletes).await;
            seconds.push(client.process.started.elapsed().as_secs_f64());
            assert!(
                session.sandbox.queue(&login.device).is_empty(),
                "{}: everything is deleted",
                program.name()
            );
        }
        row("10,000 messages received and deleted", program.name(), "s", seconds);
    }
}

/// All wait at the same time, so that this takes ten minutes once.
async fn idle(programs: &[Program]) {
    const SILENCE: Duration = Duration::from_mins(10);
    const REST: Duration = Duration::from_mins(1);

    let Some(session) = Session::over_tls().await else { return };
    let mut clients = Vec::new();
    for program in programs {
        let mut client = Client::start(*program, &session).await;
        client.delivery(&session, TEXT).await;
        clients.push(client);
    }
    tokio::time::sleep(REST).await;
    let waits: Vec<f64> = clients.iter().map(|client| client.process.waits()).collect();
    tokio::time::sleep(SILENCE).await;
    for (client, before) in clients.iter().zip(waits) {
        let one = |what: &str, unit, value| row(what, client.name(), unit, vec![value]);
        one("memory when idle (RSS)", "MB", client.process.resident());
        one("with its share of shared pages (PSS)", "MB", client.process.proportional());
        one("of which private (USS)", "MB", client.process.unshared());
        one("wake-ups in 10 minutes, 20 of them for keep-alives", "", client.process.waits() - before);
    }
}

fn row(what: &str, program: &str, unit: &'static str, values: Vec<f64>) {
    let samples = values.len();
    let figure = Figure::new(what, unit, values);
    let (median, slowest) = (Short(figure.at(0.5)), Short(figure.at(0.99)));
    println!("| {what} | {program} | {median} {unit} | {slowest} {unit} | {samples} |");
}
