//! Tests the message log of a running daemon: a disk that blocks, and how long messages are kept.

mod damage;
mod disk;
mod keep;
