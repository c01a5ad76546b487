//! The observers of a run: a subscriber to the events, `handover listen`, and a reader of the sandbox's journal.
//!
//! Invariant: they keep reading, whatever happens to the daemon, and change nothing.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use handover::control::{self, Event};
use handover::sandbox::{Endpoint, Sandbox};
use handover::system::clock;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::evidence::{Evidence, Followed};
use crate::support::process::{Running, TIMEOUT};
use crate::support::user::User;

/// All of them.
pub(crate) struct Followers {
    followed: Arc<Mutex<Followed>>,
    requests: Arc<Mutex<Requests>>,
    tasks: [JoinHandle<()>; 2],
    listener: Option<Running>,
    socket: PathBuf,
}

/// What the sandbox's journal says about acknowledgements.
#[derive(Default)]
struct Requests {
    arrived: Vec<(String, Instant)>,
    refused: Vec<String>,
    /// What the watching itself missed.
    incidents: Vec<String>,
}

impl Followers {
    /// Starts them. A daemon runs and has recorded nothing yet.
    pub(crate) async fn start(user: &User, sandbox: &Sandbox) -> Self {
        let socket = user.path("run/handover/control.sock");
        let (followed, requests) = (Arc::<Mutex<Followed>>::default(), Arc::<Mutex<Requests>>::default());
        let tasks = [
            tokio::spawn(follow(socket.clone(), Arc::clone(&followed))),
            tokio::spawn(read_journal(sandbox, Arc::clone(&requests))),
        ];
        let begun = async {
            while lock(&followed).last.is_none() {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(TIMEOUT, begun).await.expect("a subscriber is accepted");
        let listener = Running::start(user.command(&["listen", "--since", "1h", "--json"]));
        Self { followed, requests, tasks, listener: Some(listener), socket }
    }

    /// Waits until `handover listen` has printed this text.
    pub(crate) async fn until_listening(&self, text: &str) {
        self.listener.as_ref().expect("it runs until the end").until_printed(text).await;
    }

    /// Adds what they saw, once they have read everything.
    pub(crate) async fn report(mut self, evidence: &mut Evidence) {
        match control::subscribe(&self.socket, None).await {
            Ok(subscription) => {
                let latest = Some(subscription.sequence);
                let caught_up = async {
                    while lock(&self.followed).last < latest {
                        sleep(Duration::from_millis(1)).await;
                    }
                };
                if timeout(TIMEOUT, caught_up).await.is_err() {
                    evidence.incidents.push(format!("the subscriber did not get event {latest:?}"));
                }
            }
            Err(error) => evidence.incidents.push(format!("no subscriber is accepted in the end: {error}")),
        }
        evidence.followed = lock(&self.followed).clone();
        {
            let requests = lock(&self.requests);
            evidence.acknowledgements.clone_from(&requests.arrived);
            evidence.refused.extend(requests.refused.iter().cloned());
            evidence.incidents.extend(requests.incidents.iter().cloned());
        }
        if let Some(listener) = self.listener.take() {
            if let Some(last) = evidence.log.last() {
                let id = format!("\"id\":\"{}\"", last.id);
                listener.until_printed(&id).await;
            }
            let (finished, _) = listener.stop(rustix::process::Signal::TERM).await;
            if finished.code != Some(0) {
                evidence.incidents.push(format!("`listen` ended with {:?}: {}", finished.code, finished.err));
            }
            let text = |line: &str| {
                let message: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
                message["text"].as_str().unwrap_or_default().to_owned()
            };
            evidence.listened = finished.out.lines().map(text).collect();
        }
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Subscribes again and again, each time after the last event that it knows.
async fn follow(socket: PathBuf, followed: Arc<Mutex<Followed>>) {
    loop {
        let last = lock(&followed).last;
        let Ok(mut subscription) = control::subscribe(&socket, last).await else {
            sleep(Duration::from_millis(3)).await;
            continue;
        };
        lock(&followed).last.get_or_insert(subscription.sequence);
        while let Ok(Some(event)) = subscription.next().await {
            let mut followed = lock(&followed);
            if let Event::Recorded(message) = &event {
                *followed.recorded.entry(message.id.clone()).or_default() += 1;
            }
            if let Some(number) = event.sequence() {
                followed.note(number, matches!(event, Event::Missed { .. }));
            }
        }
    }
}

/// A subscriber that leaves after this time.
pub(crate) async fn visit(socket: PathBuf, span: Duration) {
    let leaves = clock::instant() + span;
    if let Ok(mut subscription) = control::subscribe(&socket, Some(0)).await {
        let reading = async { while matches!(subscription.next().await, Ok(Some(_))) {} };
        tokio::select! {
            () = reading => {}
            () = clock::until(Some(leaves)) => {}
        }
    }
}

/// Notes every acknowledgement that reaches the sandbox.
fn read_journal(sandbox: &Sandbox, requests: Arc<Mutex<Requests>>) -> impl Future<Output = ()> + use<> {
    let mut finished = sandbox.finished_requests();
    async move {
        loop {
            let request = match finished.recv().await {
                Ok(request) => request,
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                Err(tokio::sync::broadcast::error::RecvError::Lagged(missed)) => {
                    lock(&requests).incidents.push(format!("{missed} requests were not read"));
                    continue;
                }
            };
            if request.endpoint != Endpoint::Acknowledge {
                continue;
            }
            let receipt = request.path.split('/').nth(3).unwrap_or_default().to_owned();
            let mut requests = lock(&requests);
            if request.faulted && request.status.is_some_and(|status| (400..500).contains(&status)) {
                requests.refused.push(receipt.clone());
            }
            requests.arrived.push((receipt, request.at.into_std()));
        }
    }
}
