//! Sends events to subscribers: changes of the status, and the events of the message log.
//!
//! Invariant: the message log is the buffer. A subscriber costs one batch of events in memory, however slowly it reads.
//! If it falls behind the oldest event in the message log, it is told that it missed some.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::shared::Shared;
use crate::control::{Event, MessageEvent, Reply, Response, StatusReport};
use crate::ports::{Notifier, SecretStore};
use crate::store::{self, EventKind, Events};
use crate::system::clock;

/// How many events are read from the message log at a time.
const BATCH: usize = 64;

/// How soon the message log is read again if that failed.
const RETRY: Duration = Duration::from_secs(2);
const LONGEST_RETRY: Duration = Duration::from_mins(1);

/// Starts sending events: those after the number `since`, or those from now on.
pub(super) fn subscribe<N: Notifier, S: SecretStore>(
    shared: &Arc<Shared<N, S>>,
    since: Option<i64>,
) -> Response {
    let latest = *shared.latest_event().borrow();
    let sequence = since.unwrap_or(latest);
    // One batch is in the channel and one in the task.
    let (sender, events) = mpsc::channel(BATCH);
    let task = Arc::clone(shared);
    tokio::spawn(async move {
        let send = send(&task, sequence, &sender);
        task.stop().run_until_cancelled(send).await;
    });
    Response::Events(Reply::Subscribed { sequence }, events)
}

/// Sends events until the subscriber is gone.
async fn send<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    mut sequence: i64,
    subscriber: &mpsc::Sender<Event>,
) -> Option<()> {
    let mut latest = shared.latest_event();
    let mut status = shared.status.subscribe();
    status.mark_changed();
    let mut pause = RETRY;
    loop {
        if status.has_changed().unwrap_or(false) {
            let report = StatusReport::from(&*status.borrow_and_update());
            subscriber.send(Event::Status(Box::new(report))).await.ok()?;
        }
        latest.mark_unchanged();
        let Events { missed, events } = match shared.log(move |log| log.events_after(sequence, BATCH)).await {
            Ok(events) => {
                pause = RETRY;
                events
            }
            Err(error) => {
                // Once, since a broken disk may stay broken for days.
                if pause == RETRY {
                    tracing::warn!("the events cannot be read: {error}");
                }
                let now = pause;
                pause = (2 * pause).min(LONGEST_RETRY);
                tokio::select! {
                    () = subscriber.closed() => return None,
                    // After this failure nothing else may happen for hours that would make it try again.
                    () = clock::pause(now) => continue,
                }
            }
        };
        let is_behind = !events.is_empty();
        let missed = missed.map(|sequence| Event::Missed { sequence });
        for event in missed.into_iter().chain(events.iter().map(event)) {
            sequence = event.sequence().unwrap_or(sequence);
            subscriber.send(event).await.ok()?;
        }
        if is_behind {
            continue;
        }
        tokio::select! {
            () = subscriber.closed() => return None,
            _ = latest.changed() => {}
            _ = status.changed() => status.mark_changed(),
        }
    }
}

fn event(event: &store::Event) -> Event {
    let message =
        MessageEvent { sequence: event.number, id: event.id.to_string(), row: event.seq.0, time: event.unix };
    match event.kind {
        EventKind::Recorded => Event::Recorded(message),
        EventKind::Shown => Event::Shown(message),
        EventKind::Read => Event::Read(message),
        EventKind::Unread => Event::Unread(message),
        EventKind::Acknowledged => Event::Acknowledged(message),
        EventKind::Expired => Event::Expired(message),
        EventKind::Deleted => Event::Deleted(message),
        EventKind::AllDeleted => Event::AllDeleted { sequence: event.number, time: event.unix },
    }
}
