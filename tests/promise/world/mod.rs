//! A sandbox, a folder, a desktop, and a daemon that can be started, stopped and killed.
//!
//! Invariant: a daemon that was killed or stopped leaves nothing behind except its folder and its notifications.

pub(crate) mod clock;
mod conduct;
pub(crate) mod desktop;
pub(crate) mod person;
pub(crate) mod secrets;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use handover::control::{self, Reply, StatusReport};
use handover::daemon::{self, Parts, Step};
use handover::desktop::media::Cache;
use handover::desktop::power::{PowerEvent, PowerMonitor};
use handover::domain::account::{Credentials, DeviceId, DeviceName, Secret};
use handover::domain::media::{Kind, MediaFile, MediaName};
use handover::domain::message::{Entry, MessageId};
use handover::domain::settings::Settings;
use handover::domain::status::LinkState;
use handover::ports::SecretStore as _;
use handover::pushover::{Rest, Servers};
use handover::sandbox::{Counters, Endpoint, Options, Request, Sandbox};
use handover::store::{Query, Store};
use handover::system::clock as app_clock;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::clock::{STEP, Standstill, breathe, within};
use self::desktop::Desktop;
use self::person::Person;
use self::secrets::{Lock, Secrets};

pub(crate) const MINUTE: Duration = Duration::from_mins(1);
pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// Everything that a test uses.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) desktop: Desktop,
    /// The settings of the next daemon.
    pub(crate) settings: Settings,
    /// Who is at the computer.
    pub(crate) person: Person,
    /// The store of the user's secrets.
    pub(crate) lock: Lock,
    /// The steps of all daemons so far.
    pub(crate) steps: Vec<Step>,
    login: Credentials,
    folder: TempDir,
    to_test: mpsc::UnboundedSender<Step>,
    from_daemon: mpsc::UnboundedReceiver<Step>,
    daemon: Option<Daemon>,
    computer: Option<mpsc::UnboundedSender<PowerEvent>>,
    _standstill: Standstill,
}

/// How many turns of the runtime the daemon gets at least at each step of the clock, besides the time that the disk
/// takes.
const TURNS: usize = 16;

struct Daemon {
    task: JoinHandle<()>,
    log: Arc<Store>,
    stop: CancellationToken,
}

impl World {
    /// A world with a newly registered device, before its initial sync.
    pub(crate) async fn registered() -> Self {
        let standstill = Standstill::begin();
        let sandbox = Sandbox::start(Options::new(app_clock::unix)).await.unwrap();
        sandbox.switch(|switches| switches.welcome = false);
        let (secret, device) = sandbox.add_device("desk");
        let login = Credentials {
            secret: Secret::new(secret),
            device_id: DeviceId::new(&device).unwrap(),
            device_name: DeviceName::new("desk").unwrap(),
            registered: app_clock::unix(),
        };
        let (to_test, from_daemon) = mpsc::unbounded_channel();
        let world = Self {
            sandbox,
            desktop: Desktop::new(),
            settings: Settings::default(),
            person: Person::default(),
            lock: Lock::default(),
            steps: Vec::new(),
            login,
            folder: tempfile::tempdir().unwrap(),
            to_test,
            from_daemon,
            daemon: None,
            computer: None,
            _standstill: standstill,
        };
        world.secrets().save(&world.login).await.unwrap();
        // With these in the cache, tests that are about neither icons nor sounds see no requests for them.
        let picture = include_bytes!("../../../assets/tray/connected-64.png");
        world.cache().save(&icon("sandbox"), picture, app_clock::unix()).unwrap();
        let noise = b"RIFF\x08\0\0\0WAVEfmt ";
        world.cache().save(&sound("pushover"), noise, app_clock::unix()).unwrap();
        world
    }

    /// A world in which the initial sync is done and no daemon runs.
    pub(crate) async fn after_initial_sync() -> Self {
        let world = Self::registered().await;
        world.log().mark_initial_sync_done(&world.login.device_id, app_clock::unix()).unwrap();
        world
    }

    /// Sets the user's key of end-to-end encryption; a daemon reads it when it starts or is told to.
    pub(crate) fn give_key(&self, key: &str) {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;

        let path = self.folder.path().join("secrets").join("encryption-key");
        let mut file = std::fs::OpenOptions::new();
        file.write(true).create(true).truncate(true).mode(0o600);
        file.open(path).unwrap().write_all(key.as_bytes()).unwrap();
    }

