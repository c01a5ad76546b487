//! The task that tells the other tasks when the computer woke or a network came up.
//!
//! Invariant: `engine::wake` decides when they are told: at once, but at most a few times a minute if events come in
//! bursts.

use std::sync::Arc;

use crate::daemon::driver::Driver;
use crate::daemon::shared::Shared;
use crate::daemon::shared::channels::{AckCommand, SyncCommand};
use crate::desktop::power::{PowerEvent, PowerMonitor};
use crate::engine::link;
use crate::engine::wake::{Input, Report, Wake};
use crate::ports::{Notifier, SecretStore};

/// Listens until the daemon stops.
pub(in crate::daemon) async fn listen<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let Some(power) = &shared.parts.power else { return };
    // A bus that does not respond must not keep the daemon from ending.
    shared.stop().run_until_cancelled(follow(&shared, power)).await;
}

async fn follow<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, power: &PowerMonitor) -> ! {
    let mut wake = Driver::new(Wake::new());
    loop {
        let input = async {
            Some(match power.next_event().await {
                PowerEvent::Woke => Input::Woke,
                PowerEvent::NetworkUp => Input::NetworkUp,
            })
        };
        if let Some(report) = wake.next(input).await {
            publish(shared, report).await;
        }
    }
}

async fn publish<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, report: Report) {
    match report {
        Report::Woke => {
            tracing::info!("the computer woke from sleep");
            shared.send_link(link::Input::Woke);
        }
        Report::NetworkUp => {
            tracing::info!("a network came up");
            shared.send_link(link::Input::NetworkUp);
        }
        Report::NetworksCame => shared.send_link(link::Input::NetworksCame),
    }
    shared.on_screen.notify_one();
    shared.to.acknowledge(AckCommand::Woke);
    shared.to.sync(SyncCommand::Woke).await;
}
