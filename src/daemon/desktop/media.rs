//! The task that fetches icons and sounds, and the lookups that attach them to notifications.
//!
//! Invariant: a cached file costs no request; the notifications of a plan wait for missing files for at most one
//! [`WaitBudget`] together; and a notification that was shown without its icon is handed to the message path, which
//! shows it again once the icon is there.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Display;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use crate::daemon::shared::Shared;
use crate::daemon::shared::channels::{FetchReply, LateIcon, MediaCommand, SyncCommand};
use crate::desktop::media::{Cache, CacheError, CachedFile};
use crate::domain::media::{Kind, Media, MediaFile, MediaName, Sound};
use crate::domain::message::Received;
use crate::domain::notification::{Notification, NotificationId};
use crate::domain::status::LinkState;
use crate::engine::media::{Fetches, Outcome};
use crate::engine::policy::sound;
use crate::ports::{Notifier, SecretStore};
use crate::pushover::{self, MediaError, Rest};
use crate::system::clock;
use crate::system::off_thread::{join, off_thread};

/// How often a fetch yields to other requests before it counts as failed; a message makes two requests.
const MOST_ATTEMPTS: usize = 10;

/// How long the cache may take to find a file.
const DISK_TIMEOUT: Duration = Duration::from_secs(3);

/// For how long sounds are assumed to stay in the cache. One that was removed is fetched when a message needs it.
const PRESENT_FOR: Duration = Duration::from_mins(10);

/// The most messages whose files are looked up before it is decided which ones are shown.
const MOST_LOOKED_UP: usize = 10;

/// How much longer the notifications of one plan may wait for files.
pub(in crate::daemon) struct WaitBudget(Duration);

impl WaitBudget {
    /// No waiting: only files that are in the cache.
    pub(in crate::daemon) fn none() -> Self {
        Self(Duration::ZERO)
    }

    /// Short enough to go unnoticed.
    pub(in crate::daemon) fn new() -> Self {
        Self(Duration::from_millis(300))
    }
}

/// A file that was looked for in the cache.
pub(in crate::daemon) struct Found {
    file: MediaFile,
    cached: Option<CachedFile>,
}

/// Files that are being looked for in the cache.
#[derive(Default)]
pub(in crate::daemon) struct Lookup {
    found: Vec<Found>,
    running: Option<JoinHandle<Vec<Found>>>,
}

impl Lookup {
    /// Waits for the result, but not longer than for one file. Cancel safe.
    pub(in crate::daemon) async fn found(&mut self) -> &[Found] {
        if let Some(running) = &mut self.running {
            self.found = timeout(DISK_TIMEOUT, join(running)).await.unwrap_or_default();
            self.running = None;
        }
        &self.found
    }
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    /// Attaches the icon and the sound of a notification; returns the icon if it is missing.
    pub(in crate::daemon) async fn attach_media(
        &self,
        notification: &mut Notification,
        media: Media,
        found: &[Found],
        budget: &mut WaitBudget,
    ) -> Option<MediaFile> {
        let icon = media.icon.map(|name| MediaFile { kind: Kind::Icon, name });
        let sound = match media.sound {
            Sound::Named(name) => Some(sound_file(name)),
            // These need no file.
            Sound::OfDesktop | Sound::Silent => None,
        };
        let fallback_sound = media.fallback_sound.map(sound_file);
        let mut sound_budget = WaitBudget(budget.0);
        (notification.icon, notification.sound) =
            tokio::join!(self.file(icon.as_ref(), found, budget), async {
                match self.file(sound.as_ref(), found, &mut sound_budget).await {
                    // The desktop may have no sound of its own, and then an emergency whose sound does not exist, or
                    // arrives too late, would be silent.
                    None => self.file(fallback_sound.as_ref(), found, &mut sound_budget).await,
                    found => found,
                }
            });
        budget.0 = budget.0.min(sound_budget.0);
        icon.filter(|_| notification.icon.is_none())
    }

    /// Starts looking up the icons and sounds of messages in the cache, while the messages are being processed. Skipped
    /// for a large batch, of which few messages are shown one by one.
    pub(in crate::daemon) fn look_up_media(&self, messages: &[Received]) -> Lookup {
        let Some(cache) = self.parts.media.clone().filter(|_| messages.len() <= MOST_LOOKED_UP) else {
            return Lookup::default();
        };
        let named = |kind, name: Option<&String>| Some(MediaFile { kind, name: MediaName::new(name?)? });
        let files = messages.iter().flat_map(|Received { message, .. }| {
            [named(Kind::Icon, message.icon.as_ref()), named(Kind::Sound, message.sound.as_ref())]
        });
        let files: BTreeSet<MediaFile> = files.flatten().collect();
        if files.is_empty() {
            return Lookup::default();
        }
        let work = move || files.into_iter().map(|file| Found { cached: cache.find(&file), file }).collect();
        Lookup { found: Vec::new(), running: Some(spawn_blocking(work)) }
    }

