//! What a script can do: send messages, break something for a while, or use the program.
//!
//! Invariant: whatever is broken is repaired before the next life begins, except for pauses, absences and wrong clocks, which
//! last until the script ends them.

use std::time::Duration;

use fastrand::Rng;
use handover::sandbox::{Endpoint, Fault};
use serde_json::json;

/// Something that happens.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Send(Burst),
    /// A fault of the next requests of an endpoint.
    Request(Endpoint, Fault, u32),
    /// All responses come at this many bytes per second.
    SlowLine(u32),
    /// A frame on the websocket that the service has no reason to send.
    Frame(Vec<u8>),
    /// The service refuses the login, or says that another computer uses the device: the daemon rightly waits for the user then,
    /// or until it is started again.
    EndSession(&'static str),
    CloseWebsocket,
    ResetWebsocket,
    /// Nothing that is sent on a websocket arrives.
    HalfOpen,
    /// The HTTP connections die without a sign of it.
    LoseConnections,
    /// SIGSTOP, and SIGCONT after this time.
    Suspend(Duration),
    RestartNotificationServer,
    /// There is no notification server for this time.
    StopNotificationServer(Duration),
    /// It answers nothing for this time.
    StallNotificationServer(Duration),
    /// It refuses every notification for this time.
    RefuseNotifications(Duration),
    RestartBus,
    /// The bus of the session answers nothing for this time.
    StallBus(Duration),
    RestartSystemBus,
    /// logind, which says whether somebody is at the computer, leaves the bus, and comes back after this time.
    StopLogind(Duration),
    /// It answers nothing for this time.
    StallLogind(Duration),
    /// There is no keyring for this time. Only some scripts have the login in one.
    StopKeyring(Duration),
    /// The disk is full for this time.
    FillDisk(Duration),
    /// The disk is read-only for this time.
    ReadOnlyDisk(Duration),
    /// Another process has locked the message log for this time.
    LockLog(Duration),
    /// The service's clock is ahead by this many seconds.
    ServiceClock(i64),
    /// This computer's clock is set, so that it is ahead by this many seconds.
    LocalClock(i64),
    /// Valid settings, with something in them that changes nothing here.
    Settings(&'static str),
    /// Settings with a mistake, for this time.
    InvalidSettings(Duration),
    Pause,
    Resume,
    /// The user locks the screen.
    Leave,
    /// The user unlocks the screen.
    Return,
    /// A command of the program.
    Command(&'static [&'static str]),
    /// `handover acknowledge` with the latest emergency.
    Acknowledge,
    /// The user closes the notification of an emergency, which acknowledges it.
    Dismiss,
    /// The user acknowledges an emergency on the phone.
    AcknowledgeElsewhere,
    /// A reader of the events that comes and goes.
    Subscribe(Duration),
    /// A reader of the message log that comes and goes.
    Read(Reading, Duration),
}

impl Action {
    /// The names of all actions.
    pub(crate) const NAMES: [&str; 40] = [
        "Send",
        "Request",
        "SlowLine",
        "Frame",
        "CloseWebsocket",
        "ResetWebsocket",
        "HalfOpen",
        "LoseConnections",
        "Suspend",
        "RestartNotificationServer",
        "StopNotificationServer",
        "StallNotificationServer",
        "RefuseNotifications",
        "RestartBus",
        "StallBus",
        "RestartSystemBus",
        "StopLogind",
        "StallLogind",
        "FillDisk",
        "ReadOnlyDisk",
        "LockLog",
        "ServiceClock",
        "LocalClock",
        "Settings",
        "InvalidSettings",
        "Pause",
        "Resume",
        "Leave",
        "Return",
        "Command",
        "Acknowledge",
        "Dismiss",
        "AcknowledgeElsewhere",
        "Subscribe",
        "Request(Download",
        "StopKeyring",
        "EndSession",
        "Read(Pages",
        "Read(Snapshot",
        "Read(Killed",
    ];

    /// Something goes wrong. More is possible in a life that ends with a kill.
    pub(crate) fn fault(dice: &mut Rng, is_killed: bool) -> Self {
        let span = Duration::from_millis(dice.u64(10..400));
        match dice.u8(..42) {
            32 => Self::StallBus(span),
            33 => Self::RestartSystemBus,
            34 | 35 => Self::StopLogind(span),
            36 | 37 => Self::StallLogind(span),
            38..=41 => Self::LocalClock(CLOCKS[dice.usize(..CLOCKS.len())]),
            30 => Self::StopKeyring(span),
            31 if is_killed => Self::EndSession(["E", "A", "download"][dice.usize(..3)]),
            0..=9 => request(dice, is_killed),
            10 => Self::SlowLine(dice.u32(2_000..50_000)),
            11 | 12 => Self::Frame(frame(dice)),
            13 => Self::CloseWebsocket,
            14 => Self::ResetWebsocket,
            15 => Self::HalfOpen,
            16 => Self::LoseConnections,
            17 => Self::Suspend(span),
            18 => Self::RestartNotificationServer,
            19 => Self::StopNotificationServer(span),
            20 => Self::StallNotificationServer(span),
            21 => Self::RefuseNotifications(span),
            22 => Self::RestartBus,
            23 => Self::FillDisk(span),
            24 => Self::ReadOnlyDisk(span),
            25 => Self::LockLog(span * 2),
            26 => Self::ServiceClock([-3_600, 0, 3_600][dice.usize(..3)]),
            27 | 28 => Self::Settings(SETTINGS[dice.usize(..SETTINGS.len())]),
            _ => Self::InvalidSettings(span),
        }
    }

