//! The outbox: what is queued now and sent later, by the daemon or by `handover http`, once at most.
//!
//! Invariant: one process sends at a time, and it marks a request as under way before it leaves. If the answer is lost, or the process
//! ends before there is one, the message is not sent again, and the user is told.

use std::time::Duration;

use super::secrets::Keys;
use super::{Outgoing, deliver};
use crate::app::Problem;
use crate::app::context::Context;
use crate::domain::account::Secret;
use crate::domain::status::Cause;
use crate::ports::SecretStore;
use crate::pushover::{Error, Fate, Rest, form};
use crate::store::outbox::Content;
pub use crate::store::outbox::{Outbox, Queued, State};
use crate::system::clock;
use crate::system::off_thread::off_thread;

/// Why a message that was under way when the process ended is not sent again.
const INTERRUPTED: &str = "the program ended before the service answered";

/// The outbox of this user.
pub fn of(context: &Context) -> Outbox {
    Outbox::new(&context.paths.outbox)
}

/// All messages in the outbox, in the order in which they were added.
pub fn all(outbox: &Outbox) -> Result<Vec<Queued>, Problem> {
    outbox.all().map_err(|error| failed(&error))
}

/// Adds requests to the outbox; returns their names.
pub fn queue(outbox: &Outbox, outgoing: &[Outgoing], replaces: Option<&str>) -> Result<Vec<String>, Problem> {
    let mut ids = Vec::new();
    for request in outgoing {
        let content = Content {
            application: request.application.clone(),
            recipients: request.recipients.clone(),
            fields: form(&request.draft),
            added: clock::unix(),
            // Each group of recipients has its own.
            replaces: replaces.map(|replaces| format!("{replaces} {}", request.recipients.join(","))),
            why: None,
        };
        ids.push(outbox.add(&content).map_err(|error| failed(&error))?);
    }
    Ok(ids)
}

/// Has a message sent again, or removes it, as the user said.
pub fn change(outbox: &Outbox, id: &str, again: bool) -> Result<(), Problem> {
    let what = "the outbox was not changed";
    let Some(queued) = all(outbox)?.into_iter().find(|queued| queued.id == id) else {
        return Err(
            Problem::new(what, format!("there is no message {id}")).hint("`handover send outbox` lists them")
        );
    };
    let is_changed = match (queued.state, again) {
        (State::Sending, _) => return Err(Problem::new(what, "the message is being sent just now")),
        (State::Waiting, true) => return Ok(()),
        (State::Unknown | State::Refused, true) => outbox.mark(&queued, State::Waiting, None),
        (State::Waiting | State::Unknown | State::Refused, false) => outbox.remove(&queued).map(|()| true),
    };
    match is_changed {
        Ok(true) => Ok(()),
        Ok(false) => Err(Problem::new(what, "the message is being sent just now")),
        Err(error) => Err(failed(&error)),
    }
}

/// What the outbox needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it is empty, or what is in it needs a person.
    Nothing,
    /// Another try after this time.
    After(Duration),
}

/// The times between the tries of a process that sends what is queued.
#[derive(Debug, Default)]
pub struct Pace {
    tried: u32,
}

impl Pace {
    /// How long to wait before the next try; `None` until something is queued.
    pub fn wait_after(&mut self, result: &Result<Next, Problem>) -> Option<Duration> {
        match result {
            Ok(Next::Nothing) => {
                self.tried = 0;
                None
            }
            Ok(Next::After(wait)) => {
                let longer = (*wait * 2_u32.pow(self.tried.min(6))).min(LONGEST_WAIT);
                self.tried += 1;
                Some(longer.max(*wait))
            }
            Err(_) => Some(LONGEST_WAIT),
        }
    }
}

/// The longest time between two tries while the service cannot be reached.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// How often to check whether another process has finished sending.
const RECHECK: Duration = Duration::from_millis(200);

/// Sends the queued messages in order, until the service is unavailable. A message that another process was sending when
/// it ended is marked as possibly sent.
pub async fn send_waiting<S: SecretStore>(
    outbox: &Outbox,
    rest: &Rest,
    keys: &Keys<'_, S>,
) -> Result<Next, Problem> {
    if on_disk(outbox, |outbox| Ok(outbox.is_empty())).await? {
        return Ok(Next::Nothing);
    }
    let _lock = loop {
        match on_disk(outbox, Outbox::lock).await? {
            Some(lock) => break lock,
            None => clock::pause(RECHECK).await,
        }
    };
    for queued in on_disk(outbox, Outbox::all).await? {
        match queued.state {
            State::Waiting => {
                if let Some(wait) = send_one(outbox, rest, keys, queued).await? {
                    return Ok(Next::After(wait));
                }
            }
            // The process that was sending it has ended, or it would still hold the lock.
            State::Sending => {
                on_disk(outbox, move |outbox| outbox.mark(&queued, State::Unknown, Some(INTERRUPTED)))
                    .await?;
            }
            State::Unknown | State::Refused => {}
        }
    }
    Ok(Next::Nothing)
}