    /// Has a notification that was just shown without its icon shown again once the icon is there.
    pub(in crate::daemon) fn add_icon_later(
        &self,
        id: NotificationId,
        notification: Notification,
        icon: Option<MediaFile>,
    ) {
        let Some(icon) = icon else { return };
        let (seqs, _) = self.messages_for(id);
        self.to.media(MediaCommand::AddIcon(icon, LateIcon { id, notification, seqs }));
    }

    /// A file from the cache; a missing one is fetched, and waited for as long as the budget allows.
    async fn file(
        &self,
        file: Option<&MediaFile>,
        found: &[Found],
        budget: &mut WaitBudget,
    ) -> Option<PathBuf> {
        let (file, cache) = (file?, self.parts.media.as_ref()?);
        let cached = match found.iter().find(|found| found.file == *file) {
            Some(found) => found.cached.clone(),
            None => find(cache, file).await,
        };
        let done = self.request_media(file, cached.as_ref().map(|cached| cached.confirmed));
        if let Some(cached) = cached {
            return Some(cached.path);
        }
        if budget.0.is_zero() {
            return None;
        }
        let began = clock::instant();
        tokio::select! {
            // It fails only when the daemon stops.
            _ = done => {}
            () = clock::pause(budget.0) => {}
            () = self.stop().cancelled() => {}
        }
        budget.0 = budget.0.saturating_sub(clock::instant().duration_since(began));
        find(cache, file).await.map(|cached| cached.path)
    }

    /// Requests a file, unless the cached one, last `confirmed` at this time in unix seconds, is still up to date.
    fn request_media(&self, file: &MediaFile, confirmed: Option<i64>) -> oneshot::Receiver<FetchReply> {
        let (done, reply) = oneshot::channel();
        self.to.media(MediaCommand::Fetch { file: file.clone(), confirmed, done });
        reply
    }
}

fn sound_file(name: MediaName) -> MediaFile {
    MediaFile { kind: Kind::Sound, name }
}

/// Fetches icons and sounds until the daemon stops.
pub(in crate::daemon) async fn run<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    commands: mpsc::UnboundedReceiver<MediaCommand>,
) {
    let Some(cache) = &shared.parts.media else { return };
    let work = async {
        let pruned = cache.clone();
        off_thread(move || [Kind::Icon, Kind::Sound].map(|kind| pruned.prune(kind))).await;
        let synced = Notify::new();
        tokio::join!(fetch(&shared, cache, commands, &synced), prefetch_sounds(&shared, cache, &synced))
    };
    shared.stop().run_until_cancelled(work).await;
}

/// Fetches the files one by one. `synced` is notified after every sync that succeeded.
async fn fetch<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    cache: &Cache,
    mut commands: mpsc::UnboundedReceiver<MediaCommand>,
    synced: &Notify,
) {
    let mut queue = FetchQueue::default();
    let mut late_icons: Vec<(MediaFile, LateIcon)> = Vec::new();
    let mut work: Option<Work<'_>> = None;
    loop {
        if work.is_none()
            && let Some((file, since)) = queue.files.pop_front()
        {
            work = Some(Box::pin(fetch_one(shared.rest(), cache, file, since)));
        }
        tokio::select! {
            biased;
            (file, outcome) = ended(&mut work) => {
                work = None;
                queue.end(&file, outcome);
            }
            Some(command) = commands.recv() => match command {
                MediaCommand::Fetch { file, confirmed, done } => queue.push(file, confirmed, done),
                MediaCommand::AddIcon(icon, late) => late_icons.push((icon, late)),
                MediaCommand::SyncCompleted => synced.notify_one(),
            }
        }
        for (icon, late) in late_icons.extract_if(.., |(icon, _)| !queue.fetches.is_running(icon)) {
            if let Some(cached) = find(cache, &icon).await {
                let notification =
                    Notification { icon: Some(cached.path), silent: true, sound: None, ..late.notification };
                let late = LateIcon { notification, ..late };
                shared.to.sync(SyncCommand::IconArrived(Box::new(late))).await;
            }
        }
    }
}

/// The files to fetch, and the callers that wait for them.
#[derive(Default)]
struct FetchQueue {
    fetches: Fetches,
    /// Each with the time at which the cached file was known to be up to date, in unix seconds.
    files: VecDeque<(MediaFile, Option<i64>)>,
    waiting: Vec<(MediaFile, oneshot::Sender<FetchReply>)>,
}

