//! A real gnome-keyring with its own home folder, and a user who locks and unlocks it.
//!
//! Invariant: it is ready when a function returns, and ends when its value is dropped.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use futures_util::StreamExt;
use rustix::process::{Pid, Signal, kill_process};
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Type, Value};
use zbus::{Connection, MessageStream};

use crate::harness::soon;
use crate::support::notification_server::connect;

const NAME: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
/// The default keyring, which is unlocked at login.
const LOGIN: &str = "/org/freedesktop/secrets/collection/login";
const LOGIN_PATH: ObjectPath<'static> = ObjectPath::from_static_str_unchecked(LOGIN);
/// The password with which a login unlocks it.
const PRIVATE: &str = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface";
/// gnome-keyring ignores an empty one.
const PASSWORD: &str = "open sesame";

/// A keyring with one collection, `login`.
pub(crate) struct GnomeKeyring {
    home: TempDir,
    address: String,
    connection: Connection,
    daemon: Option<Child>,
}

/// How long to rely on signals about changes.
const NO_SIGNAL: std::time::Duration = std::time::Duration::from_millis(200);

impl GnomeKeyring {
    /// Starts an unlocked keyring. Needs `gnome-keyring-daemon` (Debian: `gnome-keyring`).
    pub(crate) async fn start(address: &str) -> Self {
        let home = tempfile::tempdir().expect("make a home for the keyring");
        let connection = connect(address).await;
        let mut keyring = Self { home, address: address.to_owned(), connection, daemon: None };
        keyring.run(Some(PASSWORD)).await;
        // About once in a hundred starts gnome-keyring 42 loses the password it was given, and logs
        // `assertion 'client' failed`; the password is then given again.
        let is_unlocked = async |keyring: &Self| keyring.locked().await == Some(false);
        if !keyring.becomes(std::time::Duration::from_secs(5), is_unlocked).await {
            keyring.kill();
            keyring.wait_for("the keyring is gone", async |keyring| !keyring.is_running().await).await;
            keyring.run(Some(PASSWORD)).await;
            keyring.wait_for("the keyring is unlocked", is_unlocked).await;
        }
        keyring
    }

    /// A keyring that was created in an earlier session and is not unlocked in this one.
    pub(crate) async fn start_locked(address: &str) -> Self {
        let mut keyring = Self::start(address).await;
        keyring.restart().await;
        keyring
    }

