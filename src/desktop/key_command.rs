//! Runs the program that prints the key of end-to-end encryption.
//!
//! Invariant: what it prints is kept in the one place that is handed back, and shows in no error.

use std::time::Duration;

use super::child::{self, Task};
use crate::domain::account::Secret;

/// How long it may take, with a person who types a passphrase in mind.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Far more than 64 digits, in bytes.
const LONGEST: u16 = 1024;

/// Why the program gave nothing that could be a key.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It did not do well.
    #[error(transparent)]
    Run(#[from] child::Fault),
    /// It printed something else than text.
    #[error("it printed something that is no text")]
    NoText,
}

/// Runs the program and its arguments, for ten seconds at most; the first line it prints.
pub async fn run(command: &[String]) -> Result<Secret, Fault> {
    let task = Task { command, variables: &[], input: &[], output: LONGEST };
    let printed = child::run(task, TIMEOUT).await?;
    // Not copied, and cut in place: a copy would stay behind in memory.
    let mut text = String::from_utf8(printed).map_err(|_no_text| Fault::NoText)?;
    text.truncate(text.find(['\r', '\n']).unwrap_or(text.len()));
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(script: &str) -> Result<Secret, Fault> {
        run(&["sh", "-c", script].map(str::to_owned)).await
    }

    #[tokio::test]
    async fn the_first_line_is_taken_and_the_rest_holds_up_nothing() {
        assert_eq!(of("echo abc; echo def").await.unwrap().expose(), "abc");
        assert_eq!(of("printf abc").await.unwrap().expose(), "abc");
        assert_eq!(of("").await.unwrap().expose(), "");
        let long = of("head -c 10000000 /dev/zero | tr '\\000' a; exit 0").await.unwrap();
        assert_eq!(long.expose().len(), usize::from(LONGEST));
    }

    #[tokio::test]
    async fn what_it_leaves_running_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid").display().to_string();
        let script = format!("sleep 60 & echo $! > {pid}; echo abc");
        assert_eq!(of(&script).await.unwrap().expose(), "abc");
        let pid: i32 = std::fs::read_to_string(pid).unwrap().trim().parse().unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    #[tokio::test]
    async fn it_can_ask_nobody() {
        // Neither its input nor a terminal says anything.
        assert_eq!(of("read answer; echo \"<$answer>\"").await.unwrap().expose(), "<>");
    }

    #[tokio::test]
    async fn what_goes_wrong_is_said_without_what_was_printed() {
        assert_eq!(of("echo hunter2; exit 3").await.unwrap_err().to_string(), "it ended with 3");
        let error = of(r"printf 'hunter2\377'").await.unwrap_err();
        assert_eq!(error.to_string(), "it printed something that is no text");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
