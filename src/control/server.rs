//! The daemon's end of the control socket.
//!
//! Invariant: a client that sends nothing, too much or nonsense does not keep the others from their replies.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::protocol::{Command, Event, Reply};
use super::transport::{Listener, split};

/// A command, and where its response goes.
pub type Call = (Command, oneshot::Sender<Response>);

/// What a command is answered with.
#[derive(Debug)]
pub enum Response {
    /// A reply.
    Reply(Reply),
    /// A reply, and the end of the daemon: the token is cancelled once the reply is written.
    Stop(Reply, CancellationToken),
    /// A reply, and then events until the client closes the connection or the channel is closed.
    Events(Reply, mpsc::Receiver<Event>),
}

impl Response {
    /// The reply, for a caller without a connection.
    pub fn into_reply(self) -> Reply {
        match self {
            Self::Reply(reply) | Self::Events(reply, _) => reply,
            Self::Stop(reply, stop) => {
                stop.cancel();
                reply
            }
        }
    }
}

/// More connections than this wait in the system's queue.
const CONNECTIONS: usize = 16;
/// Connections that carry events; they do not count among the others, so readers that stay never keep commands out.
const SUBSCRIPTIONS: usize = 16;
/// The longest command in bytes: enough for the ids of 2,000 messages.
pub(super) const LONGEST_COMMAND: u64 = 65_536;
/// How long a client may take to send a command, and to take its reply.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Listens on the control socket; the socket file is removed when it is dropped.
#[derive(Debug)]
pub struct Server(Listener);

impl Server {
    /// Binds the socket for the user alone, in place of one that a killed daemon left behind.
    ///
    /// Call it only while holding the instance lock: it takes the place of any other socket at that path.
    pub fn bind(path: &Path) -> io::Result<Self> {
        Listener::bind(path).map(Self)
    }

    /// Sends every command to `calls` and writes its response, until the receiver of `calls` is closed.
    pub async fn serve(&self, calls: &mpsc::Sender<Call>) {
        let permits = Arc::new(Semaphore::new(CONNECTIONS));
        let subscriptions = Arc::new(Semaphore::new(SUBSCRIPTIONS));
        loop {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
            let stream = match self.0.accept().await {
                Ok(stream) => stream,
                Err(error) => {
                    // Most likely there are too many open files: accepting again at once would fail the same way.
                    tracing::warn!("a command could not connect: {error}");
                    drop(tokio::time::timeout(TIMEOUT, calls.closed()).await);
                    continue;
                }
            };
            if calls.is_closed() {
                return;
            }
            let (calls, subscriptions) = (calls.clone(), Arc::clone(&subscriptions));
            tokio::spawn(async move {
                if let Err(error) = converse(split(stream), permit, &calls, subscriptions).await {
                    tracing::debug!("the connection of a command broke: {error}");
                }
            });
        }
    }
}

/// Answers every line of a connection with one line.
pub(super) async fn converse<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    (read, mut write): (R, W),
    permit: OwnedSemaphorePermit,
    calls: &mpsc::Sender<Call>,
    subscriptions: Arc<Semaphore>,
) -> io::Result<()> {
    let mut lines = BufReader::new(read);
    loop {
        // Bytes, because a line that is no UTF-8, or is cut within a character, gets an answer too.
        let mut line = Vec::new();
        let mut capped = (&mut lines).take(LONGEST_COMMAND);
        let read = tokio::time::timeout(TIMEOUT, capped.read_until(b'\n', &mut line))
            .await
            .map_err(io::Error::other)??;
        if read == 0 {
            return Ok(());
        }
        let response = match serde_json::from_slice(&line) {
            Ok(command) => respond(command, calls).await,
            Err(error) => Response::Reply(unreadable(&error)),
        };
        match response {
            Response::Reply(reply) => write_line(&mut write, &reply).await?,
            Response::Stop(reply, stop) => {
                let written = write_line(&mut write, &reply).await;
                stop.cancel();
                return written;
            }
            Response::Events(reply, events) => {
                let Ok(_subscription) = subscriptions.try_acquire() else {
                    let hint = Some("close one of them".to_owned());
                    let refusal = Reply::failed("not subscribed: too many readers are subscribed", hint);
                    return write_line(&mut write, &refusal).await;
                };
                drop(permit);
                write_line(&mut write, &reply).await?;
                return write_events(&mut lines, &mut write, events).await;
            }
        }
        if !line.ends_with(b"\n") {
            return Ok(());
        }
    }
}