    /// Kills it, as in a crash.
    pub(crate) fn kill(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill().expect("kill gnome-keyring-daemon");
            daemon.wait().expect("wait for gnome-keyring-daemon");
        }
    }

    /// Kills it and starts it again, locked.
    pub(crate) async fn restart(&mut self) {
        self.kill();
        self.wait_for("the keyring is gone", async |keyring| !keyring.is_running().await).await;
        self.run(None).await;
        assert_eq!(self.locked().await, Some(true), "gnome-keyring starts locked");
    }

    /// Suspends it.
    pub(crate) fn freeze(&self) {
        kill_process(self.pid(), Signal::STOP).expect("stop gnome-keyring-daemon");
    }

    /// Resumes it.
    pub(crate) fn thaw(&self) {
        kill_process(self.pid(), Signal::CONT).expect("continue gnome-keyring-daemon");
    }

    pub(crate) async fn lock(&self) {
        let login = [LOGIN_PATH];
        let (locked, _): (Vec<OwnedObjectPath>, OwnedObjectPath) =
            self.call(PATH, "org.freedesktop.Secret.Service", "Lock", &(login.as_slice(),)).await;
        assert_eq!(locked.len(), 1);
    }

    /// Unlocks it as a login does: with the password and without a dialog.
    pub(crate) async fn unlock(&self) {
        let session = self.session().await;
        let body = (LOGIN_PATH, secret(&session, PASSWORD));
        let () = self.call(PATH, PRIVATE, "UnlockWithMasterPassword", &body).await;
    }

    /// Removes its password, as for people who log in without one.
    pub(crate) async fn take_password_away(&self) {
        let session = self.session().await;
        let body = (LOGIN_PATH, secret(&session, PASSWORD), secret(&session, ""));
        let () = self.call(PATH, PRIVATE, "ChangeWithMasterPassword", &body).await;
    }

    /// The output of `secret-tool` (Debian: `libsecret-tools`).
    pub(crate) fn secret_tool(&self, words: &[&str]) -> String {
        let output = Command::new("secret-tool")
            .args(words)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .output()
            .expect("start secret-tool: is the package `libsecret-tools` installed?");
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat()
    }

    async fn run(&mut self, password: Option<&str>) {
        let home = self.home.path();
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]).args(password.map(|_| "--unlock"));
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "GNOME_KEYRING_CONTROL", "SSH_AUTH_SOCK"] {
            command.env_remove(name);
        }
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"] {
            command.env(name, home);
        }
        let log = std::fs::File::create(log(home)).expect("make a log for the keyring");
        let mut daemon = command
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("start gnome-keyring-daemon: is the package `gnome-keyring` installed?");
        let mut input = daemon.stdin.take().expect("gnome-keyring-daemon has an input");
        input.write_all(password.unwrap_or_default().as_bytes()).expect("give the password");
        drop(input);
        self.daemon = Some(daemon);
        self.wait_for("the keyring runs", async |keyring| keyring.is_running().await).await;
    }

    /// Waits until a condition holds.
    async fn wait_for(&self, what: &str, holds: impl AsyncFn(&Self) -> bool) {
        let held = self.becomes(std::time::Duration::from_secs(30), holds).await;
        let log = std::fs::read_to_string(log(self.home.path())).unwrap_or_default();
        assert!(held, "not within 30 s: {what}\n{log}");
    }

    /// Whether a condition becomes true within a time, checked after each signal on the bus.
    async fn becomes(&self, limit: std::time::Duration, holds: impl AsyncFn(&Self) -> bool) -> bool {
        let mut signals = MessageStream::from(&self.connection);
        let bus = Some("org.freedesktop.DBus");
        for rule in
            ["type='signal',sender='org.freedesktop.DBus'", "type='signal',sender='org.freedesktop.secrets'"]
        {
            let rule = self.connection.call_method(bus, "/org/freedesktop/DBus", bus, "AddMatch", &rule);
            rule.await.expect("listen to the bus");
        }
        let waiting = async {
            while !holds(self).await {
                // Sometimes gnome-keyring 42 changes without a signal.
                let heard = tokio::time::timeout(NO_SIGNAL, signals.next()).await;
                heard.ok().map(|message| message.expect("the bus is there").expect("a message"));
            }
        };
        tokio::time::timeout(limit, waiting).await.is_ok()
    }

    async fn is_running(&self) -> bool {
        let bus = Some("org.freedesktop.DBus");
        let call = self.connection.call_method(bus, "/org/freedesktop/DBus", bus, "NameHasOwner", &NAME);
        call.await.expect("ask the bus").body().deserialize().expect("a boolean")
    }

    /// Whether it is locked; `None` when it does not exist yet.
    async fn locked(&self) -> Option<bool> {
        let property = ("org.freedesktop.Secret.Collection", "Locked");
        let interface = Some("org.freedesktop.DBus.Properties");
        let call = self.connection.call_method(Some(NAME), LOGIN, interface, "Get", &property);
        let answer = call.await.ok()?;
        let value: OwnedValue = answer.body().deserialize().expect("a value");
        Some(bool::try_from(value).expect("a boolean"))
    }

    async fn session(&self) -> OwnedObjectPath {
        let plain = ("plain", Value::from(""));
        let (_, session): (OwnedValue, _) =
            self.call(PATH, "org.freedesktop.Secret.Service", "OpenSession", &plain).await;
        session
    }

    async fn call<B, T>(&self, path: &str, interface: &str, method: &str, body: &B) -> T
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
        T: DeserializeOwned + Type,
    {
        let call = self.connection.call_method(Some(NAME), path, Some(interface), method, body);
        let answer = soon(call).await.expect("the keyring answers");
        answer.body().deserialize().expect("the answer is as specified")
    }

    fn pid(&self) -> Pid {
        Pid::from_child(self.daemon.as_ref().expect("the keyring was started"))
    }
}

impl Drop for GnomeKeyring {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A secret in the form in which it is sent.
fn secret<'a>(
    session: &'a OwnedObjectPath,
    text: &'a str,
) -> (&'a OwnedObjectPath, &'a [u8], &'a [u8], &'a str) {
    (session, &[], text.as_bytes(), "text/plain")
}

fn log(home: &Path) -> std::path::PathBuf {
    home.join("keyring.log")
}
