//! The commands' end of the control socket.
//!
//! Invariant: a command never waits for ever on a daemon that does not answer.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::Error;
use super::protocol::{Reply, Request};
use crate::domain::system;

/// Asks the daemon and returns what it said; a refusal is an error.
pub async fn ask(socket: &Path, request: &Request) -> Result<Reply, Error> {
    let reply = tokio::time::timeout(patience(request), exchange(socket, request)).await;
    let reply = reply.map_err(|_elapsed| Error::Broken("it does not answer".into()))?;
    match reply.map_err(|error| from_io(&error))? {
        Reply::Failed { message, hint, not_signed_in } => {
            Err(Error::Refused { message, hint, not_signed_in })
        }
        reply @ (Reply::Status(_) | Reply::Done { .. }) => Ok(reply),
    }
}

/// How long the daemon may think.
fn patience(request: &Request) -> Duration {
    match request {
        // They wait for the service; a little longer than the daemon itself does.
        Request::Sync => Duration::from_secs(75),
        Request::Acknowledge { .. } => Duration::from_secs(15),
        // Ends downloads, or shows a notification.
        Request::LoginChanged | Request::TakeBack | Request::Resume | Request::Show => {
            Duration::from_secs(10)
        }
        Request::Status | Request::Pause { .. } | Request::Quit => Duration::from_secs(5),
    }
}

async fn exchange(socket: &Path, request: &Request) -> io::Result<Reply> {
    let mut stream = UnixStream::connect(socket).await?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    let mut reply = String::new();
    BufReader::new(stream).read_line(&mut reply).await?;
    if reply.is_empty() {
        return Err(io::Error::new(ErrorKind::UnexpectedEof, "it closed the connection without an answer"));
    }
    Ok(serde_json::from_str(&reply)?)
}

fn from_io(error: &io::Error) -> Error {
    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) {
        Error::NotRunning
    } else {
        Error::Broken(system::in_words(error))
    }
}
