//! Scripted faults: which fault the next requests of an endpoint or a path meet.
//!
//! Invariant: a fault for a number of requests applies to exactly that many, in their order of arrival.

mod fault;
mod rule;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

pub use fault::{Endpoint, ErrorBody, Fault, Gate};
pub use rule::{FaultKind, FaultRule};

/// Which requests a fault is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Path(String),
    Endpoint(Endpoint),
    All,
}

/// The script: faults in order, and a permanent one.
#[derive(Debug, Default)]
pub struct Faults {
    scripts: Mutex<BTreeMap<Target, Script>>,
}

#[derive(Debug, Default)]
struct Script {
    next: VecDeque<(Fault, u32)>,
    always: Option<Fault>,
}

impl Faults {
    /// Adds a fault for the next `times` requests of an endpoint, after the faults added before.
    pub fn next(&self, endpoint: Endpoint, fault: Fault, times: u32) {
        self.add(Target::Endpoint(endpoint), fault, Some(times));
    }

    /// Sets a permanent fault of an endpoint, which applies when those of [`Self::next`] are used up.
    pub fn always(&self, endpoint: Endpoint, fault: Fault) {
        self.add(Target::Endpoint(endpoint), fault, None);
    }

    /// Adds the fault of a rule. A fault for a path comes before one for an endpoint, and that before one for all requests.
    pub fn apply(&self, rule: &FaultRule) {
        let target = match (&rule.path, rule.endpoint) {
            (Some(path), _) => Target::Path(path.clone()),
            (None, Some(endpoint)) => Target::Endpoint(endpoint),
            (None, None) => Target::All,
        };
        self.add(target, rule.fault(), rule.times);
    }

    /// Removes all faults; a request that has met one keeps it.
    pub fn clear(&self) {
        self.scripts().clear();
    }

    /// Removes the faults of one endpoint.
    pub fn clear_endpoint(&self, endpoint: Endpoint) {
        self.scripts().remove(&Target::Endpoint(endpoint));
    }

    /// The fault of a request that arrives now.
    pub(super) fn take(&self, endpoint: Endpoint, path: &str) -> Option<Fault> {
        let mut scripts = self.scripts();
        [Target::Path(path.to_owned()), Target::Endpoint(endpoint), Target::All]
            .iter()
            .find_map(|target| scripts.get_mut(target)?.take())
    }

    /// All faults that are still to come, for people.
    pub(super) fn json(&self) -> Value {
        let mut list = Vec::new();
        for (target, script) in self.scripts().iter() {
            let target = match target {
                Target::Path(path) => path.as_str(),
                Target::Endpoint(endpoint) => endpoint.name(),
                Target::All => "all",
            };
            let next = script.next.iter().map(|(fault, times)| (fault, Some(*times)));
            for (fault, times) in next.chain(script.always.iter().map(|fault| (fault, None))) {
                list.push(json!({"target": target, "fault": format!("{fault:?}"), "times": times}));
            }
        }
        Value::Array(list)
    }

    fn add(&self, target: Target, fault: Fault, times: Option<u32>) {
        let mut scripts = self.scripts();
        let script = scripts.entry(target).or_default();
        match times {
            None => script.always = Some(fault),
            Some(0) => {}
            Some(times) => script.next.push_back((fault, times)),
        }
    }

    fn scripts(&self) -> MutexGuard<'_, BTreeMap<Target, Script>> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Script {
    fn take(&mut self) -> Option<Fault> {
        let Some((fault, times)) = self.next.front_mut() else {
            return self.always.clone();
        };
        *times -= 1;
        if *times > 0 {
            return Some(fault.clone());
        }
        self.next.pop_front().map(|(fault, _)| fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_apply_in_order_and_then_the_permanent_one() {
        let faults = Faults::default();
        faults.always(Endpoint::Login, Fault::Hang);
        faults.next(Endpoint::Login, Fault::Drop, 2);
        faults.next(Endpoint::Login, Fault::Garbage, 1);
        faults.next(Endpoint::Login, Fault::CaptivePortal, 0);
        let take = |endpoint| faults.take(endpoint, "/a");
        assert!(take(Endpoint::Send).is_none());
        let met: Vec<_> = (0..5).map(|_| format!("{:?}", take(Endpoint::Login).unwrap())).collect();
        assert_eq!(met, ["Drop", "Drop", "Garbage", "Hang", "Hang"]);
        faults.clear_endpoint(Endpoint::Send);
        assert!(take(Endpoint::Login).is_some());
        faults.clear();
        assert!(take(Endpoint::Login).is_none());
    }
}
