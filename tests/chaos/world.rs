//! What a run needs around the daemon, and how each action of a script is carried out on it.
//!
//! Invariant: the real binary runs, on sockets, a message bus, folders and perhaps a disk of its own.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use handover::sandbox::{Options, Sandbox};
use handover::system::clock;
use rusqlite::Connection;
use rustix::process::{Signal, kill_process};
use tokio::task::JoinSet;

use crate::action::{Action, Burst};
use crate::disk::Disk;
use crate::evidence::{Evidence, LifeSeen, Sent, Showing};
use crate::followers::{self, Followers};
use crate::support::bus::Bus;
use crate::support::notification_server::{Behaviour, NotificationServer};
use crate::support::process::{Finished, Running, run};
use crate::support::services::{Service, session};
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
    pub(crate) server: Option<NotificationServer>,
    /// How many notification servers there were before this one.
    servers: usize,
    /// The texts on the screen of this notification server.
    screen: BTreeMap<u32, String>,
    pub(crate) bus: Bus,
    logind: Service,
    _system_bus: Bus,
    apps: BTreeMap<String, String>,
    /// What ends a fault, and when.
    repairs: Vec<(Instant, Repair)>,
    locked_log: Option<Connection>,
    commands: JoinSet<Option<(&'static str, Finished)>>,
    pub(crate) maybe_paused_since: Option<Instant>,
    wants_resume: bool,
    away_since: Option<Instant>,
}

/// What ends a fault.
#[derive(Clone, Copy, Debug)]
enum Repair {
    Server,
    Disk,
    Log,
    Settings,
    Continue(rustix::process::Pid),
}

