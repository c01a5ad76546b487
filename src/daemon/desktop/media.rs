//! The task that fetches icons and sounds, and what a notification gets of them.
//!
//! Invariant: a file that is here costs no request; all the notifications of a plan together wait [`WaitBudget`] at most for
//! files that are not; and a notification that went out without its icon is handed to the message path, which shows
//! it once more.

use std::collections::VecDeque;
use std::fmt::Display;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};

use crate::daemon::{Shared, sync};
use crate::desktop::media::Cache;
use crate::domain::media::{Kind, Media, MediaFile, MediaName, Sound};
use crate::domain::message::Seq;
use crate::domain::notification::{Notification, NotificationId};
use crate::domain::status::LinkState;
use crate::engine::media::{Errands, Outcome};
use crate::engine::policy::sound;
use crate::ports::{Notifier, SecretStore};
use crate::pushover::{self, MediaError, Rest};
use crate::system::clock;

/// How often a fetch makes way for other requests before it counts as failed; a message makes two of them.
const MOST_ATTEMPTS: usize = 10;

/// How long the notifications of one plan may still wait for files.
pub(in crate::daemon) struct WaitBudget(Duration);

impl WaitBudget {
    /// What a person does not notice.
    pub(in crate::daemon) fn new() -> Self {
        Self(Duration::from_millis(300))
    }
}

/// What is being fetched, or left alone for now.
#[derive(Default)]
pub(in crate::daemon) struct UnderWay {
    errands: Mutex<Errands>,
    /// Told whenever one ended.
    ended: Notify,
}

impl UnderWay {
    fn errands(&self) -> MutexGuard<'_, Errands> {
        self.errands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn until_ended(&self, file: &MediaFile) {
        loop {
            let ended = self.ended.notified();
            if !self.errands().is_under_way(file) {
                return;
            }
            ended.await;
        }
    }
}

/// What this task may be asked for.
pub(in crate::daemon) enum MediaCommand {
    /// Fetch this, if it changed since then.
    Fetch(MediaFile, Option<i64>),
    /// Have this notification shown again when its icon is here.
    AddIcon(MissingIcon),
}

/// A notification on the screen without its icon, which is being fetched.
pub(in crate::daemon) struct MissingIcon {
    icon: MediaFile,
    without: LateIcon,
}

/// A notification on the screen that is to be shown again with its icon.
pub(in crate::daemon) struct LateIcon {
    pub(in crate::daemon) id: NotificationId,
    pub(in crate::daemon) notification: Notification,
    /// The messages it was shown for; the id has others when another notification took its place.
    pub(in crate::daemon) seqs: Vec<Seq>,
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    /// Gives a notification the files that belong to it; says which icon is still to come.
    pub(in crate::daemon) async fn attach_media(
        &self,
        notification: &mut Notification,
        media: Media,
        patience: &mut WaitBudget,
    ) -> Option<MediaFile> {
        let icon = media.icon.map(|name| MediaFile { kind: Kind::Icon, name });
        let sound = match media.sound {
            Sound::Named(name) => Some(sound_file(name)),
            // Without a file it is the desktop's own.
            Sound::OfDesktop | Sound::Silent => None,
        };
        let fallback_sound = media.fallback_sound.map(sound_file);
        let mut sound_budget = WaitBudget(patience.0);
        (notification.icon, notification.sound) =
            tokio::join!(self.file_if(icon.as_ref(), patience), async {
                let found = self.file_if(sound.as_ref(), &mut sound_budget).await;
                match found {
                    // The desktop's own may be nothing at all, and then an emergency that names a sound nobody has,
                    // or one that is slow to come, would be silent.
                    None => self.file_if(fallback_sound.as_ref(), &mut sound_budget).await,
                    found => found,
                }
            },);
        patience.0 = patience.0.min(sound_budget.0);
        let icon = icon?;
        let is_to_come = notification.icon.is_none() && self.errands.errands().is_under_way(&icon);
        is_to_come.then_some(icon)
    }

    /// Has a notification that was just shown without its icon shown again with it.
    pub(in crate::daemon) fn add_icon_later(
        &self,
        id: NotificationId,
        notification: Notification,
        icon: Option<MediaFile>,
    ) {
        let Some(icon) = icon else { return };
        let (seqs, _) = self.messages_for(id);
        let without = LateIcon { id, notification, seqs };
        // The task ends only when all do.
        drop(self.to_media.send(MediaCommand::AddIcon(MissingIcon { icon, without })));
    }

    async fn file_if(&self, file: Option<&MediaFile>, patience: &mut WaitBudget) -> Option<PathBuf> {
        self.file(file?, patience).await
    }

    /// A file, at once when it is here; else it is fetched, and waited for as long as there is patience.
    pub(in crate::daemon) async fn file(
        &self,
        file: &MediaFile,
        patience: &mut WaitBudget,
    ) -> Option<PathBuf> {
        let cache = self.parts.media.as_ref()?;
        let kept = cache.find(file);
        self.order(file, kept.as_ref().map(|kept| kept.confirmed));
        if let Some(kept) = kept {
            return Some(kept.path);
        }
        if patience.0.is_zero() || !self.errands.errands().is_under_way(file) {
            return None;
        }
        let began = clock::instant();
        tokio::select! {
            () = self.errands.until_ended(file) => {}
            () = clock::pause(patience.0) => {}
            () = self.stop().cancelled() => {}
        }
        patience.0 = patience.0.saturating_sub(clock::instant().duration_since(began));
        cache.find(file).map(|kept| kept.path)
    }

