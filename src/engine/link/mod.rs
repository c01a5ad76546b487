//! Decides when to connect, when a silent connection is dead, and when to stop until the user acts.
//!
//! Invariant: in [`LinkState::Refused`] and [`LinkState::Displaced`] nothing is done until the user acts; in every other
//! state except [`LinkState::SignedOut`] a timeout is set, so the link cannot hang.
//!
//! The caller holds at most one socket, and on every action except [`Action::Download`] drops it first. Late events of a
//! dropped socket do no harm: [`Input::Opened`] and [`Input::OpenFailed`] count only while a socket is being opened,
//! [`Input::Heard`] and [`Input::Lost`] only while one is open. If such an event is attributed to the next socket, the
//! worst case is one more download or one more reconnect, since every end of a socket leads to [`Action::Disconnect`].
//! A download that began with an earlier login must be dropped with that login: its outcome would be attributed to the
//! new one.
//!
//! Wakes and networks ([`Input::Woke`], [`Input::NetworkUp`]) come in bursts, and a network comes up some seconds after
//! the wake. So:
//!
//! - a wait ends at once, unless the service asked for it;
//! - an attempt that is under way has [`AFTER_NETWORK_CHANGE`] left to succeed, and if it fails, the next one follows
//!   at once;
//! - an open connection is replaced at once. After a network change, this applies only to connections older than
//!   [`HEALTHY`]. A younger one has [`PROOF`] to show that it is alive, and so has any connection when the report comes
//!   late.

use std::time::{Duration, Instant};

use super::backoff::{Backoff, Wait, between};
use super::fetch::Reason;
use crate::domain::status::LinkState;

/// A connection that is silent for this long is dead: three keep-alives, sent about every 30 s, are missing.
pub const SILENCE: Duration = Duration::from_secs(90);

/// The longest a socket may take to open, including the login line.
pub const OPENING: Duration = Duration::from_secs(15);

/// The longest that REST may take to verify the login; longer than the 30 s of one request.
pub const VERIFYING: Duration = Duration::from_secs(45);

/// After a connection that lived this long, earlier failures are forgotten.
pub const HEALTHY: Duration = Duration::from_mins(1);

/// The time left to an attempt that began before the wake or the network change: it may be waiting for the name server
/// of the previous network, which no longer responds.
pub const AFTER_NETWORK_CHANGE: Duration = Duration::from_secs(5);

/// How long a connection in doubt may be silent: one and a half keep-alives.
pub const PROOF: Duration = Duration::from_secs(45);

/// The shortest wait after `E`. Temporary refusals were observed to end within this time.
pub const AFTER_REFUSAL: Duration = Duration::from_mins(1);

/// How many `E` are tolerated while REST accepts the login.
pub const TOLERATED_REFUSALS: u8 = 2;

const AFTER_REFUSAL_AT_MOST: Duration = Duration::from_secs(75);
const AFTER_RELOAD: Duration = Duration::from_millis(500);
const AFTER_RELOAD_AT_MOST: Duration = Duration::from_millis(2_500);

/// One byte from the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// `#`: the connection is alive.
    KeepAlive,
    /// `!`: a message arrived.
    Message,
    /// `R`: connect again.
    Reload,
    /// `E`: this login is not valid.
    Refused,
    /// `A`: the device logged in from somewhere else.
    Displaced,
    /// Anything else; it still shows that the connection is alive.
    Unknown(u8),
}

impl From<u8> for Signal {
    fn from(byte: u8) -> Self {
        match byte {
            b'#' => Self::KeepAlive,
            b'!' => Self::Message,
            b'R' => Self::Reload,
            b'E' => Self::Refused,
            b'A' => Self::Displaced,
            other => Self::Unknown(other),
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// There is a login: at the start, or a new one.
    SignedIn,
    /// The login is gone.
    SignedOut,
    /// The socket is open and the login line was sent.
    Opened,
    /// The socket could not be opened, or the login line could not be sent.
    OpenFailed {
        /// How long the service asked to wait.
        retry_after: Option<Duration>,
    },
    /// A byte came.
    Heard(Signal),
    /// The open socket ended or broke.
    Lost,
    /// REST accepted this login: any download that succeeded.
    Accepted,
    /// REST says that this login is not valid.
    Rejected,
    /// REST did not respond as it should.
    Unanswered,
    /// The computer woke from sleep.
    Woke,
    /// A network came up, or another one replaced it.
    NetworkUp,
    /// Several networks came up some time ago.
    NetworksCame,
    /// The user asks to connect again.
    TakenBack,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Drop the socket, if there is one, and open a new one.
    Connect,
    /// Drop the socket, if there is one.
    Disconnect,
    /// Request a download from [`super::fetch`].
    Download(Reason),
    /// Drop the socket and do one download to verify the login. A download that is already running is enough.
    Verify,
}

/// Why the link stopped until the user does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// REST refused the login.
    LoginRejected,
    /// REST accepts the login, but the socket is refused again and again.
    KeepsRefusing,
    /// The device logged in from somewhere else.
    Displaced,
}

/// The state machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    state: State,
    backoff: Backoff,
    /// Whether an `R` came since the last healthy connection.
    reloaded: bool,
    /// How many `E` came since the last healthy connection.
    refusals: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    SignedOut,
    Opening {
        deadline: Instant,
        /// Whether the computer woke or a network came up since the attempt began.
        network_changed: bool,
    },
    Open {
        since: Instant,
        heard: Instant,
        /// When it counts as dead unless a byte arrives; set while it is in doubt.
        proof_by: Option<Instant>,
    },
    Verifying {
        deadline: Instant,
    },
    Waiting(Wait),
    Halted(Halt),
}

