//! A private message bus: a real `dbus-daemon` for this test alone.
//!
//! Invariant: it starts no program of the machine and asks no one for permission, so a test sees only what it
//! put on the bus itself.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A bus that ends when it is dropped.
///
/// ```ignore
/// let bus = Bus::start();
/// let server = NotificationServer::start(bus.address()).await;
/// Command::new(env!("CARGO_BIN_EXE_handover")).env("DBUS_SESSION_BUS_ADDRESS", bus.address())…
/// ```
pub(crate) struct Bus {
    folder: TempDir,
    address: String,
    daemon: Option<Child>,
}

impl Bus {
    /// Starts a bus; it accepts connections when this returns. Needs `dbus-daemon` (Debian: `dbus-daemon`).
    pub(crate) fn start() -> Self {
        Self::with_rule("")
    }

    /// The same for a bus that also delivers replies to calls that the sender did not get.
    pub(crate) fn with_any_replies() -> Self {
        Self::with_rule(
            r#"<allow send_type="method_return" send_requested_reply="false"/>
            <allow receive_type="method_return" receive_requested_reply="false"/>"#,
        )
    }

    fn with_rule(rule: &str) -> Self {
        let folder = tempfile::tempdir().expect("make a folder for the bus");
        let socket = folder.path().join("bus");
        let config = format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
                "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <type>session</type>
              <listen>unix:path={}</listen>
              <servicedir>{}</servicedir>
              <auth>EXTERNAL</auth>
              <policy context="default">
                <allow send_destination="*" eavesdrop="true"/>
                <allow receive_sender="*"/>
                <allow own="*"/>
                {rule}
              </policy>
            </busconfig>"#,
            socket.display(),
            folder.path().display(),
        );
        std::fs::write(folder.path().join("bus.conf"), config).expect("write the configuration of the bus");
        let address = format!("unix:path={}", socket.display());
        let mut bus = Self { folder, address, daemon: None };
        bus.restart();
        bus
    }

    /// Makes the bus activate a service: a call to this name waits until a program owns it, as it does while the
    /// bus starts a program.
    pub(crate) fn promise(&mut self, name: &str) {
        let service = format!("[D-BUS Service]\nName={name}\nExec=/bin/true\n");
        let file = self.folder.path().join(format!("{name}.service"));
        std::fs::write(file, service).expect("write a service file");
        self.restart();
    }

    /// The value for `DBUS_SESSION_BUS_ADDRESS`. It stays the same after a restart.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Kills the bus, and with it every connection to it.
    pub(crate) fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill().expect("kill dbus-daemon");
            daemon.wait().expect("wait for dbus-daemon");
        }
    }

    /// Suspends the bus: connections stay open, and nothing is answered any more.
    pub(crate) fn freeze(&self) {
        let daemon = self.daemon.as_ref().expect("the bus runs");
        kill_process(Pid::from_child(daemon), Signal::STOP).expect("stop dbus-daemon");
    }

    /// Suspends the bus for this long, whatever the test waits for meanwhile.
    pub(crate) fn freeze_for(&self, span: Duration) {
        self.freeze();
        let daemon = Pid::from_child(self.daemon.as_ref().expect("the bus runs"));
        tokio::spawn(async move {
            tokio::time::sleep(span).await;
            // It may be gone.
            let _gone = kill_process(daemon, Signal::CONT);
        });
    }

    /// Lets a suspended bus go on; it answers what it was asked meanwhile.
    pub(crate) fn thaw(&self) {
        let daemon = self.daemon.as_ref().expect("the bus runs");
        kill_process(Pid::from_child(daemon), Signal::CONT).expect("continue dbus-daemon");
    }

    /// Starts the bus (again), empty and at the same address.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let log = self.folder.path().join("bus.log");
        let mut daemon = Command::new("dbus-daemon")
            .arg("--nofork")
            .arg("--nopidfile")
            .arg("--print-address=1")
            .arg(format!("--config-file={}", self.folder.path().join("bus.conf").display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("make a log for the bus"))
            .spawn()
            .expect("start dbus-daemon: is the package `dbus-daemon` installed?");
        let output = daemon.stdout.take().expect("dbus-daemon has an output");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("read the address of the bus");
        let is_ready = line.starts_with("unix:path=");
        assert!(is_ready, "dbus-daemon did not start: {}", std::fs::read_to_string(&log).unwrap_or_default());
        self.daemon = Some(daemon);
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.stop();
    }
}
