//! A user with folders, a service and a desktop, who runs the wizard.
//!
//! Invariant: nothing of the machine's real user is read or changed; the service and the desktop run in a thread of
//! their own, so that a test can simply wait for a terminal.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc;

use handover::sandbox::{Counters, Options, Sandbox, repeated_rejections};
use handover::system::clock;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::runtime::{Builder, Handle};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::bus::Bus;
use crate::support::notification_server::NotificationServer;
use crate::support::user::programs;
use crate::terminal::{DOWN, ENTER, Finished, TIMEOUT, Terminal};

pub(crate) const EMAIL: &str = "sandbox@example.org";
/// It contains everything that a form or a terminal could mangle.
pub(crate) const PASSWORD: &str = "zw\u{f6}lf+R\u{e4}ume & 100 % = \"ja\"; '\u{e9}' \\ %20 \u{1f600}";
pub(crate) const CODE: &str = "735019";
/// The last question, and the end of its prompt.
pub(crate) const START_NOW: &str = "`handover quit` stops it]";
/// The question before it, and the end of its prompt.
pub(crate) const AT_LOGIN: &str = "with `handover autostart on|off`]";

pub(crate) struct Harness {
    pub(crate) sandbox: Sandbox,
    folder: TempDir,
    runtime: Handle,
    bus_address: String,
    _end: DropGuard,
}

impl Harness {
    /// An account without two-factor authentication and without devices, and no desktop.
    pub(crate) fn new() -> Self {
        Self::with(None)
    }

