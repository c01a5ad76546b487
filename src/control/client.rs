//! The front ends' end of the control socket.
//!
//! Invariant: a command never waits indefinitely for a daemon that does not respond.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::Error;
use super::protocol::{Command, Event, Reply};
use super::transport::{ClientStream, connect};
use crate::domain::system;
use crate::system::{atomic_file, private_folder};

/// Sends the daemon a command and returns its reply; a failure is an error.
pub async fn ask(socket: &Path, command: &Command) -> Result<Reply, Error> {
    exchange(socket, command).await.map(|(reply, _connection)| reply)
}

/// Subscribes to events: those after the number `since`, or those from now on.
pub async fn subscribe(socket: &Path, since: Option<i64>) -> Result<Subscription, Error> {
    let (reply, lines) = exchange(socket, &Command::Subscribe { since }).await?;
    let Reply::Subscribed { sequence } = reply else {
        return Err(Error::Broken(
            "unexpected reply; are the versions of command and daemon the same?".into(),
        ));
    };
    Ok(Subscription { sequence, lines })
}

/// A connection that carries events.
#[derive(Debug)]
pub struct Subscription {
    /// The number of the last event before this subscription.
    pub sequence: i64,
    lines: BufReader<ClientStream>,
}

impl Subscription {
    /// Waits for the next event; `None` when the daemon is gone.
    pub async fn next(&mut self) -> Result<Option<Event>, Error> {
        let mut line = String::new();
        match self.lines.read_line(&mut line).await {
            Ok(0) => Ok(None),
            Ok(_) => serde_json::from_str(&line).map(Some).map_err(|error| Error::Broken(error.to_string())),
            Err(error) => Err(from_io(&error)),
        }
    }
}

async fn exchange(socket: &Path, command: &Command) -> Result<(Reply, BufReader<ClientStream>), Error> {
    // Whoever owns the folder can put a socket of their own there.
    private_folder::check(atomic_file::folder_of(socket))
        .map_err(|error| Error::Broken(error.to_string()))?;
    let exchanged = tokio::time::timeout(time_limit(command), send_and_read(socket, command)).await;
    let exchanged = exchanged.map_err(|_elapsed| Error::Broken("it does not respond".into()))?;
    let (reply, connection) = exchanged.map_err(|error| from_io(&error))?;
    match reply {
        Reply::Failed { unknown_command: true, .. } => Err(Error::OlderDaemon),
        Reply::Failed { message, .. } if message.starts_with(UNKNOWN_TO_VERSION_0_1) => {
            Err(Error::OlderDaemon)
        }
        Reply::Failed { message, hint, not_signed_in, unknown_command: false } => {
            Err(Error::Refused { message, hint, not_signed_in })
        }
        reply @ (Reply::Status(_) | Reply::Done { .. } | Reply::Subscribed { .. }) => Ok((reply, connection)),
    }
}

/// How daemons that send no `unknown_command` refuse a command they do not know.
const UNKNOWN_TO_VERSION_0_1: &str = "the request makes no sense: unknown variant";

/// How long the daemon may take.
fn time_limit(command: &Command) -> Duration {
    match command {
        // They wait for the service; a little longer than the daemon itself does.
        Command::Sync | Command::SendTest => Duration::from_secs(75),
        Command::Acknowledge { .. } => Duration::from_secs(15),
        // They end downloads, wait for another program, or write a lot.
        Command::LoginChanged
        | Command::TakeBack
        | Command::Resume
        | Command::Show { .. }
        | Command::Open { .. }
        | Command::SignIn { .. }
        | Command::Reload
        | Command::ShowMessages(_)
        | Command::MarkRead(_)
        | Command::MarkUnread(_)
        | Command::DeleteMessages(_) => Duration::from_secs(10),
        // This rewrites the whole message log.
        Command::ForgetMessages => Duration::from_mins(1),
        Command::Status
        | Command::Subscribe { .. }
        | Command::SendQueued
        | Command::Pause { .. }
        | Command::Autostart { .. }
        | Command::Quit => Duration::from_secs(5),
    }
}

async fn send_and_read(socket: &Path, command: &Command) -> io::Result<(Reply, BufReader<ClientStream>)> {
    let mut stream = connect(socket).await?;
    let mut line = serde_json::to_vec(command)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    let mut lines = BufReader::new(stream);
    let mut reply = String::new();
    lines.read_line(&mut reply).await?;
    if reply.is_empty() {
        return Err(io::Error::new(ErrorKind::UnexpectedEof, "it closed the connection without a reply"));
    }
    Ok((serde_json::from_str(&reply)?, lines))
}

fn from_io(error: &io::Error) -> Error {
    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) {
        Error::NotRunning
    } else {
        Error::Broken(system::in_words(error))
    }
}