    /// Has a file fetched, unless the one confirmed then is up to date, or it is under way or left alone for now.
    fn order(&self, file: &MediaFile, confirmed: Option<i64>) {
        let age = confirmed.map(|confirmed| clock::unix().saturating_sub(confirmed));
        if self.errands.errands().begin(file, age, clock::instant()) {
            // Likewise.
            drop(self.to_media.send(MediaCommand::Fetch(file.clone(), confirmed)));
        }
    }
}

/// Has the sounds of this device here before one is needed, since no message waits for a slow one: looks after every
/// download, when the settings change, and when the rest after a failure is over.
pub(in crate::daemon) async fn provide<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let Some(cache) = &shared.parts.media else { return };
    let mut status = shared.status.subscribe();
    let mut settings = shared.settings.subscribe();
    let providing = async {
        shared.downloaded.notified().await;
        loop {
            // Status and settings outlive this task.
            drop(status.wait_for(|status| status.link == LinkState::Connected).await);
            let again = provide_once(&shared, cache).await;
            tokio::select! {
                () = shared.downloaded.notified() => {}
                _ = settings.changed() => {}
                () = clock::until(again) => {}
            }
        }
    };
    shared.stop().run_until_cancelled(providing).await;
}

/// Fetches the sounds that are not here; says when to try again, if one could not be had.
async fn provide_once<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, cache: &Cache) -> Option<Instant> {
    let wanted = sound::to_prefetch(&shared.account().sounds, shared.settings().sound);
    let mut missing: Vec<_> = wanted.into_iter().map(sound_file).collect();
    missing.retain(|file| cache.find(file).is_none());
    if missing.is_empty() || !shared.notifier().can_play_sound().await {
        return None;
    }
    let mut again = None;
    for file in missing {
        shared.order(&file, None);
        shared.errands.until_ended(&file).await;
        let rested = shared.errands.errands().rests_until(&file);
        again = [again, rested].into_iter().flatten().min();
    }
    again
}

fn sound_file(name: MediaName) -> MediaFile {
    MediaFile { kind: Kind::Sound, name }
}

/// Fetches one file after the other until the daemon stops.
pub(in crate::daemon) async fn fetch<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    mut mailbox: mpsc::UnboundedReceiver<MediaCommand>,
) {
    let Some(cache) = &shared.parts.media else { return };
    for kind in [Kind::Icon, Kind::Sound] {
        cache.prune(kind);
    }
    let mut queue = VecDeque::new();
    let mut work: Option<Work<'_>> = None;
    let mut waiting: Vec<MissingIcon> = Vec::new();
    loop {
        if work.is_none()
            && let Some((file, since)) = queue.pop_front()
        {
            work = Some(Box::pin(fetch_one(shared.rest(), cache, file, since)));
        }
        tokio::select! {
            biased;
            () = shared.stop().cancelled() => return,
            (file, outcome) = ended(&mut work) => {
                work = None;
                shared.errands.errands().end(&file, outcome, clock::instant());
                shared.errands.ended.notify_waiters();
            }
            Some(letter) = mailbox.recv() => match letter {
                MediaCommand::Fetch(file, since) => queue.push_back((file, since)),
                MediaCommand::AddIcon(missing) => waiting.push(missing),
            }
        }
        let (still, over) = std::mem::take(&mut waiting)
            .into_iter()
            .partition(|missing| shared.errands.errands().is_under_way(&missing.icon));
        waiting = still;
        for missing in over {
            if let Some(kept) = cache.find(&missing.icon) {
                let LateIcon { id, notification, seqs } = missing.without;
                let notification =
                    Notification { icon: Some(kept.path), silent: true, sound: None, ..notification };
                let late = LateIcon { id, notification, seqs };
                shared.want(sync::SyncCommand::IconArrived(Box::new(late))).await;
            }
        }
    }
}

type Work<'a> = Pin<Box<dyn Future<Output = (MediaFile, Outcome)> + Send + 'a>>;

/// Waits for the work under way; for ever when there is none. Cancel safe.
async fn ended(work: &mut Option<Work<'_>>) -> (MediaFile, Outcome) {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

/// Fetches a file into the cache, and says in the log of the curious why it could not.
async fn fetch_one(rest: &Rest, cache: &Cache, file: MediaFile, since: Option<i64>) -> (MediaFile, Outcome) {
    let note = |why: &dyn Display| tracing::debug!("{:?} {}: {why}", file.kind, file.name.as_str());
    let outcome = match ask(rest, &file, since).await {
        Ok(pushover::Media::File(bytes)) => match cache.keep(&file, &bytes, clock::unix()) {
            Ok(_path) => Outcome::Here,
            Err(error) => {
                note(&error);
                Outcome::Failed
            }
        },
        Ok(pushover::Media::Unchanged) => confirm(cache, &file),
        Err(error) => {
            note(&error);
            match error {
                // The one that is here is better than none.
                MediaError::NotFound(_) if since.is_some() => confirm(cache, &file),
                MediaError::NotFound(_) => Outcome::Absent,
                MediaError::Preempted | MediaError::Failed(_) => Outcome::Failed,
            }
        }
    };
    (file, outcome)
}

async fn ask(rest: &Rest, file: &MediaFile, since: Option<i64>) -> Result<pushover::Media, MediaError> {
    for _ in 1..MOST_ATTEMPTS {
        match rest.media(file, since).await {
            Err(MediaError::Preempted) => {}
            answer => return answer,
        }
    }
    rest.media(file, since).await
}

fn confirm(cache: &Cache, file: &MediaFile) -> Outcome {
    cache.confirm(file, clock::unix()).map_or(Outcome::Failed, |()| Outcome::Here)
}
