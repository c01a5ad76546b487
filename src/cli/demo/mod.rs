//! `handover demo`: receives a few messages for real, without an account, and leaves nothing behind.
//!
//! Invariant: it prints a step only after it happened, and exits with 0 only if every step of every message happened
//! according to the stand-in and the message log too.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::sandbox::curl_line;
use super::{environment, output, setup, signals};
use crate::app::Problem;
use crate::app::context::Context;
use crate::app::history::{self, Query};
use crate::app::sign_in::{KnownAnswers, save_login};
use crate::daemon::{self, Parts, Step};
use crate::domain::account::{DeviceName, Secret};
use crate::domain::message::{Acknowledgement, Priority};
use crate::domain::status::LinkState;
use crate::sandbox::{Options, Sandbox};
use crate::system::clock;

mod sender;

/// The steps of a message take well under a second; if they take this long, something is wrong.
const TIMEOUT: Duration = Duration::from_secs(9);

/// How long each message stays on the screen before the next one.
const PACE: Duration = Duration::from_secs(3);

#[derive(Args)]
pub(super) struct Arguments {
    /// Keep running afterwards, so that you can send your own messages
    #[arg(long)]
    keep: bool,
    /// Do not wait between the messages
    #[arg(long)]
    fast: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    output::start_log(tracing::level_filters::LevelFilter::ERROR)?;
    let folder = tempfile::tempdir()
        .map_err(|error| Problem::of_system("a temporary folder cannot be created", &error))?;
    environment::block_on(demonstrate(folder.path(), arguments))
}

async fn demonstrate(folder: &Path, arguments: &Arguments) -> Result<(), Problem> {
    let sandbox = Sandbox::start(Options::new(clock::unix))
        .await
        .map_err(|error| Problem::of_system("the stand-in for the service cannot start", &error))?;
    output::line(format!("A stand-in for the service listens on {}.", sandbox.api_url()));
    let context = Context::throw_away(folder, &sandbox.api_url(), &sandbox.websocket_url())?;
    sign_in(&context, &sandbox).await?;

    let (steps, heard) = mpsc::unbounded_channel();
    let (print, printed) = mpsc::unbounded_channel();
    let stop = CancellationToken::new();
    signals::cancel_on_termination(&stop)?;
    let daemon = daemon::run(Parts {
        settings: context.settings.clone(),
        store: Arc::new(context.open_store()?),
        rest: context.rest()?,
        notifier: context.notifier_or_else(move |notification| {
            let words =
                [&notification.title, &notification.body.to_plain()].map(|text| output::harmless(text));
            // The receiver lives until the demo is over.
            drop(print.send(words.join(": ")));
        }),
        secrets: context.secrets(),
        media: Some(context.media()),
        control: None,
        settings_file: None,
        tray: None,
        power: None,
        presence: context.presence(),
        outbox: None,
        http: None,
        opener: daemon::desktop_opener(),
        steps: Some(steps),
        closes_notifications: true,
        stop: stop.clone(),
    });
    let show = async {
        let pace = if arguments.fast { Duration::ZERO } else { PACE };
        let mut show = Show { heard, printed, sandbox: &sandbox, log: &context.paths.messages, pace };
        let outcome = stop.run_until_cancelled(show.all()).await;
        let outcome = outcome.unwrap_or_else(|| Err(Problem::failed("the demo was interrupted")));
        if arguments.keep && outcome.is_ok() {
            output::line(format!(
                "\nRunning until Ctrl-C. Send it a message:\n\n    {}\n",
                curl_line(&sandbox)
            ));
            show.narrate().await;
        }
        stop.cancel();
        outcome
    };
    let ((), shown) = tokio::join!(daemon, show);
    shown
}

async fn sign_in(context: &Context, sandbox: &Sandbox) -> Result<(), Problem> {
    let account = sandbox.account();
    let name = DeviceName::from_host("demo");
    let known = KnownAnswers {
        email: Some(account.email.clone()),
        password: Some(Secret::new(account.password)),
        name: Some(name.clone()),
        ..KnownAnswers::none(name)
    };
    let signed_in = setup::sign_in_unattended(context, known).await?;
    save_login(context, &signed_in).await?;
    let name = &signed_in.login.device_name;
    output::line(format!("Signed in as {} and registered the device `{name}`.", account.email));
    Ok(())
}

/// The messages: a description, and the parameters besides token and user.
const SENT: [(&str, &[(&str, &str)]); 4] = [
    ("a normal message", &[("message", "The backup of tank finished in 12 minutes."), ("title", "Backup")]),
    (
        "an HTML message",
        &[
            ("message", "<b>42 °C</b> in the <i>server room</i> &amp; rising"),
            ("title", "Sensors"),
            ("html", "1"),
        ],
    ),
    (
        "a high-priority message",
        &[("message", "Somebody is at the door."), ("title", "Doorbell"), ("priority", "1")],
    ),
    (
        "an emergency",
        &[
            ("message", "Water in the cellar!"),
            ("title", "Alarm"),
            ("priority", "2"),
            ("retry", "30"),
            ("expire", "3600"),
        ],
    ),
];

