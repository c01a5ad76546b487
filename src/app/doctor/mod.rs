//! Checks everything that receiving depends on, and reports whether each part works.
//!
//! Invariant: nothing is changed here or on the service (except that a login moves to the location in the settings, as
//! with every command). All checks run at once and finish within twelve seconds.

use std::future::ready;
use std::pin::Pin;

use futures_util::future::join_all;

use super::Problem;
use super::context::Context;

mod check;
mod computer;
mod presence;
mod probes;
mod repair;
mod service;
mod session;

use probes::Probes;

pub use check::{Check, Outcome};
pub use repair::repair;

/// Runs every check, in the order they are printed. Checks that make no sense because another one failed are left out.
///
/// `settings` is the result of reading them; if they are invalid, `context` holds the defaults.
pub async fn examine(context: &Context, settings: Result<(), Problem>) -> Vec<Check> {
    let probes = Probes::new(context, settings);
    let checks: [Examination<'_>; _] = [
        Box::pin(computer::settings(&probes)),
        Box::pin(ready(computer::rules(&probes))),
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
