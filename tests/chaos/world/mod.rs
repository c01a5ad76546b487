//! What a run needs around the daemon, and how each action of a script is carried out on it.
//!
//! Invariant: the real binary runs, on sockets, a message bus, folders and perhaps a disk of its own.

mod act;
mod clock;
mod commands;
mod presence;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use handover::sandbox::{Options, Sandbox};
use handover::system::clock::instant;
use rusqlite::Connection;
use rustix::process::{Signal, kill_process};
use tokio::task::JoinSet;

pub(crate) use self::act::DAY;
use self::clock::Clock;
use self::presence::Logind;
use crate::action::Burst;
use crate::disk::Disk;
use crate::evidence::{Evidence, LifeSeen, Sent, Showing};
use crate::followers::Followers;
use crate::readers::Read;
use crate::support::bus::Bus;
use crate::support::keyring::{Items, Keyring};
use crate::support::notification_server::NotificationServer;
use crate::support::process::{Finished, Running};
use crate::support::user::{User, sandbox};

/// The applications that send in turn, so that none of them causes a flood.
const APPS: usize = 200;

/// What every run has in its settings. Each message is announced on its own, so that each can be counted.
const SETTINGS: &str = "backlog = 'all'\n";
const RULES: &str = "
[[rules]]
name = 'hidden'
when = { app = 'Hidden' }
then = { show = false }
[[rules]]
name = 'grouped'
when = { app = 'Grouped' }
then = { group = 'one' }
";

/// The daemon's surroundings.
pub(crate) struct World {
    // The first field, because the disk lies in the user's folder and has to go before it.
    disk: Option<Disk>,
    pub(crate) user: User,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) evidence: Evidence,
    pub(crate) followers: Option<Followers>,
    has_keyring: bool,
    keyring: Option<Keyring>,
    secrets: Items,
    pub(crate) server: Option<NotificationServer>,
    /// How many notification servers there were before this one.
    servers: usize,
    /// The texts on the screen of this notification server.
    screen: BTreeMap<u32, String>,
    pub(crate) bus: Bus,
    logind: Logind,
    apps: BTreeMap<String, String>,
    /// What ends a fault, and when.
    repairs: Vec<(Instant, Repair)>,
    locked_log: Option<Connection>,
    clock: Option<Clock>,
    readers: JoinSet<Read>,
    commands: JoinSet<Option<(&'static str, Finished)>>,
    pub(crate) maybe_paused_since: Option<Instant>,
    wants_resume: bool,
    away_since: Option<Instant>,
}

/// The parts that not every run has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Optional {
    /// A disk that can be full or read-only, where the machine allows that.
    pub(crate) disk: bool,
    /// A keyring with the login, instead of a file.
    pub(crate) keyring: bool,
}

/// What ends a fault.
#[derive(Clone, Copy, Debug)]
enum Repair {
    Logind,
    Server,
    Keyring,
    Disk,
    Log,
    Settings,
    Continue(rustix::process::Pid),
}

impl World {
    /// A user who is signed in, with the initial sync done and no daemon running.
    pub(crate) async fn new(parts: Optional) -> Self {
        let sandbox = sandbox(Options::new(handover::system::clock::unix)).await;
        sandbox.switch(|switches| switches.monthly_limit = 10_000_000);
        let bus = Bus::start();
        let server = NotificationServer::start(bus.address()).await;
        let logind = Logind::start().await;
        let mut user = User::new(&sandbox);
        user.set("DBUS_SESSION_BUS_ADDRESS", bus.address());
        user.set("DBUS_SYSTEM_BUS_ADDRESS", logind.address());
        user.settings(&format!("{SETTINGS}{RULES}"));
        let secrets = Items::default();
        let keyring = if parts.keyring { Some(Keyring::start(bus.address(), &secrets).await) } else { None };
        let disk = if parts.disk { Disk::mount(&user.path("data")) } else { None };
        user.sign_in(&sandbox).await;
        assert_eq!(user.credentials().exists(), !parts.keyring, "the login is where it is expected");
        let mut evidence = Evidence::default();
        let clock = Clock::of(&mut user);
        if clock.is_none() {
            evidence.left_out.insert("LocalClock, because there is no C compiler");
        }
        if disk.is_none() {
            evidence.left_out.insert("FillDisk and ReadOnlyDisk");
        }
        Self {
            disk,
            user,
            sandbox: Arc::new(sandbox),
            evidence,
            followers: None,
            has_keyring: parts.keyring,
            keyring,
            secrets,
            server: Some(server),
            servers: 0,
            screen: BTreeMap::new(),
            bus,
            logind,
            apps: BTreeMap::new(),
            repairs: Vec::new(),
            locked_log: None,
            clock,
            readers: JoinSet::new(),
            commands: JoinSet::new(),
            maybe_paused_since: None,
            wants_resume: false,
            away_since: None,
        }
    }

    pub(crate) fn server(&self) -> &NotificationServer {
        self.server.as_ref().expect("the notification server is there between two lives")
    }

    pub(crate) fn device(&self) -> String {
        self.sandbox.devices().pop().expect("a device is registered")
    }

    /// How many messages wait at the sandbox.
    pub(crate) fn queued(&self) -> usize {
        self.sandbox.queue(&self.device()).len()
    }

    /// Saves the settings in one step, as many editors do: a daemon that starts while the file is empty uses the defaults.
    fn save_settings(&self, text: &str) {
        let next = self.user.path("config/handover/next");
        std::fs::write(&next, text).expect("write the settings");
        std::fs::rename(&next, self.user.path("config/handover/config.toml")).expect("replace the settings");
    }

