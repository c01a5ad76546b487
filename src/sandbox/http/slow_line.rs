//! A response whose body comes as over a slow line.
//!
//! Invariant: the bytes are the same, and no second sends more of them than the limit.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Response, StatusCode};
use futures_util::{StreamExt as _, stream};
use tokio::time::sleep;

/// Between two parts of the body.
const PAUSE: Duration = Duration::from_millis(100);

/// The same response, with so many bytes of its body a second.
pub(super) fn slowed(response: Response<Body>, bytes_per_second: u32) -> Response<Body> {
    // What comes after the upgrade to a websocket is no body.
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    let part = usize::try_from(bytes_per_second / 10).unwrap_or(usize::MAX).max(1);
    response.map(|body| {
        let rest = (body.into_data_stream(), Bytes::new());
        Body::from_stream(stream::unfold(rest, move |(mut body, mut chunk)| async move {
            while chunk.is_empty() {
                match body.next().await? {
                    Ok(next) => chunk = next,
                    Err(error) => return Some((Err(error), (body, chunk))),
                }
            }
            sleep(PAUSE).await;
            let sent = chunk.split_to(part.min(chunk.len()));
            Some((Ok(sent), (body, chunk)))
        }))
    })
}
