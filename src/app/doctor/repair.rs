//! Repairs the message log at the user's request.
//!
//! Invariant: no daemon runs meanwhile, and the damaged file is kept.

use super::Problem;
use crate::app::context::Context;
use crate::app::instance::Instance;
use crate::store::{Repair, Store};

/// Reads all of the message log, and saves what can be read of it into a new one if it is damaged; `None` if it is not, or if
/// there is none yet.
pub fn repair(context: &Context) -> Result<Option<Repair>, Problem> {
    context.make_runtime_folder()?;
    let lock = &context.paths.lock;
    let instance = Instance::take(lock)
        .map_err(|error| Problem::of_system(&format!("{} cannot be used", lock.display()), &error))?;
    let Some(_instance) = instance else {
        return Err(Problem::new("the message log was not checked", "the daemon is running")
            .hint("stop it with `handover quit`, and start it again afterwards"));
    };
    let path = &context.paths.messages;
    if !path.exists() {
        return Ok(None);
    }
    Store::request_check_of(path)?;
    Ok(Store::open_or_repair(path)?.repair().cloned())
}