    /// A world with a daemon that is connected and idle.
    pub(crate) async fn connected() -> Self {
        let mut world = Self::after_initial_sync().await;
        world.start();
        world.until("it is connected", Self::is_connected).await;
        world.until_quiet().await;
        world
    }

    /// Starts a daemon, on the state that the last one left.
    pub(crate) fn start(&mut self) {
        assert!(self.daemon.is_none(), "one daemon runs already");
        let stop = CancellationToken::new();
        let (computer, events) = mpsc::unbounded_channel();
        self.computer = Some(computer);
        let log = Arc::new(self.log());
        // As at the service itself, the websocket is on a host of its own, so that it never uses the idle connection of
        // the API, and the API never one that was opened for the websocket.
        let websocket = self.sandbox.websocket_url().replace("127.0.0.1", "localhost");
        let servers = Servers::new(&self.sandbox.api_url(), &websocket).unwrap();
        let run = daemon::run(Parts {
            settings: self.settings.clone(),
            store: Arc::clone(&log),
            rest: Rest::new(servers).unwrap(),
            notifier: self.desktop.clone(),
            secrets: self.secrets(),
            media: Some(self.cache()),
            control: Some(control::Server::bind(&self.control_path()).unwrap()),
            settings_file: None,
            tray: None,
            power: Some(PowerMonitor::from_channel(events)),
            presence: Box::new(self.person.clone()),
            outbox: None,
            http: None,
            opener: self.desktop.opener(),
            steps: Some(self.to_test.clone()),
            closes_notifications: false,
            stop: stop.clone(),
        });
        self.daemon = Some(Daemon { task: tokio::spawn(run), log, stop });
    }

    /// Ends the daemon as a power cut does: all of its tasks stop, without notice.
    pub(crate) async fn kill(&mut self) {
        let Daemon { task, log, .. } = self.daemon.take().unwrap();
        task.abort();
        let ended = task.await;
        assert!(ended.is_err_and(|error| error.is_cancelled()), "the daemon had already ended");
        within("all its tasks are gone", self.desktop.released()).await;
        within("its last transaction has ended", released(log)).await;
        within("all its connections are gone", self.disconnected()).await;
        self.receive_steps();
    }

    /// Makes every use of the message log by the daemon hang, as on a disk that does not respond, until the returned
    /// value is dropped. At least one message must be held back.
    pub(crate) fn hang_log(&self) -> std::sync::mpsc::Sender<()> {
        let (release, begins) = self.hang_log_next();
        begins.recv().unwrap();
        release
    }