/// Writes events for as long as the client keeps the connection open. A client that does not read keeps this waiting; the
/// sender of the events waits with it.
async fn write_events<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    lines: &mut BufReader<R>,
    write: &mut W,
    mut events: mpsc::Receiver<Event>,
) -> io::Result<()> {
    let mut ignored = [0; 256];
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            read = lines.read(&mut ignored) => match read? {
                0 => return Ok(()),
                _ => continue,
            },
        };
        let Some(event) = event else { return Ok(()) };
        write.write_all(&line(&event)?).await?;
    }
}

fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

async fn write_line<W: AsyncWrite + Unpin>(write: &mut W, value: &impl Serialize) -> io::Result<()> {
    tokio::time::timeout(TIMEOUT, write.write_all(&line(value)?)).await.map_err(io::Error::other)?
}

async fn respond(command: Command, calls: &mpsc::Sender<Call>) -> Response {
    let stopping = || Response::Reply(Reply::failed("the daemon is stopping", None));
    let (sender, response) = oneshot::channel();
    if calls.send((command, sender)).await.is_err() {
        return stopping();
    }
    response.await.unwrap_or_else(|_dropped| stopping())
}

/// A newer front end may send a command, or a word in one, that is unknown here.
fn unreadable(error: &serde_json::Error) -> Reply {
    let why = error.to_string();
    let unknown_command = why.starts_with("unknown variant");
    let message = if unknown_command {
        format!("this daemon, version {}, does not know the command: {why}", env!("CARGO_PKG_VERSION"))
    } else {
        format!("the command cannot be read: {why}")
    };
    let hint = unknown_command.then(|| "restart the daemon: `handover quit`, then start it again".to_owned());
    Reply::Failed { message, hint, not_signed_in: false, unknown_command }
}

#[cfg(test)]
mod tests {
    use super::super::transport::connect;
    use super::super::{Error, ask};
    use super::*;

    async fn with_server(test: impl AsyncFnOnce(&Path)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let server = Server::bind(&path).unwrap();
        let (sender, mut calls) = mpsc::channel::<Call>(1);
        let replies = async {
            while let Some((command, response)) = calls.recv().await {
                let message = format!("{command:?}");
                let reply = if command == Command::Quit {
                    Reply::failed(message, Some("no".into()))
                } else {
                    Reply::Done { message }
                };
                drop(response.send(Response::Reply(reply)));
            }
        };
        tokio::select! {
            () = server.serve(&sender) => panic!("the server stopped"),
            () = replies => panic!("there are no more commands"),
            () = test(&path) => {}
        }
        drop(server);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_command_gets_its_reply() {
        with_server(async |path| {
            let reply = ask(path, &Command::Sync).await.unwrap();
            assert_eq!(reply, Reply::Done { message: "Sync".into() });
            let refusal = ask(path, &Command::Quit).await.unwrap_err();
            assert!(
                matches!(refusal, Error::Refused { ref message, .. } if message == "Quit"),
                "{refusal:?}"
            );
        })
        .await;
    }

    #[tokio::test]
    async fn nonsense_and_silence_do_not_keep_others_from_their_replies() {
        with_server(async |path| {
            let _silent = connect(path).await.unwrap();
            let mut noisy = connect(path).await.unwrap();
            drop(noisy.write_all(&vec![b'x'; 100_000]).await);
            let mut confused = connect(path).await.unwrap();
            confused.write_all(b"{\"command\":\"dance\"}\n").await.unwrap();
            let mut reply = String::new();
            BufReader::new(confused).read_line(&mut reply).await.unwrap();
            assert!(reply.contains("does not know the command: unknown variant `dance`"), "{reply}");
            assert!(ask(path, &Command::Status).await.is_ok());
        })
        .await;
    }

    #[tokio::test]
    async fn a_line_that_is_not_utf8_or_too_long_gets_a_reply() {
        with_server(async |path| {
            for line in [b"\xff\n".to_vec(), "ü".repeat(100_000).into_bytes(), b"{\"x".to_vec()] {
                let mut client = connect(path).await.unwrap();
                // The server stops reading a line that is too long.
                drop(client.write_all(&line).await);
                client.shutdown().await.unwrap_or_default();
                let mut reply = String::new();
                BufReader::new(client).read_line(&mut reply).await.unwrap();
                assert!(reply.contains("the command cannot be read: "), "{reply}");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn a_stale_socket_is_not_a_running_daemon() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        assert!(matches!(ask(&path, &Command::Status).await, Err(Error::NotRunning)));
        // What a killed daemon leaves: the file, and nobody who listens.
        let kept = folder.path().join("kept");
        let server = Server::bind(&path).unwrap();
        std::fs::rename(&path, &kept).unwrap();
        drop(server);
        std::fs::rename(&kept, &path).unwrap();
        assert!(matches!(ask(&path, &Command::Status).await, Err(Error::NotRunning)));
        assert!(Server::bind(&path).is_ok());
    }
}