    /// Starts the daemon as the session does.
    pub(crate) fn daemon(&self) -> Running {
        Running::start(self.user.command(&["run", "--at-login"]))
    }

    /// Begins the next life.
    pub(crate) fn begin_life(&mut self) {
        self.evidence.lives.push(LifeSeen::default());
    }

    fn life(&self) -> usize {
        self.evidence.lives.len().saturating_sub(1)
    }

    pub(crate) fn this_life(&mut self) -> &mut LifeSeen {
        if self.evidence.lives.is_empty() {
            self.begin_life();
        }
        self.evidence.lives.last_mut().expect("a life has begun")
    }

    /// The user unlocks the screen.
    pub(crate) async fn come_back(&mut self) {
        if let Some(left) = self.away_since.take() {
            self.evidence.absences.push((left, instant()));
        }
        self.logind.set_away(false).await;
    }

    pub(crate) fn send(&mut self, burst: &Burst) {
        for _ in 0..burst.count() {
            let number = self.evidence.sent.len();
            match burst {
                Burst::One(priority) => self.send_one(&format!("App {}", number % APPS), *priority, true),
                Burst::Flood(_) => self.send_one("Flood", 0, false),
                Burst::Hidden(_) => self.send_one("Hidden", 0, false),
                Burst::Grouped(_) => self.send_one("Grouped", 0, false),
            }
        }
    }

    /// Sends a message; its text is unique.
    pub(crate) fn send_one(&mut self, app: &str, priority: i8, is_single: bool) {
        let text = format!("message {} of priority {priority}", self.evidence.sent.len());
        let new_app = || self.sandbox.add_app(app, "");
        let token = self.apps.entry(app.to_owned()).or_insert_with(new_app).clone();
        let number = priority.to_string();
        let mut fields =
            vec![("message", text.as_str()), ("token", token.as_str()), ("priority", number.as_str())];
        if priority == 2 {
            fields.extend([("retry", "10800"), ("expire", "10800")]);
        }
        let at = instant();
        let reply = self.sandbox.send(&fields);
        assert_eq!(reply["status"], 1, "{reply}");
        let receipt = reply["receipt"].as_str().filter(|_| priority == 2).map(str::to_owned);
        let is_single = is_single && priority > -2;
        self.evidence.sent.push(Sent { text, priority, receipt, at, is_single });
    }

    async fn stop_server(&mut self) {
        self.this_life().server_faults += 1;
        self.collect().await;
        self.server = None;
        self.servers += 1;
        self.screen.clear();
    }

    async fn start_keyring(&mut self) {
        self.keyring = Some(Keyring::start(self.bus.address(), &self.secrets).await);
    }

    async fn start_server(&mut self) {
        self.server = Some(NotificationServer::start(self.bus.address()).await);
    }

    fn repair_after(&mut self, span: Duration, repair: Repair) {
        self.repairs.push((instant() + span, repair));
    }

    /// Ends the faults that are over by this time.
    async fn repair(&mut self, now: Instant) {
        while let Some(index) = self.repairs.iter().position(|(at, _)| *at <= now) {
            match self.repairs[index].1 {
                Repair::Logind => self.start_logind().await,
                Repair::Server if self.server.is_none() => self.start_server().await,
                Repair::Server => self.server().catch_up().await,
                Repair::Keyring => self.start_keyring().await,
                Repair::Disk => self.disk.iter_mut().for_each(Disk::restore),
                Repair::Log => self.locked_log = None,
                Repair::Settings => self.save_settings(&format!("{SETTINGS}{RULES}")),
                // It may be gone.
                Repair::Continue(pid) => drop(kill_process(pid, Signal::CONT)),
            }
            // Only now, because this future may be dropped while it waits.
            self.repairs.remove(index);
        }
    }

    /// Ends all faults.
    pub(crate) async fn repair_all(&mut self) {
        // Everything else that is on this bus waits for it.
        self.bus.thaw();
        let now = instant();
        self.repairs.iter_mut().for_each(|(at, _)| *at = now);
        self.repair(now).await;
        // An action may have been interrupted in the middle.
        if self.server.is_none() {
            self.start_server().await;
        }
        if self.has_keyring && self.keyring.is_none() {
            self.start_keyring().await;
        }
        if !self.logind.is_there() {
            self.start_logind().await;
        }
        self.locked_log = None;
        self.sandbox.faults().clear();
        self.sandbox.set_half_open(false);
        self.sandbox.switch(|switches| switches.bytes_per_second = None);
    }

    /// Notes what was shown so far.
    pub(crate) async fn collect(&mut self) {
        let life = self.life();
        let Some(server) = &self.server else { return };
        for shown in server.shown_so_far().await {
            let is_list =
                shown.title.split_once(" messages").is_some_and(|(count, _)| count.parse::<u32>().is_ok());
            let text = if is_list { String::new() } else { first_line(&shown.body) };
            let before = self.screen.insert(shown.id, text.clone());
            let is_update = shown.id == shown.replaces && before.as_ref() == Some(&text);
            let is_unsaved = shown.body.contains("\nNot saved: ");
            if is_list {
                self.evidence.lists.push((life, shown.title));
            } else {
                let (at, server) = (shown.at, self.servers);
                self.evidence.shown.push(Showing { text, at, life, server, is_update, is_unsaved });
            }
        }
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