/// Sends one message; returns how long to wait if the service is not available.
async fn send_one<S: SecretStore>(
    outbox: &Outbox,
    rest: &Rest,
    keys: &Keys<'_, S>,
    queued: Queued,
) -> Result<Option<Duration>, Problem> {
    let Content { application, recipients, fields, .. } = &queued.content;
    let (token, users) = match secrets(keys, application, recipients).await {
        Ok(found) => found,
        Err(problem) => return refuse(outbox, &queued, &problem).await,
    };
    // An idle connection may be dead although nothing shows it, and a message sent on it would count as lost. So a request that
    // may be repeated goes first.
    match rest.quota(&token).await {
        Ok(_) => {}
        Err(error @ Error::Rejected { .. }) => {
            return refuse(outbox, &queued, &Problem::new("the message was not sent", error)).await;
        }
        Err(error) => {
            tracing::debug!("queued messages wait for the service: {error}");
            return Ok(Some(error.retry_after().unwrap_or(AFTER_OUTAGE).max(AFTER_OUTAGE)));
        }
    }
    if !mark(outbox, &queued, State::Sending, None).await? {
        return Ok(None);
    }
    let sending = Queued { state: State::Sending, ..queued.clone() };
    let unsent = match rest.send_message(&token, &users, fields).await {
        Ok(accepted) => {
            let receipt = accepted.receipt.map(|receipt| format!(", receipt {}", receipt.as_str()));
            tracing::info!("a queued message was sent{}", receipt.unwrap_or_default());
            on_disk(outbox, move |outbox| outbox.remove(&sending)).await?;
            return Ok(None);
        }
        Err(unsent) => unsent,
    };
    let problem = deliver::problem(&unsent, application, recipients);
    match unsent.fate {
        Fate::NotSent { wait } => {
            tracing::debug!("queued messages wait for the service: {}", unsent.error);
            mark(outbox, &sending, State::Waiting, None).await?;
            Ok(Some(wait))
        }
        Fate::Refused => refuse(outbox, &sending, &problem).await,
        Fate::Unknown => {
            tracing::warn!("{problem}");
            mark(outbox, &sending, State::Unknown, Some(&problem)).await.map(|_| None)
        }
    }
}

async fn secrets<S: SecretStore>(
    keys: &Keys<'_, S>,
    application: &str,
    recipients: &[String],
) -> Result<(Secret, Vec<Secret>), Problem> {
    let token = keys.token(application).await?;
    let mut users = Vec::new();
    for name in recipients {
        users.push(keys.recipient(name).await?);
    }
    Ok((token, users))
}

/// Works with the files on a thread that may wait for the disk.
async fn on_disk<T: Send + 'static>(
    outbox: &Outbox,
    work: impl FnOnce(&Outbox) -> std::io::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let outbox = outbox.clone();
    off_thread(move || work(&outbox)).await.map_err(|error| failed(&error))
}

async fn mark(
    outbox: &Outbox,
    queued: &Queued,
    state: State,
    why: Option<&Problem>,
) -> Result<bool, Problem> {
    let (queued, why) = (queued.clone(), why.map(|problem| problem.message.clone()));
    on_disk(outbox, move |outbox| outbox.mark(&queued, state, why.as_deref())).await
}

async fn refuse(outbox: &Outbox, queued: &Queued, problem: &Problem) -> Result<Option<Duration>, Problem> {
    tracing::warn!("a queued message is not sent: {problem}");
    mark(outbox, queued, State::Refused, Some(problem)).await.map(|_| None)
}

/// The shortest time before the service is asked again.
const AFTER_OUTAGE: Duration = Duration::from_secs(5);

/// Why queued messages were not sent; `None` if none needs the user.
pub async fn cause(outbox: &Outbox) -> Option<Cause> {
    let all = on_disk(outbox, Outbox::all).await.ok()?;
    let count = |state| all.iter().filter(|queued| queued.state == state).count();
    let why = match (count(State::Unknown), count(State::Refused)) {
        (0, 0) => return None,
        (0, refused) => format!("{refused} cannot be sent"),
        (unknown, 0) => format!("{unknown} may have been sent, since the answer was lost"),
        (unknown, refused) => {
            format!("{unknown} may have been sent, since the answer was lost, and {refused} cannot be sent")
        }
    };
    Some(Cause::new(why, "`handover send outbox` lists them"))
}

fn failed(error: &std::io::Error) -> Problem {
    Problem::of_system("the outbox cannot be used", error)
}
