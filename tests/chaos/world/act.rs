//! Carries out the actions of a script.
//!
//! Invariant: what an action breaks has a time at which it is repaired, or is repaired at the end of the life.

use std::sync::Arc;
use std::time::Duration;

use handover::sandbox::{Endpoint, Fault};
use handover::system::clock;
use rusqlite::Connection;
use rustix::process::Signal;

use super::{RULES, Repair, SETTINGS, World};
use crate::action::Action;
use crate::evidence::Sent;
use crate::support::notification_server::Behaviour;
use crate::support::process::Running;

/// In seconds.
pub(crate) const DAY: i64 = 86_400;

impl World {
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
                sandbox.faults().next(*endpoint, fault.clone(), *times);
            }
            Action::SlowLine(rate) => sandbox.switch(|switches| switches.bytes_per_second = Some(*rate)),
            Action::Frame(payload) => sandbox.push_frame(payload),
            Action::EndSession("download") => {
                sandbox.faults().next(Endpoint::Download, Fault::rejection(400), 1);
            }
            Action::EndSession(frame) => sandbox.push_frame(frame.as_bytes()),
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
                let had_keyring = self.keyring.take().is_some();
                self.bus.restart();
                if had_keyring {
                    self.start_keyring().await;
                }
                self.start_server().await;
            }
            Action::StallBus(span) => {
                self.this_life().server_faults += 1;
                // Not one of the repairs, since an action may wait for the bus.
                self.bus.freeze_for(*span);
            }
            Action::RestartSystemBus => self.restart_system_bus().await,
            Action::StopLogind(span) => {
                self.repair_after(*span, Repair::Logind);
                self.stop_logind().await;
            }
            Action::StallLogind(span) => {
                self.stall_logind();
                self.repair_after(*span, Repair::Logind);
            }
            Action::StopKeyring(span) => {
                if self.keyring.take().is_some() {
                    self.repair_after(*span, Repair::Keyring);
                }
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
                // Readers too are locked out only if no other process has it open. The daemon may also be writing just now.
                let kinds = ["PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE", "BEGIN IMMEDIATE"];
                let is_locked = |log: &Connection| kinds.iter().any(|kind| log.execute_batch(kind).is_ok());
                self.locked_log =
                    log.ok().filter(|log| log.busy_timeout(Duration::ZERO).is_ok() && is_locked(log));
                self.this_life().disk_faults += 1;
                self.repair_after(*span, Repair::Log);
            }
            Action::ServiceClock(ahead) => sandbox.switch(|switches| switches.clock_ahead = *ahead),
            Action::LocalClock(ahead) => {
                if let Some(clock) = &self.clock {
                    clock.set(*ahead);
                    self.evidence.clock_jumps += usize::from(ahead.abs() >= DAY);
                }
            }
            Action::Settings(lines) => self.save_settings(&format!("{SETTINGS}{lines}{RULES}")),
            Action::InvalidSettings(span) => {
                self.save_settings("backlog = 'sideways'");
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
                self.logind.set_away(true).await;
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
            Action::Subscribe(span) => self.start_subscriber(*span),
            Action::Read(kind, span) => self.start_reader(*kind, *span),
        }
    }

    fn misbehave(&mut self, behaviour: Behaviour, span: Duration) {
        self.this_life().server_faults += 1;
        if let Some(server) = &self.server {
            server.behave(behaviour);
        }
        self.repair_after(span, Repair::Server);
    }
}
