//! The names of the secrets that are stored beside the login.
//!
//! Invariant: two secrets never share a name, and every name is valid as the name of a file.

/// A secret that is stored beside the login.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretName {
    /// The key of end-to-end encryption.
    EncryptionKey,
    /// The user key of the account, which the service sends at every sign-in.
    UserKey,
    /// The token of the application with this name in the settings.
    Application(String),
    /// The key of the recipient with this name in the settings.
    Recipient(String),
    /// The token of the HTTP API.
    HttpApi,
    /// The token of the channel with this name in the settings.
    Channel(String),
}

impl SecretName {
    /// The name that distinguishes it from others of its kind.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Application(name) | Self::Recipient(name) | Self::Channel(name) => Some(name),
            Self::EncryptionKey | Self::UserKey | Self::HttpApi => None,
        }
    }

    /// The name of its file. A name in the settings has no slash in it.
    pub fn file_name(&self) -> String {
        match self {
            Self::EncryptionKey => "encryption-key".to_owned(),
            Self::UserKey => "user-key.secret".to_owned(),
            Self::Application(name) => format!("application-{name}.secret"),
            Self::Recipient(name) => format!("recipient-{name}.secret"),
            Self::HttpApi => "http.secret".to_owned(),
            Self::Channel(name) => format!("channel-{name}.secret"),
        }
    }

    /// What it is, in a sentence.
    pub fn what(&self) -> &'static str {
        match self {
            Self::EncryptionKey => "the encryption key",
            Self::UserKey => "the user key",
            Self::Application(_) => "the token of the application",
            Self::Recipient(_) => "the key of the recipient",
            Self::HttpApi => "the token of the HTTP API",
            Self::Channel(_) => "the token of the channel",
        }
    }

    /// How to set it, in a sentence.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::EncryptionKey => "run `handover setup --encryption-key`",
            Self::UserKey => "run `handover setup`",
            Self::Application(_) | Self::Recipient(_) | Self::HttpApi | Self::Channel(_) => {
                "run `handover send setup`"
            }
        }
    }
}
