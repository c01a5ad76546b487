//! What is examined, and what several checks want to know of it, each found out once.
//!
//! Invariant: whatever is asked here is answered within six seconds, and the download within eleven.

use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::super::Problem;
use super::super::context::Context;
use crate::control::{self, Command, Reply, StatusReport};
use crate::desktop::notifier::{self, ServerInfo};
use crate::desktop::secrets::LoginLocation;
use crate::domain::account::{Account, Credentials};
use crate::domain::status::LinkState;
use crate::ports::ShowError;
use crate::pushover::{self, ConnectError, Host, Reached, Rest};

/// For the daemon, which answers at once.
const FOR_DAEMON: Duration = Duration::from_secs(3);
/// For the place where the login lies: a keyring that hangs is given five before another place is looked at.
pub(super) const FOR_LOGIN: Duration = Duration::from_secs(6);
/// For a download, after the service was reached.
const FOR_DOWNLOAD: Duration = Duration::from_secs(5);

/// Everything the checks look at.
pub(super) struct Probes<'a> {
    pub(super) context: &'a Context,
    /// What reading the settings came to.
    pub(super) settings: Result<(), Problem>,
    rest: Result<Rest, Problem>,
    daemon: OnceCell<Result<StatusReport, control::Error>>,
    login: OnceCell<Result<Option<Credentials>, Problem>>,
    place: OnceCell<Option<LoginLocation>>,
    server: OnceCell<Result<ServerInfo, ShowError>>,
    api: OnceCell<Result<Reached, Unreached>>,
    download: OnceCell<Option<Download>>,
}

/// Why a host of the service was not reached.
pub(super) enum Unreached {
    /// Nothing could be sent: this computer lacks what TLS needs.
    Unequipped(Problem),
    /// The way to it ends.
    Connect(ConnectError),
}

/// What came of a download for a login.
pub(super) struct Download {
    pub(super) login: Credentials,
    pub(super) outcome: Result<Downloaded, pushover::Error>,
}

/// What a download says, but for the messages themselves.
pub(super) struct Downloaded {
    pub(super) waiting: usize,
    pub(super) account: Account,
}

impl<'a> Probes<'a> {
    pub(super) fn new(context: &'a Context, settings: Result<(), Problem>) -> Self {
        Self {
            context,
            settings,
            rest: context.rest(),
            daemon: OnceCell::new(),
            login: OnceCell::new(),
            place: OnceCell::new(),
            server: OnceCell::new(),
            api: OnceCell::new(),
            download: OnceCell::new(),
        }
    }

    /// What a running daemon says.
    pub(super) async fn daemon(&self) -> Result<&StatusReport, &control::Error> {
        let asking = async {
            let reply = control::ask(&self.context.paths.socket, &Command::Status);
            match timeout(FOR_DAEMON, reply).await {
                Ok(Ok(Reply::Status(report))) => Ok(*report),
                Ok(Ok(Reply::Done { .. } | Reply::Subscribed { .. } | Reply::Failed { .. })) => {
                    Err(control::Error::Broken("unexpected reply; are the versions the same?".into()))
                }
                Ok(Err(error)) => Err(error),
                Err(_elapsed) => Err(control::Error::Broken("it does not answer".into())),
            }
        };
        self.daemon.get_or_init(|| asking).await.as_ref()
    }

    /// Whether a daemon runs and is connected at this moment, so that nothing needs to be tried in its place.
    pub(super) async fn is_connected(&self) -> bool {
        self.daemon().await.is_ok_and(|report| report.link == LinkState::Connected.word())
    }

    /// The saved login.
    pub(super) async fn login(&self) -> Result<Option<&Credentials>, &Problem> {
        let loading = async {
            timeout(FOR_LOGIN, Box::pin(self.context.login())).await.unwrap_or_else(|_elapsed| {
                Err(Problem::new("the login cannot be read", "the place it is kept in does not answer"))
            })
        };
        self.login.get_or_init(|| loading).await.as_ref().map(Option::as_ref)
    }

    /// Where the login lies, if that is known.
    pub(super) async fn place(&self) -> Option<&LoginLocation> {
        let looking = async { timeout(FOR_LOGIN, Box::pin(self.context.place_of_login())).await.ok()?.ok()? };
        self.place.get_or_init(|| looking).await.as_ref()
    }

    /// Who shows the notifications.
    pub(super) async fn server(&self) -> Result<&ServerInfo, &ShowError> {
        self.server.get_or_init(notifier::query_server).await.as_ref()
    }

    /// Whether the API can be reached.
    pub(super) async fn api(&self) -> Result<Reached, &Unreached> {
        self.api.get_or_init(|| self.reach(Host::Api)).await.as_ref().copied()
    }

    /// Tries to reach a host, now.
    pub(super) async fn reach(&self, host: Host) -> Result<Reached, Unreached> {
        let rest = self.rest.as_ref().map_err(|problem| Unreached::Unequipped(problem.clone()))?;
        rest.probe(host).await.map_err(Unreached::Connect)
    }

    /// A download of which nothing is recorded, announced or deleted; `None` when there is no login or no service
    /// to try it on. Where a daemon runs, its word is better.
    pub(super) async fn download(&self) -> Option<&Download> {
        let downloading = async {
            if self.api().await.is_err() {
                return None;
            }
            let login = self.login().await.ok()??.clone();
            let rest = self.rest.as_ref().ok()?;
            let outcome = timeout(FOR_DOWNLOAD, rest.download(&login)).await;
            let outcome = outcome
                .unwrap_or(Err(pushover::Error::TimedOut))
                .map(|download| Downloaded { waiting: download.items.len(), account: download.account });
            Some(Download { login, outcome })
        };
        self.download.get_or_init(|| downloading).await.as_ref()
    }
}
