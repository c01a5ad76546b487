//! The task that listens to the notification server: what the user did with a notice, and when one, or a message, has had its time.
//!
//! Invariant: only notices this program has shown are listened to, by this process or one before it. No click but
//! `Acknowledge` acknowledges, and no click on the notice itself takes an emergency off the screen that the user still
//! is to acknowledge there.

use std::sync::Arc;

use super::{Shared, clock, connect, walks};
use crate::desktop::{browser, terminal};
use crate::domain::message::{LONGEST_EMERGENCY, Message, Receipt, Seq};
use crate::domain::notice::{Notice, NoticeAction, NoticeEvent, NoticeId};
use crate::domain::status::{Cause, Trouble};
use crate::engine::{announce, link};
use crate::ports::{Notifier, SecretStore};
use crate::store::Wish;

/// Attends to notices until the daemon stops.
pub(super) async fn attend<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    // A notification server that hangs keeps nobody from ending.
    shared.stop().run_until_cancelled(listen(&shared)).await;
}

async fn listen<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>) -> ! {
    shared.adopt_notices().await;
    loop {
        let expiries = [shared.announcer().next_expiry(), *shared.next_expiry()];
        let next_expiry = expiries.into_iter().flatten().min().map(clock::look_for);
        tokio::select! {
            biased;
            event = shared.notifier().next_event() => {
                shared.state_notice.follow(event);
                take(shared, event).await;
            }
            // What expires first may be another one now.
            () = shared.on_screen.notified() => {}
            () = clock::until(next_expiry) => {}
        }
        close_expired(shared).await;
        shared.count_out_expired();
    }
}

async fn take<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>, event: NoticeEvent) {
    match event {
        NoticeEvent::Chosen(_, NoticeAction::SignIn) => {
            // The notice stays until the sign-in is done, and says how else to do it.
            if let Err(error) = terminal::open(&["setup"]) {
                tracing::warn!("no terminal could be opened: {error}");
            }
        }
        NoticeEvent::Chosen(_, NoticeAction::TakeBack) => shared.tell_link(link::Input::TakenBack),
        NoticeEvent::Chosen(id, NoticeAction::Default) => see_to(shared, id, Click::Notice).await,
        NoticeEvent::Chosen(id, NoticeAction::OpenLink) => see_to(shared, id, Click::OpenLink).await,
        NoticeEvent::Chosen(id, NoticeAction::MarkRead) => see_to(shared, id, Click::MarkRead).await,
        NoticeEvent::Chosen(id, NoticeAction::Acknowledge) => {
            let (seqs, receipt) = shared.stands_for(id);
            shared.mark_read(&seqs);
            if let Some(receipt) = receipt {
                wish(shared, receipt);
            }
        }
        NoticeEvent::Dismissed(id) => {
            let seqs = shared.announcer().gone(id);
            shared.mark_read(&seqs);
        }
        NoticeEvent::Gone(id) => drop(shared.announcer().gone(id)),
        NoticeEvent::Returned => {
            shared.announcer().forget_all();
            shared.write_link(connect::Letter::NoticesReturned);
            shared.want(walks::Wanted::Announcement).await;
        }
    }
}

/// Where the user clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Click {
    /// On the notice itself: it opens the link, if there is one that may be opened.
    Notice,
    OpenLink,
    MarkRead,
}

/// Does what a click asks for; the user has seen to the messages then, and the notice goes, unless it is there for an
/// emergency to be acknowledged.
async fn see_to<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>, id: NoticeId, click: Click) {
    let (seqs, receipt) = shared.stands_for(id);
    let is_one_message = receipt.is_some() || seqs.len() == 1;
    let message = seqs.last().copied().filter(|_| is_one_message && click != Click::MarkRead);
    let entry = message.and_then(|seq| match shared.store().entry(seq) {
        Ok(entry) => entry.map(|entry| shared.reader_now().open(entry)),
        Err(error) => {
            tracing::warn!("the message of a notice cannot be read: {error}");
            None
        }
    });
    shared.mark_read(&seqs);
    let emergency = shared.settings().emergency;
    let is_done = entry.as_ref().is_none_or(|entry| !announce::is_to_acknowledge(entry, emergency));
    if let Some(link) = entry.and_then(|entry| link_to_open(shared, &entry.message, click)) {
        // It waits for another program, and other notices are not to wait for that.
        tokio::spawn(open(Arc::clone(shared), link));
    }
    if is_done {
        shared.announcer().gone(id);
        shared.notifier().close(id).await;
    }
}

