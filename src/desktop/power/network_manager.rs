//! Reads NetworkManager's signals about networks.
//!
//! Invariant: an event is reported only when the reach improves or another network replaces the one in use; a signal
//! and a property about the same change are one event. A VPN is not a change: NetworkManager still names the network
//! under it.
//!
//! The signals: <https://networkmanager.dev/docs/api/latest/gdbus-org.freedesktop.NetworkManager.html>.

use std::collections::HashMap;

use zbus::Message;
use zbus::zvariant::{ObjectPath, Value};

use super::event::PowerEvent;

/// The bus name of NetworkManager, and of its interface.
pub(super) const NAME: &str = "org.freedesktop.NetworkManager";

/// The signals to subscribe to; not those of single devices, which report every change in signal strength.
pub(super) const MATCH_RULES: [&str; 2] = [
    "type='signal',sender='org.freedesktop.NetworkManager',interface='org.freedesktop.NetworkManager',\
     path='/org/freedesktop/NetworkManager',member='StateChanged'",
    "type='signal',sender='org.freedesktop.NetworkManager',interface='org.freedesktop.DBus.Properties',\
     path='/org/freedesktop/NetworkManager',member='PropertiesChanged',arg0='org.freedesktop.NetworkManager'",
];

/// `NM_STATE_CONNECTED_SITE`: connected, though perhaps not to the whole internet.
const CONNECTED_SITE: u32 = 60;
/// `NM_STATE_CONNECTED_GLOBAL`.
const CONNECTED_GLOBAL: u32 = 70;
/// `NM_CONNECTIVITY_FULL`.
const CONNECTIVITY_FULL: u32 = 4;

/// The state of the networks. Signals are sent only on changes, so the first good state counts as an improvement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NetworkManager {
    state: Option<u32>,
    connectivity: Option<u32>,
    /// The network in use, or the last one that was in use.
    primary: Option<String>,
}

/// How far the network reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Nowhere,
    Somewhere,
    Internet,
}

/// The content of one signal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Change {
    state: Option<u32>,
    connectivity: Option<u32>,
    primary: Option<String>,
}

impl NetworkManager {
    /// Reads a signal of NetworkManager.
    pub(super) fn read(&mut self, signal: &Message) -> Option<PowerEvent> {
        self.apply(Change::read(signal)?)
    }

    fn apply(&mut self, change: Change) -> Option<PowerEvent> {
        let before = self.reach();
        self.state = change.state.or(self.state);
        self.connectivity = change.connectivity.or(self.connectivity);
        let reach = self.reach();
        let is_better = reach > before && reach > Some(Reach::Nowhere);
        let primary = change.primary.filter(|path| path != "/");
        let is_other =
            primary.as_ref().is_some_and(|path| self.primary.as_ref().is_some_and(|old| old != path));
        self.primary = primary.or(self.primary.take());
        let is_up = reach != Some(Reach::Nowhere);
        (is_better || is_other && is_up).then_some(PowerEvent::NetworkUp)
    }

    fn reach(&self) -> Option<Reach> {
        let full = self.connectivity == Some(CONNECTIVITY_FULL);
        match self.state {
            Some(state) if state >= CONNECTED_GLOBAL => Some(Reach::Internet),
            Some(state) if state >= CONNECTED_SITE => {
                Some(if full { Reach::Internet } else { Reach::Somewhere })
            }
            Some(_) => Some(Reach::Nowhere),
            None => full.then_some(Reach::Internet),
        }
    }
}

