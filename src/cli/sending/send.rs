//! Sends a message now, queues it, or shows what would be sent.
//!
//! Invariant: everything is checked before anything is sent; a request that fails does not keep the others from being sent.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::arguments::Message;
use super::{receipt, report};
use crate::app::Problem;
use crate::app::context::Context;
use crate::app::problem::Kind;
use crate::app::send::{self, Keys, Options, Outgoing, Preparation, RetryPolicy};
use crate::cli::{environment, output, signals};
use crate::control::{self, Command};
use crate::domain::message::Priority;

/// What is done and printed once a request was sent.
#[derive(Clone, Copy)]
struct Behaviour {
    waits: bool,
    verbose: bool,
    json: bool,
}

pub(super) fn run(arguments: Message) -> Result<(), Problem> {
    output::start_log(tracing::level_filters::LevelFilter::ERROR)?;
    let context = environment::context_with_settings()?;
    let (dry_run, queue) = (arguments.dry_run, arguments.queue);
    let behaviour = Behaviour { waits: arguments.wait, verbose: arguments.verbose, json: arguments.json };
    let options = arguments.into_options()?;
    environment::block_on(async {
        let requests = prepare(&context, options, dry_run).await?;
        let is_emergency = requests.iter().any(|request| request.draft.priority == Priority::Emergency);
        if behaviour.waits && !is_emergency {
            return Err(Problem::new("nothing was sent", "only an emergency can be waited for")
                .kind(Kind::Usage)
                .hint("add --priority emergency"));
        }
        if dry_run {
            for request in &requests {
                output::line(report::dry_run(&context, request, behaviour.json));
            }
            return Ok(());
        }
        if queue {
            return enqueue(&context, &requests, behaviour).await;
        }
        send_all(&context, &requests, behaviour).await
    })
}

/// The requests; for a dry run, without asking the service anything.
async fn prepare(context: &Context, options: Options, dry_run: bool) -> Result<Vec<Outgoing>, Problem> {
    let secrets = context.secrets();
    let keys = Keys { settings: &context.settings, secrets: &secrets };
    let preparation = Preparation { keys: &keys, cache: &context.paths.cache };
    preparation.requests(options, (!dry_run).then_some(|| context.rest())).await
}

async fn enqueue(context: &Context, requests: &[Outgoing], behaviour: Behaviour) -> Result<(), Problem> {
    let outbox = send::outbox::of(context);
    let ids = send::outbox::queue(&outbox, requests, None)?;
    // It is durable; if no daemon runs, the next one finds it.
    let is_running = control::ask(&context.paths.socket, &Command::SendQueued).await.is_ok();
    for (id, request) in ids.iter().zip(requests) {
        output::line(report::queued(id, request, is_running, behaviour.json));
    }
    Ok(())
}

async fn send_all(context: &Context, requests: &[Outgoing], behaviour: Behaviour) -> Result<(), Problem> {
    let rest = context.rest()?;
    let secrets = context.secrets();
    let keys = Keys { settings: &context.settings, secrets: &secrets };
    let stop = CancellationToken::new();
    if behaviour.waits {
        signals::cancel_on_termination(&stop)?;
    }
    let mut first_problem: Option<Problem> = None;
    let mut receipts = Vec::new();
    for request in requests {
        let fields = send::form(&request.draft);
        let whom = (request.application.as_str(), request.recipients.as_slice());
        let waits = |unsent: &send::Unsent, wait: Duration| {
            output::aside(format_args!("{}; trying again in {} s", unsent.error, wait.as_secs()));
        };
        match send::deliver(&rest, &keys, whom, &fields, RetryPolicy::default(), waits).await {
            Ok(accepted) => {
                output::line(report::sent(&accepted, request, behaviour.verbose, behaviour.json));
                if let Some(receipt) = accepted.receipt {
                    receipts.push((request.application.clone(), receipt));
                }
            }
            Err(send::Undelivered { problem, .. }) => {
                if behaviour.json {
                    output::line(report::failed(&problem, request));
                }
                if let Some(earlier) = first_problem.replace(problem) {
                    output::aside(earlier.in_lines());
                }
            }
        }
    }
    if behaviour.waits {
        for (application, emergency) in receipts {
            let token = keys.token(&application).await?;
            let waited =
                receipt::wait(&rest, &keys, (&application, &token), &emergency, &stop, behaviour.json).await;
            if let Err(problem) = waited
                && let Some(earlier) = first_problem.replace(problem)
            {
                output::aside(earlier.in_lines());
            }
        }
    }
    first_problem.map_or(Ok(()), Err)
}
