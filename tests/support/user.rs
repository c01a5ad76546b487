//! A user's folders and environment, and the commands of the program in them.
//!
//! Invariant: nothing of the machine's real user is read or changed: the environment contains only what is set here.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use handover::sandbox::{Counters, Options, Sandbox};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::timeout;

use super::process::{Finished, Running, TIMEOUT, run};

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_handover");

/// The folders and the environment of one user.
pub(crate) struct User {
    folder: TempDir,
    environment: BTreeMap<&'static str, String>,
}

impl User {
    /// A user whose service is this sandbox, without a session bus or a system bus.
    pub(crate) fn new(sandbox: &Sandbox) -> Self {
        // The path is short, because it contains the control socket.
        let folder = tempfile::Builder::new().prefix("ho").tempdir().expect("make a home");
        let mut user = Self { folder, environment: BTreeMap::new() };
        for (name, below) in [
            ("HOME", ""),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_RUNTIME_DIR", "run"),
            ("TMPDIR", "tmp"),
            ("PATH", "bin"),
        ] {
            let path = user.path(below);
            fs::create_dir_all(&path).expect("make a folder");
            user.set(name, path.to_str().expect("a path in UTF-8"));
        }
        user.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
        user.set("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent");
        user.set("HANDOVER_API_URL", &sandbox.api_url());
        user.set("HANDOVER_WEBSOCKET_URL", &sandbox.websocket_url());
        user.set("TZ", "UTC");
        user.set("PATH", &format!("{}:{}", user.path("bin").display(), programs().display()));
        user
    }

    /// Sets a variable of the environment.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.environment.insert(name, value.to_owned());
    }

    /// A path below the user's folder.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// The file with the login.
    pub(crate) fn credentials(&self) -> PathBuf {
        self.path("data/handover/credentials.json")
    }

    /// Writes the settings.
    pub(crate) fn settings(&self, text: &str) -> PathBuf {
        let file = self.path("config/handover/config.toml");
        fs::create_dir_all(file.parent().expect("it lies in a folder")).expect("make the folder");
        fs::write(&file, text).expect("write the settings");
        file
    }

    /// Installs a program that this user finds before any other with its name; returns its file.
    pub(crate) fn install(&self, name: &str, script: &str) -> PathBuf {
        let file = self.path("bin").join(name);
        fs::write(&file, script).expect("write a program");
        fs::set_permissions(&file, Permissions::from_mode(0o755)).expect("make it a program");
        file
    }

    /// A command of another program, in this user's environment.
    pub(crate) fn command_of(&self, program: impl AsRef<Path>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program.as_ref());
        command.args(arguments).env_clear().envs(&self.environment).current_dir(self.folder.path());
        command
    }

    /// A command of this program.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(PROGRAM, arguments)
    }

    /// Runs `handover` with these arguments.
    pub(crate) async fn handover(&self, arguments: &[&str]) -> Finished {
        self.handover_with_input(arguments, "").await
    }

    /// The same, with this standard input.
    pub(crate) async fn handover_with_input(&self, arguments: &[&str], input: &str) -> Finished {
        run(self.command(arguments), input).await
    }

    /// Starts `handover run`.
    pub(crate) fn daemon(&self) -> Running {
        Running::start(self.command(&["run"]))
    }

    /// Signs in with the sandbox's account as `desk`; returns the output.
    pub(crate) async fn sign_in(&self, sandbox: &Sandbox) -> String {
        let account = sandbox.account();
        let arguments = ["setup", "--email", &account.email, "--password-stdin", "--device-name", "desk"];
        self.handover_with_input(&arguments, &account.password).await.succeeded()
    }

    /// All messages, as `handover messages --json` prints them.
    pub(crate) async fn messages(&self) -> Vec<Value> {
        self.messages_of(&["--limit", "100000"]).await
    }

    /// The same with these arguments.
    pub(crate) async fn messages_of(&self, arguments: &[&str]) -> Vec<Value> {
        let lines = self.handover(&[&["messages", "--json"], arguments].concat()).await.succeeded();
        lines.lines().map(|line| serde_json::from_str(line).expect("a line is a JSON object")).collect()
    }

    /// The output of `handover status --json` for a running daemon.
    pub(crate) async fn status(&self) -> Value {
        let line = self.handover(&["status", "--json"]).await.succeeded();
        serde_json::from_str(&line).expect("the status is a JSON object")
    }
}

/// A folder with the programs of this system except those that play sounds, because with them a test would be audible, or
/// start a sound server.
pub(crate) fn programs() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs");
        fs::create_dir_all(&folder).expect("make a folder");
        let path = std::env::var_os("PATH").unwrap_or_default();
        for program in std::env::split_paths(&path).filter_map(|folder| fs::read_dir(folder).ok()).flatten() {
            let program = program.expect("read a folder of the path");
            if !["paplay", "pw-play", "aplay"].iter().any(|player| program.file_name() == *player) {
                // The first program of a name counts, and earlier tests have linked most of them.
                drop(symlink(program.path(), folder.join(program.file_name())));
            }
        }
        folder
    });
    &FOLDER
}

/// A sandbox whose devices start without a welcome message.
pub(crate) async fn sandbox(options: Options) -> Sandbox {
    let sandbox = Sandbox::start(options).await.expect("start a sandbox");
    sandbox.switch(|switches| switches.welcome = false);
    sandbox
}

/// Waits until a sandbox's counters meet a condition.
pub(crate) async fn until(sandbox: &Sandbox, what: &str, wanted: impl FnMut(&Counters) -> bool) {
    let counted = timeout(TIMEOUT, sandbox.until(wanted)).await;
    assert!(counted.is_ok(), "not within {TIMEOUT:?}: {what}; {:?}", sandbox.counters());
}
