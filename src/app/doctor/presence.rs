//! The check of what can be known of who is at the computer, on which `emergency = "auto"` depends.
//!
//! Invariant: it says when emergencies are acknowledged here, not whether that is wanted: nothing here is a failure.

use super::Check;
use super::probes::Probes;
use crate::desktop::presence::Evidence;
use crate::domain::presence::UserPresence;
use crate::domain::settings::Emergency;

/// When an emergency is acknowledged by itself; left out where the settings leave nothing to find out.
pub(super) async fn presence(probes: &Probes<'_>) -> Option<Check> {
    if probes.context.settings.emergency != Emergency::Auto {
        return None;
    }
    Some(check(probes.context.presence_evidence().await))
}

fn check(evidence: Evidence) -> Check {
    let name = "presence";
    let is_lock_known = evidence.locked.is_some() || evidence.active.is_some();
    let when = match (is_lock_known, evidence.idle.is_some()) {
        (true, true) => "while this session is unlocked and was used within five minutes",
        (true, false) => "while this session is unlocked; when it was last used is not known here",
        (false, true) => "while this computer was used within five minutes",
        (false, false) => {
            let message = "emergencies are acknowledged as soon as they are shown, since nothing here tells whether \
                           somebody is at the computer";
            return Check::ok(name, message)
                .hint("set emergency = \"manual\" in the settings to acknowledge them yourself");
        }
    };
    let now = match evidence.presence() {
        UserPresence::Away => ", which is not so now",
        UserPresence::Here | UserPresence::Unknown => "",
    };
    Check::ok(name, format!("emergencies are acknowledged {when}{now}"))
}
