//! What others could see or pretend: logs, files, certificates.

mod secrecy;
mod tls;
