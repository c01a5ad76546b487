//! logind, which says whether somebody is at the computer, on a system bus of its own.
//!
//! Invariant: whenever it answers, it says whether the user is away at that time.

use handover::system::clock;

use super::World;
use crate::support::bus::Bus;
use crate::support::services::{Says, Service, session};

/// It may be gone for a while.
pub(super) struct Logind {
    bus: Bus,
    service: Option<Service>,
    is_away: bool,
    /// Since when it has been gone.
    gone_since: Option<std::time::Instant>,
}

impl Logind {
    pub(super) async fn start() -> Self {
        let mut logind = Self { bus: Bus::start(), service: None, is_away: false, gone_since: None };
        logind.answer().await;
        logind
    }

    pub(super) fn address(&self) -> &str {
        self.bus.address()
    }

    pub(super) fn is_there(&self) -> bool {
        self.service.is_some()
    }

    /// The user locks or unlocks the screen.
    pub(super) async fn set_away(&mut self, is_away: bool) {
        self.is_away = is_away;
        if let Some(service) = &self.service {
            service.session_changed(&self.session()).await;
        }
    }

    /// Leaves the bus, or restarts it.
    async fn leave(&mut self, with_bus: bool) {
        self.gone_since.get_or_insert_with(clock::instant);
        let service = self.service.take();
        if with_bus {
            self.bus.restart();
        } else if let Some(service) = service {
            service.leave().await;
        }
    }

    /// Answers nothing from now on.
    fn stall(&self) {
        if let Some(service) = &self.service {
            service.says("Get", Says::Hangs);
            service.says("GetAll", Says::Hangs);
        }
    }

    /// Answers from now on.
    async fn answer(&mut self) {
        match &self.service {
            Some(service) => {
                service.says("GetAll", Says::Session(self.session()));
                service.says("Get", Says::Display);
            }
            None => self.service = Some(Service::logind(self.bus.address(), &self.session()).await),
        }
    }

    fn session(&self) -> Vec<(&'static str, zbus::zvariant::Value<'static>)> {
        session(true, self.is_away, false)
    }
}

impl World {
    pub(super) async fn start_logind(&mut self) {
        self.logind.answer().await;
        let gone_since = self.logind.gone_since.take();
        self.evidence.presence_gaps.extend(gone_since.map(|since| (since, clock::instant())));
    }

    pub(super) async fn stop_logind(&mut self) {
        self.logind.leave(false).await;
    }

    pub(super) fn stall_logind(&self) {
        self.logind.stall();
    }

    pub(super) async fn restart_system_bus(&mut self) {
        self.logind.leave(true).await;
        self.start_logind().await;
    }
}
