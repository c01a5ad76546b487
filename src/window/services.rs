//! The threads that wait for the daemon, the service and the message log, so that the window never does.
//!
//! Invariant: the thread that draws only sends jobs and awaits their results; dropping the result of a job cancels it.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;

use super::model::banner::Daemon;
use crate::app::Problem;
use crate::app::context::Context;
use crate::app::history::LogReader;
use crate::control::{self, Command, Event, Reply, StatusReport};
use crate::system::clock;

/// How long to wait before looking for a daemon again.
const RETRY: Duration = Duration::from_millis(500);

/// What the window needs of the rest of the program.
#[derive(Clone)]
pub(super) struct Services {
    jobs: mpsc::UnboundedSender<Job>,
    reads: mpsc::UnboundedSender<Read>,
    /// The number of the latest list: what is read for an earlier one is not worth reading.
    latest_list: Arc<AtomicU64>,
    pub(super) context: Arc<Context>,
}

type Job = Box<dyn FnOnce() -> LocalBoxFuture<'static, ()> + Send>;
type Read = Box<dyn FnOnce(&mut LogReader) + Send>;

/// News from the daemon.
#[derive(Debug)]
pub(super) enum News {
    /// What is known about it changed.
    Daemon(Daemon),
    /// The service's clock is this many seconds ahead.
    ServiceAhead(i64),
    /// Something happened to a message.
    Event(Event),
    /// Events may have been missed, so the list has to be read again.
    Missed,
}

impl Services {
    /// Starts the threads.
    pub(super) fn start(context: Context) -> std::io::Result<Self> {
        let (jobs, received) = mpsc::unbounded_channel::<Job>();
        let (reads, mut requests) = mpsc::unbounded_channel::<Read>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("services".to_owned()).spawn(move || {
            LocalSet::new().block_on(&runtime, run_jobs(received));
        })?;
        let mut reader = LogReader::new(context.clone());
        thread::Builder::new().name("message log".to_owned()).spawn(move || {
            while let Some(read) = requests.blocking_recv() {
                read(&mut reader);
            }
        })?;
        Ok(Self { jobs, reads, latest_list: Arc::default(), context: Arc::new(context) })
    }

    /// Runs a job that waits for the daemon or the service.
    pub(super) fn run<T: Send + 'static, F: Future<Output = T> + 'static>(
        &self,
        job: impl FnOnce(Rc<Context>) -> F + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (mut sender, receiver) = oneshot::channel();
        let context = Arc::clone(&self.context);
        let job: Job = Box::new(move || {
            Box::pin(async move {
                let work = job(Rc::new(Context::clone(&context)));
                let value = tokio::select! {
                    value = work => value,
                    () = sender.closed() => return,
                };
                // The caller may have stopped waiting.
                drop(sender.send(value));
            })
        });
        drop(self.jobs.send(job));
        receiver
    }

    /// Sends the daemon a command; the reply in words.
    pub(super) async fn ask(&self, command: Command) -> Result<String, Problem> {
        let asked =
            self.run(async move |context| match control::ask(&context.paths.socket, &command).await {
                Ok(Reply::Done { message }) => Ok(message),
                Ok(Reply::Status(_) | Reply::Subscribed { .. } | Reply::Failed { .. }) => {
                    Err(Problem::unexpected_reply())
                }
                Err(error) => Err(error.into()),
            });
        asked.await.unwrap_or_else(|_gone| Err(stopping()))
    }

    /// Reads from the message log.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut LogReader) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (sender, receiver) = oneshot::channel();
        let read: Read = Box::new(move |reader| {
            if !sender.is_closed() {
                drop(sender.send(read(reader)));
            }
        });
        drop(self.reads.send(read));
        receiver.await.unwrap_or_else(|_gone| Err(stopping()))
    }

    /// Begins a new list: what is still to be read for earlier ones is not read.
    pub(super) fn new_list(&self) -> u64 {
        self.latest_list.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether a list is still the latest one.
    pub(super) fn is_latest(&self, list: u64) -> bool {
        self.latest_list.load(Ordering::Relaxed) == list
    }

    /// Reads for a list; `None` when a newer list began meanwhile.
    pub(super) async fn read_for<T: Send + 'static>(
        &self,
        list: u64,
        read: impl FnOnce(&mut LogReader) -> Result<T, Problem> + Send + 'static,
    ) -> Result<Option<T>, Problem> {
        let latest = Arc::clone(&self.latest_list);
        let value =
            self.read(
                move |reader| {
                    if latest.load(Ordering::Relaxed) == list { read(reader).map(Some) } else { Ok(None) }
                },
            );
        Ok(value.await?.filter(|_| self.is_latest(list)))
    }

    /// Follows the daemon for as long as the receiver exists.
    pub(super) fn follow(&self) -> mpsc::UnboundedReceiver<News> {
        let (sender, news) = mpsc::unbounded_channel();
        let job: Job = {
            let context = Arc::clone(&self.context);
            Box::new(move || Box::pin(async move { follow(&context, &sender).await.unwrap_or_default() }))
        };
        drop(self.jobs.send(job));
        news
    }
}

fn stopping() -> Problem {
    Problem::failed("the window is closing")
}

async fn run_jobs(mut jobs: mpsc::UnboundedReceiver<Job>) {
    while let Some(job) = jobs.recv().await {
        tokio::task::spawn_local(job());
    }
}

/// Stays connected to the daemon, and reconnects, until the receiver is dropped.
async fn follow(context: &Context, news: &mpsc::UnboundedSender<News>) -> Option<()> {
    let socket = &context.paths.socket;
    let mut since = None;
    let mut was_connected = false;
    loop {
        match control::subscribe(socket, since).await {
            Ok(mut events) => {
                if let Some(status) = status(context).await {
                    let ahead = status.service_time.map_or(0, |time| time.saturating_sub(clock::unix()));
                    news.send(News::ServiceAhead(ahead)).ok()?;
                }
                // Changes made while no daemon ran had no event.
                if was_connected || since.is_none() {
                    news.send(News::Missed).ok()?;
                }
                was_connected = true;
                since = Some(events.sequence.max(since.unwrap_or_default()));
                while let Ok(Some(event)) = events.next().await {
                    since = event.sequence().or(since);
                    let item = match event {
                        Event::Status(status) => News::Daemon(Daemon::Running(status)),
                        Event::Missed { .. } | Event::AllDeleted { .. } => News::Missed,
                        event @ (Event::Recorded(_)
                        | Event::Shown(_)
                        | Event::Read(_)
                        | Event::Unread(_)
                        | Event::Acknowledged(_)
                        | Event::Expired(_)
                        | Event::Deleted(_)
                        | Event::Unknown) => News::Event(event),
                    };
                    news.send(item).ok()?;
                }
            }
            Err(control::Error::NotRunning) => news.send(News::Daemon(Daemon::Gone)).ok()?,
            Err(error) => {
                let daemon = match status(context).await {
                    Some(status) if !matches!(error, control::Error::OlderDaemon) => {
                        Daemon::Running(Box::new(status))
                    }
                    _ => Daemon::Unusable(error.into()),
                };
                news.send(News::Daemon(daemon)).ok()?;
            }
        }
        tokio::select! {
            () = clock::pause(RETRY) => {}
            () = news.closed() => return None,
        }
    }
}

async fn status(context: &Context) -> Option<StatusReport> {
    match control::ask(&context.paths.socket, &Command::Status).await {
        Ok(Reply::Status(status)) => Some(*status),
        Ok(_) | Err(_) => None,
    }
}