    /// The same with a two-factor code.
    pub(crate) fn with(two_factor: Option<&str>) -> Self {
        let options = Options {
            password: PASSWORD.to_owned(),
            two_factor: two_factor.map(str::to_owned),
            ..Options::new(clock::unix)
        };
        let (ready, harness) = mpsc::channel();
        let end = CancellationToken::new();
        let stop = end.clone();
        std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let sandbox = Sandbox::start(options).await.expect("a sandbox");
                ready.send((sandbox, Handle::current())).expect("the test waits");
                stop.cancelled().await;
            });
        });
        let (sandbox, runtime) = harness.recv_timeout(TIMEOUT).expect("the sandbox starts");
        sandbox.switch(|switches| switches.welcome = false);
        // The path is short, because it contains the control socket.
        let folder = tempfile::Builder::new().prefix("ho").tempdir().expect("make a home");
        let bus_address = "unix:path=/nonexistent".to_owned();
        Self { sandbox, folder, runtime, bus_address, _end: end.drop_guard() }
    }

    /// Gives the user a desktop.
    pub(crate) fn desktop(&mut self, bus: &Bus) -> NotificationServer {
        bus.address().clone_into(&mut self.bus_address);
        self.wait_for(NotificationServer::start(bus.address()))
    }

    /// A command of the program, in this user's environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let home = self.folder.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_handover"));
        command.args(arguments).env_clear().env("HOME", home).env("TERM", "xterm-256color").env("TZ", "UTC");
        for (name, below) in
            [("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_CACHE_HOME", "cache")]
        {
            command.env(name, home.join(below));
        }
        command
            .env("PATH", programs())
            .env("XDG_RUNTIME_DIR", home.join("run"))
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus_address)
            .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
            .env("HANDOVER_API_URL", self.sandbox.api_url())
            .env("HANDOVER_WEBSOCKET_URL", self.sandbox.websocket_url());
        command
    }

    /// Starts the wizard with these flags.
    pub(crate) fn wizard(&self, flags: &[&str]) -> Terminal {
        Terminal::start(&self.command(&[&["setup"], flags].concat()))
    }

    /// The wizard after the email address and the password, or these flags.
    pub(crate) fn signed_in_wizard(&self, flags: &[&str]) -> Terminal {
        let mut wizard = self.wizard(&[&["--email", EMAIL], flags].concat());
        wizard.until("Password for sandbox@example.org:");
        wizard.type_line(PASSWORD);
        wizard
    }

    /// The wizard after all questions except the name.
    pub(crate) fn wizard_at_name(&self) -> Terminal {
        let mut wizard = self.signed_in_wizard(&[]);
        wizard.until("When an emergency arrives here:");
        wizard.type_keys(ENTER);
        wizard.until("Name for this computer:");
        wizard
    }

    /// Waits for something in the other thread.
    pub(crate) fn wait_for<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { timeout(TIMEOUT, what).await.expect("it happens within 30 s") })
    }

    /// Waits until the sandbox's counters meet a condition.
    pub(crate) fn until(&self, wanted: impl FnMut(&Counters) -> bool) {
        self.wait_for(self.sandbox.until(wanted));
    }

    /// A path below the home.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn settings_file(&self) -> PathBuf {
        self.path("config/handover/config.toml")
    }

    pub(crate) fn autostart_entry(&self) -> PathBuf {
        self.path("config/autostart/handover.desktop")
    }

    /// The saved login, as in its file.
    pub(crate) fn login(&self) -> Option<serde_json::Value> {
        let file = fs::read(self.path("data/handover/credentials.json")).ok()?;
        Some(serde_json::from_slice(&file).expect("the login is JSON"))
    }

    /// The name that was saved with the login.
    pub(crate) fn saved_name(&self) -> Option<String> {
        Some(self.login()?["device_name"].as_str().expect("a login has a name").to_owned())
    }

    /// Completes a setup, answers the last question with no, and checks that the terminal is restored; returns everything
    /// that was shown.
    #[track_caller]
    pub(crate) fn finished(&self, mut wizard: Terminal) -> String {
        wizard.until(AT_LOGIN);
        wizard.type_line("n");
        let text = self.ended_without_start(wizard);
        assert!(!self.autostart_entry().exists());
        text
    }

    /// Answers the last question with no, and checks that the setup succeeded.
    #[track_caller]
    pub(crate) fn ended_without_start(&self, mut wizard: Terminal) -> String {
        wizard.until(START_NOW);
        wizard.type_line("n");
        self.ended_successfully(wizard)
    }

    /// Checks that a setup succeeded and restored the terminal; returns everything that was shown.
    #[track_caller]
    pub(crate) fn ended_successfully(&self, wizard: Terminal) -> String {
        let finished = wizard.ended();
        assert_eq!((finished.code, finished.is_restored), (0, true), "{}", finished.text);
        self.check_manners(&finished);
        finished.text
    }

    /// Checks that a setup that was stopped left nothing behind, on disk or on the terminal.
    #[track_caller]
    pub(crate) fn stopped(&self, wizard: Terminal) -> String {
        let finished = wizard.ended();
        assert_eq!((finished.code, finished.is_restored), (1, true), "{}", finished.text);
        assert!(finished.text.ends_with("error: setup stopped: nothing was saved\n"), "{}", finished.text);
        assert!(finished.raw.rfind("\x1b[?25l") <= finished.raw.rfind("\x1b[?25h"), "the cursor is hidden");
        assert!(finished.raw.rfind("\x1b[?2004h") <= finished.raw.rfind("\x1b[?2004l"), "paste is bracketed");
        assert_eq!(self.left_behind(), Vec::<PathBuf>::new());
        self.check_manners(&finished);
        finished.text
    }

    /// Every file of the user.
    pub(crate) fn left_behind(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.folder.path().to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("read a folder") {
                let path = entry.expect("read a folder").path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        files
    }

    /// Checks that the password is shown nowhere, and that no refused request was repeated.
    #[track_caller]
    fn check_manners(&self, finished: &Finished) {
        for word in PASSWORD.split(' ').filter(|word| word.len() > 2) {
            assert!(
                !finished.raw.contains(word),
                "{word} of the password is on the screen: {}",
                finished.text
            );
        }
        if let Some(login) = self.login() {
            let secret = login["secret"].as_str().expect("a login has a secret");
            assert!(!finished.raw.contains(secret) && !login.to_string().contains(PASSWORD));
        }
        let repeated = repeated_rejections(&self.sandbox.journal());
        assert!(repeated.is_empty(), "{repeated:?}");
    }

    /// Starts the daemon and waits until it is connected; it ends when its value is dropped.
    pub(crate) fn daemon(&self) -> Daemon {
        let before = self.sandbox.counters().socket_logins;
        let daemon = Daemon(Terminal::start(&self.command(&["run", "--no-tray"])));
        self.until(|now| now.socket_logins > before);
        daemon
    }
}

/// A running daemon.
pub(crate) struct Daemon(Terminal);

impl Drop for Daemon {
    fn drop(&mut self) {
        self.0.signal(Signal::TERM);
    }
}

/// Moves down this many choices and selects.
pub(crate) fn choose(wizard: &mut Terminal, below: usize) {
    wizard.type_keys(&format!("{}{ENTER}", DOWN.repeat(below)));
}
