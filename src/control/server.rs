//! The daemon's end of the control socket.
//!
//! Invariant: a client that says nothing, too much, or nonsense costs nobody else their answer.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::protocol::{Reply, Request};

/// A request, and where its reply goes.
pub type Asked = (Request, oneshot::Sender<Reply>);

/// More connections than this wait in the system's queue.
const CONNECTIONS: usize = 16;
/// A request is a short line.
const LONGEST_REQUEST: u64 = 4096;
/// A client sends its request at once, or not at all.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Listens on the control socket; the socket file is removed when it is dropped.
#[derive(Debug)]
pub struct Server {
    listener: UnixListener,
    path: PathBuf,
}

impl Server {
    /// Binds the socket with mode 0600, in place of one that a killed daemon left behind.
    ///
    /// Call it only while holding the instance lock: it takes the place of any other socket at that path.
    pub fn bind(path: &Path) -> io::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Hands every request to `asked` and its reply back, until `asked` is closed.
    pub async fn serve(&self, asked: &mpsc::Sender<Asked>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: the next client may have more luck, but not at once.
                    tracing::warn!("a command could not connect: {error}");
                    drop(tokio::time::timeout(TIMEOUT, asked.closed()).await);
                    continue;
                }
            };
            if asked.is_closed() {
                return;
            }
            let asked = asked.clone();
            tokio::spawn(async move {
                if let Err(error) = converse(stream, &asked).await {
                    tracing::debug!("a command went away: {error}");
                }
                drop(place);
            });
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The next daemon removes what is left.
        drop(fs::remove_file(&self.path));
    }
}

async fn converse(stream: UnixStream, asked: &mpsc::Sender<Asked>) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read);
    loop {
        let mut line = String::new();
        let mut capped = (&mut lines).take(LONGEST_REQUEST);
        let read =
            tokio::time::timeout(TIMEOUT, capped.read_line(&mut line)).await.map_err(io::Error::other)??;
        if read == 0 {
            return Ok(());
        }
        let reply = match serde_json::from_str(&line) {
            Ok(request) => answer(request, asked).await,
            Err(error) => Reply::Failed {
                message: format!("the request makes no sense: {error}"),
                hint: None,
                not_signed_in: false,
            },
        };
        let mut reply = serde_json::to_vec(&reply)?;
        reply.push(b'\n');
        tokio::time::timeout(TIMEOUT, write.write_all(&reply)).await.map_err(io::Error::other)??;
        if !line.ends_with('\n') {
            return Ok(());
        }
    }
}

async fn answer(request: Request, asked: &mpsc::Sender<Asked>) -> Reply {
    let stopping =
        || Reply::Failed { message: "the daemon is stopping".into(), hint: None, not_signed_in: false };
    let (reply, answer) = oneshot::channel();
    if asked.send((request, reply)).await.is_err() {
        return stopping();
    }
    answer.await.unwrap_or_else(|_dropped| stopping())
}

#[cfg(test)]
mod tests {
    use super::super::{Error, ask};
    use super::*;

    async fn with_server(test: impl AsyncFnOnce(&Path)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let server = Server::bind(&path).unwrap();
        let (asked, mut requests) = mpsc::channel::<Asked>(1);
        let replies = async {
            while let Some((request, reply)) = requests.recv().await {
                let message = format!("{request:?}");
                let outcome = if request == Request::Quit {
                    Reply::Failed { message, hint: Some("no".into()), not_signed_in: false }
                } else {
                    Reply::Done { message }
                };
                drop(reply.send(outcome));
            }
        };
        tokio::select! {
            () = server.serve(&asked) => panic!("the server stopped"),
            () = replies => panic!("no more requests"),
            () = test(&path) => {}
        }
        drop(server);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_request_has_its_reply() {
        with_server(async |path| {
            let reply = ask(path, &Request::Sync).await.unwrap();
            assert_eq!(reply, Reply::Done { message: "Sync".into() });
            let refusal = ask(path, &Request::Quit).await.unwrap_err();
            assert!(
                matches!(refusal, Error::Refused { ref message, .. } if message == "Quit"),
                "{refusal:?}"
            );
        })
        .await;
    }

    #[tokio::test]
    async fn only_the_owner_can_connect() {
        with_server(async |path| {
            let mode = fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        })
        .await;
    }

    #[tokio::test]
    async fn nonsense_and_silence_cost_nobody_their_answer() {
        with_server(async |path| {
            let _silent = UnixStream::connect(path).await.unwrap();
            let mut noisy = UnixStream::connect(path).await.unwrap();
            drop(noisy.write_all(&vec![b'x'; 100_000]).await);
            let mut confused = UnixStream::connect(path).await.unwrap();
            confused.write_all(b"{\"command\":\"dance\"}\n").await.unwrap();
            let mut reply = String::new();
            BufReader::new(confused).read_line(&mut reply).await.unwrap();
            assert!(reply.contains("makes no sense"), "{reply}");
            assert!(ask(path, &Request::Status).await.is_ok());
        })
        .await;
    }

    #[tokio::test]
    async fn a_socket_left_behind_is_not_a_daemon() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        assert!(matches!(ask(&path, &Request::Status).await, Err(Error::NotRunning)));
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        drop(listener);
        assert!(path.exists());
        assert!(matches!(ask(&path, &Request::Status).await, Err(Error::NotRunning)));
        assert!(Server::bind(&path).is_ok());
    }
}