impl Change {
    fn read(signal: &Message) -> Option<Self> {
        let (header, body) = (signal.header(), signal.body());
        match header.member()?.as_str() {
            "StateChanged" => Some(Self { state: Some(body.deserialize().ok()?), ..Self::default() }),
            "PropertiesChanged" => {
                let (interface, changed, _): (String, HashMap<String, Value<'_>>, Vec<String>) =
                    body.deserialize().ok()?;
                let number = |name| changed.get(name).and_then(|value| u32::try_from(value).ok());
                let path = |name| changed.get(name).and_then(|value| ObjectPath::try_from(value).ok());
                (interface == NAME).then(|| Self {
                    state: number("State"),
                    connectivity: number("Connectivity"),
                    primary: path("PrimaryConnection").map(|path| path.to_string()),
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: Option<PowerEvent> = Some(PowerEvent::NetworkUp);

    fn state(state: u32) -> Change {
        Change { state: Some(state), ..Change::default() }
    }

    fn connectivity(connectivity: u32) -> Change {
        Change { connectivity: Some(connectivity), ..Change::default() }
    }

    fn primary(path: &str) -> Change {
        Change { primary: Some(path.to_owned()), ..Change::default() }
    }

    /// Asserts the event of each change in a row.
    fn assert_events(changes: &[(Change, Option<PowerEvent>)]) {
        let mut network = NetworkManager::default();
        for (number, (change, expected)) in changes.iter().enumerate() {
            assert_eq!(network.apply(change.clone()), *expected, "{number}: {change:?}, {network:?}");
        }
    }

    #[test]
    fn a_network_that_comes_up_is_reported_once() {
        // As after a sleep: asleep, disconnected, connecting, local, and global.
        assert_events(&[
            (state(10), None),
            (primary("/"), None),
            (connectivity(1), None),
            (state(20), None),
            (state(40), None),
            (state(50), None),
            (Change { primary: Some("/7".to_owned()), ..state(70) }, UP),
            (state(70), None),
            (connectivity(4), None),
            (primary("/7"), None),
        ]);
    }

    #[test]
    fn a_login_at_a_captive_portal_is_reported() {
        assert_events(&[(state(60), UP), (connectivity(2), None), (connectivity(4), UP), (state(70), None)]);
    }

    #[test]
    fn another_network_is_reported_but_a_loss_is_not() {
        assert_events(&[
            (primary("/1"), None),
            (state(70), UP),
            (primary("/2"), UP),
            (primary("/2"), None),
            (primary("/"), None),
            (state(20), None),
            (primary("/3"), None),
            (state(60), UP),
            (state(20), None),
        ]);
    }

    #[test]
    fn the_first_known_state_counts_as_an_improvement() {
        assert_events(&[(state(70), UP)]);
        assert_events(&[(connectivity(4), UP), (state(70), None)]);
        assert_events(&[(connectivity(1), None), (state(70), UP)]);
        assert_events(&[(primary("/1"), None), (primary("/2"), UP)]);
        assert_events(&[(Change::default(), None)]);
    }

    #[test]
    fn signals_are_read_as_they_are_sent() {
        let path = "/org/freedesktop/NetworkManager";
        let send =
            |interface: &'static str, member: &'static str| Message::signal(path, interface, member).unwrap();
        let changed = |interface: &'static str| {
            let values = HashMap::from([
                ("State", Value::from(70_u32)),
                ("Connectivity", Value::from(4_u32)),
                ("PrimaryConnection", Value::from(ObjectPath::try_from("/1").unwrap())),
                ("Metered", Value::from("no number")),
            ]);
            let body = (interface, values, Vec::<String>::new());
            send("org.freedesktop.DBus.Properties", "PropertiesChanged").build(&body).unwrap()
        };
        let everything = Change { state: Some(70), connectivity: Some(4), primary: Some("/1".to_owned()) };
        assert_eq!(Change::read(&changed(NAME)), Some(everything));
        assert_eq!(Change::read(&changed("org.example")), None);
        assert_eq!(Change::read(&send(NAME, "StateChanged").build(&(70_u32,)).unwrap()), Some(state(70)));
        for malformed in [
            send(NAME, "StateChanged").build(&("seventy",)).unwrap(),
            send(NAME, "StateChanged").build(&()).unwrap(),
            send("org.freedesktop.DBus.Properties", "PropertiesChanged").build(&(NAME,)).unwrap(),
            send(NAME, "DeviceAdded").build(&(70_u32,)).unwrap(),
        ] {
            assert_eq!(Change::read(&malformed), None);
        }
    }
}
