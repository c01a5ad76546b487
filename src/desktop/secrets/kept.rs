//! The login in writing: one JSON object, the same in every place.
//!
//! Invariant: what is wrong with a damaged login is said without quoting it.

use serde::{Deserialize, Serialize};

use crate::domain::account::{Credentials, DeviceId, DeviceName, Secret};

/// Far more than a login needs, in bytes.
pub(super) const MAX_SIZE: u64 = 64 * 1024;

/// What is wrong with a login that was read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Damage {
    /// It is no JSON, or not of a login.
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

/// Writes a login.
pub(super) fn to_json(credentials: &Credentials) -> serde_json::Result<Secret> {
    let kept = Kept {
        secret: credentials.secret.expose(),
        device_id: credentials.device_id.as_str(),
        device_name: credentials.device_name.as_str(),
        registered: credentials.registered,
    };
    serde_json::to_string(&kept).map(Secret::new)
}

/// Reads a login.
pub(super) fn from_json(json: &[u8]) -> Result<Credentials, Damage> {
    // Not the error's own words: they quote what they found.
    let kept: Kept<String> = serde_json::from_slice(json)
        .map_err(|error| Damage::NotReadable { line: error.line(), column: error.column() })?;
    Ok(Credentials {
        secret: Secret::new(kept.secret),
        device_id: DeviceId::new(&kept.device_id).ok_or(Damage::BadDevice)?,
        device_name: DeviceName::new(&kept.device_name).ok_or(Damage::BadDevice)?,
        registered: kept.registered,
    })
}

#[derive(Serialize, Deserialize)]
struct Kept<Text> {
    secret: Text,
    device_id: Text,
    device_name: Text,
    registered: i64,
}
