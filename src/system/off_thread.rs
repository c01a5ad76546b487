//! Runs what may wait on a thread of its own.
//!
//! Invariant: what has begun is finished, even if nobody waits for it any more.

/// Runs what may wait for the disk or for another program on a thread that has nothing else to do.
pub async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The process is ending, and so is the caller.
            Err(_cancelled) => std::future::pending().await,
        },
    }
}
