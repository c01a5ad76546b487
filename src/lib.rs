//! Handover receives Pushover messages and hands each one over from the server to the desktop exactly once,
//! whatever crashes in between. This page is the architecture; the README is for users.
//!
//! # Bird's eye
//!
//! One process, one websocket. The daemon is one thread; the main thread and a few small ones belong to the
//! tray, and with `--no-tray` the daemon has the main thread. When the service says that a message arrived, everything
//! outstanding is downloaded, recorded in a local log (on disk, fsynced), shown, marked as shown, and only
//! then deleted on the server. *Recorded* and *announced* are two durable marks, so after a crash nothing is
//! missing and at worst the one notification that was being shown comes twice.
//!
//! ```text
//! ws '!' -> engine::link -> engine::fetch -> Rest::download -> inbox::sort -> Store::record
//!        -> Announcer::plan -> Notifier::show -> Store::mark_announced (with the request to acknowledge)
//!                              (or, during a pause, Store::hold: shown in one notification at its end)
//!        -> inbox::deletable -> Rest::delete_through -> Store::mark_deleted_through
//! ```
//!
//! A panic anywhere ends the process, since all that matters is on disk: a hook executes the program anew on the same
//! folders, at most five times in ten minutes, and then ends it with a notification (`daemon/restart`). No task is
//! restarted alone.
//!
//! That line is `app/receive.rs`, in this order, in one task. There is no event bus: the promise is an
//! order, and buses hide order.
//!
//! # Floors
//!
//! Imports go downward only; siblings on one floor never import each other.
//!
//! | floor | what it is | what it never sees |
//! | --- | --- | --- |
//! | [`cli`] | words on a terminal, one file a command | engine internals |
//! | [`app`] | tasks, channels, start and stop; the only clock | clap, printing |
//! | [`pushover`] [`store`] [`desktop`] [`config`] [`control`] [`sandbox`] | adapters: all input and output | each other |
//! | [`ports`] | what a desktop must offer | a concrete crate |
//! | [`engine`] | decisions: state machines without I/O; input and time in, action out | sockets, files, clocks, chance |
//! | [`domain`] | the words of the problem: plain values | I/O, time, serialization |
//!
//! [`sandbox`] is a stand-in for the service, for the demo, the tests, and people who write senders. It
//! shares no code with [`pushover`]: two readings of the protocol that agree prove more than one.
//!
//! # Reading order
//!
//! `domain/message.rs`, `engine/link`, `engine/inbox.rs`, `app/receive.rs`, then what you came for.
//!
//! # Invariants, and the tests that hold them
//!
//! In `tests/promise` the daemon runs in the test's own process, in `tests/program` it is the real binary.
//!
//! 1. **Nothing is lost.** A message is deleted on the server only after it is on disk: `promise`
//!    `crash::after_record`, `crash_at_random::nothing_is_lost_and_at_most_one_notification_repeats_a_crash`; with
//!    the real program `program` `random_kills::a_hundred_random_kills_lose_nothing_and_repeat_next_to_nothing`.
//! 2. **Nothing is shown twice** on purpose; a crash repeats at most the notification it interrupted: `promise`
//!    `crash::after_show`, `program` `exact_kills::a_notification_whose_answer_never_came_is_shown_once_more`, `promise`
//!    `faults::a_delete_that_fails_three_times_loses_nothing_and_shows_nothing_twice`.
//! 3. **Nobody is silenced by accident.** An emergency is acknowledged only after it was shown: `promise`
//!    `emergency` and `emergency_repeats`; across a crash `crash::after_the_request_acknowledgement`; on a notification of an
//!    earlier process `leftover_notifications::acknowledge_an_emergency_and_make_way_for_its_copies`.
//! 4. **A good citizen.** At most two connections, no reconnect after `E` or `A`, no repeat of a 4xx, growing
//!    pauses: `promise` `link` and `faults`, where tests end with `World::assert_good_citizen`; and every
//!    history of the link up to a length in `engine::link::worlds`.
//!    News of the computer reconnect once: `engine::link::news`, `promise` `wake`, `power` `news`. A long outage
//!    is told of once: `promise` `outage`.
//! 5. **Secrets stay secret**, and so does what messages say: `program`
//!    `tls::nobody_signs_in_at_a_server_that_is_not_trusted`,
//!    `secrecy::a_whole_life_leaves_no_word_of_a_message_in_the_log`, `secrecy::what_is_kept_is_for_its_owner_alone`.
//! 6. **An odd message holds up nothing** and is kept as it came: `promise` `odd_items`, `any_json_value_becomes_an_item`.
//! 7. **A log that cannot be written stops the deleting**, and says so: `promise` `storage`, `store::tests`.
//! 8. **It ends within a second**, whatever hangs: `promise` `stop`, `program` `life`, `tray`
//!    `coming_and_going::it_ends_when_the_bus_hangs`.
//! 9. **No message can steer** a notification server or a terminal: `domain::text`, `desktop::notifier::markup`,
//!    `program` `listing::a_message_cannot_steer_the_terminal`, and `tests/fuzz`.
//! 10. **A pause loses nothing.** It is on disk, holds back only what is below the chosen priority, and ends in one notification:
//!     `promise` `pause`, `pause_crash::killed_at_any_turn_while_it_holds_back_it_loses_and_shows_nothing`, `program`
//!     `pausing::a_pause_survives_the_end_of_the_daemon_however_it_ends`.
//! 11. **What starts at login** is switched off only by whoever switched it on: `program`
//!     `autostart::what_somebody_else_made_is_left_alone`.
//! 12. **A panic restarts the program** and costs nothing but the time of a start: `program`
//!     `panics::after_a_panic_in_any_task_everything_works_as_before`,
//!     `panics::five_panics_are_survived_and_the_sixth_ends_the_program_with_a_notification`.
//! 13. **The house keeps its rules**: floors, one clock, short files: `tests/layering`.

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
