//! Runs blocking work on a helper thread.
//!
//! Invariant: work that has begun is finished, even if its caller is gone.

use tokio::task::{JoinHandle, spawn_blocking};

/// Runs work that may wait for the disk or another program on a helper thread.
pub async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    join(&mut spawn_blocking(work)).await
}

/// Waits for work that [`spawn_blocking`] began, and propagates its panic. Cancel safe.
pub async fn join<T>(work: &mut JoinHandle<T>) -> T {
    match work.await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The process is ending, and with it the caller.
            Err(_cancelled) => std::future::pending().await,
        },
    }
}
