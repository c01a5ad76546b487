//! The stored form of a login: one JSON object, the same with every backend.
//!
//! Invariant: the error for a damaged login does not quote it.

use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};

use crate::domain::account::{Credentials, DeviceId, DeviceName, Secret};

/// The largest stored login, in bytes; far more than it needs.
pub(super) const MAX_SIZE: u64 = 64 * 1024;

/// A login, as a backend returns it.
#[derive(Debug)]
pub(super) struct StoredLogin {
    pub(super) credentials: Credentials,
    /// When it was saved, unix seconds.
    pub(super) saved: u64,
}

/// What is wrong with a stored login.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Damage {
    /// It is not the JSON of a login.
    #[error("it is damaged in line {line}, column {column}")]
    NotReadable {
        /// The line, from 1.
        line: usize,
        /// The column, from 0.
        column: usize,
    },
    /// The device has an id or a name that no device can have.
    #[error("the device in it is not valid")]
    BadDevice,
}

/// The JSON of a login.
pub(super) fn to_json(credentials: &Credentials) -> serde_json::Result<Secret> {
    let json = LoginJson {
        secret: credentials.secret.expose(),
        device_id: credentials.device_id.as_str(),
        device_name: credentials.device_name.as_str(),
        registered: credentials.registered,
    };
    // Six bytes for each of the secret at most: a text that grows would leave a copy behind.
    let size = 6 * credentials.secret.expose().len() + 512;
    let mut text = Zeroizing::new(Vec::with_capacity(size));
    serde_json::to_writer(&mut *text, &json)?;
    Ok(Secret::new(String::from_utf8_lossy(&text)))
}

/// The login of a JSON text.
pub(super) fn from_json(json: &[u8]) -> Result<Credentials, Damage> {
    // The error's own text is not used, since it quotes the input.
    let login: LoginJson<String> = serde_json::from_slice(json)
        .map_err(|error| Damage::NotReadable { line: error.line(), column: error.column() })?;
    Ok(Credentials {
        secret: Secret::new(login.secret),
        device_id: DeviceId::new(&login.device_id).ok_or(Damage::BadDevice)?,
        device_name: DeviceName::new(&login.device_name).ok_or(Damage::BadDevice)?,
        registered: login.registered,
    })
}

#[derive(Serialize, Deserialize)]
struct LoginJson<Text> {
    secret: Text,
    device_id: Text,
    device_name: Text,
    registered: i64,
}
