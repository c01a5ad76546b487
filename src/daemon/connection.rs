//! The task that holds the connection: it carries out the decisions of `engine::link` and feeds it events.
//!
//! Invariant: there is at most one socket; dropping the `Connection` is the only way to close it.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::desktop::outage::{OutageReport, Reason, show_reports};
use super::driver::Driver;
use super::shared::Shared;
use super::shared::channels::{AckCommand, LinkCommand};
use super::shared::parts::Step;
use crate::domain::status::{Cause, Issue, LinkState, Status};
use crate::engine::fetch;
use crate::engine::link::{Action, Input, Link};
use crate::engine::outage::{self, Outage};
use crate::ports::{Notifier, SecretStore};
use crate::pushover::{self, Socket};
use crate::system::clock;

/// How long a stopping daemon waits for the outage notification to close.
const LAST_REPORT: Duration = Duration::from_millis(300);

/// Keeps the link until the daemon stops, and shows a notification during an outage.
pub(super) async fn connect<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    commands: mpsc::UnboundedReceiver<LinkCommand>,
) {
    let (sender, reports) = watch::channel(OutageReport::default());
    let mut showing = pin!(show_reports(&shared, reports));
    tokio::select! {
        _ = shared.stop().run_until_cancelled(hold(&shared, commands, sender)) => {
            drop(timeout(LAST_REPORT, showing).await);
        }
        () = &mut showing => {}
    }
}

async fn hold<N: Notifier, S: SecretStore>(
    shared: &Arc<Shared<N, S>>,
    mut commands: mpsc::UnboundedReceiver<LinkCommand>,
    sender: watch::Sender<OutageReport>,
) -> ! {
    let mut link = Driver::new(Link::new());
    let mut connection = Connection::Closed;
    let mut reporter = Reporter::new(shared.status.subscribe(), sender);
    let mut state = None;
    loop {
        // Frames come before commands, and commands before deadlines, so that a due timer never delays a message.
        let input = async {
            tokio::select! {
                biased;
                input = connection.next(shared) => Some(input),
                Some(command) = commands.recv() => match command {
                    LinkCommand::Input(input) => Some(input),
                    LinkCommand::NotificationsReturned => reporter.on_server_returned(),
                    LinkCommand::NotSignedIn => reporter.on_not_signed_in(),
                },
                () = reporter.due() => None,
            }
        };
        let action = link.next(input).await;
        if shared.status.borrow().cause_of(Issue::Clock).is_some() {
            shared.check_clock();
        }
        match action {
            Some(Action::Connect) => connection = Connection::open(shared),
            Some(Action::Disconnect) => connection = Connection::Closed,
            Some(Action::Download(reason)) => shared.request_download(reason).await,
            Some(Action::Verify) => {
                connection = Connection::Closed;
                shared.request_download(fetch::Reason::Backlog).await;
            }
            None => {}
        }
        let link = link.machine();
        if state != Some(link.state()) {
            if state == Some(LinkState::Refused) {
                // The login may be accepted again, and then so are the acknowledgements that were refused because of
                // it.
                shared.to.acknowledge(AckCommand::Woke);
            }
            state = Some(link.state());
            publish(shared, link.state());
        }
        reporter.update(link, clock::instant());
    }
}

/// Decides what to report to the user about the connection.
struct Reporter {
    outage: Outage,
    /// Whether there was no login at the start, and there is none yet.
    not_signed_in: bool,
    /// How many notification servers there have been so far.
    servers: u64,
    offline: Option<outage::Kind>,
    is_paused: bool,
    status: watch::Receiver<Status>,
    reports: watch::Sender<OutageReport>,
}

impl Reporter {
    fn new(status: watch::Receiver<Status>, reports: watch::Sender<OutageReport>) -> Self {
        Self {
            outage: Outage::new(),
            not_signed_in: false,
            servers: 0,
            offline: None,
            is_paused: false,
            status,
            reports,
        }
    }

    fn on_server_returned(&mut self) -> Option<Input> {
        self.servers += 1;
        None
    }

    fn on_not_signed_in(&mut self) -> Option<Input> {
        self.not_signed_in = true;
        None
    }

    /// Waits until the report may change. Cancel safe.
    async fn due(&mut self) {
        let was_paused = self.is_paused;
        tokio::select! {
            () = clock::until(self.outage.poll_timeout()) => {}
            // The status outlives this task.
            _ = self.status.wait_for(|status| status.paused.is_some() != was_paused) => {}
        }
    }

    fn update(&mut self, link: &Link, now: Instant) {
        self.outage.handle_input(link.state(), now);
        self.not_signed_in &= link.state() == LinkState::SignedOut;
        // During a pause a new outage is not shown, but one already on the screen stays.
        self.is_paused = self.status.borrow().paused.is_some();
        self.offline = self.outage.reported().filter(|_| !self.is_paused || self.offline.is_some());
        let halt = link.why_halted().map(Reason::Halted);
        let not_signed_in = self.not_signed_in.then_some(Reason::NotSignedIn);
        let reason = halt.or(not_signed_in).or(self.offline.map(Reason::NoConnection));
        let report = OutageReport { reason, server: self.servers };
        self.reports.send_if_modified(|sent| std::mem::replace(sent, report) != report);
    }
}

/// The connection: none, one that is being made, or one that is open.
enum Connection {
    Closed,
    Opening(Pin<Box<dyn Future<Output = Result<Socket, pushover::Error>> + Send>>),
    Open(Box<Socket>),
}

impl Connection {
    fn open<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>) -> Self {
        let shared = Arc::clone(shared);
        Self::Opening(Box::pin(async move {
            let Some(credentials) = shared.credentials() else { return Err(pushover::Error::TimedOut) };
            shared.rest().open_socket(&credentials).await
        }))
    }

    /// Waits for what happens next; indefinitely when there is no connection. Cancel safe.
    async fn next<N: Notifier, S: SecretStore>(&mut self, shared: &Shared<N, S>) -> Input {
        match self {
            Self::Closed => std::future::pending().await,
            Self::Opening(opening) => match opening.await {
                Ok(socket) => {
                    *self = Self::Open(Box::new(socket));
                    shared.issue(Issue::Service, None);
                    Input::Opened
                }
                Err(error) => {
                    *self = Self::Closed;
                    shared.issue(Issue::Service, Some(Cause::from(&error)));
                    Input::OpenFailed { retry_after: error.retry_after() }
                }
            },
            Self::Open(socket) => match socket.next().await {
                Ok(signal) => {
                    if let Some(power) = &shared.parts.power {
                        power.note_activity();
                    }
                    Input::Heard(signal)
                }
                Err(error) => {
                    tracing::info!("{error}");
                    *self = Self::Closed;
                    Input::Lost
                }
            },
        }
    }
}

fn publish<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, state: LinkState) {
    if let Some(hint) = state.hint() {
        tracing::warn!("the connection to the service: {}; {hint}", state.word());
    } else {
        tracing::info!("the connection to the service: {}", state.word());
    }
    shared.status.send_modify(|status| {
        status.link = state;
        status.since = clock::unix();
    });
    shared.step(Step::Link(state));
}
