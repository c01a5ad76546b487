//! Runs the program that prints the end-to-end encryption key.
//!
//! Invariant: its output exists only in the returned value, and appears in no error.

use std::time::Duration;

use crate::domain::account::Secret;
use crate::system::child::{self, Invocation, RunError};

/// Long enough for a person to type a passphrase.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most output that is read, in bytes; a key has 64 digits.
const MAX_OUTPUT: u16 = 1024;

/// Why the program printed nothing that could be a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyCommandError {
    /// It failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Its output is not text.
    #[error("its output is not UTF-8 text")]
    NotText,
}

/// Runs the program for ten seconds at most; returns the first line it prints.
pub async fn run(command: &[String]) -> Result<Secret, KeyCommandError> {
    let invocation = Invocation { command, max_output: MAX_OUTPUT, ..Invocation::default() };
    let output = child::run(invocation, TIMEOUT).await?;
    // Truncated in place, since a copy would stay behind in memory.
    let mut text = String::from_utf8(output).map_err(|_not_text| KeyCommandError::NotText)?;
    text.truncate(text.find(['\r', '\n']).unwrap_or(text.len()));
    Ok(Secret::new(text))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    async fn run_script(script: &str) -> Result<Secret, KeyCommandError> {
        run(&["sh", "-c", script].map(str::to_owned)).await
    }

    #[tokio::test]
    async fn the_first_line_is_the_key_and_more_output_does_not_block() {
        assert_eq!(run_script("echo abc; echo def").await.unwrap().expose(), "abc");
        assert_eq!(run_script("printf abc").await.unwrap().expose(), "abc");
        assert_eq!(run_script("").await.unwrap().expose(), "");
        let long = run_script("head -c 10000000 /dev/zero | tr '\\000' a; exit 0").await.unwrap();
        assert_eq!(long.expose().len(), usize::from(MAX_OUTPUT));
    }

    #[tokio::test]
    async fn a_process_left_running_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid").display().to_string();
        let script = format!("sleep 60 & echo $! > {pid}; echo abc");
        assert_eq!(run_script(&script).await.unwrap().expose(), "abc");
        let pid: i32 = std::fs::read_to_string(pid).unwrap().trim().parse().unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    #[tokio::test]
    async fn it_has_no_input_to_read_from() {
        assert_eq!(run_script("read answer; echo \"<$answer>\"").await.unwrap().expose(), "<>");
    }

    #[tokio::test]
    async fn errors_do_not_quote_the_output() {
        assert_eq!(
            run_script("echo hunter2; exit 3").await.unwrap_err().to_string(),
            "it exited with code 3"
        );
        let error = run_script(r"printf 'hunter2\377'").await.unwrap_err();
        assert_eq!(error.to_string(), "its output is not UTF-8 text");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
