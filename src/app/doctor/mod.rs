//! Examines everything that receiving depends on, and says of each whether it is well.
//!
//! Invariant: nothing is changed, neither here nor on the service (but that a login moves to the place the settings want,
//! as with every command), and no check waits without end: all of them run at once and are done within twelve seconds.

use std::future::ready;
use std::pin::Pin;

use futures_util::future::join_all;

use super::Problem;
use super::context::Context;

mod computer;
mod presence;
mod probes;
mod service;
mod session;

use probes::Probes;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is as it should be.
    Ok,
    /// Messages arrive, but something may be better.
    Warning,
    /// The daemon cannot do its job.
    Failed,
}

impl Outcome {
    /// The word for it, in text and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// What was found of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// One word for what was looked at.
    pub name: &'static str,
    /// How it is.
    pub outcome: Outcome,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Check {
    fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Ok, message: message.into(), hint: None }
    }

    fn warning(name: &'static str, message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Warning, ..Self::ok(name, message) }
    }

    fn failed(name: &'static str, message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Failed, ..Self::ok(name, message) }
    }

    fn of_problem(name: &'static str, problem: &Problem) -> Self {
        Self { hint: problem.hint.clone(), ..Self::failed(name, &problem.message) }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Makes every check, in the order they are read. One that makes no sense because another failed is left out.
///
/// `settings` is what reading them came to; with a mistake in them `context` holds the defaults.
pub async fn examine(context: &Context, settings: Result<(), Problem>) -> Vec<Check> {
    let probes = Probes::new(context, settings);
    let checks: [Examination<'_>; _] = [
        Box::pin(ready(Some(computer::settings(&probes)))),
        Box::pin(computer::login(&probes)),
        Box::pin(computer::keyring(&probes)),
        Box::pin(computer::encryption(&probes)),
        Box::pin(service::api(&probes)),
        Box::pin(service::websocket(&probes)),
        Box::pin(service::clock(&probes)),
        Box::pin(service::session(&probes)),
        Box::pin(service::licence(&probes)),
        Box::pin(computer::notifications(&probes)),
        Box::pin(presence::presence(&probes)),
        Box::pin(session::sound(&probes)),
        Box::pin(session::tray(&probes)),
        Box::pin(computer::folder(&probes)),
        Box::pin(computer::messages(&probes)),
        Box::pin(computer::daemon(&probes)),
        Box::pin(ready(Some(session::autostart()))),
    ];
    join_all(checks).await.into_iter().flatten().collect()
}

type Examination<'a> = Pin<Box<dyn Future<Output = Option<Check>> + 'a>>;
