//! Handover receives Pushover messages and hands each one over from the server to the desktop exactly once,
//! whatever crashes in between. This page is the architecture; the README is for users.
//!
//! # Overview
//!
//! One process holds one websocket to the service. The service sends one byte when a message arrives. Handover then
//! downloads everything outstanding, records it in a local database (the *log*), shows it, marks it as announced, and
//! only then deletes it on the server. *Recorded* and *announced* are two durable marks, so after a crash no message
//! is missing, and at worst the one notification that was being shown appears twice.
//!
//! The daemon runs on one thread; the main thread and a few small ones belong to the tray. With `--no-tray` the daemon
//! runs on the main thread. Commands are separate processes that talk to the daemon over a local socket.
//!
//! # Layers
//!
//! Imports go downward only, and modules of one layer never import each other. `tests/layering` enforces this.
//!
//! | layer | what it is | what it must not see |
//! | --- | --- | --- |
//! | [`cli`] | words on a terminal, one file a command | engine internals |
//! | [`daemon`] | the resident program: its tasks, each the owner of its state | clap, printing |
//! | [`app`] | what any front end can ask for, whether or not a daemon runs: signing in, history, doctor | daemon tasks, printing |
//! | [`pushover`] [`store`] [`desktop`] [`config`] [`control`] [`sandbox`] | adapters: all input and output | each other |
//! | [`system`] | what several adapters need of the computer: files, child processes, the session bus, the clock | the service, the log, notifications |
//! | [`ports`] | traits for what a desktop must offer | a concrete crate |
//! | [`engine`] | decisions: state machines without I/O, given the input and the time; `policy` gives each message a verdict | sockets, files, clocks, randomness |
//! | [`domain`] | plain values | I/O, time, serialization |
//!
//! [`sandbox`] is a stand-in for the service, for the demo, the tests, and people who write senders. It shares no
//! code with [`pushover`]: two independent readings of the protocol that agree prove more than one.
//!
//! # The path of a message
//!
//! ```text
//! websocket '!' -> engine::link -> engine::fetch -> MessagePath::receive (daemon/receive.rs):
//!     download                 pushover, everything outstanding
//!     record                   store, one transaction, fsync; duplicates are dropped by id
//!     decide                   engine::policy gives a verdict, engine::announce plans the notifications
//!     show                     ports::Notifier
//!     mark as announced        store, together with the request to acknowledge an emergency
//!     delete                   pushover, up to the highest id that is on disk
//! ```
//!
//! `daemon/receive.rs` has these steps in this order, and one task runs it. Nothing else in the program records a
//! message, shows the notification of one, or deletes one on the server. There is no event bus: the guarantee is an
//! order, and an event bus hides it. `daemon/sync` decides when the path runs: one run at a time, retries, and callers
//! that wait for the result.
//!
//! | crash right after | at the next start |
//! | --- | --- |
//! | the signal | a download follows every connection, so a lost `!` costs nothing |
//! | download | it is downloaded again |
//! | record | messages that are recorded and not announced are shown |
//! | show | this one notification may be shown again |
//! | the request to acknowledge | it is retried until it is confirmed, refused for this receipt, or expired |
//! | delete | it is repeated, which does no harm |
//!
//! A panic anywhere ends the process: a hook executes the program anew, at most five times in ten minutes, and then
//! ends it with a notification (`daemon/restart`). No task is restarted alone, since all that matters is on disk.
//!
//! # Reading order
//!
//! `domain/message.rs`, `daemon/receive.rs`, `daemon/sync`, `engine/link`, `engine/policy`, `daemon/mod.rs` (all tasks),
//! then whatever you came for.
//!
//! # Who owns what
//!
//! Each piece of state belongs to one task. Tasks send each other named commands; what everyone reads is a `watch`.
//!
//! | task | owns | hears |
//! | --- | --- | --- |
//! | `connection` | the websocket and the link's state machine | `LinkCommand` |
//! | `sync` | the message path, retries, the pause | `SyncCommand` |
//! | `acknowledgements` | requests to acknowledge that are under way | `AckCommand` |
//! | `desktop::notifications` | clicks and expiry | events of the notification server |
//! | `desktop::tray` | the tray icon and its menu | the status |
//! | `desktop::media` | icons and sounds being fetched | `MediaCommand` |
//! | `desktop::hook` | runs of the user's program | message ids |
//! | `environment::sign_in` | the login | `LoginCommand` |
//! | `environment::settings` | the settings in use | changes of the file |
//! | `environment::presence` | emergencies that wait until somebody is at the computer | `PresenceCommand` |
//! | `environment::e2ee`, `power`, `sd_notify` | the encryption key; sleep and networks; systemd's view | |
//! | `commands` | nothing: carries out what the socket, the tray and notifications ask for | `Request` |
//!
//! A decision that needs time or retries is a state machine in [`engine`]; `daemon/driver.rs` is the only code that
//! feeds one, asks for its next action and sleeps until its deadline.
//!
//! # Glossary
//!
//! - *message*: what the service delivers. *notification*: what is on the screen.
//! - *record*: write to the log. *announce*: show on the desktop, or decide not to. *acknowledge*: confirm an emergency's
//!   receipt to the service. *delete*: remove from the server, up to a highest id.
//! - *receipt*: the service's id of an emergency; every repeat of the emergency has the same one.
//! - *seq*: a message's number in the log, in the order of recording.
//! - *live* or *waited*: whether a message came while connected, or was waiting on the service.
//! - *initial sync*: the first download of a newly registered device.
//! - *verdict*: what the policy says of one message: show, hold or skip, with which priority and sound.
//! - *issue*: something wrong that the status shows. *problem*: a failed command, with its hint.
//!
//! # Invariants, and the tests that hold them
//!
//! In `tests/promise` the daemon runs in the test's own process; in `tests/program` it is the real binary.
//!
//! 1. **Nothing is lost.** A message is deleted on the server only after it is on disk: `promise`
//!    `delivery::crash::a_crash_after_recording_loses_nothing`,
//!    `delivery::random_crashes::nothing_is_lost_and_at_most_one_notification_repeats_a_crash`; with the real program:
//!    `program` `crashes::random_kills::a_hundred_random_kills_lose_nothing_and_repeat_at_most_one_notification_each`.
//! 2. **Nothing is shown twice**, except the notification that a crash interrupted: `promise`
//!    `delivery::crash::a_crash_after_showing_repeats_one_notification_at_most`, `program`
//!    `crashes::exact_kills::a_notification_without_a_reply_is_shown_once_more`, `promise`
//!    `delivery::service_faults::a_delete_that_fails_three_times_loses_nothing_and_shows_nothing_twice`.
//! 3. **Nobody is silenced by accident.** An emergency is acknowledged only after it was shown, and by itself only while
//!    somebody is here: `promise` `emergency`, `program` `presence`, `engine::presence`; across a crash `delivery::crash::a_crash_after_the_pending_acknowledgement_still_acknowledges`; on a notification of an earlier process
//!    `notifications::leftovers::leftover_emergencies_can_be_acknowledged_and_are_replaced_by_copies`.
//! 4. **A good citizen.** At most two connections, no reconnect after `E` or `A`, no repeat of a 4xx, growing
//!    pauses: `promise` `connection::link` and `delivery::service_faults`, where tests end with
//!    `World::assert_good_citizen`; and every history of the link up to a length in `engine::link::histories`.
//!    Waking up and new networks reconnect once: `engine::link::network_tests`, `promise` `connection::wake`, `power`
//!    `news`. A long outage is reported once: `promise` `connection::outage`.
//! 5. **Secrets stay secret**, and so does what messages say: `program`
//!    `security::tls::signing_in_at_an_untrusted_server_is_refused`,
//!    `security::secrecy::no_text_of_a_message_reaches_the_log`,
//!    `security::secrecy::all_files_are_readable_by_their_owner_only`.
//! 6. **A malformed message never blocks the queue** and is kept as it came: `promise` `delivery::malformed_items`,
//!    `any_json_value_becomes_an_item`.
//! 7. **Nothing is deleted while the log cannot be written**, and the status says so: `promise` `delivery::storage`, `store::tests`.
//! 8. **It ends within a second**, whatever hangs: `promise` `connection::stop`, `program` `daemon::start_and_stop`,
//!    `tray` `coming_and_going::the_daemon_stops_when_the_bus_hangs`.
//! 9. **No message can control** a notification server or a terminal: `domain::text`, `desktop::notifier::markup`,
//!    `program` `commands::messages::a_message_cannot_control_the_terminal`, and `tests/fuzz`.
//! 10. **A pause loses nothing.** It is on disk, holds back only what is below the chosen priority, and ends in one
//!     notification: `promise` `pause::holding`,
//!     `pause::crash::a_kill_at_any_point_of_a_pause_loses_and_shows_nothing`, `program`
//!     `commands::pause::a_pause_survives_every_kind_of_daemon_exit`.
//! 11. **Autostart** entries that somebody else made are left alone: `program`
//!     `commands::autostart::an_entry_somebody_else_made_is_left_alone`.
//! 12. **A panic restarts the program** and loses nothing: `program`
//!     `crashes::panics::after_a_panic_in_any_task_everything_works_as_before`,
//!     `crashes::panics::the_program_survives_five_panics_and_exits_with_a_notification_after_the_sixth`.
//! 13. **The architecture holds**: layers, no circular imports, one clock, short files, folders that are not too full:
//!     `tests/layering`.

pub mod app;
pub mod cli;
pub mod config;
pub mod control;
pub mod daemon;
pub mod desktop;
pub mod domain;
pub mod engine;
pub mod ports;
pub mod pushover;
pub mod sandbox;
pub mod store;
pub mod system;
