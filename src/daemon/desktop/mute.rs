//! Mutes an application when the user chooses that on the notification that counts its messages.
//!
//! Invariant: it becomes a rule in the settings, so it survives a restart and the user can change it. The messages stay unread.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::app::Problem;
use crate::app::time_format;
use crate::config;
use crate::daemon::environment::settings;
use crate::daemon::shared::Shared;
use crate::domain::message::Seq;
use crate::domain::notification::{Notification, NotificationAction};
use crate::domain::text::{capitalized, one_line};
use crate::ports::{Notifier, SecretStore};
use crate::system::clock;
use crate::system::off_thread::off_thread;

const HOUR: i64 = 3_600;

/// How long an application is muted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::daemon) enum Span {
    Hour,
    ForGood,
}

impl Span {
    /// The one that an action asks for.
    pub(in crate::daemon) fn of(action: NotificationAction) -> Option<Self> {
        match action {
            NotificationAction::MuteForAnHour => Some(Self::Hour),
            NotificationAction::Mute => Some(Self::ForGood),
            NotificationAction::Default
            | NotificationAction::OpenLink
            | NotificationAction::Acknowledge
            | NotificationAction::ShowText
            | NotificationAction::MarkRead
            | NotificationAction::SignIn
            | NotificationAction::TakeBack => None,
        }
    }
}

/// Mutes the application that sent this message, and says so in a notification.
pub(in crate::daemon) async fn mute<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    message: Seq,
    span: Span,
) {
    let notification = match write_rule(&shared, message, span).await {
        Ok(notification) => notification,
        Err(problem) => {
            let words = problem.message.clone();
            let hint = problem.hint.map(|hint| format!("\n{}", capitalized(&hint))).unwrap_or_default();
            Notification::about_handover("Not muted", &format!("{}{hint}", capitalized(&words)))
        }
    };
    if let Err(error) = shared.notifier().show(&notification).await {
        tracing::warn!("the notification about a muted application cannot be shown: {error}");
    }
}

async fn write_rule<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    message: Seq,
    span: Span,
) -> Result<Notification, Problem> {
    let what = "the application was not muted";
    let Some(file) = shared.parts.settings_file.clone() else {
        return Err(Problem::new(what, "there is no settings file"));
    };
    let Some(entry) = shared.log(move |log| log.entry(message)).await? else {
        return Err(Problem::new(what, "the message is no longer in the message log"));
    };
    let unix = clock::unix();
    let until = match span {
        Span::Hour => Some(unix.saturating_add(HOUR)),
        Span::ForGood => None,
    };
    let app = entry.message.app;
    let shown = one_line(&app);
    off_thread(move || config::mute(&file, &app, until)).await?;
    settings::reload_now(shared).await?;
    let time = until.and_then(|until| time_format::words(until, unix, &TimeZone::system()));
    let end = time.map_or_else(|| "until you remove the rule".to_owned(), |time| format!("until {time}"));
    let body = format!("Its messages are only listed, {end}. The rule is the first one in the settings.");
    Ok(Notification::about_handover(&format!("{shown} is muted"), &body))
}