impl World {
    /// A user who is signed in, with the initial sync done and no daemon running.
    pub(crate) async fn new(with_disk: bool) -> Self {
        let sandbox = sandbox(Options::new(clock::unix)).await;
        sandbox.switch(|switches| switches.monthly_limit = 10_000_000);
        let (bus, system_bus) = (Bus::start(), Bus::start());
        let server = NotificationServer::start(bus.address()).await;
        let logind = Service::logind(system_bus.address(), &session(true, false, false)).await;
        let mut user = User::new(&sandbox);
        user.set("DBUS_SESSION_BUS_ADDRESS", bus.address());
        user.set("DBUS_SYSTEM_BUS_ADDRESS", system_bus.address());
        user.settings(&format!("{SETTINGS}{RULES}"));
        let disk = if with_disk { Disk::mount(&user.path("data")) } else { None };
        user.sign_in(&sandbox).await;
        let mut evidence = Evidence::default();
        if disk.is_none() {
            evidence.left_out.insert("FillDisk and ReadOnlyDisk");
        }
        Self {
            disk,
            user,
            sandbox: Arc::new(sandbox),
            evidence,
            followers: None,
            server: Some(server),
            servers: 0,
            screen: BTreeMap::new(),
            bus,
            logind,
            _system_bus: system_bus,
            apps: BTreeMap::new(),
            repairs: Vec::new(),
            locked_log: None,
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

    /// Carries out actions at their times, and ends faults at theirs, until this is dropped; counts the actions.
    pub(crate) async fn play(
        &mut self,
        during: &[(Duration, Action)],
        daemon: &Running,
        done: &mut usize,
    ) -> std::convert::Infallible {
        let began = clock::instant();
        let resume = (Duration::from_millis(70), Action::Resume);
        let again = self.wants_resume.then_some(&resume);
        let mut actions = during.iter().chain(again).peekable();
        loop {
            let action = actions.peek().map(|(at, _)| began + *at);
            let repair = self.repairs.iter().map(|(at, _)| *at).min();
            let Some(due) = [action, repair].into_iter().flatten().min() else {
                std::future::pending::<()>().await;
                continue;
            };
            clock::until(Some(due)).await;
            if action == Some(due) {
                if let Some((_, action)) = actions.next() {
                    *done += 1;
                    self.act(action, Some(daemon)).await;
                }
            } else {
                self.repair(clock::instant()).await;
            }
        }
    }

    /// Carries out an action. What lasts is ended by [`Self::play`] or [`Self::repair`].
    #[expect(clippy::too_many_lines, reason = "one arm for each action")]
    pub(crate) async fn act(&mut self, action: &Action, daemon: Option<&Running>) {
        let sandbox = Arc::clone(&self.sandbox);
        match action {
            Action::Send(burst) => self.send(burst),
            Action::Request(endpoint, fault, times) => {
                sandbox.faults().next(*endpoint, fault.clone(), *times)
            }
            Action::SlowLine(rate) => sandbox.switch(|switches| switches.bytes_per_second = Some(*rate)),
            Action::Frame(payload) => sandbox.push_frame(payload),
            Action::CloseWebsocket => sandbox.close_sockets(b""),
            Action::ResetWebsocket => sandbox.drop_sockets(),
            Action::HalfOpen => sandbox.set_half_open(true),
            Action::LoseConnections => sandbox.lose_connections(),
            Action::Suspend(span) => {
                if let Some(daemon) = daemon {
                    daemon.signal(Signal::STOP);
                    self.repair_after(*span, Repair::Continue(daemon.pid()));
                }
            }
            Action::RestartNotificationServer => {
                self.stop_server().await;
                self.start_server().await;
            }
            Action::StopNotificationServer(span) => {
                self.stop_server().await;
                self.repair_after(*span, Repair::Server);
            }
            Action::StallNotificationServer(span) => self.misbehave(Behaviour::Hang, *span),
            Action::RefuseNotifications(span) => self.misbehave(Behaviour::Refuse, *span),
            Action::RestartBus => {
                self.stop_server().await;
                self.bus.restart();
                self.start_server().await;
            }
            Action::FillDisk(span) => {
                if let Some(disk) = &self.disk {
                    disk.fill();
                    self.this_life().disk_faults += 1;
                    self.repair_after(*span, Repair::Disk);
                }
            }
            Action::ReadOnlyDisk(span) => {
                if let Some(disk) = &mut self.disk {
                    disk.make_read_only();
                    self.this_life().disk_faults += 1;
                    self.repair_after(*span, Repair::Disk);
                }
            }
            Action::LockLog(span) => {
                let log = Connection::open(self.user.path("data/handover/messages.db"));
                // The daemon may be writing just now.
                self.locked_log = log.ok().filter(|log| {
                    log.busy_timeout(Duration::ZERO).is_ok()
                        && log.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").is_ok()
                });
                self.this_life().disk_faults += 1;
                self.repair_after(*span, Repair::Log);
            }
            Action::ServiceClock(ahead) => sandbox.switch(|switches| switches.clock_ahead = *ahead),
            Action::Settings(lines) => drop(self.user.settings(&format!("{SETTINGS}{lines}{RULES}"))),
            Action::InvalidSettings(span) => {
                self.user.settings("backlog = 'sideways'");
                self.repair_after(*span, Repair::Settings);
            }
            Action::Pause => {
                self.maybe_paused_since.get_or_insert_with(clock::instant);
                self.start_command("pause", &["pause", "1h"]);
            }
            Action::Resume => {
                self.wants_resume = true;
                self.start_command("resume", &["resume"]);
            }
            Action::Leave => {
                self.logind.session_changed(&session(true, true, false)).await;
                self.away_since = Some(clock::instant());
            }
            Action::Return => self.come_back().await,
            Action::Command(arguments) => self.start_command(arguments[0], arguments),
            Action::Acknowledge => self.acknowledge(),
            Action::Dismiss => self.dismiss().await,
            Action::AcknowledgeElsewhere => {
                let emergency = self.evidence.sent.iter().rev().find(|sent| sent.receipt.is_some());
                if let Some(Sent { text, receipt: Some(receipt), .. }) = emergency {
                    sandbox.acknowledge_elsewhere(receipt);
                    self.evidence.by_user.insert(text.clone());
                }
            }
            Action::Subscribe(span) => {
                let visit = followers::visit(self.socket(), *span);
                self.commands.spawn(async move {
                    visit.await;
                    None
                });
            }
        }
    }

    fn socket(&self) -> PathBuf {
        self.user.path("run/handover/control.sock")
    }

    /// The user unlocks the screen.
    pub(crate) async fn come_back(&mut self) {
        if let Some(left) = self.away_since.take() {
            self.evidence.absences.push((left, clock::instant()));
        }
        self.logind.session_changed(&session(true, false, false)).await;
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
        let at = clock::instant();
        let reply = self.sandbox.send(&fields);
        assert_eq!(reply["status"], 1, "{reply}");
        let receipt = reply["receipt"].as_str().filter(|_| priority == 2).map(str::to_owned);
        let is_single = is_single && priority > -2;
        self.evidence.sent.push(Sent { text, priority, receipt, at, is_single });
    }

    /// `handover acknowledge` for the latest emergency that the message log has.
    fn acknowledge(&mut self) {
        let log = Connection::open(self.user.path("data/handover/messages.db"));
        let query =
            "SELECT CAST(id AS TEXT), body FROM messages WHERE receipt <> '' ORDER BY seq DESC LIMIT 1";
        let read = |log: Connection| {
            log.query_row(query, [], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).ok()
        };
        let Some((id, text)) = log.ok().and_then(read) else { return };
        self.evidence.by_user.insert(text);
        self.start_command("acknowledge", &["acknowledge", &id]);
    }

    /// The user closes the notification of an emergency.
    async fn dismiss(&mut self) {
        self.collect().await;
        let Some(server) = &self.server else { return };
        let emergency = server.screen().into_iter().find(|(_, shown)| shown.title.starts_with("Emergency: "));
        if let Some((id, shown)) = emergency {
            self.evidence.by_user.insert(first_line(&shown.body));
            server.dismiss(id).await;
        }
    }

    /// Starts a command beside the daemon.
    fn start_command(&mut self, name: &'static str, arguments: &[&str]) {
        let command = self.user.command(arguments);
        self.commands.spawn(async move { Some((name, run(command, "").await)) });
    }

    /// Waits for the commands of this life.
    pub(crate) async fn finish_commands(&mut self) {
        while let Some(ended) = self.commands.join_next().await {
            match ended {
                Ok(None) => {}
                Ok(Some((name, finished))) => {
                    if !matches!(finished.code, Some(0..=4)) {
                        self.evidence.incidents.push(format!("`handover {name}`: {finished:?}"));
                    }
                    if name == "resume" && finished.code == Some(0) {
                        self.wants_resume = false;
                        let since = self.maybe_paused_since.take();
                        self.evidence.pauses.extend(since.map(|since| (since, clock::instant())));
                    }
                }
                Err(error) => self.evidence.incidents.push(format!("a command failed: {error}")),
            }
        }
    }

    /// Ends the pause, if there may be one. A daemon has to run.
    pub(crate) async fn resume(&mut self) {
        if self.maybe_paused_since.is_some() || self.wants_resume {
            self.start_command("resume", &["resume"]);
            self.finish_commands().await;
        }
    }

    fn misbehave(&mut self, behaviour: Behaviour, span: Duration) {
        self.this_life().server_faults += 1;
        if let Some(server) = &self.server {
            server.behave(behaviour);
        }
        self.repair_after(span, Repair::Server);
    }

    async fn stop_server(&mut self) {
        self.this_life().server_faults += 1;
        self.collect().await;
        self.server = None;
        self.servers += 1;
        self.screen.clear();
    }

    async fn start_server(&mut self) {
        self.server = Some(NotificationServer::start(self.bus.address()).await);
    }

    fn repair_after(&mut self, span: Duration, repair: Repair) {
        self.repairs.push((clock::instant() + span, repair));
    }

    /// Ends the faults that are over by this time.
    async fn repair(&mut self, now: Instant) {
        let mut waiting = Vec::new();
        for (at, repair) in std::mem::take(&mut self.repairs) {
            if at > now {
                waiting.push((at, repair));
                continue;
            }
            match repair {
                Repair::Server if self.server.is_none() => self.start_server().await,
                Repair::Server => self.server().catch_up().await,
                Repair::Disk => self.disk.iter_mut().for_each(Disk::restore),
                Repair::Log => self.locked_log = None,
                Repair::Settings => drop(self.user.settings(&format!("{SETTINGS}{RULES}"))),
                // It may be gone.
                Repair::Continue(pid) => drop(kill_process(pid, Signal::CONT)),
            }
        }
        self.repairs.extend(waiting);
    }

    /// Ends all faults.
    pub(crate) async fn repair_all(&mut self) {
        self.repairs.iter_mut().for_each(|(at, _)| *at = clock::instant());
        self.repair(clock::instant()).await;
        // An action may have been interrupted in the middle.
        if self.server.is_none() {
            self.start_server().await;
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
            if !is_list {
                let (at, server) = (shown.at, self.servers);
                self.evidence.shown.push(Showing { text, at, life, server, is_update, is_unsaved });
            }
        }
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
