//! What every command needs: the paths, the settings, the service's address.
//!
//! Invariant: it is read once, at the start of a command; a command that follows the settings does nothing if they are
//! invalid.

use std::fs;
use std::path::{Path, PathBuf};

use super::Problem;
use super::problem;
use crate::config;
use crate::desktop::host_name;
use crate::desktop::media::Cache;
use crate::desktop::notifier::DesktopNotifier;
use crate::desktop::notifier::printed::PrintedNotifier;
use crate::desktop::paths::Paths;
use crate::desktop::power::PowerMonitor;
use crate::desktop::presence::{self, DesktopPresence, Evidence};
use crate::desktop::secrets::{LoginLocation, LoginStore};
use crate::domain::account::{Credentials, DeviceName, Secret};
use crate::domain::media::{Kind, MediaFile, MediaName};
use crate::domain::notification::Notification;
use crate::domain::sending::SecretName;
use crate::domain::settings::{SecretBackend, Settings};
use crate::ports::{NoPresence, Presence, SecretStore};
use crate::pushover::{Rest, Servers};
use crate::store::Store;
use crate::system::{atomic_file, private_folder};

/// The paths, the settings and the addresses of the service.
#[derive(Clone, Debug)]
pub struct Context {
    /// Where everything is stored.
    pub paths: Paths,
    /// What the user chose.
    pub settings: Settings,
    /// Where the service is.
    pub servers: Servers,
    /// Whether the login is stored in its file and nowhere else.
    file_only: bool,
}

impl Context {
    /// Reads the environment and the settings file.
    pub fn from_environment() -> Result<Self, Problem> {
        let (context, settings) = Self::with_any_settings()?;
        settings?;
        Ok(context)
    }

    /// Reads both, too, but replaces invalid settings by the defaults and returns what is wrong with the file.
    pub fn with_any_settings() -> Result<(Self, Result<(), Problem>), Problem> {
        let paths = Paths::from_environment().map_err(|error| {
            Problem::new("there is no folder for settings and messages", error).hint("set HOME")
        })?;
        let (settings, mistake) = match config::read_first(&paths.settings) {
            Ok(settings) => (settings, Ok(())),
            Err(mistake) => (Settings::default(), Err(mistake.into())),
        };
        Ok((Self { paths, settings, servers: servers()?, file_only: false }, mistake))
    }

    /// Replaces the settings.
    pub fn use_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// A context in a folder of its own with the default settings, for a run that leaves nothing behind.
    pub fn throw_away(folder: &Path, api: &str, websocket: &str) -> Result<Self, Problem> {
        let servers = Servers::new(api, websocket)
            .map_err(|error| Problem::new("the stand-in cannot be used", error))?;
        Ok(Self {
            paths: Paths::in_folders(folder, folder, folder, Some(folder)),
            settings: Settings::default(),
            servers,
            file_only: true,
        })
    }

    /// The message log, created if it does not exist.
    pub fn open_store(&self) -> Result<Store, Problem> {
        Ok(Store::open(&self.paths.messages)?)
    }

    /// The saved login; `None` if nobody is signed in.
    pub async fn login(&self) -> Result<Option<Credentials>, Problem> {
        Ok(self.secrets().load().await?)
    }

    /// Saves a login, replacing the previous one.
    pub async fn save_login(&self, login: &Credentials) -> Result<(), Problem> {
        let secrets = self.secrets();
        if let Err(problem) = secrets.unlock().await
            && self.settings.secret_store == SecretBackend::Keyring
        {
            return Err(problem.into());
        }
        Ok(secrets.save(login).await?)
    }

    /// Where the login is stored; `None` if nobody is signed in.
    pub async fn place_of_login(&self) -> Result<Option<LoginLocation>, Problem> {
        Ok(self.secrets().location().await?)
    }

    /// Whether there is a login that does not depend on a keyring.
    pub async fn login_is_in_a_file(&self) -> bool {
        matches!(self.place_of_login().await, Ok(Some(LoginLocation::File(_) | LoginLocation::Systemd(_))))
    }

    /// Forgets the login.
    pub async fn forget_login(&self) -> Result<(), Problem> {
        let secrets = self.secrets();
        if let Err(problem) = secrets.forget_secret(&SecretName::UserKey).await {
            tracing::info!("{}", problem.message);
        }
        if secrets.forget().await.is_ok() {
            return Ok(());
        }
        secrets.unlock().await?;
        Ok(secrets.forget().await?)
    }

    /// Forgets the tokens and keys for sending that are stored beside the login.
    pub async fn forget_sending_secrets(&self) -> Result<(), Problem> {
        let secrets = self.secrets();
        let settings = &self.settings;
        let mut names: Vec<SecretName> = vec![SecretName::HttpApi, SecretName::UserKey];
        names.extend(settings.applications.keys().cloned().map(SecretName::Application));
        names.extend(settings.recipients.keys().cloned().map(SecretName::Recipient));
        names.extend(settings.channels.keys().cloned().map(SecretName::Channel));
        for name in names {
            if secrets.forget_secret(&name).await.is_err() {
                secrets.unlock().await?;
                secrets.forget_secret(&name).await?;
            }
        }
        Ok(())
    }

