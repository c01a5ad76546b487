//! Handover receives Pushover messages and hands each one over from the server to the desktop exactly once,
//! whatever crashes in between. This page is the architecture; the README is for users.
//!
//! # Bird's eye
//!
//! One process, one thread, one websocket. When the service says that a message arrived, everything
//! outstanding is downloaded, recorded in a local log (on disk, fsynced), shown, marked as shown, and only
//! then deleted on the server. *Recorded* and *announced* are two durable marks, so after a crash nothing is
//! missing and at worst the one notice that was being shown comes twice.
//!
//! ```text
//! ws '!' -> engine::link -> engine::fetch -> Rest::download -> inbox::sort -> Store::record
//!        -> Announcer::plan -> Notifier::show -> Store::mark_announced (with the wish to acknowledge)
//!        -> inbox::deletable -> Rest::delete_through -> Store::mark_deleted_through
//! ```
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

pub mod app;
pub mod cli;
pub mod config;
pub mod control;
pub mod desktop;
pub mod domain;
pub mod engine;
pub mod ports;
pub mod pushover;
pub mod sandbox;
pub mod store;
