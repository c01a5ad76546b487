//! `POST /send` and `POST /queue/NAME`.
//!
//! Invariant: a test is checked like any other message and sends nothing.

use serde_json::{Map, Value, json};

use super::{Parts, failed, options};
use crate::app::Problem;
use crate::app::send::{self, Keys, Options, Outgoing, Preparation, RetryPolicy};
use crate::control::http::Answer;
use crate::control::{self, Command};
use crate::domain::message::Receipt;
use crate::domain::sending::settings::TemplateTexts;
use crate::ports::SecretStore;
use crate::system::off_thread::off_thread;

/// Sends a message, and answers as the service does.
pub(super) async fn send<S: SecretStore>(keys: &Keys<'_, S>, parts: &Parts, document: &Value) -> Answer {
    let is_test = options::is_test(document);
    let requests = match options::of(document) {
        Ok(options) => prepare(keys, parts, options, is_test).await,
        Err(problem) => Err(problem),
    };
    let requests = match requests {
        Ok(requests) => requests,
        Err(problem) => return failed(&problem),
    };
    if is_test {
        for request in &requests {
            let whom = request.recipients.join(", ");
            tracing::info!("testing: a message of {} to {whom} is not sent", request.application);
        }
        return Answer::Json(200, json!({ "status": 1, "request": request_id(), "testing": true }));
    }
    let (mut accepted, mut undelivered) = (Vec::new(), None);
    for request in &requests {
        let whom = (request.application.as_str(), request.recipients.as_slice());
        let fields = send::form(&request.draft);
        // The caller is waiting, so there is one attempt; it can try again itself, or use a channel.
        let retries = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
        match send::deliver(&parts.rest, keys, whom, &fields, retries, |_, _| {}).await {
            Ok(sent) => accepted.push(sent),
            Err(why) => undelivered = undelivered.or(Some(why)),
        }
    }
    let receipts: Vec<_> =
        accepted.iter().filter_map(|sent| sent.receipt.as_ref().map(Receipt::as_str)).collect();
    let names: Vec<_> = accepted.iter().map(|sent| sent.request.as_str()).collect();
    let mut answer = Map::new();
    let mut add = |name: &str, value: Value| drop(answer.insert(name.to_owned(), value));
    add("request", json!(names.first()));
    add("requests", json!(names));
    if let Some(first) = receipts.first() {
        add("receipt", json!(first));
        add("receipts", json!(receipts));
    }
    let Some(send::Undelivered { problem, is_refused }) = undelivered else {
        add("status", json!(1));
        return Answer::Json(200, Value::Object(answer));
    };
    // The reply also lists the requests that succeeded, so that the caller does not repeat them.
    add("status", json!(0));
    add("errors", json!([problem.message]));
    Answer::Json(if is_refused { 400 } else { 502 }, Value::Object(answer))
}

/// Queues what a web service posts to its channel.
pub(super) async fn queue<S: SecretStore>(
    keys: &Keys<'_, S>,
    parts: &Parts,
    name: &str,
    document: &Value,
) -> Answer {
    let Some(channel) = keys.settings.channels.get(name) else {
        return failed(&Problem::failed("there is no such channel"));
    };
    let template = channel.template.as_ref().and_then(|template| keys.settings.templates.get(template));
    let given = match options::of(document) {
        // What a web service calls its fields is up to the template.
        Ok(given) if template.is_none() => given,
        Ok(_) | Err(_) => Options::default(),
    };
    let text = |field: &str| document.get(field).and_then(Value::as_str).map(str::to_owned);
    let missing = |part: fn(&TemplateTexts) -> &Option<String>| {
        template.is_none_or(|template| part(&template.texts).is_none())
    };
    let options = Options {
        to: vec![channel.recipients.clone()],
        application: channel.application.clone(),
        template: channel.template.clone(),
        variables: send::Variables { document: Some(document.clone()), ..send::Variables::default() },
        message: text("body").or_else(|| text("message")),
        title: text("title").filter(|_| missing(|texts| &texts.title)),
        url: text("actionUrl").filter(|_| missing(|texts| &texts.url)),
        shorten: true,
        devices: Vec::new(),
        picture: None,
        ..given
    };
    let is_test = options::is_test(document);
    let requests = match prepare(keys, parts, options, is_test).await {
        Ok(requests) => requests,
        Err(problem) => return failed(&problem),
    };
    if is_test {
        tracing::info!("testing: a message of the channel {name} is not sent");
        return Answer::Json(200, json!({ "status": 1, "request": request_id(), "testing": true }));
    }
    let replaces = text("replaceId").map(|id| format!("{name}/{id}"));
    let outbox = parts.outbox.clone();
    let queued = off_thread(move || send::outbox::queue(&outbox, &requests, replaces.as_deref())).await;
    match queued {
        Ok(ids) => {
            if control::ask(&parts.socket, &Command::SendQueued).await.is_err() {
                parts.queued.notify_one();
            }
            Answer::Json(200, json!({ "status": 1, "request": ids.first(), "requests": ids }))
        }
        Err(problem) => failed(&problem),
    }
}

/// The requests; a test asks the service nothing.
async fn prepare<S: SecretStore>(
    keys: &Keys<'_, S>,
    parts: &Parts,
    options: Options,
    is_test: bool,
) -> Result<Vec<Outgoing>, Problem> {
    let preparation = Preparation { keys, cache: &parts.cache };
    preparation.requests(options, (!is_test).then_some(|| Ok(parts.rest.clone()))).await
}

/// A name for a request that the service never saw.
fn request_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}
