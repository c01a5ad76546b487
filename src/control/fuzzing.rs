//! The property that any client of the control socket keeps, for the fuzz target in `tests/fuzz`.
//!
//! Invariant: no clock and no task is involved, so an input that violates the property does so every time.

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, mpsc};

use super::protocol::{Command, Reply};
use super::server::{Call, LONGEST_COMMAND, Response, converse};

thread_local! {
    /// Shared, because creating a runtime takes a hundred times as long as a conversation.
    static RUNTIME: Option<Runtime> = Builder::new_current_thread().enable_time().build().ok();
}

/// Panics unless every line that a client sends gets exactly one line in return, also the last one, which may be incomplete, and
/// unless a command that was understood means the same when it is sent again.
pub fn control(data: &[u8]) {
    let Some((commands, written)) =
        RUNTIME.with(|runtime| Some(runtime.as_ref()?.block_on(conversation(data))))
    else {
        return;
    };
    let replies: Vec<&[u8]> = written.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(replies.len(), lines(data), "{} lines", String::from_utf8_lossy(&written));
    let mut done = 0;
    for reply in replies {
        assert!(reply.ends_with(b"\n"), "an incomplete line");
        match serde_json::from_slice(reply) {
            Ok(Reply::Done { .. }) => done += 1,
            Ok(Reply::Failed { message, .. }) => assert!(!message.is_empty(), "no reason"),
            other => assert!(other.is_err(), "another reply: {other:?}"),
        }
    }
    assert_eq!(commands.len(), done, "a command without its reply");
    for command in commands {
        let again = serde_json::to_vec(&command).ok().and_then(|line| serde_json::from_slice(&line).ok());
        assert_eq!(again, Some(command), "it does not mean the same");
    }
}

/// How many lines a client is answered: all up to one that is too long, which is the last.
fn lines(data: &[u8]) -> usize {
    let longest = usize::try_from(LONGEST_COMMAND).unwrap_or(usize::MAX);
    let mut lines = 0;
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        lines += 1;
        if line.len() > longest {
            break;
        }
    }
    lines
}

/// The commands that arrived, and everything that was written in return.
async fn conversation(data: &[u8]) -> (Vec<Command>, Vec<u8>) {
    let (calls, mut arriving) = mpsc::channel::<Call>(1);
    let mut written = Vec::new();
    let talk = async {
        let permits = Arc::new(Semaphore::new(1));
        if let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
            let ended = converse((data, &mut written), permit, &calls, permits).await;
            assert!(ended.is_ok(), "{ended:?}");
        }
        drop(calls);
    };
    let answers = async {
        let mut commands = Vec::new();
        while let Some((command, reply)) = arriving.recv().await {
            commands.push(command);
            drop(reply.send(Response::Reply(Reply::Done { message: "it is done".to_owned() })));
        }
        commands
    };
    let ((), commands) = tokio::join!(talk, answers);
    (commands, written)
}
