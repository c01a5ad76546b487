//! The task that tells the others when the computer woke or a network came up.
//!
//! Invariant: they are told as `engine::wake` decides: at once, and in a storm a few times a minute at most.

use std::sync::Arc;

use crate::daemon::{Shared, acknowledgements, sync};
use crate::desktop::power::{Power, PowerEvent};
use crate::engine::link;
use crate::engine::wake::{Input, News, Wake};
use crate::ports::{Notifier, SecretStore};
use crate::system::clock;

/// Listens until the daemon stops.
pub(in crate::daemon) async fn listen<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let Some(power) = &shared.parts.power else { return };
    let listening = pass_on(&shared, power);
    // The news of a daemon that stops are nobody's, however long the bus takes.
    shared.stop().run_until_cancelled(listening).await;
}

async fn pass_on<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, power: &Power) -> ! {
    let mut decide = Wake::new();
    loop {
        let event = tokio::select! {
            event = power.next_event() => Some(event),
            () = clock::until(decide.poll_timeout()) => None,
        };
        let now = clock::instant();
        let news = match event {
            Some(PowerEvent::Woke) => decide.handle_input(Input::Woke, now),
            Some(PowerEvent::NetworkUp) => decide.handle_input(Input::NetworkUp, now),
            None => decide.handle_timeout(now),
        };
        if let Some(news) = news {
            tell(shared, news).await;
        }
    }
}

async fn tell<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, news: News) {
    match news {
        News::Woke => {
            tracing::info!("the computer woke from sleep");
            shared.tell_link(link::Input::Woke);
        }
        News::NetworkUp => {
            tracing::info!("a network came up");
            shared.tell_link(link::Input::NetworkUp);
        }
        News::NetworksCame => shared.tell_link(link::Input::NetworksCame),
    }
    shared.on_screen.notify_one();
    shared.tell_acknowledge(acknowledgements::AckCommand::Woke);
    shared.want(sync::SyncCommand::Woke).await;
}
