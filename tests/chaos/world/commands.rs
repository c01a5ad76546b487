//! What the user does in a run: commands beside the daemon, and clicks.
//!
//! Invariant: each command ends before the next life begins, and an unexpected exit code is an incident.

use std::path::PathBuf;
use std::time::Duration;

use handover::system::clock;
use rusqlite::Connection;

use super::{World, first_line};
use crate::action::Reading;
use crate::followers;
use crate::readers;
use crate::support::process::run;

impl World {
    /// A reader of the events comes and goes.
    pub(super) fn start_subscriber(&mut self, span: Duration) {
        let visit = followers::visit(self.socket(), span);
        self.commands.spawn(async move {
            visit.await;
            None
        });
    }

    /// A reader of the message log comes; it may stay for some lives.
    pub(super) fn start_reader(&mut self, kind: Reading, span: Duration) {
        let began = self.life();
        let (data, log) = (self.user.path("data"), self.user.path("data/handover/messages.db"));
        let command = self.user.command(&["messages", "--search", "priority", "--limit", "100000"]);
        self.readers.spawn_blocking(move || {
            let read = match kind {
                Reading::Pages => readers::pages(&data, span),
                Reading::Snapshot => readers::snapshot(&log, span),
                Reading::Killed => readers::killed(command, span),
            };
            readers::Read { lives: (began, began), ..read }
        });
    }

    /// Notes what the readers saw that have left; with `all`, waits for the others.
    pub(crate) async fn collect_reads(&mut self, all: bool) {
        let life = self.life();
        loop {
            let read = if all { self.readers.join_next().await } else { self.readers.try_join_next() };
            match read {
                Some(Ok(read)) => {
                    let lives = (read.lives.0, life);
                    self.evidence.reads.push(readers::Read { lives, ..read });
                }
                Some(Err(error)) => self.evidence.incidents.push(format!("a reader failed: {error}")),
                None => return,
            }
        }
    }

    /// `handover acknowledge` for the latest emergency that the message log has.
    pub(super) fn acknowledge(&mut self) {
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
    pub(super) async fn dismiss(&mut self) {
        self.collect().await;
        let Some(server) = &self.server else { return };
        let emergency = server.screen().into_iter().find(|(_, shown)| shown.title.starts_with("Emergency: "));
        if let Some((id, shown)) = emergency {
            self.evidence.by_user.insert(first_line(&shown.body));
            server.dismiss(id).await;
        }
    }

    /// Starts a command beside the daemon.
    pub(super) fn start_command(&mut self, name: &'static str, arguments: &[&str]) {
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

    fn socket(&self) -> PathBuf {
        self.user.path("run/handover/control.sock")
    }
}