fn link_to_open<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    message: &Message,
    click: Click,
) -> Option<String> {
    let settings = shared.settings();
    let open_links: Vec<_> = settings.open_links.iter().map(String::as_str).collect();
    match click {
        Click::MarkRead => None,
        Click::Notice => announce::link_of(message, &open_links),
        // The user asked for it, and is told when the settings forbid it now.
        Click::OpenLink => announce::any_link_of(message),
    }
}

/// Opens a link by the settings as they are now; when that fails, a notice shows the address.
async fn open<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>, link: String) {
    let Err(error) = shared.open_link(link).await else { return };
    let notice = Notice::about_handover("A link was not opened", &error.to_string());
    if let Err(error) = shared.notifier().show(&notice).await {
        tracing::warn!("that cannot be shown: {error}");
    }
}

/// Takes off the screen what is not worth showing any more.
async fn close_expired<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) {
    let expired = shared.announcer().expire(clock::unix());
    for id in expired {
        shared.notifier().close(id).await;
    }
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    /// Takes over the notices that an earlier process left on the screen; done once, whoever asks first.
    pub(super) async fn adopt_notices(&self) {
        self.adopted.get_or_init(|| self.adopt_what_is_left()).await;
    }

    async fn adopt_what_is_left(&self) {
        let left = match self.store().left_notices() {
            Ok(left) => left,
            Err(error) => return tracing::warn!("the notices on the screen are not known: {error}"),
        };
        let Some((server, left)) = left.filter(|(_, left)| !left.is_empty()) else { return };
        let ids: Vec<_> = left.iter().map(|notice| notice.id).collect();
        if self.notifier().adopt(&server, &ids).await {
            self.announcer().restore(left);
        }
    }

    /// The messages a notice stands for, and the emergency it is about.
    pub(super) fn stands_for(&self, id: NoticeId) -> (Vec<Seq>, Option<Receipt>) {
        let announcer = self.announcer();
        let (seqs, receipt) = announcer.stands_for(id);
        (seqs.to_vec(), receipt.cloned())
    }

    /// Opens a link by the settings as they are now; it waits for another program.
    pub(super) async fn open_link(&self, link: String) -> Result<(), browser::NotOpened> {
        let (settings, open) = (self.settings(), Arc::clone(&self.parts.opener));
        let outcome = tokio::task::spawn_blocking(move || open(&link, &settings.open_links)).await;
        outcome.unwrap_or(Ok(())).inspect_err(|_address| {
            // The error holds the address: it is for the user's eyes only.
            tracing::warn!("the link of a message was not opened");
        })
    }

    /// Takes off the screen what stands for this message that was just read, and for no other that is still unread.
    pub(super) async fn close_notices_of_read(&self, seq: Seq) {
        let notices = self.announcer().notices_with(seq);
        for notice in notices {
            let (seqs, _) = self.stands_for(notice);
            // A log that cannot be asked leaves a notice too many.
            if seqs == [seq] || self.store().are_read(&seqs).unwrap_or(false) {
                self.announcer().gone(notice);
                self.notifier().close(notice).await;
            }
        }
    }

    /// Counts what is unread anew when one of it has expired.
    fn count_out_expired(&self) {
        // Taken, so that a log that cannot be read is not asked again at once.
        let expired = self.next_expiry().take_if(|expiry| *expiry <= clock::unix());
        if expired.is_some() {
            self.refresh_counts();
        }
    }

    /// Marks messages as seen to by the user, later when it cannot be done now.
    pub(super) fn mark_read(&self, seqs: &[Seq]) {
        if seqs.is_empty() {
            return;
        }
        match self.store().mark_read(seqs, clock::unix()) {
            Ok(()) => self.refresh_counts(),
            Err(error) => {
                tracing::warn!("what was read is marked later: {error}");
                self.seen_to().extend_from_slice(seqs);
            }
        }
    }
}

fn wish<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, receipt: Receipt) {
    let expires = clock::unix().saturating_add(LONGEST_EMERGENCY);
    if let Err(error) = shared.wish_to_acknowledge(Wish { receipt, expires }, None) {
        // The notice is gone, but status and `handover acknowledge` still offer it.
        shared.trouble(Trouble::Acknowledgement, Some(Cause::from(&error)));
    }
}
