//! Checks whether this desktop detects that somebody is at the computer, which `emergency = "auto"` needs.
//!
//! Invariant: it describes when emergencies are acknowledged and does not judge that, so nothing here is a failure.

use super::check::Check;
use super::probes::Probes;
use crate::desktop::presence::Evidence;
use crate::domain::presence::UserPresence;
use crate::domain::settings::Emergency;

/// Describes when emergencies are acknowledged automatically; `None` if the settings already say so.
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
        (true, true) => "while this session is unlocked and was used within the last five minutes",
        (true, false) => "while this session is unlocked; when it was last used is unknown",
        (false, true) => "while this computer was used within the last five minutes",
        (false, false) if evidence.unanswered => {
            let message = "emergencies are not acknowledged by themselves now, because no program of this desktop responds \
                           that says whether somebody is at the computer";
            return Check::ok(name, message)
                .hint("click or dismiss an emergency to acknowledge it, or log out and in again");
        }
        (false, false) => {
            let message = "emergencies are acknowledged as soon as they are shown, because this desktop does not \
                           say whether somebody is at the computer";
            return Check::ok(name, message)
                .hint("set emergency = \"manual\" in the settings to acknowledge them yourself");
        }
    };
    let now = match evidence.presence() {
        UserPresence::Away => ", which is not the case now",
        UserPresence::Unanswered => {
            ", which is not known now, because a program of this desktop does not respond"
        }
        UserPresence::Here | UserPresence::Unknown => "",
    };
    Check::ok(name, format!("emergencies are acknowledged {when}{now}"))
}