impl Link {
    /// A link without a login.
    pub const fn new() -> Self {
        Self { state: State::SignedOut, backoff: Backoff::new(), reloaded: false, refusals: 0 }
    }

    /// Handles an input.
    pub fn handle_input(&mut self, input: Input, now: Instant, jitter: f64) -> Option<Action> {
        match input {
            Input::SignedIn => Some(self.start(now)),
            Input::SignedOut => {
                *self = Self::new();
                Some(Action::Disconnect)
            }
            Input::Opened => self.opened(now),
            Input::OpenFailed { retry_after } => self.open_failed(retry_after, now, jitter),
            Input::Heard(signal) => self.heard(signal, now, jitter),
            Input::Lost => self.lost(now, jitter),
            Input::Accepted => {
                self.verified(now, between(AFTER_REFUSAL, AFTER_REFUSAL_AT_MOST, jitter));
                None
            }
            Input::Rejected => self.rejected(),
            Input::Unanswered => {
                self.not_verified(now, jitter);
                None
            }
            Input::TakenBack if self.why_halted().is_some() => Some(self.start(now)),
            Input::Woke | Input::TakenBack => self.network_changed(now, Duration::ZERO),
            Input::NetworkUp => self.network_changed(now, HEALTHY),
            Input::NetworksCame => self.network_changed(now, Duration::MAX),
        }
    }

