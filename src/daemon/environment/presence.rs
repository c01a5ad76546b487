//! The task that acknowledges emergencies automatically under `emergency = "auto"`, once somebody is at the computer:
//! it carries out the decisions of `engine::presence`.
//!
//! Invariant: the request to acknowledge is recorded only while the notification is on the screen, or when the user
//! clicked or dismissed it. The waiting emergencies are worked out anew each time from the message log and the screen,
//! so a restart forgets nothing: an emergency whose notification was taken over from the previous process waits again,
//! and one whose notification is gone waits until it is shown again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::daemon::shared::Shared;
use crate::daemon::shared::channels::PresenceCommand;
use crate::daemon::shared::circumstances::with_circumstances;
use crate::domain::message::{Entry, LONGEST_EMERGENCY, Receipt};
use crate::domain::presence::UserPresence;
use crate::domain::settings::Emergency;
use crate::domain::status::{Cause, Issue};
use crate::engine::policy::emergency_setting;
use crate::engine::presence::{Action, AwaitedPresence, Input};
use crate::ports::{Notifier, PresenceWatch, SecretStore};
use crate::store::PendingAck;
use crate::system::clock;

/// More open emergencies than anyone has at once.
const MOST: usize = 1_000;

/// Acknowledges until the daemon stops.
pub(in crate::daemon) async fn acknowledge_when_here<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    commands: mpsc::UnboundedReceiver<PresenceCommand>,
) {
    // A desktop that does not respond must not keep the daemon from ending.
    shared.stop().run_until_cancelled(wait_and_acknowledge(&shared, commands)).await;
}

async fn wait_and_acknowledge<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    mut commands: mpsc::UnboundedReceiver<PresenceCommand>,
) -> ! {
    shared.reattach_notifications().await;
    let mut settings = shared.settings.subscribe();
    let mut machine = AwaitedPresence::new();
    let mut setting = shared.settings().emergency;
    let mut watch: Option<Box<dyn PresenceWatch>> = None;
    let mut inputs = VecDeque::from([Input::Waiting(waiting(shared).await)]);
    loop {
        let now = clock::instant();
        let action = match inputs.pop_front() {
            Some(input) => machine.handle_input(input, now),
            None => machine.handle_timeout(now),
        };
        match action {
            Some(Action::Ask) => {
                let watch = watch.get_or_insert_with(|| shared.parts.presence.watch());
                let answer = find_out(shared, watch.as_mut()).await;
                inputs.push_back(Input::Waiting(waiting(shared).await));
                inputs.push_back(Input::Answered(answer));
            }
            Some(Action::Acknowledge(receipt)) => {
                acknowledge(shared, receipt).await;
                inputs.push_back(Input::Waiting(waiting(shared).await));
            }
            None if inputs.is_empty() => {
                if !machine.is_waiting() {
                    watch = None;
                }
                tokio::select! {
                    biased;
                    Some(command) = commands.recv() => inputs.push_back(match command {
                        PresenceCommand::Changed => Input::Waiting(waiting(shared).await),
                        PresenceCommand::Handled(receipt) => Input::Handled(receipt),
                    }),
                    Ok(()) = settings.changed() => {
                        let before = std::mem::replace(&mut setting, shared.settings().emergency);
                        if before != setting {
                            // What was answered for another setting says nothing about this computer.
                            machine = AwaitedPresence::new();
                        }
                        inputs.push_back(Input::Waiting(waiting(shared).await));
                    }
                    () = changed(&mut watch) => inputs.push_back(Input::Changed),
                    () = clock::until(machine.poll_timeout()) => inputs.push_back(Input::Waiting(waiting(shared).await)),
                }
            }
            None => {}
        }
    }
}

/// The emergencies that are on the screen and still open, if the settings acknowledge them automatically.
async fn waiting<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> BTreeSet<Receipt> {
    if !shared.settings().emergency.is_automatic() {
        return BTreeSet::new();
    }
    let on_screen = shared.announcer().emergencies(shared.notifier().standing_limit());
    if on_screen.is_empty() {
        return on_screen;
    }
    match open_emergencies(shared).await {
        Some(open) => on_screen.into_iter().filter(|receipt| open.contains_key(receipt)).collect(),
        // A rule may forbid it.
        None if shared.settings().rules.iter().any(|rule| rule.then.acknowledge == Some(false)) => {
            BTreeSet::new()
        }
        None => on_screen,
    }
}

/// The emergencies that are not acknowledged and that no rule leaves to the user, and until when the service repeats each;
/// `None` when the message log cannot be read.
async fn open_emergencies<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
) -> Option<BTreeMap<Receipt, i64>> {
    // Until the service has responded, all of them count, however old: this computer's clock may be wrong.
    let unix = shared.rest().service_time().unwrap_or_default();
    let open = shared.log(move |log| log.open_emergencies(MOST, unix)).await;
    let open = open.inspect_err(|error| tracing::warn!("the open emergencies cannot be read: {error}"));
    let (open, reader) = (open.ok()?, shared.reader_now());
    let open = open.into_iter().map(|entry| reader.open(entry));
    Some(with_circumstances(shared, false, None, |circumstances| {
        let is_automatic = |entry: &Entry| emergency_setting(entry, circumstances).is_automatic();
        open.filter(is_automatic)
            .filter_map(|entry| Some((entry.message.receipt.clone()?, entry.repeated_until())))
            .collect()
    }))
}

async fn find_out<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    watch: &mut dyn PresenceWatch,
) -> UserPresence {
    match shared.settings().emergency {
        Emergency::Auto => watch.current().await,
        // The emergency was shown before the user chose this.
        Emergency::Always => UserPresence::Here,
        Emergency::Manual | Emergency::Never => UserPresence::Away,
    }
}

/// Waits until somebody may have come or gone; indefinitely without a watch. Cancel safe.
async fn changed(watch: &mut Option<Box<dyn PresenceWatch>>) {
    match watch {
        Some(watch) => watch.changed().await,
        None => std::future::pending().await,
    }
}

async fn acknowledge<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, receipt: Receipt) {
    if !shared.settings().emergency.is_automatic() {
        return;
    }
    let expires = match open_emergencies(shared).await {
        Some(open) => match open.get(&receipt) {
            Some(repeated_until) => *repeated_until,
            None => return,
        },
        None => shared.service_unix().saturating_add(LONGEST_EMERGENCY),
    };
    if let Err(error) = shared.request_acknowledgement(PendingAck { receipt, expires }).await {
        shared.issue(Issue::Acknowledgement, Some(Cause::from(&error)));
    }
}