impl FetchQueue {
    fn push(&mut self, file: MediaFile, confirmed: Option<i64>, done: oneshot::Sender<FetchReply>) {
        let age = confirmed.map(|confirmed| clock::unix().saturating_sub(confirmed));
        if self.fetches.begin(&file, age, clock::instant()) {
            self.files.push_back((file.clone(), confirmed));
        }
        if self.fetches.is_running(&file) {
            self.waiting.push((file, done));
        } else {
            // The caller may have hung up.
            let _ = done.send(self.fetches.paused_until(&file));
        }
    }

    fn end(&mut self, file: &MediaFile, outcome: Outcome) {
        self.fetches.end(file, outcome, clock::instant());
        for (_, done) in self.waiting.extract_if(.., |(waiting, _)| waiting == file) {
            // The caller may have hung up.
            let _ = done.send(self.fetches.paused_until(file));
        }
    }
}

/// Fetches the sounds of this device before they are needed, since no message waits for a slow one. It checks after
/// every sync, when the settings change, and when a failed fetch may be tried again.
async fn prefetch_sounds<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, cache: &Cache, synced: &Notify) {
    let mut status = shared.status.subscribe();
    let mut settings = shared.settings.subscribe();
    let mut present = Present::default();
    synced.notified().await;
    loop {
        // Status and settings outlive this task.
        drop(status.wait_for(|status| status.link == LinkState::Connected).await);
        let retry_at = prefetch_once(shared, cache, &mut present).await;
        tokio::select! {
            () = synced.notified() => {}
            _ = settings.changed() => {}
            () = clock::until(retry_at) => {}
        }
    }
}

/// The sounds that were last found in the cache, and when.
#[derive(Default)]
struct Present(Option<(Vec<MediaFile>, Instant)>);

/// Fetches the sounds that are missing; returns when to try again, if one could not be fetched.
async fn prefetch_once<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    cache: &Cache,
    Present(present): &mut Present,
) -> Option<Instant> {
    let wanted = sound::to_prefetch(&shared.account.borrow().sounds, shared.settings().sound);
    let wanted: Vec<_> = wanted.into_iter().map(sound_file).collect();
    let now = clock::instant();
    if matches!(present, Some((files, when)) if *files == wanted && now.duration_since(*when) < PRESENT_FOR) {
        return None;
    }
    let (cache, files) = (cache.clone(), wanted.clone());
    let missing: Vec<_> =
        off_thread(move || files.into_iter().filter(|file| cache.find(file).is_none()).collect()).await;
    if missing.is_empty() {
        *present = Some((wanted, now));
        return None;
    }
    if !shared.notifier().can_play_sound().await {
        return None;
    }
    let mut retry_at = None;
    for file in missing {
        let retry_file_at = shared.request_media(&file, None).await.ok().flatten();
        retry_at = [retry_at, retry_file_at].into_iter().flatten().min();
    }
    retry_at
}

type Work<'a> = Pin<Box<dyn Future<Output = (MediaFile, Outcome)> + Send + 'a>>;

/// Waits for the fetch under way; indefinitely when there is none. Cancel safe.
async fn ended(work: &mut Option<Work<'_>>) -> (MediaFile, Outcome) {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

/// Fetches a file into the cache; a debug line in the log says why it could not.
async fn fetch_one(rest: &Rest, cache: &Cache, file: MediaFile, since: Option<i64>) -> (MediaFile, Outcome) {
    let note = |why: &dyn Display| tracing::debug!("{:?} {}: {why}", file.kind, file.name.as_str());
    let outcome = match ask(rest, &file, since).await {
        Ok(pushover::Media::File(bytes)) => match save(cache, &file, bytes).await {
            Ok(_path) => Outcome::Fetched,
            Err(error) => {
                note(&error);
                Outcome::Failed
            }
        },
        Ok(pushover::Media::Unchanged) => confirm(cache, &file).await,
        Err(error) => {
            note(&error);
            match error {
                // The cached file is better than none.
                MediaError::NotFound(_) if since.is_some() => confirm(cache, &file).await,
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

/// Looks for a file in the cache, for [`DISK_TIMEOUT`] at most, so that a disk that hangs cannot hold up a
/// notification.
async fn find(cache: &Cache, file: &MediaFile) -> Option<CachedFile> {
    let (cache, file) = (cache.clone(), file.clone());
    timeout(DISK_TIMEOUT, off_thread(move || cache.find(&file))).await.ok().flatten()
}

async fn save(cache: &Cache, file: &MediaFile, bytes: Vec<u8>) -> Result<PathBuf, CacheError> {
    let (cache, file) = (cache.clone(), file.clone());
    off_thread(move || cache.save(&file, &bytes, clock::unix())).await
}

async fn confirm(cache: &Cache, file: &MediaFile) -> Outcome {
    let (cache, file) = (cache.clone(), file.clone());
    let confirmed = off_thread(move || cache.confirm(&file, clock::unix())).await;
    confirmed.map_or(Outcome::Failed, |()| Outcome::Fetched)
}