    /// Handles the timeout given by [`Self::poll_timeout`].
    pub fn handle_timeout(&mut self, now: Instant, jitter: f64) -> Option<Action> {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return None;
        }
        match self.state {
            State::SignedOut | State::Halted(_) => None,
            State::Opening { .. } => self.open_failed(None, now, jitter),
            State::Open { heard, .. } => {
                // The silence does not count as healthy time: otherwise a network that drops everything would cause a
                // connection every 90 s indefinitely.
                self.forget_failures_if_healthy(heard);
                Some(self.back_off(None, now, jitter))
            }
            State::Verifying { .. } => {
                self.not_verified(now, jitter);
                None
            }
            State::Waiting(_) => Some(self.connect(now)),
        }
    }

    /// When [`Self::handle_timeout`] is due, if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::SignedOut | State::Halted(_) => None,
            State::Opening { deadline, .. } | State::Verifying { deadline } => Some(deadline),
            State::Open { heard, proof_by, .. } => {
                let silent = heard + SILENCE;
                Some(proof_by.map_or(silent, |proof_by| proof_by.min(silent)))
            }
            State::Waiting(wait) => Some(wait.until()),
        }
    }

    /// The state that the user sees.
    pub fn state(&self) -> LinkState {
        match self.state {
            State::SignedOut => LinkState::SignedOut,
            State::Opening { .. } | State::Verifying { .. } => LinkState::Connecting,
            State::Open { .. } => LinkState::Connected,
            State::Waiting(_) => LinkState::Waiting,
            State::Halted(Halt::LoginRejected | Halt::KeepsRefusing) => LinkState::Refused,
            State::Halted(Halt::Displaced) => LinkState::Displaced,
        }
    }

    /// Why the link stopped, if it did.
    pub fn why_halted(&self) -> Option<Halt> {
        match self.state {
            State::Halted(halt) => Some(halt),
            State::SignedOut
            | State::Opening { .. }
            | State::Open { .. }
            | State::Verifying { .. }
            | State::Waiting(_) => None,
        }
    }

    fn start(&mut self, now: Instant) -> Action {
        *self = Self::new();
        self.connect(now)
    }

    fn connect(&mut self, now: Instant) -> Action {
        self.state = State::Opening { deadline: now + OPENING, network_changed: false };
        Action::Connect
    }

    fn opened(&mut self, now: Instant) -> Option<Action> {
        match self.state {
            // If it is already open, the previous event was about an earlier socket.
            State::Opening { .. } | State::Open { .. } => {
                self.state = State::Open { since: now, heard: now, proof_by: None };
                Some(Action::Download(Reason::Backlog))
            }
            State::SignedOut | State::Verifying { .. } | State::Waiting(_) | State::Halted(_) => None,
        }
    }

    fn open_failed(&mut self, retry_after: Option<Duration>, now: Instant, jitter: f64) -> Option<Action> {
        let State::Opening { .. } = self.state else { return None };
        Some(self.back_off(retry_after, now, jitter))
    }

    fn heard(&mut self, signal: Signal, now: Instant, jitter: f64) -> Option<Action> {
        let State::Open { heard, proof_by, .. } = &mut self.state else { return None };
        (*heard, *proof_by) = (now, None);
        match signal {
            Signal::KeepAlive | Signal::Unknown(_) => None,
            Signal::Message => Some(Action::Download(Reason::Live)),
            Signal::Reload => Some(self.reload(now, jitter)),
            Signal::Refused => Some(self.refused(now)),
            Signal::Displaced => {
                self.state = State::Halted(Halt::Displaced);
                Some(Action::Disconnect)
            }
        }
    }

    fn lost(&mut self, now: Instant, jitter: f64) -> Option<Action> {
        let State::Open { .. } = self.state else { return None };
        self.forget_failures_if_healthy(now);
        Some(self.back_off(None, now, jitter))
    }

    fn reload(&mut self, now: Instant, jitter: f64) -> Action {
        self.forget_failures_if_healthy(now);
        if self.reloaded {
            return self.back_off(None, now, jitter);
        }
        self.reloaded = true;
        let pause = between(AFTER_RELOAD, AFTER_RELOAD_AT_MOST, jitter);
        self.state = State::Waiting(Wait::flexible(now, pause));
        Action::Disconnect
    }

    fn refused(&mut self, now: Instant) -> Action {
        self.forget_failures_if_healthy(now);
        if self.refusals == TOLERATED_REFUSALS {
            self.state = State::Halted(Halt::KeepsRefusing);
            return Action::Disconnect;
        }
        self.refusals += 1;
        self.state = State::Verifying { deadline: now + VERIFYING };
        Action::Verify
    }

    fn not_verified(&mut self, now: Instant, jitter: f64) {
        let State::Verifying { .. } = self.state else { return };
        let pause = self.backoff.next(jitter).max(AFTER_REFUSAL);
        self.verified(now, pause);
    }

    fn verified(&mut self, now: Instant, pause: Duration) {
        let State::Verifying { .. } = self.state else { return };
        self.state = State::Waiting(Wait::firm(now, pause));
    }

    fn rejected(&mut self) -> Option<Action> {
        let disconnect = match self.state {
            State::SignedOut => return None,
            State::Opening { .. } | State::Open { .. } => Some(Action::Disconnect),
            // This also matters after a halt, which then only signing in ends.
            State::Verifying { .. } | State::Waiting(_) | State::Halted(_) => None,
        };
        self.state = State::Halted(Halt::LoginRejected);
        disconnect
    }

    /// Handles a wake or a network change. An open connection younger than `spared` is not replaced.
    fn network_changed(&mut self, now: Instant, spared: Duration) -> Option<Action> {
        match &mut self.state {
            State::Open { since, proof_by, .. } if now.saturating_duration_since(*since) < spared => {
                proof_by.get_or_insert(now + PROOF);
                None
            }
            // An open socket may be dead, and finding out takes longer than reconnecting.
            State::Open { .. } => {
                self.forget_failures_if_healthy(now);
                Some(self.connect(now))
            }
            State::Opening { deadline, network_changed } => {
                (*deadline, *network_changed) = ((now + AFTER_NETWORK_CHANGE).min(*deadline), true);
                None
            }
            State::Waiting(wait) => {
                *wait = wait.shortened();
                self.handle_timeout(now, 0.0)
            }
            State::SignedOut | State::Verifying { .. } | State::Halted(_) => None,
        }
    }

    /// Waits before the next attempt; if the computer woke or a network came up meanwhile, tries again at once, but
    /// only once.
    fn back_off(&mut self, retry_after: Option<Duration>, now: Instant, jitter: f64) -> Action {
        let wait = self.backoff.wait(now, jitter, retry_after);
        let wait = if self.did_network_change() { wait.shortened() } else { wait };
        if wait.is_over(now) {
            return self.connect(now);
        }
        self.state = State::Waiting(wait);
        Action::Disconnect
    }

    fn did_network_change(&self) -> bool {
        match self.state {
            State::Opening { network_changed, .. } => network_changed,
            State::Open { proof_by, .. } => proof_by.is_some(),
            State::SignedOut | State::Verifying { .. } | State::Waiting(_) | State::Halted(_) => false,
        }
    }

    /// Forgets earlier failures if the open connection, which was alive until `end`, lived long enough.
    fn forget_failures_if_healthy(&mut self, end: Instant) {
        let State::Open { since, .. } = self.state else { return };
        if end.saturating_duration_since(since) >= HEALTHY {
            self.backoff.reset();
            self.reloaded = false;
            self.refusals = 0;
        }
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod network_tests;
#[cfg(test)]
mod tests;