    /// Forgets the user's own key. What cannot be forgotten is replaced by the next one.
    pub async fn forget_user_key(&self) {
        if let Err(error) = self.secrets().forget_secret(&SecretName::UserKey).await {
            tracing::info!("the user key of an earlier sign-in is still stored: {error}");
        }
    }

    /// Remembers the user's own key, to send to. Without it the user can still enter it.
    pub async fn remember_user_key(&self, key: &Secret) {
        if let Err(problem) = self.secrets().save_secret(&SecretName::UserKey, key).await {
            tracing::info!("{}", problem.message);
        }
    }

    /// The name that this computer had before it was signed out.
    pub fn device_name_before(&self) -> Option<DeviceName> {
        DeviceName::new(fs::read_to_string(&self.paths.device_name).ok()?.trim())
    }

    /// Remembers the name for the next sign-in. After a failure it only has to be typed again.
    pub fn remember_device_name(&self, name: &DeviceName) {
        drop(atomic_file::replace(&self.paths.device_name, format!("{name}\n").as_bytes()));
    }

    /// The email address of the last sign-in.
    pub fn email_before(&self) -> Option<String> {
        let email = fs::read_to_string(&self.paths.email).ok()?.trim().to_owned();
        (!email.is_empty()).then_some(email)
    }

    /// Remembers the address for the next sign-in; a failure only means that it has to be typed again.
    pub fn remember_email(&self, email: &str) {
        drop(atomic_file::replace(&self.paths.email, format!("{email}\n").as_bytes()));
    }

    /// Where the login is kept.
    pub fn secrets(&self) -> LoginStore {
        if self.file_only {
            LoginStore::in_file(&self.paths.credentials)
        } else {
            LoginStore::of_session(self.settings.secret_store, &self.paths.credentials)
        }
    }

    /// The user's notification server.
    pub fn notifier(&self) -> DesktopNotifier {
        DesktopNotifier::of_session()
    }

    /// The user's notification server; notifications that it cannot show are passed to `print`.
    pub fn notifier_or_else(&self, print: impl Fn(&Notification) + Send + Sync + 'static) -> DesktopNotifier {
        DesktopNotifier::of_session().or_printed(PrintedNotifier::new(print))
    }

    /// Where icons and sounds are kept.
    pub fn media(&self) -> Cache {
        Cache::new(self.paths.cache.clone())
    }

    /// The file of an application's icon, if it was fetched.
    pub fn icon(&self, name: &MediaName) -> Option<PathBuf> {
        let file = MediaFile { kind: Kind::Icon, name: name.clone() };
        self.media().find(&file).map(|found| found.path)
    }

    /// Reports sleep and network changes.
    pub fn power(&self) -> PowerMonitor {
        PowerMonitor::of_system()
    }

    /// Detects whether somebody is at the computer.
    pub fn presence(&self) -> Box<dyn Presence> {
        if self.file_only { Box::new(NoPresence) } else { Box::new(DesktopPresence) }
    }

    /// What the desktop reports about the user's presence.
    pub async fn presence_evidence(&self) -> Evidence {
        if self.file_only { Evidence::default() } else { presence::query_evidence().await }
    }

    /// This computer's name, made valid for a device.
    pub fn host_name(&self) -> DeviceName {
        DeviceName::from_host(&host_name::get())
    }

    /// The service.
    pub fn rest(&self) -> Result<Rest, Problem> {
        Rest::new(self.servers.clone())
            .map_err(|error| Problem::new("the connection to the service cannot be set up", error))
    }

    /// Creates the folder of the control socket and the lock.
    pub fn make_runtime_folder(&self) -> Result<(), Problem> {
        private_folder::ensure_in_shared_place(&self.paths.runtime).map_err(|error| {
            Problem::of_system(&format!("{} cannot be used", self.paths.runtime.display()), &error)
        })?;
        let usable = self.paths.usable_socket().map(drop);
        usable.map_err(|error| Problem::new("commands cannot reach a daemon", error))
    }
}

/// The service's address: the official one, unless the environment names another.
fn servers() -> Result<Servers, Problem> {
    let variable =
        |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_unset| default.to_owned());
    let api = variable("HANDOVER_API_URL", Servers::API);
    let websocket = variable("HANDOVER_WEBSOCKET_URL", Servers::WEBSOCKET);
    Servers::new(&api, &websocket).map_err(|error| {
        Problem::new("HANDOVER_API_URL or HANDOVER_WEBSOCKET_URL cannot be used", error)
            .kind(problem::Kind::Usage)
            .hint("unset both to use the official service")
    })
}