    /// The same once the uses that already wait for the message log have ended; also returns what says when it begins.
    pub(crate) fn hang_log_next(&self) -> (std::sync::mpsc::Sender<()>, std::sync::mpsc::Receiver<()>) {
        let log = Arc::clone(&self.daemon.as_ref().unwrap().log);
        let (release, released) = std::sync::mpsc::channel();
        let (began, begins) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            log.each_held(|_entry| {
                began.send(()).unwrap();
                // It ends with the sender.
                let _ = released.recv();
            })
        });
        (release, begins)
    }

    /// Lets the daemon take this many turns of the runtime. While it waits for the disk, only turns count in which
    /// something happens on the desktop.
    pub(crate) async fn take_turns(&self, turns: usize) {
        let mut desktop = self.desktop.watch();
        for _ in 0..turns {
            tokio::task::yield_now().await;
            while self.uses_log() && !desktop.has_changed().unwrap() {
                tokio::task::yield_now().await;
            }
            desktop.mark_unchanged();
        }
    }

    /// Stops the daemon as the user does; it may take a second on the clock.
    pub(crate) async fn stop(&mut self) {
        self.request_stop();
        self.advance(Duration::from_secs(1)).await;
        assert!(self.has_ended(), "a second after it was told to stop, the daemon still runs");
        let Daemon { task, log, .. } = self.daemon.take().unwrap();
        task.await.unwrap();
        within("all its tasks are gone", self.desktop.released()).await;
        within("its last transaction has ended", released(log)).await;
        within("all its connections are gone", self.disconnected()).await;
    }

    pub(crate) fn request_stop(&self) {
        self.daemon.as_ref().unwrap().stop.cancel();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.daemon.as_ref().unwrap().task.is_finished()
    }

    /// Sends the daemon an event of the computer.
    pub(crate) fn computer(&self, event: PowerEvent) {
        self.computer.as_ref().unwrap().send(event).unwrap();
    }

    /// Waits until a condition holds, while the clock stands still.
    pub(crate) async fn until(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let mut counters = self.sandbox.watch();
        let mut notifications = self.desktop.watch();
        let wait = async {
            loop {
                self.receive_steps();
                if holds(self) {
                    return;
                }
                tokio::select! {
                    Some(step) = self.from_daemon.recv() => self.steps.push(step),
                    changed = counters.changed() => changed.unwrap(),
                    changed = notifications.changed() => changed.unwrap(),
                }
            }
        };
        within(what, wait).await;
    }

    /// Lets time pass on the clock.
    pub(crate) async fn advance(&mut self, span: Duration) {
        self.advance_unless(span, |_| false).await;
    }

    /// Lets time pass until a condition holds; returns how much time passed.
    pub(crate) async fn advance_until(
        &mut self,
        at_most: Duration,
        what: &str,
        mut holds: impl FnMut(&Self) -> bool,
    ) -> Duration {
        let passed = self.advance_unless(at_most, &mut holds).await;
        assert!(holds(self), "not within {at_most:?}: {what}; the last steps were {:?}", self.tail());
        passed
    }

    async fn advance_unless(&mut self, span: Duration, mut holds: impl FnMut(&Self) -> bool) -> Duration {
        let mut passed = Duration::ZERO;
        self.until_quiet().await;
        while passed < span && !holds(self) {
            let step = STEP.min(span / 10).min(span.saturating_sub(passed));
            let before = self.activity();
            tokio::time::advance(step).await;
            passed += step;
            self.take_turns(TURNS).await;
            breathe(Duration::from_micros(200)).await;
            if self.activity() != before || self.uses_log() {
                self.until_quiet().await;
            }
        }
        passed
    }

    /// Waits, in real time, until nothing else happens at the current time of the clock.
    pub(crate) async fn until_quiet(&mut self) {
        let mut before = self.activity();
        let mut quiet = 0;
        while quiet < 4 {
            breathe(Duration::from_millis(1)).await;
            let now = self.activity();
            quiet = if now == before && !self.uses_log() { quiet + 1 } else { 0 };
            before = now;
        }
    }

    /// The same while the message log hangs.
    pub(crate) async fn until_quiet_beside_log(&mut self) {
        let mut before = self.activity();
        let mut quiet = 0;
        while quiet < 20 {
            breathe(Duration::from_millis(1)).await;
            let now = self.activity();
            quiet = if now == before { quiet + 1 } else { 0 };
            before = now;
        }
    }

    /// Whether a thread of the daemon reads or changes the message log now.
    fn uses_log(&self) -> bool {
        // One is held here, and one by the daemon itself.
        self.daemon.as_ref().is_some_and(|daemon| Arc::strong_count(&daemon.log) > 2)
    }

    fn activity(&mut self) -> (Counters, usize, usize) {
        self.receive_steps();
        (self.sandbox.counters(), self.steps.len(), *self.desktop.watch().borrow())
    }

    fn receive_steps(&mut self) {
        while let Ok(step) = self.from_daemon.try_recv() {
            self.steps.push(step);
        }
    }

    fn tail(&self) -> &[Step] {
        &self.steps[self.steps.len().saturating_sub(30)..]
    }

    /// Sends a message; a second one with the same text is another message.
    pub(crate) fn send(&self, text: &str) {
        self.send_with(text, &[]);
    }

    pub(crate) fn send_all(&self, texts: &[&str]) {
        for text in texts {
            self.send(text);
        }
    }

    pub(crate) fn send_with(&self, text: &str, fields: &[(&str, &str)]) {
        let answer = self.sandbox.send(&[&[("message", text)], fields].concat());
        assert_eq!(answer["status"], 1, "{answer}");
    }

    /// Sends an emergency that is repeated every 30 s for an hour; returns its receipt.
    pub(crate) fn send_emergency(&self, text: &str) -> String {
        let fields = [("message", text), ("priority", "2"), ("retry", "30"), ("expire", "3600")];
        let answer = self.sandbox.send(&fields);
        answer["receipt"].as_str().unwrap().to_owned()
    }

    /// Sends a message without a signal.
    pub(crate) fn send_quietly(&self, send: impl FnOnce(&Self)) {
        self.sandbox.switch(|switches| switches.signal_new = false);
        send(self);
        self.sandbox.switch(|switches| switches.signal_new = true);
    }

    /// The message log, opened again, as by a command.
    pub(crate) fn log(&self) -> Store {
        Store::open(&self.log_path()).unwrap()
    }

    pub(crate) fn log_path(&self) -> PathBuf {
        self.folder.path().join("messages.db")
    }

    /// The cached icons and sounds, as another process sees them.
    pub(crate) fn cache(&self) -> Cache {
        Cache::new(self.folder.path().join("cache"))
    }

    /// Everything in the message log, in the order of recording.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.log().messages(&Query { limit: usize::MAX, ..Query::default() }).unwrap()
    }

    /// The texts of everything in the message log.
    pub(crate) fn recorded(&self) -> Vec<String> {
        self.entries().into_iter().map(|entry| entry.message.body).collect()
    }

    /// The ids that are still at the service.
    pub(crate) fn queue(&self) -> Vec<u64> {
        self.sandbox.queue(self.login.device_id.as_str())
    }

    /// The requests of one kind so far.
    pub(crate) fn requests(&self, endpoint: Endpoint) -> Vec<Request> {
        self.sandbox.journal().into_iter().filter(|request| request.endpoint == endpoint).collect()
    }

    /// The seconds between consecutive requests of a kind.
    pub(crate) fn gaps(&self, endpoint: Endpoint, skip: usize) -> Vec<f64> {
        let times: Vec<_> = self.requests(endpoint).iter().skip(skip).map(|request| request.at).collect();
        times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect()
    }

    /// The status, as `handover status` reports it.
    pub(crate) async fn status(&self) -> StatusReport {
        let Reply::Status(report) = self.ask(&control::Command::Status).await else {
            panic!("a status was expected")
        };
        *report
    }

    /// Sends the daemon a command.
    pub(crate) async fn ask(&self, request: &control::Command) -> Reply {
        within("the daemon answers", control::ask(&self.control_path(), request)).await.unwrap()
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.syncs() > 0
            && self.sandbox.counters().socket_logins > 0
            && self.link() == Some(LinkState::Connected)
    }

    /// The latest state of the link.
    pub(crate) fn link(&self) -> Option<LinkState> {
        self.steps
            .iter()
            .rev()
            .find_map(|step| if let Step::Link(state) = step { Some(*state) } else { None })
    }

    /// How many complete syncs have ended.
    pub(crate) fn syncs(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::SyncFinished(_))).count()
    }

    pub(crate) fn was_shown(&self, text: &str) -> bool {
        self.desktop.texts().iter().any(|shown| shown == text)
    }

    /// Whether everything up to this id is deleted from the service, and marked so here.
    pub(crate) fn was_deleted(&self, through: u64) -> bool {
        let through = MessageId::from_service(through).unwrap();
        self.steps.contains(&Step::Deleted(through))
    }

    fn secrets(&self) -> Secrets {
        Secrets::new(self.folder.path().join("secrets").join("credentials.json"), self.lock.clone())
    }

    pub(crate) fn control_path(&self) -> PathBuf {
        self.folder.path().join("control")
    }
}

/// An icon of this name.
pub(crate) fn icon(name: &str) -> MediaFile {
    MediaFile { kind: Kind::Icon, name: MediaName::new(name).unwrap() }
}

/// A sound of this name.
pub(crate) fn sound(name: &str) -> MediaFile {
    MediaFile { kind: Kind::Sound, ..icon(name) }
}

/// After a failed test, prints what happened.
impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        eprintln!("{:?}\nnotifications: {:?}", self.tail(), self.desktop.texts());
        let ledger = self.sandbox.journal();
        for request in ledger.iter().rev().take(30).rev() {
            let at = request.at - ledger[0].at;
            let through = request.params.get("message");
            eprintln!("{at:?} {:?} {:?} {}", request.endpoint, request.status, through.map_or("", |id| id));
        }
    }
}

/// Waits until nobody else uses the message log.
async fn released(log: Arc<Store>) {
    while Arc::strong_count(&log) > 1 {
        breathe(Duration::from_millis(1)).await;
    }
}
