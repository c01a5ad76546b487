//! The verdict as tables that hold for every combination of message and circumstances.
//!
//! Invariant: in each table the first row that matches counts, `*` matches everything, and every row is needed.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::*;
use crate::domain::account::{DeviceId, SoundPreferences};
use crate::domain::media::Sound;
use crate::domain::message::{Acknowledgement, Arrival, Entry, Message, MessageId, Priority, Receipt, Seq};
use crate::domain::settings::{Backlog, Emergency, SoundSetting};

/// Whether a message is shown.
const ACTIONS: &[&str] = &[
    // message        expired  arrival  backlog  pause    action
    "  requested      *        *        *        *        skip ",
    "  confirmed      *        *        *        *        skip ",
    "  open           *        *        *        *        show ",
    "  given-up       *        *        *        *        show ",
    "  lowest         *        *        *        *        skip ",
    "  no-receipt     *        *        *        *        show ",
    "  acknowledged   *        *        *        holds    hold ",
    "  acknowledged   *        *        *        *        show ",
    "  *              yes      *        *        *        skip ",
    "  *              no       waited   silent   *        skip ",
    "  *              no       *        *        holds    hold ",
    "  *              no       *        *        *        show ",
];

/// How urgent it is.
const PRIORITIES: &[&str] = &[
    // message        quiet-hours   priority
    "  lowest         *             lowest ",
    "  low            *             low ",
    "  normal         no            normal ",
    "  normal         yes           low ",
    "  high           *             high ",
    "  acknowledged   *             high ",
    "  *              *             emergency ",
];

/// What is heard; the device has the sound `cosmic`, and `siren` for urgent messages.
const SOUNDS: &[&str] = &[
    // message        quiet-hours  action  sound-setting   sound
    "  *              *            skip    *               silent ",
    "  *              *            hold    *               silent ",
    "  *              *            show    off             silent ",
    "  low            *            show    *               silent ",
    "  normal         yes          show    *               silent ",
    "  normal         no           show    emergency       silent ",
    "  high           *            show    emergency       silent ",
    "  acknowledged   *            show    emergency       silent ",
    "  normal         no           show    on              cosmic ",
    "  *              *            show    *               siren ",
];

/// Whether it is acknowledged as soon as it is shown.
const ACKNOWLEDGED: &[&str] = &[
    // message   setting   acknowledge
    "  open      always    yes ",
    "  *         *         no ",
];

#[test]
fn actions_are_as_in_the_table() {
    let mut table = Table::new(ACTIONS);
    each_case(|Case { message, priority, entry, circumstances }| {
        let expected = table.look_up(&[
            message,
            yes_or_no(entry.message.expires.is_some_and(|expires| expires <= NOW)),
            if entry.arrival == Arrival::Waited { "waited" } else { "live" },
            match circumstances.backlog {
                Backlog::Summary => "summary",
                Backlog::All => "all",
                Backlog::Silent => "silent",
            },
            match circumstances.paused {
                None => "none",
                Some(lowest) if *priority < lowest => "holds",
                Some(_) => "shows",
            },
        ]);
        let action = decide(entry, circumstances).action;
        assert_ne!(action, Action::Skip { read: true }, "it would count as read unseen");
        let action = word_for(action);
        assert_eq!(action, expected, "{message} {entry:?} {circumstances:?}");
    });
    table.assert_every_row_is_needed();
}

#[test]
fn only_the_welcome_of_the_service_counts_as_read_unseen() {
    let welcome = |edit: fn(&mut Message), initial_sync| {
        let mut entry = entry(2, Kind::Of(Priority::Normal));
        entry.message.app = "Pushover".to_owned();
        entry.message.icon = Some("pushover".to_owned());
        entry.message.title = Some("Welcome to Pushover!".to_owned());
        edit(&mut entry.message);
        decide(&entry, &Circumstances { initial_sync, ..LIVE }).action
    };
    assert_eq!(welcome(|_| (), true), Action::Skip { read: true });
    assert_eq!(welcome(|_| (), false), Action::Show, "it is not the first download");
    for edit in [
        (|message| message.app = "Backup".to_owned()) as fn(&mut Message),
        |message| message.icon = Some("backup".to_owned()),
        |message| message.title = Some("Your trial is over".to_owned()),
        |message| message.title = None,
    ] {
        assert_eq!(welcome(edit, true), Action::Show);
    }
}

#[test]
fn priorities_are_as_in_the_table() {
    let mut table = Table::new(PRIORITIES);
    each_case(|Case { message, entry, circumstances, .. }| {
        let expected = table.look_up(&[message, yes_or_no(circumstances.quiet_hours)]);
        let priority = match decide(entry, circumstances).priority {
            Priority::Lowest => "lowest",
            Priority::Low => "low",
            Priority::Normal => "normal",
            Priority::High => "high",
            Priority::Emergency => "emergency",
        };
        assert_eq!(priority, expected, "{message} {circumstances:?}");
    });
    table.assert_every_row_is_needed();
}