    /// Somebody uses the program.
    pub(crate) fn visit(dice: &mut Rng) -> Self {
        match dice.u8(..10) {
            0..=3 => Self::Command(COMMANDS[dice.usize(..COMMANDS.len())]),
            4 => Self::Acknowledge,
            5 | 6 => Self::Dismiss,
            7 => Self::AcknowledgeElsewhere,
            _ => Self::Subscribe(Duration::from_millis(dice.u64(5..150))),
        }
    }

    /// Somebody reads the message log, perhaps for longer than the daemon lives.
    pub(crate) fn read(dice: &mut Rng) -> Self {
        let kind = [Reading::Pages, Reading::Pages, Reading::Snapshot, Reading::Killed][dice.usize(..4)];
        Self::Read(kind, Duration::from_millis(dice.u64(5..600)))
    }
}

/// How the message log is read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reading {
    /// As a window does: pages, searches and lists, one after the other.
    Pages,
    /// In one long transaction.
    Snapshot,
    /// By a command that is killed.
    Killed,
}

/// How far a clock is ahead: by a bad time server, in the wrong time zone, a day, a year, or since 1970 with an empty battery.
const CLOCKS: [i64; 8] = [0, 20, -20, 7_200, -7_200, -86_400, 31_536_000, -1_790_000_000];

/// Lines for the settings that make no difference to what the oracle expects.
const SETTINGS: [&str; 4] = [
    "",
    "open_links = ['https']\n",
    "[pause]\nbreak_through = 2\n",
    "[[rules]]\nname = 'nothing'\nwhen = { app = 'Nobody' }\nthen = { sound = 'none' }\n",
];

const COMMANDS: [&[&str]; 9] = [
    &["status"],
    &["status", "--json"],
    &["messages", "--json", "--limit", "20"],
    &["messages", "--search", "message"],
    &["rules", "check", "--app", "Quiet"],
    &["sync"],
    // These write to the message log themselves where no daemon runs.
    &["messages", "--app", "Nobody", "--mark-read"],
    &["messages", "--app", "Nobody", "--delete", "--yes"],
    &["doctor", "--json"],
];

/// A fault of a request. The service refuses no login here, since the daemon rightly stops then until it is started again.
fn request(dice: &mut Rng, is_killed: bool) -> Action {
    use Endpoint::{Acknowledge, Delete, Download, Icon, Socket};
    let endpoint = [Download, Download, Download, Delete, Delete, Acknowledge, Acknowledge, Socket, Icon]
        [dice.usize(..9)];
    let codes = [500, 502, 503, 504, 520];
    let fault = match dice.u8(..20) {
        0..=2 => Fault::status(codes[dice.usize(..codes.len())]),
        // A page of a proxy, not an answer of the service.
        3 => Fault::status([403, 404, 407, 451][dice.usize(..4)]),
        4 => Fault::too_many(dice.u64(1..3)),
        5 => Fault::CaptivePortal,
        6 => Fault::Redirect,
        7 => Fault::Garbage,
        8 => Fault::HalfBody,
        9 => Fault::Drop,
        10 => Fault::DropAfter,
        11 => Fault::Reset,
        12 => Fault::Hang,
        13 => Fault::HangAfter,
        // A line that slow is waited for, however long that takes, as long as the daemon lives.
        14 if is_killed => Fault::Trickle,
        15 => Fault::Rate(dice.u32(500..20_000)),
        16 => Fault::Json(match (dice.u8(..4), endpoint) {
            // Anything else with this status would tell the daemon that it succeeded.
            (2, Download) => json!({"status": 1, "messages": {}}),
            (3, Download) => json!({"status": 1, "messages": [null, 7, {"id": "x"}, {}]}),
            (0, _) => json!([1, 2]),
            _ => json!({}),
        }),
        17 if matches!(endpoint, Acknowledge | Delete) => Fault::rejection(400 + dice.u16(..5)),
        _ => Fault::Slow(Duration::from_millis(dice.u64(1..200))),
    };
    Action::Request(endpoint, fault, dice.u32(1..4))
}

/// Everything but `E` and `A`, after which the daemon rightly waits for the user.
fn frame(dice: &mut Rng) -> Vec<u8> {
    match dice.u8(..6) {
        0 => b"!".to_vec(),
        1 => b"!!!!!!!!".to_vec(),
        2 => b"R".to_vec(),
        3 => Vec::new(),
        4 => b"{\"message\":\"hello\"}".to_vec(),
        _ => {
            let length = dice.usize(1..2_000);
            std::iter::repeat_with(|| dice.u8(..)).filter(|byte| !b"EA".contains(byte)).take(length).collect()
        }
    }
}

/// Messages that are sent together.
#[derive(Clone, Debug)]
pub(crate) enum Burst {
    /// One message of this priority, of one of many applications.
    One(i8),
    /// Enough messages of one application to count as a flood.
    Flood(usize),
    /// Messages that a rule hides.
    Hidden(usize),
    /// Messages of which only the latest is to stay on the screen.
    Grouped(usize),
}

impl Burst {
    /// At most this many messages.
    pub(crate) fn random(dice: &mut Rng, most: usize) -> Self {
        match dice.u8(..40) {
            0 => Self::Flood(most.min(8 + dice.usize(..8))),
            1 => Self::Hidden(most.min(1 + dice.usize(..3))),
            2 => Self::Grouped(most.min(1 + dice.usize(..3))),
            // With floods among the others, this makes a tenth of all messages emergencies.
            3..=9 => Self::One(2),
            _ => Self::One(dice.i8(-2..=1)),
        }
    }

    pub(crate) fn count(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Flood(count) | Self::Hidden(count) | Self::Grouped(count) => *count,
        }
    }
}
