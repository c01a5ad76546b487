//! Opening the log when the daemon starts, also when that takes a while.
//!
//! Invariant: a full disk or a locked file at login is waited out, and said to whoever asks for the status;
//! what does not pass by itself ends the start with words for a person.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Problem, clock, show};
use crate::control::{Asked, Reply, Request, Server, StatusReport};
use crate::domain::status::{LinkState, Status, Trouble};
use crate::engine::backoff::Backoff;
use crate::store::{Error, Store};

/// Opens the log, trying again for as long as the reason may pass; `None` when the daemon is stopped meanwhile.
pub async fn open_patiently(
    mut open: impl FnMut() -> Result<Store, Error>,
    server: &Server,
    stop: &CancellationToken,
) -> Result<Option<Store>, Problem> {
    let since = clock::unix();
    let mut backoff = Backoff::new();
    loop {
        let error = match open() {
            Ok(store) => return Ok(Some(store)),
            Err(error) if error.passes() => error,
            Err(error) => return Err(error.into()),
        };
        tracing::warn!("{}: {error}", Trouble::Storage.what());
        let mut status = Status { link: LinkState::Waiting, since, ..Status::default() };
        status.set_trouble(Trouble::Storage, Some(error.to_string()));
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = answer(server, &status, stop) => {}
            () = clock::pause(backoff.next(clock::jitter())) => {}
        }
    }
}

/// Answers commands with what there is to say.
async fn answer(server: &Server, status: &Status, stop: &CancellationToken) {
    let (asked, mut requests) = mpsc::channel::<Asked>(1);
    let replies = async {
        while let Some((request, reply)) = requests.recv().await {
            let quit = request == Request::Quit;
            let said = match request {
                Request::Status => Reply::Status(StatusReport::from(status)),
                Request::Quit => Reply::Done { message: "stopping".to_owned() },
                Request::Show => Reply::Done { message: show::sentence(status) },
                Request::Sync
                | Request::Acknowledge { .. }
                | Request::LoginChanged
                | Request::TakeBack
                | Request::Pause { .. }
                | Request::Resume => {
                    let message = status.problems().join("; ");
                    let hint = Some(
                        "it is tried again by itself; `handover status` says when it is over".to_owned(),
                    );
                    Reply::Failed { message, hint, not_signed_in: false }
                }
            };
            // Whoever asked may have gone.
            drop(reply.send(said));
            if quit {
                // The end of the daemon is the end of the task that writes the reply: it goes first.
                tokio::task::yield_now().await;
                stop.cancel();
            }
        }
    };
    tokio::select! {
        () = server.serve(&asked) => {}
        () = replies => {}
    }
}
