//! Runs what may wait on a thread of its own.
//!
//! Invariant: what has begun is finished, even if nobody waits for it any more.

use tokio::task::{JoinHandle, spawn_blocking};

/// Runs what may wait for the disk or for another program on a thread that has nothing else to do.
pub async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    join(&mut spawn_blocking(work)).await
}

/// Waits for what [`spawn_blocking`] began, and panics as it did. Cancel safe.
pub async fn join<T>(work: &mut JoinHandle<T>) -> T {
    match work.await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The process is ending, and so is the caller.
            Err(_cancelled) => std::future::pending().await,
        },
    }
}
