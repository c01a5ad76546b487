//! Tells an open page that there is something new, as server-sent events.
//!
//! Invariant: many changes at once are one event, and a page that is closed costs nothing.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, header};
use futures_util::stream;
use tokio::time::sleep;

use crate::sandbox::service::Service;

/// The shortest time between two events.
const PAUSE: Duration = Duration::from_millis(150);

/// After this time without news the page is told that the connection is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

pub(super) fn stream(service: &Arc<Service>) -> Response<Body> {
    let closing = service.closing.clone();
    let changes = (service.changes.subscribe(), service.counters.watch());
    // The first event tells the page that it is connected; something may have changed since it was loaded.
    let start = (changes, closing, true);
    let events = stream::unfold(start, |((mut changes, mut counters), closing, is_first)| async move {
        let event: &'static str = if is_first {
            "retry: 2000\ndata: new\n\n"
        } else {
            sleep(PAUSE).await;
            tokio::select! {
                Ok(()) = changes.changed() => "data: new\n\n",
                Ok(()) = counters.changed() => "data: new\n\n",
                () = sleep(KEEP_ALIVE) => ": alive\n\n",
                () = closing.cancelled() => return None,
            }
        };
        let event = Ok::<_, Infallible>(Bytes::from_static(event.as_bytes()));
        Some((event, ((changes, counters), closing, false)))
    });
    let mut response = Response::new(Body::from_stream(events));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}
