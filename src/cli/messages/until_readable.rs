//! Reads the message log for the commands that follow it.
//!
//! Invariant: no such command ends because the message log cannot be read for a moment.

use std::time::Duration;

use crate::app::Problem;
use crate::cli::output;
use crate::system::clock;

/// How long a message log that cannot be read is tried again.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long to wait before the first of these attempts, and between two of them at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Reads the message log. While that fails, for example because another program has locked it, it is tried again for a minute.
pub(super) async fn until_readable<T>(mut read: impl FnMut() -> Result<T, Problem>) -> Result<T, Problem> {
    let (mut pause, until) = (FIRST_PAUSE, clock::instant() + PATIENCE);
    loop {
        match read() {
            Err(problem) if clock::instant() < until => {
                if pause == FIRST_PAUSE {
                    output::aside(format_args!("{}; trying again", problem.message));
                }
                clock::pause(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            read => return read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_gives_up_after_a_minute() {
        let began = clock::instant();
        let mut attempts = 0;
        let read = until_readable(|| {
            attempts += 1;
            Err::<(), _>(Problem::failed("it is locked"))
        });
        assert_eq!(read.await.unwrap_err().message, "it is locked");
        assert!((PATIENCE..PATIENCE + LONGEST_PAUSE).contains(&(clock::instant() - began)));
        assert!((30..60).contains(&attempts), "{attempts}");
    }
}