#[test]
fn sounds_are_as_in_the_table() {
    let mut table = Table::new(SOUNDS);
    each_case(|Case { message, entry, circumstances, .. }| {
        let verdict = decide(entry, circumstances);
        let setting = match circumstances.sound {
            SoundSetting::On => "on",
            SoundSetting::Off => "off",
            SoundSetting::Emergency => "emergency",
        };
        let quiet_hours = yes_or_no(circumstances.quiet_hours);
        let expected = table.look_up(&[message, quiet_hours, word_for(verdict.action), setting]);
        let sound = match &verdict.sound.sound {
            Sound::Silent => "silent",
            Sound::OfDesktop => "desktop",
            Sound::Named(name) => name.as_str(),
        };
        assert_eq!(sound, expected, "{message} {circumstances:?}");
    });
    table.assert_every_row_is_needed();
}

#[test]
fn only_an_open_emergency_is_acknowledged_and_only_by_the_setting_always() {
    let mut table = Table::new(ACKNOWLEDGED);
    each_case(|Case { message, entry, circumstances, .. }| {
        let setting = match circumstances.emergency {
            Emergency::Auto => "auto",
            Emergency::Always => "always",
            Emergency::Manual => "manual",
            Emergency::Never => "never",
        };
        let expected = table.look_up(&[message, setting]);
        let acknowledge = decide(entry, circumstances).acknowledge;
        assert_eq!(yes_or_no(acknowledge), expected, "{message} {circumstances:?}");
    });
    table.assert_every_row_is_needed();
}

/// One combination of everything that a verdict depends on.
struct Case {
    message: &'static str,
    /// The priority that matters for a pause.
    priority: Priority,
    entry: Entry,
    circumstances: Circumstances<'static>,
}

static DEVICE_SOUNDS: LazyLock<SoundPreferences> = LazyLock::new(|| SoundPreferences {
    default_sound: Some("cosmic".to_owned()),
    default_high_priority_sound: Some("siren".to_owned()),
    ..SoundPreferences::default()
});

/// Calls a function with every combination.
fn each_case(mut check: impl FnMut(&Case)) {
    let messages = [
        ("lowest", Kind::Of(Priority::Lowest), Priority::Lowest),
        ("low", Kind::Of(Priority::Low), Priority::Low),
        ("normal", Kind::Of(Priority::Normal), Priority::Normal),
        ("high", Kind::Of(Priority::High), Priority::High),
        ("open", Kind::Open("a"), Priority::Emergency),
        ("acknowledged", Kind::Closed("a"), Priority::High),
        ("requested", Kind::Wanted, Priority::Emergency),
        ("confirmed", Kind::Confirmed, Priority::Emergency),
        ("given-up", Kind::GivenUp, Priority::Emergency),
        ("no-receipt", Kind::NoReceipt, Priority::Emergency),
    ];
    let all = all_circumstances();
    for (message, kind, priority) in messages {
        for expires in [None, Some(NOW + 1), Some(NOW), Some(NOW - 1)] {
            for arrival in [Arrival::Live, Arrival::Waited] {
                let mut entry = Entry { arrival, ..entry(1, kind) };
                entry.message.expires = expires;
                for circumstances in &all {
                    let circumstances = Circumstances { sound_preferences: &DEVICE_SOUNDS, ..*circumstances };
                    check(&Case { message, priority, entry: entry.clone(), circumstances });
                }
            }
        }
    }
}

fn all_circumstances() -> Vec<Circumstances<'static>> {
    use Priority::{High, Low, Lowest, Normal};
    let mut all = vec![LIVE];
    vary(&mut all, [false, true], |one, yes| one.initial_sync = yes);
    vary(&mut all, [false, true], |one, yes| one.quiet_hours = yes);
    vary(&mut all, [None, Some(Lowest), Some(Low), Some(Normal), Some(High), Some(Priority::Emergency)], {
        |one, paused| one.paused = paused
    });
    vary(&mut all, [Backlog::Summary, Backlog::All, Backlog::Silent], |one, backlog| one.backlog = backlog);
    vary(&mut all, [Emergency::Auto, Emergency::Always, Emergency::Manual, Emergency::Never], |one, mode| {
        one.emergency = mode;
    });
    vary(&mut all, [SoundSetting::On, SoundSetting::Off, SoundSetting::Emergency], |one, sound| {
        one.sound = sound;
    });
    all
}

