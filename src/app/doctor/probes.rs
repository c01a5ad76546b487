//! Determines the facts that several checks need, each once.
//!
//! Invariant: everything is known within six seconds, the download within eleven.

use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::super::Problem;
use super::super::context::Context;
use crate::control::{self, Command, Reply, StatusReport};
use crate::desktop::notifier::{self, ServerInfo};
use crate::desktop::secrets::LoginLocation;
use crate::domain::account::{Account, Credentials};
use crate::domain::status::{Issue, LinkState};
use crate::ports::ShowError;
use crate::pushover::{self, ConnectError, Host, Part, Reached, Rest};

/// Time limit for the daemon, which normally responds immediately.
const FOR_DAEMON: Duration = Duration::from_secs(3);
/// Time limit for the login: a keyring that hangs gets five seconds before another location is tried.
pub(super) const FOR_LOGIN: Duration = Duration::from_secs(6);
/// Time limit for a download, after the service was reached.
const FOR_DOWNLOAD: Duration = Duration::from_secs(5);

/// What the checks share.
pub(super) struct Probes<'a> {
    pub(super) context: &'a Context,
    /// The result of reading the settings.
    pub(super) settings: Result<(), Problem>,
    rest: Result<Rest, Problem>,
    daemon: OnceCell<Result<StatusReport, control::Error>>,
    login: OnceCell<Result<Option<Credentials>, Problem>>,
    place: OnceCell<Option<LoginLocation>>,
    server: OnceCell<Result<ServerInfo, ShowError>>,
    api: OnceCell<Result<Reached, Unreached>>,
    download: OnceCell<Option<Download>>,
}

/// Why a host of the service could not be reached.
pub(super) enum Unreached {
    /// Nothing could be sent: this computer lacks what TLS needs.
    Unequipped(Problem),
    /// It cannot be reached over the network.
    Connect(ConnectError),
}

/// The result of a download with a login.
pub(super) struct Download {
    pub(super) login: Credentials,
    pub(super) outcome: Result<Downloaded, pushover::Error>,
}

/// What a download contains, without the messages.
pub(super) struct Downloaded {
    /// How many messages arrived in time.
    pub(super) waiting: usize,
    /// `None` if there was no time for the whole download.
    pub(super) account: Option<Account>,
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
                Err(_elapsed) => Err(control::Error::Broken("it does not respond".into())),
            }
        };
        self.daemon.get_or_init(|| asking).await.as_ref()
    }

    /// Whether a daemon is running and connected, so that the connection does not have to be tried here.
    pub(super) async fn is_connected(&self) -> bool {
        self.daemon().await.is_ok_and(|report| report.link == LinkState::Connected.word())
    }

    /// Whether a daemon is running that has started completely, so that it does not wait for valid settings.
    pub(super) async fn is_started(&self) -> bool {
        let waits = |problem: &String| problem.starts_with(Issue::Start.what());
        self.daemon().await.is_ok_and(|report| !report.problems.iter().any(waits))
    }

    /// The saved login.
    pub(super) async fn login(&self) -> Result<Option<&Credentials>, &Problem> {
        let loading = async {
            timeout(FOR_LOGIN, Box::pin(self.context.login())).await.unwrap_or_else(|_elapsed| {
                Err(Problem::new("the login cannot be read", "its storage does not respond"))
            })
        };
        self.login.get_or_init(|| loading).await.as_ref().map(Option::as_ref)
    }

    /// Where the login is stored, if that is known.
    pub(super) async fn place(&self) -> Option<&LoginLocation> {
        let looking = async { timeout(FOR_LOGIN, Box::pin(self.context.place_of_login())).await.ok()?.ok()? };
        self.place.get_or_init(|| looking).await.as_ref()
    }

    /// The notification server.
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

    /// A download that records, announces and deletes nothing; `None` without a login or if the service cannot be reached.
    /// If a daemon is running, ask it instead.
    pub(super) async fn download(&self) -> Option<&Download> {
        let downloading = async {
            if self.api().await.is_err() {
                return None;
            }
            let login = self.login().await.ok()??.clone();
            let rest = self.rest.as_ref().ok()?;
            let mut waiting = 0;
            let outcome = match timeout(FOR_DOWNLOAD, count(rest, &login, &mut waiting)).await {
                Ok(outcome) => outcome.map(|account| Downloaded { waiting, account: Some(account) }),
                // Messages have arrived, so the login is accepted.
                Err(_elapsed) if waiting > 0 => Ok(Downloaded { waiting, account: None }),
                Err(_elapsed) => Err(pushover::Error::TimedOut),
            };
            Some(Download { login, outcome })
        };
        self.download.get_or_init(|| downloading).await.as_ref()
    }
}

/// Counts the messages of a download as they arrive.
async fn count(rest: &Rest, login: &Credentials, waiting: &mut usize) -> Result<Account, pushover::Error> {
    let mut download = rest.download(login).await?;
    loop {
        match download.next().await? {
            Part::Messages(messages) => *waiting += messages.len(),
            Part::End { account, .. } => return Ok(account),
        }
    }
}
