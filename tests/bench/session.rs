//! A desktop session of a user who is signed in: a bus with a notification server and perhaps a panel, a system bus,
//! the service, a home folder.
//!
//! Invariant: no file of the real user is read or written.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use handover::sandbox::{Counters, Options, Sandbox};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::peers::relay;
use crate::process::Process;
use crate::support::bus::Bus;
use crate::support::notification_server::NotificationServer;
use crate::support::panel::Panel;
use crate::support::tls::Front;

/// Longer than anything should take; anything slower is broken.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The title of every message.
pub(crate) const TITLE: &str = "The nightly backup is done";

/// Everything the daemon needs around it.
pub(crate) struct Session {
    pub(crate) desktop: NotificationServer,
    pub(crate) sandbox: Sandbox,
    pub(crate) secret: String,
    pub(crate) device: String,
    home: TempDir,
    pub(crate) bus: Bus,
    /// A system bus without programs. Without it the daemon would look for it from time to time.
    system_bus: Bus,
    front: Option<Front>,
    /// The port of a relay in front of the service, if it is far away.
    relay: Option<u16>,
    panel: Option<Panel>,
}

impl Session {
    /// A session with the service on plain sockets, and without a tray.
    pub(crate) async fn plain() -> Self {
        let bus = Bus::start();
        let desktop = NotificationServer::start(bus.address()).await;
        let sandbox = Sandbox::start(Options::new(unix)).await.unwrap();
        let home = tempfile::tempdir().unwrap();
        let (secret, device) = sandbox.add_device("bench");
        save_login(home.path(), &secret, &device);
        Self {
            desktop,
            sandbox,
            secret,
            device,
            home,
            bus,
            system_bus: Bus::start(),
            front: None,
            relay: None,
            panel: None,
        }
    }

    /// A session with TLS in front of the service, and with this system's certificates for the daemon to load.
    ///
    /// `None` when this machine has no `openssl` to make a certificate with.
    pub(crate) async fn over_tls() -> Option<Self> {
        let mut session = Self::plain().await;
        session.front = Some(Front::start(&session.sandbox.api_url(), session.home.path()).await?);
        Some(session)
    }

    /// Moves the service away: a round trip to it takes this long.
    pub(crate) fn at_a_distance(mut self, round_trip: Duration) -> Self {
        self.relay = Some(relay::start(self.port(), round_trip));
        self
    }

    /// The file with the certificates that the programs trust.
    pub(crate) fn certificates(&self) -> String {
        self.front.as_ref().map(Front::certificates).unwrap_or_default()
    }

    /// The port of the service.
    pub(crate) fn port(&self) -> u16 {
        let here = self.front.as_ref().map_or_else(|| self.sandbox.api_url(), Front::api_url);
        self.relay.unwrap_or_else(|| here.rsplit_once(':').unwrap().1.parse().unwrap())
    }

    /// Adds a panel with a tray.
    pub(crate) async fn with_tray(mut self) -> Self {
        self.panel = Some(Panel::start(self.bus.address()).await);
        self
    }

    /// Waits until the daemon's icon, if it has one, lists a message with this title. By then the panel has read everything
    /// that panels show.
    pub(crate) async fn until_offered(&mut self, title: &str) {
        let Some(panel) = &mut self.panel else { return };
        panel.next_item().await.until("the message", |look| look.line(title).is_some()).await;
    }

    /// The environment of every program of the session.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let port = self.port();
        let (api, websocket) = match &self.front {
            Some(_) => (format!("https://localhost:{port}"), format!("wss://localhost:{port}/push")),
            None => (format!("http://127.0.0.1:{port}"), format!("ws://127.0.0.1:{port}/push")),
        };
        let home = self.home.path();
        let mut environment = vec![
            ("HOME", home.display().to_string()),
            ("XDG_RUNTIME_DIR", home.join("runtime").display().to_string()),
            ("DBUS_SESSION_BUS_ADDRESS", self.bus.address().to_owned()),
            ("DBUS_SYSTEM_BUS_ADDRESS", self.system_bus.address().to_owned()),
            ("HANDOVER_API_URL", api),
            ("HANDOVER_WEBSOCKET_URL", websocket),
        ];
        environment.extend(self.front.as_ref().map(|front| ("SSL_CERT_FILE", front.certificates())));
        environment
    }

    /// The file of the settings.
    pub(crate) fn settings(&self) -> std::path::PathBuf {
        self.home.path().join(".config/handover/config.toml")
    }

    /// Starts the daemon and returns at once.
    pub(crate) fn start(&self) -> Process {
        let environment = self.environment();
        let arguments: &[&str] = if self.panel.is_some() { &[] } else { &["--no-tray"] };
        Process::daemon(arguments, &environment)
    }

    /// Starts the daemon and waits until it is connected, has nothing left to fetch and has finished its initial sync.
    pub(crate) async fn start_and_settle(&self) -> Process {
        let before = self.sandbox.counters();
        let daemon = self.start();
        self.until(|now| now.socket_logins > before.socket_logins && now.downloads > before.downloads).await;
        if !self.sandbox.queue(&self.device).is_empty() {
            self.until(|now| now.deletes > before.deletes).await;
        }
        daemon
    }

    /// Waits until the service's counters meet a condition.
    pub(crate) async fn until(&self, what: impl FnMut(&Counters) -> bool) {
        timeout(TIMEOUT, self.sandbox.until(what)).await.expect("the daemon does it within a minute");
    }

    /// Sends a message of typical size and returns at once.
    pub(crate) fn send(&self, text: &str) {
        self.send_to(&self.device, text);
    }

    /// The same, to a device of another program.
    pub(crate) fn send_to(&self, device: &str, text: &str) {
        self.sandbox.inject_into(device, message(text)).unwrap();
    }
}

/// An item of a download with all the fields of the service's own items.
pub(crate) fn message(text: &str) -> Value {
    json!({
        "umid": 7_218_364_519_273_001_i64, "umid_str": "7218364519273001", "aid": 1, "aid_str": "1",
        "app": "Backup", "icon": "1f8a0c2b9d3e4f50", "title": TITLE, "message": text,
        "date": unix(), "queued_date": unix(), "dispatched_date": unix(), "priority": 0, "acked": 0, "sound": "po",
        "url": "https://backup.example.org/runs/2381", "url_title": "See the run",
    })
}

fn save_login(home: &Path, secret: &str, device: &str) {
    let folder = home.join(".local/share/handover");
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let login = json!({"secret": secret, "device_id": device, "device_name": "bench", "registered": unix()});
    let file = folder.join("credentials.json");
    fs::write(&file, login.to_string()).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::create_dir(home.join("runtime")).unwrap();
}

fn unix() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(since_epoch.as_secs()).unwrap()
}
