//! Handover receives Pushover messages and hands each one over to the desktop: none is lost, and none is shown twice,
//! except the one that a crash interrupted. This page is the architecture; the README is for users.
//!
//! # As a library
//!
//! [`pushover::Rest`] signs in, registers a device, downloads, deletes, acknowledges, opens the websocket as a sequence of
//! signals, sends, validates keys and follows receipts. [`engine`] decides when to connect and when to download, without
//! tokio. `examples/` has a program for each: `sign_in`, `outstanding`, `poll`, `listen`, `acknowledge`, `send`,
//! `without_tokio`; `tests/examples` runs them against the sandbox.
//!
//! ```no_run
//! # async fn send() -> Result<(), Box<dyn std::error::Error>> {
//! use handover::domain::account::Secret;
//! use handover::domain::sending::Draft;
//! use handover::pushover::{Rest, Servers, form};
//!
//! let rest = Rest::new(Servers::new(Servers::API, Servers::WEBSOCKET)?)?;
//! let draft = Draft { message: "done".to_owned(), ..Draft::default() };
//! let (token, user) = (Secret::new("the application's token"), Secret::new("the user's key"));
//! let accepted = rest.send_message(&token, &[user], &form(&draft)).await.map_err(|unsent| unsent.error)?;
//! println!("{}", accepted.request);
//! # Ok(())
//! # }
//! ```
//!
//! # Overview
//!
//! One process holds one websocket to the service. The service sends one byte when a message arrives. Handover then
//! downloads everything outstanding, records it in a local database (the *message log*), decides whether to show it, hold
//! it back during a pause or skip it, shows it, marks it as announced, and only then deletes it from the service.
//! *Recorded* and *announced* are two durable marks, so after a crash no message is missing, and at worst the one
//! notification that was being shown appears twice.
//!
//! The daemon is a single-threaded tokio runtime on a thread of its own; the main thread belongs to the tray, because
//! some systems require that. Work that may wait for the disk or for another program runs on helper threads: the
//! message log (`Shared::log`), the settings file, icons and sounds, looking for programs, child processes. A disk that
//! hangs delays neither the connection nor the status. With `--no-tray` the daemon runs on the main thread. Each
//! command is a process of its own: it asks the daemon over a local socket, or opens the message log itself: read-only,
//! or, when no daemon runs, for writing under the instance lock. So does the window, `handover-window` (cargo feature
//! `window`), which also follows the daemon's events; only it depends on GTK. `demo` runs a daemon and the sandbox in
//! its own process, on a temporary folder.
//!
//! # Layers
//!
//! Each layer may import only what this table says. The adapters never import each other; within a layer, files may
//! import each other, but never in a circle. `tests/layering` enforces this.
//!
//! | layer | what it is | what it may import |
//! | --- | --- | --- |
//! | [`cli`] | words on a terminal, one file per command | `daemon` `app` `domain` `control` `sandbox` `system::clock` `system::core_dumps` |
//! | [`window`] | pages on a screen; [`window::model`] is what they show, as values | `app` `domain` `control` `sandbox` `system::clock` |
//! | [`daemon`] | the resident program: its tasks, each the owner of its state | everything below |
//! | [`app`] | what any front end can ask for, whether or not a daemon runs: signing in, history, doctor | everything below |
//! | [`pushover`] [`store`] [`desktop`] [`config`] [`control`] [`sandbox`] | adapters: all input and output | `ports` `system` `domain`; `pushover` also `engine::link` |
//! | [`system`] | what several adapters need of the computer: files, child processes, the session bus, the clock | `domain` |
//! | [`ports`] | traits for what a desktop must offer | `domain` |
//! | [`engine`] | decisions: state machines without I/O, given the input and the time; `policy` gives each message a verdict | `domain` |
//! | [`domain`] | plain values, without I/O, time or serialization | nothing |
//!
//! [`sandbox`] is a stand-in for the service, for the demo, the tests, and people who write senders. It shares no
//! code with [`pushover`]: two independent readings of the protocol that agree prove more than one. Its documentation lists
//! every endpoint and what is simplified.
//!
//! # The path of a message
//!
//! ```text
//! websocket '!' -> connection (engine::link) -> SyncCommand::Download -> sync (engine::fetch) -> MessagePath::receive:
//!     download                 pushover, everything outstanding, as a stream of batches
//!     record                   each batch: engine::inbox sorts out what is known; store, one transaction, fsync
//!     amend                    notifications of emergencies that were acknowledged on another device
//!     decide                   engine::policy gives a verdict, engine::announce plans the notifications
//!     show                     ports::Notifier
//!     mark as announced        store, together with the request to acknowledge an emergency
//!     delete                   pushover, up to the highest id such that it and everything below it is on disk (engine::inbox)
//! ```
//!
//! `daemon/receive` has these steps in this order, and one task runs it; the middle part, `MessagePath::announce`, also
//! runs alone at the start and for retries, without the network. After signing in without a daemon,
//! `daemon/initial_sync.rs` runs the path in the command's process, under the same lock. Nothing else in the program
//! records a message, shows the notification of one, or deletes one from the service. There is no event bus: the guarantee
//! is the order of these steps, and a bus would scatter it over subscribers. `daemon/sync` decides when the path runs:
//! one run at a time, retries, and callers that wait for the result.
//!
//! | crash right after | at the next start |
//! | --- | --- |
//! | the signal | every connection begins with a download, so a lost `!` costs nothing |
//! | download | it is downloaded again |
//! | record | messages that are recorded and neither announced nor held are decided on |
//! | show | this one notification may be shown again |
//! | mark as announced | the request to acknowledge is sent until it is confirmed, refused for this receipt, or expired; the deletion follows the next download |
//! | delete | it is repeated, which does no harm |
//!
//! A message that cannot be recorded is still shown, once, with a line that says so. It is neither acknowledged nor
//! deleted until it is recorded, which then also marks it as announced (`daemon/receive/unsaved.rs`).
//!
//! A panic anywhere in the daemon ends the process: the panic hook re-executes the program (outside Unix it starts a new
//! process and exits), at most five times in ten minutes; the next panic ends it with a notification (`daemon/restart`). No
//! task is restarted alone: a fresh start from what is on disk is the only recovery path, and it is tested.
//!
//! # Start and stop
//!
//! Before the tasks run, `daemon/startup.rs` waits for valid settings, a login file that can be read, and the message log,
//! and already answers commands. A locked keyring or, away from a terminal, a missing login is left to the tasks. Stopping
//! is one cancellation token; every task may be dropped at any await.
//!
//! # Reading order
//!
//! `domain/message.rs`, `daemon/receive/mod.rs`, `daemon/sync`, `engine/link`, `engine/policy`,
//! `daemon/shared/channels.rs` (the commands between tasks), `daemon/mod.rs` (all tasks), then the part you want to
//! change.
//!
//! # Who owns what
//!
//! State that only one task needs belongs to that task. Tasks send each other named commands, or a `Notify` if the only
//! message is "check again". State that every task reads is a `watch` in `daemon/shared`; several tasks may write the
//! status, the account and the next expiry. State that more than one task must change is behind a mutex: which
//! notifications are on the screen, the connection to the message log, and the status notification. Names are relative
//! to [`daemon`].
//!
//! | task | owns | receives |
//! | --- | --- | --- |
//! | `connection` | the websocket and the link's state machine | `LinkCommand` |
//! | `sync` | the message path, retries, the pause | `SyncCommand` |
//! | `acknowledgements` | requests to acknowledge that are under way | `AckCommand` |
//! | `desktop::notifications` | clicks and expiry | events of the notification server |
//! | `desktop::tray` | the tray icon and its menu | the status, and what is chosen in the menu |
//! | `desktop::media` | icons and sounds being fetched | `MediaCommand` |
//! | `desktop::issue_notifications` | the notifications that messages cannot be saved, or that the settings have a mistake | the status |
//! | `desktop::hook` | runs of the user's program | message ids |
//! | `environment::sign_in` | the login | `LoginCommand` |
//! | `environment::settings` | the settings in use | changes of the file |
//! | `environment::presence` | emergencies that wait until somebody is at the computer | `PresenceCommand` |
//! | `environment::e2ee` | the encryption key | requests to load it again |
//! | `environment::power` | what is known about sleep and networks | signals of the system |
//! | `environment::sd_notify` | nothing: tells the service manager | the status |
//! | `sending::outbox` | the messages in the outbox | that one was queued |
//! | `sending::http` | the server of the HTTP API, if the settings have one | changes of the settings |
//! | `upkeep` | nothing: renews the lease, rebuilds the index of words, deletes what is not kept | deletions, changes of the settings |
//! | `commands` | nothing: carries out what the socket asks for; the tray and clicks call the same `commands::execute` | `control::Command` |
//!
//! `daemon/events.rs` is not a task: each subscription is a future that `commands` starts and that reads the events of
//! the message log.
//!
//! A decision that needs time or retries is a state machine in [`engine`]. `daemon/driver.rs` runs the four that need
//! real time and jitter (`link`, `fetch`, `receipts`, `wake`): it feeds the input, takes the action and sleeps until the
//! deadline. The smaller ones are fed by the task that owns them, and `register` by `app/sign_in`.
//!
//! # Where to add something
//!
//! - a command: a file in `cli/` and its variant in `cli/mod.rs`; if the daemon does it, a variant of
//!   `control::Command` and its arm in both `execute` and `execute_early` of `daemon/commands.rs`
//! - a setting: `domain/settings.rs` (the value and its default) and `config/file.rs` (the key)
//! - what a rule can look at or do: `domain/rules` (the value), `config/rules.rs` (the key), `engine/policy/rules.rs`
//!   (what it means for a message)
//! - an entry in the tray menu: `desktop/tray/view` (the entry and its words) and its `control::Command`
//! - what differs between operating systems: a file for each system in a folder of its own, with the same items
//!   (`control/transport`), or `system/os` for files and processes
//! - an endpoint of the service, for tests: `sandbox/protocol/routes.rs` (its path), `sandbox/api` (what it does) and
//!   `sandbox/endpoints.md`; a doubt about the service: `sandbox/switches.rs`
//! - something in the window: what it shows in `window/model`, without GTK and with a unit test; then its widgets. Every
//!   sentence passes through `window/words.rs`
//! - a task: `daemon/mod.rs`, its name in `daemon/restart/task.rs`, and its channel in `daemon/shared/channels.rs`
//!
//! # Sending
//!
//! `app/send` turns what a command or the HTTP API asks for into requests: `prepare` applies the template, selects the
//! recipients and checks every limit; `deliver` sends one request, and repeats it only if the service did not take it. A
//! queued message is a file in `store/outbox`, whose name says its state. The daemon, or `handover http` while none runs, takes
//! the lock of the outbox and renames the file to `sending` before the request leaves, so after a crash a message is either
//! waiting, or may have been sent; then it is not sent again, and the status says so. `pushover/rest/sending` is the Message API, and `pushover/wire.rs` logs requests without secrets.
//!
//! # Glossary
//!
//! - *message*: what the service delivers. *notification*: what is on the screen.
//! - *message log*: the database of received messages. The *log* alone means the diagnostic lines on standard error.
//! - *service*: Pushover. A *server* is always something else, such as the notification server.
//! - *record*: write to the message log. *announce*: show on the desktop, or decide not to. *acknowledge*: confirm an
//!   emergency's receipt to the service. *delete*: remove from the service, up to a highest id.
//! - *service time*: the service's clock, learned from its responses (`pushover/service_clock.rs`). It decides what has
//!   expired and how old an emergency is, because this computer's clock and the sender's time may be wrong. Pauses and
//!   the times of marks use this computer's clock.
//! - *receipt*: the service's id of an emergency; every repeat of the emergency has the same one.
//! - *seq*: a message's number in the message log, in the order of recording.
//! - *lease*: a row that says which computer writes the message log, if several share the folder over a network
//!   (`store/lease.rs`). The instance lock does the same for the processes of one computer.
//! - *live* or *waited*: whether a message arrived while connected, or was waiting at the service.
//! - *initial sync*: the first download of a newly registered device.
//! - *verdict*: what the policy says about one message: show, hold or skip, with which priority and sound.
//! - *issue*: something wrong that the status shows. *problem*: a failed command, with its hint.
//!
//! # Invariants, and the tests that hold them
//!
//! In `tests/promise` the daemon runs in the test's own process; in `tests/program` it is the real binary. A reference is
//! a test binary under `tests/` and a module or test in it; a path that begins with a layer is a unit test.
//!
//! 1. **Nothing is lost.** A message is deleted from the service only after it is on disk: `promise`
//!    `delivery::crash::a_crash_after_recording_loses_nothing`,
//!    `delivery::random_crashes::nothing_is_lost_and_at_most_one_notification_repeats_a_crash`; with the real program:
//!    `program` `crashes::random_kills::a_hundred_random_kills_lose_nothing_and_repeat_at_most_one_notification_each`.
//! 2. **Nothing is shown twice**, except the notification that a crash interrupted: `promise`
//!    `delivery::crash::a_crash_after_showing_repeats_one_notification_at_most`, `program`
//!    `crashes::exact_kills::a_notification_without_a_reply_is_shown_once_more`, `promise`
//!    `delivery::service_faults::a_delete_that_fails_three_times_loses_nothing_and_shows_nothing_twice`,
//!    `notifications::server::a_notification_with_a_late_reply_stays_and_is_not_shown_again`.
//! 3. **Nobody is silenced by accident.** An emergency is acknowledged only after it was shown, or because the user
//!    asked. Without being asked, that happens as the setting says: `auto` waits until somebody is at the computer,
//!    `always` does not: `promise` `emergency`, `program` `presence`, `engine::presence`. Across a crash: `promise`
//!    `delivery::crash::a_crash_after_the_pending_acknowledgement_still_acknowledges`; on a notification of an earlier
//!    process: `notifications::leftovers::leftover_emergencies_can_be_acknowledged_and_are_replaced_by_copies`; in front of
//!    everything on GNOME: `emergency::crowded`, `program` `daemon::desktop::gnome`.
//! 4. **A good citizen.** At most two connections to the service (websocket and REST), no reconnect after the service
//!    finally refused the login (`E`) or said that another session took over (`A`), no repeat of a 4xx, growing
//!    pauses: `promise` `connection::link` and `delivery::service_faults`, where tests end with
//!    `World::assert_good_citizen`; and every history of the link up to a length in `engine::link::histories`.
//!    Waking up and new networks reconnect once: `engine::link::network_tests`, `promise` `connection::wake`, `power`
//!    `news`. A long outage is reported once: `promise` `connection::outage`.
//! 5. **Secrets stay secret**, and so does what messages say: `program`
//!    `security::tls::signing_in_at_an_untrusted_server_is_refused`,
//!    `security::secrecy::no_text_of_a_message_reaches_the_log`,
//!    `security::secrecy::all_files_are_readable_by_their_owner_only`.
//! 6. **A malformed message never blocks the queue** and is kept as it came: `promise` `delivery::malformed_items`,
//!    `pushover::parse::tests::any_json_value_becomes_an_item`.
//! 7. **Nothing is deleted while the message log cannot be written**, and the status says so: `promise`
//!    `delivery::storage`, `store::tests`.
//! 8. **The program stops within a second**, whatever hangs: `promise` `connection::stop`, `program` `daemon::start_and_stop`,
//!    `tray` `coming_and_going::the_daemon_stops_when_the_bus_hangs`.
//! 9. **No message can control** a notification server or a terminal: `domain::text`, `desktop::notifier::markup`,
//!    `program` `commands::messages::a_message_cannot_control_the_terminal`, and `tests/fuzz`.
//! 10. **A pause loses nothing.** It is on disk, holds back only what is below the chosen priority, and ends in one
//!     notification: `promise` `pause::holding`,
//!     `pause::crash::a_kill_at_any_point_of_a_pause_loses_and_shows_nothing`, `program`
//!     `commands::pause::a_pause_survives_every_kind_of_daemon_exit`.
//! 11. **Autostart** entries that this program did not make are left alone: `program`
//!     `commands::autostart::an_entry_somebody_else_made_is_left_alone`.
//! 12. **A panic restarts the program** and loses nothing: `program`
//!     `crashes::panics::after_a_panic_in_any_task_everything_works_as_before`,
//!     `crashes::panics::the_program_survives_five_panics_and_exits_with_a_notification_after_the_sixth`.
//! 13. **A blocked disk delays nothing else.** While the message log is locked, the status is available at once and
//!     messages are shown: `program` `daemon::message_log::disk`.
//! 14. **Only what the user does not keep leaves the message log**, by the setting `keep` or `messages --delete`, and never
//!     an open emergency unless the user asks for it: `program`
//!     `daemon::message_log::keep::messages_are_deleted_as_the_setting_says_and_when_it_changes`, `store::tests`.
//! 15. **One computer at a time writes a shared message log**: `program`
//!     `daemon::message_log::keep::a_message_log_that_another_computer_uses_is_left_alone`,
//!     `daemon::message_log::keep::the_daemon_waits_for_another_computer_and_takes_over_a_stale_lease`.
//! 16. **A listener misses no message and gets none twice**, across restarts of the daemon: `program`
//!     `commands::listen::no_message_is_missed_or_repeated_when_the_daemon_is_killed`.
//! 17. **A damaged message log costs only what cannot be read**: the start saves the rest into a new file, keeps the damaged
//!     one, and says so; damage that is found later restarts the daemon: `store::tests::damage`, `program`
//!     `daemon::message_log::damage`.
//! 18. **A message is sent once at most**, and if it is not known whether it was sent, that is said: `program`
//!     `sending::outbox::a_message_survives_a_kill_at_every_step_and_is_sent_once`,
//!     `sending::outbox::a_daemon_that_is_killed_at_any_point_of_a_request_never_sends_twice`,
//!     `sending::outbox::a_daemon_that_is_killed_before_the_answer_does_not_send_again_and_says_so`,
//!     `sending::send::a_message_whose_answer_is_lost_is_not_sent_again`; with `handover http` and a daemon at the same time:
//!     `sending::http_alone::a_daemon_that_starts_meanwhile_neither_repeats_a_message_nor_calls_it_lost`.
//! 19. **A rule drops nothing and hides no emergency** without the words for it, and what it holds survives a crash and
//!     is released with the rule: `engine::announce::rule_tests::a_plan_with_rules_accounts_for_every_message_once`,
//!     `engine::policy::rule_tests::no_rules_without_the_word_hide_an_emergency`, `program`
//!     `daemon::rules::what_a_rule_holds_survives_a_kill_and_is_shown_once_the_rule_is_removed`.
//! 20. **The architecture holds**: layers, no circular imports, one clock, short files, folders that are not too full:
//!     `tests/layering`.

#![doc = ""]
#![doc = include_str!("threat_model.md")]

pub mod app;
pub mod cli;
pub mod config;
pub mod control;
pub mod daemon;
pub mod desktop;
pub mod domain;
pub mod engine;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod ports;
pub mod pushover;
pub mod sandbox;
pub mod store;
pub mod system;
pub mod window;