struct Show<'a> {
    heard: mpsc::UnboundedReceiver<Step>,
    /// The notifications that no notification server accepted.
    printed: mpsc::UnboundedReceiver<String>,
    sandbox: &'a Sandbox,
    log: &'a Path,
    /// How long to wait after each message.
    pace: Duration,
}

impl Show<'_> {
    async fn all(&mut self) -> Result<(), Problem> {
        in_time(async {
            self.until("the connection", |step| *step == Step::Link(LinkState::Connected)).await?;
            self.until("the first download", |step| matches!(step, Step::SyncFinished(true))).await
        })
        .await?;
        output::line(
            "Connected. Messages that were waiting were saved and deleted from the service, without notifications.",
        );
        for (what, parameters) in SENT {
            in_time(self.one(what, parameters)).await?;
            clock::pause(self.pace).await;
        }
        self.check()
    }

    /// Sends one message and follows it to its end.
    async fn one(&mut self, what: &str, parameters: &[(&str, &str)]) -> Result<(), Problem> {
        output::line(format!("\nSending {what}"));
        let sent = clock::instant();
        sender::send(self.sandbox, parameters).await?;
        self.until("received", |step| matches!(step, Step::Received(1))).await?;
        tell(sent, "received");
        self.until("recorded", |step| matches!(step, Step::Recorded(_))).await?;
        tell(sent, "saved on disk");
        self.until("shown", |step| matches!(step, Step::Shown(..))).await?;
        self.print_notifications();
        tell(sent, "shown");
        let (mut acknowledged, mut deleted) = (what != "an emergency", false);
        while !(acknowledged && deleted) {
            let step = self
                .until("acknowledged and deleted", |step| {
                    matches!(step, Step::Acknowledged(_) | Step::Deleted(_))
                })
                .await?;
            if matches!(step, Step::Deleted(_)) {
                deleted = true;
                tell(sent, "deleted from the service");
            } else {
                acknowledged = true;
                tell(sent, "acknowledged");
            }
        }
        Ok(())
    }

    /// Prints the notifications that no notification server accepted, in their place among the steps.
    fn print_notifications(&mut self) {
        while let Ok(words) = self.printed.try_recv() {
            output::line(format!("      [notification] {words}"));
        }
    }

    /// Waits for a step and ignores others.
    async fn until(&mut self, what: &str, is_it: impl Fn(&Step) -> bool) -> Result<Step, Problem> {
        while let Some(step) = self.heard.recv().await {
            if is_it(&step) {
                return Ok(step);
            }
        }
        Err(Problem::new("the demo stopped", format!("a step is missing: {what}")))
    }

    /// Checks the stand-in and the message log.
    fn check(&self) -> Result<(), Problem> {
        let left: usize = self.sandbox.devices().iter().map(|device| self.sandbox.queue(device).len()).sum();
        if left > 0 {
            return Err(Problem::new("the demo failed", format!("{left} messages are left at the service")));
        }
        let query = Query { limit: 100, ..Query::default() };
        let entries = history::messages_in(self.log, &query)?;
        let announced = entries.iter().filter(|entry| entry.announced.is_some()).count();
        let acknowledged = entries.iter().any(|entry| {
            entry.message.priority == Priority::Emergency
                && entry.acknowledgement == Acknowledgement::Confirmed
        });
        if entries.len() <= SENT.len() || announced != entries.len() || !acknowledged {
            return Err(Problem::new("the demo failed", "a message or a mark is missing in the message log"));
        }
        output::line(format!(
            "\nAll steps completed: {} messages in the message log (including the service's welcome, which is silent), none left \
             at the service, the emergency acknowledged.",
            entries.len()
        ));
        output::line("\nTo receive the messages of your own account, sign in with `handover setup`.");
        Ok(())
    }

    /// Prints every step until the daemon stops.
    async fn narrate(&mut self) {
        while let Some(step) = self.heard.recv().await {
            match step {
                Step::Recorded(ids) if !ids.is_empty() => {
                    output::line(format!("  saved {} new", ids.len()));
                }
                Step::Shown(..) => {
                    self.print_notifications();
                    output::line("  shown");
                }
                Step::Acknowledged(_) => output::line("  acknowledged"),
                Step::Deleted(_) => output::line("  deleted from the service"),
                Step::Link(_)
                | Step::Received(_)
                | Step::Recorded(_)
                | Step::Skipped(_)
                | Step::Held(_)
                | Step::SyncFinished(_) => {}
            }
        }
    }
}

async fn in_time<T>(steps: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    tokio::time::timeout(TIMEOUT, steps)
        .await
        .unwrap_or_else(|_elapsed| Err(Problem::new("the demo stopped", "a step did not happen in time")))
}

fn tell(sent: Instant, what: &str) {
    let after = clock::instant().duration_since(sent);
    output::line(format!("  {:>7.1} ms  {what}", after.as_secs_f64() * 1000.0));
}
