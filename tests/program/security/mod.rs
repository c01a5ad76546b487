//! Tests what others could read or forge: logs, files, certificates.

mod secrecy;
mod tls;
