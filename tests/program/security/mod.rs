//! Tests what others could read or forge: logs, files, certificates.

mod hostile_texts;
mod memory;
mod secrecy;
mod tls;