/// Replaces each of the circumstances by one for each of these values.
fn vary<T: Copy, const N: usize>(
    all: &mut Vec<Circumstances<'static>>,
    values: [T; N],
    set: impl Fn(&mut Circumstances<'static>, T),
) {
    let mut varied = Vec::new();
    for one in all.iter() {
        for value in values {
            let mut one = *one;
            set(&mut one, value);
            varied.push(one);
        }
    }
    *all = varied;
}

/// A table that notes which of its rows were needed.
struct Table {
    rows: Vec<Vec<&'static str>>,
    needed: BTreeSet<usize>,
}

impl Table {
    fn new(rows: &[&'static str]) -> Self {
        let rows = rows.iter().map(|row| row.split_whitespace().collect()).collect();
        Self { rows, needed: BTreeSet::new() }
    }

    /// The last column of the first row whose other columns match.
    fn look_up(&mut self, columns: &[&str]) -> &'static str {
        for (number, row) in self.rows.iter().enumerate() {
            let (result, patterns) = row.split_last().unwrap();
            assert_eq!(patterns.len(), columns.len(), "{patterns:?} {columns:?}");
            if patterns.iter().zip(columns).all(|(pattern, column)| ["*", column].contains(pattern)) {
                self.needed.insert(number);
                return result;
            }
        }
        panic!("no row for {columns:?}");
    }

    fn assert_every_row_is_needed(&self) {
        assert_eq!(self.needed.len(), self.rows.len(), "needed: {:?}", self.needed);
    }
}

fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

fn word_for(action: Action) -> &'static str {
    match action {
        Action::Show => "show",
        Action::Hold => "hold",
        Action::Skip { .. } => "skip",
    }
}

pub(in crate::engine) const NOW: i64 = 1_000;

static NO_PREFERENCES: SoundPreferences = SoundPreferences {
    default_sound: None,
    always_use_default_sound: false,
    default_high_priority_sound: None,
    always_use_default_high_priority_sound: false,
};

/// Nothing special is going on, and emergencies are acknowledged at once.
pub(in crate::engine) const LIVE: Circumstances<'_> = Circumstances {
    unix: NOW,
    service_unix: NOW,
    initial_sync: false,
    quiet_hours: false,
    paused: None,
    backlog: Backlog::Summary,
    emergency: Emergency::Always,
    sound: SoundSetting::On,
    sound_preferences: &NO_PREFERENCES,
    open_links: &["https", "http", "mailto"],
    rules: &[],
    utc_offset: 0,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Kind {
    Of(Priority),
    Expired(Priority),
    /// An emergency that no one acknowledged, with its receipt.
    Open(&'static str),
    /// An emergency that the service calls acknowledged.
    Closed(&'static str),
    /// An emergency that was acknowledged here; the service has not confirmed it.
    Wanted,
    /// An emergency that was acknowledged here or elsewhere after it was recorded.
    Confirmed,
    /// An emergency whose acknowledgement from here failed for good.
    GivenUp,
    /// Priority 2 without a receipt, so that it cannot be acknowledged.
    NoReceipt,
}

pub(in crate::engine) fn entry(number: i64, kind: Kind) -> Entry {
    let mut message = Message::unread(MessageId::from_stored(number));
    "App".clone_into(&mut message.app);
    let mut acknowledgement = Acknowledgement::NotWanted;
    let receipt = match kind {
        Kind::Of(priority) | Kind::Expired(priority) => {
            message.priority = priority;
            None
        }
        Kind::Open(receipt) | Kind::Closed(receipt) => Some(receipt),
        Kind::Wanted => Some("wanted"),
        Kind::Confirmed => Some("confirmed"),
        Kind::GivenUp => Some("givenup"),
        Kind::NoReceipt => None,
    };
    match kind {
        Kind::Of(_) | Kind::Open(_) | Kind::NoReceipt => {}
        Kind::Expired(_) => message.expires = Some(NOW),
        Kind::Closed(_) => message.acknowledged = true,
        Kind::Wanted => acknowledgement = Acknowledgement::Wanted,
        Kind::Confirmed => acknowledgement = Acknowledgement::Confirmed,
        Kind::GivenUp => acknowledgement = Acknowledgement::GivenUp,
    }
    if !matches!(kind, Kind::Of(_) | Kind::Expired(_)) {
        message.priority = Priority::Emergency;
        message.expires = Some(NOW);
    }
    message.receipt = receipt.and_then(Receipt::new);
    Entry {
        seq: Seq(number),
        device: DeviceId::new("desk").unwrap(),
        message,
        recorded: NOW,
        arrival: Arrival::Live,
        announced: None,
        read: None,
        acknowledgement,
        repeats: 0,
        first: Seq(number),
    }
}
