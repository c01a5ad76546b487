//! The plain values that every other layer uses.
//!
//! Invariant: nothing here reads a clock, touches a file, waits, or knows how a value is sent or stored. Six crates
//! without I/O are allowed: `html5gum` (an HTML tokenizer), `linkify` (finds addresses in a text), `csscolorparser`
//! (CSS colours), `unicode_segmentation` (grapheme clusters), `regex_lite` (regular expressions in linear time) and
//! `secrecy` (memory that is wiped).

pub mod account;
pub mod licence;
pub mod media;
pub mod message;
pub mod name;
pub mod notification;
pub mod pause;
pub mod presence;
pub mod rules;
pub mod sending;
pub mod settings;
pub mod status;
pub mod system;
pub mod text;
