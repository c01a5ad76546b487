//! Asks logind about the user's session.
//!
//! Invariant: the session is the one with the user's screen, wherever this program was started.
//!
//! The interface: <https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.login1.html>.

use std::collections::HashMap;

use zbus::zvariant::{OwnedObjectPath, OwnedValue};

use super::bus::{Bus, Object};
use super::evidence::Evidence;

const NAME: &str = "org.freedesktop.login1";
/// The user that runs this program.
const USER: &str = "/org/freedesktop/login1/user/self";
const USER_INTERFACE: &str = "org.freedesktop.login1.User";
/// The session of this program, or else the one with the user's screen.
const SESSION: &str = "/org/freedesktop/login1/session/auto";
const SESSION_INTERFACE: &str = "org.freedesktop.login1.Session";
/// The types of session whose desktop sets the idle hint.
const GRAPHICAL: [&str; 3] = ["x11", "wayland", "mir"];
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// The signals to subscribe to: a session was locked, unlocked, became idle or active. It may be another user's.
pub(super) const MATCH_RULES: [&str; 1] = ["type='signal',sender='org.freedesktop.login1',\
     interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',\
     path_namespace='/org/freedesktop/login1/session'"];

/// Queries it.
pub(super) async fn query(bus: &Bus) -> Evidence {
    let Some(program) = bus.program(NAME).await else { return Evidence::default() };
    let object = |path| Object { program: &program, path, interface: PROPERTIES };
    let display = bus.call::<_, OwnedValue>(object(USER), "Get", &(USER_INTERFACE, "Display")).await;
    let display = display.and_then(|value| <(String, OwnedObjectPath)>::try_from(value).ok());
    // It is ("", "/") if the user is logged in only on a text console.
    let path = display.filter(|(id, _)| !id.is_empty()).map(|(_, path)| path);
    let path = path.as_ref().map_or(SESSION, |path| path.as_str());
    let properties = bus.call::<_, Properties>(object(path), "GetAll", &SESSION_INTERFACE).await;
    properties.as_ref().map(evidence).unwrap_or_default()
}

type Properties = HashMap<String, OwnedValue>;

fn evidence(properties: &Properties) -> Evidence {
    let yes = |name| properties.get(name).and_then(|value| bool::try_from(value).ok());
    let kind = properties.get("Type").and_then(|value| <&str>::try_from(value).ok());
    let is_graphical = kind.is_some_and(|kind| GRAPHICAL.contains(&kind));
    Evidence {
        // Many desktops never set it, so false means unknown.
        locked: yes("LockedHint").filter(|locked| *locked),
        active: yes("Active"),
        idle: None,
        // For a text console logind sets it from the last key read there, which is wrong after `startx`.
        idle_hint: is_graphical && yes("IdleHint") == Some(true),
        unanswered: false,
    }
}

#[cfg(test)]
mod tests {
    use zbus::zvariant::Value;

    use super::*;

    fn of(properties: &[(&str, Value<'_>)]) -> Evidence {
        let owned = |(name, value): &(&str, Value<'_>)| ((*name).to_owned(), value.try_to_owned().unwrap());
        evidence(&properties.iter().map(owned).collect())
    }

    #[test]
    fn hints_that_many_desktops_never_set_count_only_when_true() {
        let (yes, no) = (|| Value::from(true), || Value::from(false));
        let active = Evidence { active: Some(true), ..Evidence::default() };
        for (properties, expected) in [
            (vec![], Evidence::default()),
            (vec![("Active", yes()), ("LockedHint", no()), ("IdleHint", no())], active),
            (vec![("Active", yes()), ("LockedHint", yes())], Evidence { locked: Some(true), ..active }),
            (
                vec![("Active", yes()), ("IdleHint", yes()), ("Type", Value::from("x11"))],
                Evidence { idle_hint: true, ..active },
            ),
            (vec![("Active", yes()), ("IdleHint", yes()), ("Type", Value::from("tty"))], active),
            (vec![("Active", yes()), ("IdleHint", yes())], active),
            (vec![("Active", no())], Evidence { active: Some(false), ..active }),
            (vec![("Active", Value::from("yes")), ("LockedHint", Value::from(1_u32))], Evidence::default()),
        ] {
            assert_eq!(of(&properties), expected, "{properties:?}");
        }
    }
}
