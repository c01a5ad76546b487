//! `GET /messages`, `GET /events` and `PUT /messages/read`.
//!
//! Invariant: the message log is only read here; how messages are marked as read is up to the process. What is encrypted is shown as every other reader
//! shows it: decrypted, if the key is there.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Parts, Process, State, failed};
use crate::app::Problem;
use crate::app::history::{self, Query, Since};
use crate::app::message_report::MessageReport;
use crate::app::problem::Kind;
use crate::control::http::Answer;
use crate::control::{self, Event, Filter};
use crate::domain::message::{Entry, MessageId};
use crate::store::Store;
use crate::system::clock;
use crate::system::off_thread::off_thread;

/// How many messages are listed by default, and at most.
const LISTED: usize = 50;
const MOST: usize = 1_000;

/// How many events may wait for a slow reader.
const WAITING: usize = 64;

/// The messages of the log, oldest first.
pub(super) async fn messages(process: &impl Process, parts: &Parts, document: &Value) -> Answer {
    let limit = match number(document, "limit") {
        Ok(limit) => limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LISTED).min(MOST),
        Err(problem) => return failed(&problem),
    };
    let since = match since(document) {
        Ok(since) => since,
        Err(problem) => return failed(&problem),
    };
    let path = parts.messages.clone();
    let entries =
        off_thread(move || history::messages_in(&path, &Query { limit, since, ..Query::default() })).await;
    match entries {
        Ok(entries) => {
            let reader = process.reader_for(&entries).await;
            let reports: Vec<_> = entries.into_iter().map(|entry| report(&reader.open(entry))).collect();
            Answer::Json(200, json!({ "status": 1, "messages": reports }))
        }
        Err(problem) => failed(&problem),
    }
}

fn report(entry: &Entry) -> Value {
    serde_json::to_value(MessageReport::from(entry)).unwrap_or_default()
}

/// The events of the daemon as they come, each with the message it is about if that was just recorded.
pub(super) async fn events(
    process: Arc<impl Process>,
    parts: &Parts,
    document: &Value,
    mut state: State,
) -> Answer {
    let since = match number(document, "since") {
        Ok(since) => since,
        Err(problem) => return failed(&problem),
    };
    let mut subscription = match control::subscribe(&parts.socket, since).await {
        Ok(subscription) => subscription,
        Err(error) => return failed(&error.into()),
    };
    state.mark_unchanged();
    let (sender, events) = mpsc::channel(WAITING);
    let messages = parts.messages.clone();
    // It ends when the reader hangs up, or the daemon stops.
    tokio::spawn(async move {
        loop {
            let event = tokio::select! {
                () = sender.closed() => return,
                // The token that opened it may be revoked.
                _ = state.changed() => return,
                event = subscription.next() => event,
            };
            let Ok(Some(event)) = event else { return };
            let mut data = serde_json::to_value(&event).unwrap_or_default();
            if let (Event::Recorded(recorded), Some(fields)) = (&event, data.as_object_mut())
                && let Ok(id) = recorded.id.parse().map(MessageId::from_stored)
            {
                let path = messages.clone();
                let found =
                    off_thread(move || Store::open_read_only(&path)?.map_or(Ok(None), |log| log.find(id)));
                if let Ok(Some(entry)) = found.await {
                    let reader = process.reader_for(std::slice::from_ref(&entry)).await;
                    fields.insert("message".to_owned(), report(&reader.open(entry)));
                }
            }
            let number = event.sequence().map(|number| format!("id: {number}\n")).unwrap_or_default();
            let name = data.get("event").and_then(Value::as_str).unwrap_or("unknown").to_owned();
            // The JSON has no line breaks.
            if sender.send(format!("{number}event: {name}\ndata: {data}\n\n")).await.is_err() {
                return;
            }
        }
    });
    Answer::Events(events)
}

/// Marks everything as read that was recorded up to a time.
pub(super) async fn mark_read(process: &impl Process, document: &Value) -> Answer {
    let until = match number(document, "until") {
        Ok(until) => until.unwrap_or_else(clock::unix),
        Err(problem) => return failed(&problem),
    };
    let app = document.get("app").and_then(Value::as_str).map(str::to_owned);
    let filter = Filter { app, before: Some(until.saturating_add(1)) };
    match process.mark_read(filter).await {
        Ok(()) => Answer::Json(200, json!({ "status": 1 })),
        Err(problem) => failed(&problem),
    }
}

/// A message id; or, for a number that is smaller than any id, a time in unix seconds.
fn since(document: &Value) -> Result<Option<Since>, Problem> {
    let Some(number) = number(document, "since")? else { return Ok(None) };
    // Ids of the service are far larger than the seconds since 1970.
    Ok(Some(if number < 100_000_000_000 {
        Since::Time(number)
    } else {
        Since::Id(MessageId::from_stored(number))
    }))
}

fn number(document: &Value, name: &str) -> Result<Option<i64>, Problem> {
    let number = match document.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
    };
    number.map(Some).ok_or_else(|| {
        Problem::new("the request cannot be carried out", format!("`{name}` is not a whole number"))
            .kind(Kind::Usage)
    })
}
