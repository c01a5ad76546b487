//! Checks of this computer: settings, login, keyring, notifications, files, daemon.
//!
//! Invariant: nothing is created, moved or written, except for a temporary file of one page, to test the disk.

use std::time::Duration;

use tokio::join;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::super::rules::{report, useless};
use super::super::{Problem, e2ee};
use super::check::{Check, Outcome};
use super::probes::{FOR_LOGIN, Probes};
use crate::desktop::disk::{free_bytes_if_writable, network_file_system};
use crate::desktop::notifier::{Feature, ServerInfo};
use crate::desktop::secrets::LoginLocation;
use crate::domain::settings::{Emergency, SecretBackend};
use crate::domain::status::{Issue, LinkState};
use crate::domain::system;
use crate::ports::SecretProblemKind;
use crate::store::{self, Store};
use crate::system::clock;
use crate::{config, control};

/// Time limit for the disk, which may be slow or on a network.
const FOR_DISK: Duration = Duration::from_secs(8);
/// Time limit for the key: the program that prints it has ten seconds.
const FOR_KEY: Duration = Duration::from_secs(11);
/// Less free space than this is reported, in bytes.
const LITTLE_SPACE: u64 = 100_000_000;

/// The settings file.
pub(super) async fn settings(probes: &Probes<'_>) -> Option<Check> {
    let name = "settings";
    let file = &probes.context.paths.settings;
    Some(match &probes.settings {
        Err(problem) if probes.is_started().await => {
            let message = format!(
                "{}; the running daemon keeps the previous settings, but will not start again",
                problem.message
            );
            Check { hint: problem.hint.clone(), ..Check::warning(name, message) }
        }
        Err(problem) => Check::of_problem(name, problem),
        Ok(()) if config::emptied(file).is_some() => {
            let shown = file.display();
            Check::warning(
                name,
                format!("{shown} is empty, so emergencies are not acknowledged automatically"),
            )
            .hint("write your settings again, or remove the file to use the defaults")
        }
        Ok(()) if file.exists() => Check::ok(name, format!("{} is valid", file.display())),
        Ok(()) => Check::ok(name, "there is no settings file; the defaults are used"),
    })
}

/// The rules in the settings.
pub(super) fn rules(probes: &Probes<'_>) -> Option<Check> {
    let name = "rules";
    let rules = report(&probes.context.settings.rules);
    if rules.in_use == 0 {
        return None;
    }
    if rules.useless.is_empty() {
        return Some(Check::ok(name, rules.sentence));
    }
    let file = &probes.context.paths.settings;
    let lines = config::lines_of_rules(file).unwrap_or_default();
    let places: Vec<String> = useless(&probes.context.settings.rules)
        .iter()
        .filter_map(|rule| Some(format!("{}:{}", file.display(), lines.get(rule.number - 1)?)))
        .collect();
    let hint = format!(
        "change what never has an effect, or remove it: {}; `handover rules check` explains the rules",
        places.join(", ")
    );
    Some(Check::warning(name, rules.sentence).hint(hint))
}

/// The saved login.
pub(super) async fn login(probes: &Probes<'_>) -> Option<Check> {
    let name = "login";
    let (login, place) = join!(probes.login(), probes.place());
    Some(match (login, place) {
        (Ok(Some(login)), Some(place)) => {
            Check::ok(name, format!("the login of {} is stored in {place}", login.device_name))
        }
        (Ok(Some(login)), None) => Check::ok(name, format!("the login of {} can be read", login.device_name)),
        (Ok(None), _) => Check::of_problem(name, &Problem::not_signed_in()),
        (Err(problem), _) => Check::of_problem(name, problem),
    })
}

/// The keyring, if the login is or may be stored in it.
pub(super) async fn keyring(probes: &Probes<'_>) -> Option<Check> {
    let name = "keyring";
    let wanted = probes.context.settings.secret_store;
    let secrets = probes.context.secrets();
    let keyring = secrets.keyring()?;
    let (place, checked) = join!(probes.place(), timeout(FOR_LOGIN, keyring.check()));
    match (wanted, place) {
        (_, Some(LoginLocation::Systemd(_))) | (SecretBackend::File, None | Some(LoginLocation::File(_))) => {
            return None;
        }
        (
            SecretBackend::Auto | SecretBackend::Keyring,
            None | Some(LoginLocation::Keyring | LoginLocation::File(_)),
        )
        | (SecretBackend::File, Some(LoginLocation::Keyring)) => {}
    }
    Some(match checked {
        Ok(Ok(())) => Check::ok(name, "the desktop's keyring is unlocked"),
        Ok(Err(problem)) if wanted == SecretBackend::Keyring => Check::of_problem(name, &problem.into()),
        Ok(Err(problem))
            if problem.kind == SecretProblemKind::Unavailable && place != Some(&LoginLocation::Keyring) =>
        {
            Check::ok(name, "this session has no keyring; a file is used instead")
        }
        // Only a warning, because the check of the login says what this means for the login.
        Ok(Err(problem)) => Check::warning(name, problem.message).hint(problem.hint),
        Err(_elapsed) => Check::warning(name, "the desktop's keyring does not respond"),
    })
}

/// The key of end-to-end encryption, where one is set.
pub(super) async fn encryption(probes: &Probes<'_>) -> Option<Check> {
    let name = "encryption";
    let finding = async {
        let source = e2ee::source(probes.context).await?;
        let (_, problem) = e2ee::reader(probes.context).await;
        Some(match problem {
            None => Check::ok(name, format!("encrypted messages can be read; the key is {source}")),
            Some(problem) => Check { outcome: Outcome::Warning, ..Check::of_problem(name, &problem) },
        })
    };
    timeout(FOR_KEY, Box::pin(finding)).await.unwrap_or_else(|_elapsed| {
        Some(Check::warning(name, format!("{}: the key's storage does not respond", Issue::Key.what())))
    })
}

/// The notification server.
pub(super) async fn notifications(probes: &Probes<'_>) -> Option<Check> {
    let name = "notifications";
    Some(match probes.server().await {
        Ok(server) => features(name, server, probes.context.settings.emergency),
        Err(cause) => {
            Check::failed(name, Issue::Notifications.sentence(&cause.to_string())).hint(cause.hint())
        }
    })
}

fn features(name: &'static str, server: &ServerInfo, emergency: Emergency) -> Check {
    let who = format!("{} {}", server.name, server.version);
    let missing: Vec<&str> = server
        .missing
        .iter()
        .filter_map(|lack| match lack {
            Feature::Text => Some("no text under the title"),
            Feature::Buttons => Some("no buttons"),
            Feature::Styles => Some("no bold or italic text"),
            Feature::Links => Some("no links"),
            // Sounds have a check of their own.
            Feature::Sounds => None,
        })
        .collect();
    let message = match missing.split_last() {
        None => who,
        Some((last, [])) => format!("{who}; it shows {last}"),
        Some((last, others)) => format!("{who}; it shows {} and {last}", others.join(", ")),
    };
    if server.missing.contains(&Feature::Text) {
        return Check::warning(name, message).hint("read the text with `handover messages`");
    }
    if server.missing.contains(&Feature::Buttons) && emergency == Emergency::Manual {
        return Check::warning(name, message).hint("acknowledge emergencies with `handover acknowledge ID`");
    }
    Check::ok(name, message)
}

/// The folder of the messages.
pub(super) async fn folder(probes: &Probes<'_>) -> Option<Check> {
    let name = "folder";
    let folder = probes.context.paths.messages.parent()?.to_owned();
    let shown = folder.display().to_string();
    let outcome = timeout(
        FOR_DISK,
        spawn_blocking(move || {
            free_bytes_if_writable(&folder).map(|free| (free, network_file_system(&folder)))
        }),
    )
    .await;
    let what = Issue::Storage.what();
    Some(match outcome {
        Ok(Ok(Ok((free, _)))) if free < LITTLE_SPACE => {
            Check::warning(name, format!("only {} is free in {shown}", room(free)))
                .hint("free some space; messages that cannot be saved stay at the service")
        }
        Ok(Ok(Ok((_, Some(kind))))) => Check::warning(
            name,
            format!("{shown} is on a network file system ({kind})"),
        )
        .hint(
            "set XDG_DATA_HOME to a folder on a local disk; only one computer can use the folder at a time",
        ),
        Ok(Ok(Ok((free, None)))) => Check::ok(name, format!("{shown} is writable, {} free", room(free))),
        Ok(Ok(Err(error))) => Check::failed(name, format!("{what}: {shown}: {}", system::in_words(&error)))
            .hint("check who owns the folder, that it is not read-only, and that the disk is not full"),
        Ok(Err(_)) | Err(_) => Check::failed(name, format!("{what}: the disk with {shown} does not respond"))
            .hint("check the disk, or the network it is on"),
    })
}

fn room(bytes: u64) -> String {
    match bytes {
        ..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        1_000_000_000.. => format!("{} GB", bytes / 1_000_000_000),
    }
}

/// The message log.
pub(super) async fn messages(probes: &Probes<'_>) -> Option<Check> {
    let name = "messages";
    let path = probes.context.paths.messages.clone();
    let damaged_files = Store::damaged_files(&path);
    let now = clock::unix();
    let looking = spawn_blocking(move || -> Result<Option<u64>, store::Error> {
        let Some(store) = Store::open_read_only(&path)? else { return Ok(None) };
        store.check()?;
        Store::check_writable(&path)?;
        Ok(Some(store.counts(now)?.messages))
    });
    Some(match timeout(FOR_DISK, looking).await {
        Ok(Ok(Ok(None))) => Check::ok(name, "no messages yet"),
        Ok(Ok(Ok(Some(_)))) if let Some(file) = damaged_files.first() => {
            let kept =
                format!("the file is intact; an earlier one was damaged and is kept as {}", file.display());
            Check::warning(name, kept).hint("delete the damaged file when you no longer need it")
        }
        Ok(Ok(Ok(Some(1)))) => Check::ok(name, "1 message, the file is intact"),
        Ok(Ok(Ok(Some(count)))) => Check::ok(name, format!("{count} messages, the file is intact")),
        Ok(Ok(Err(error))) => Check::of_problem(name, &error.into()),
        Ok(Err(_)) | Err(_) => Check::warning(name, "checking the file takes too long")
            .hint("try again when the computer is less busy"),
    })
}

/// The daemon.
pub(super) async fn daemon(probes: &Probes<'_>) -> Option<Check> {
    let name = "daemon";
    if let Err(error) = probes.context.paths.usable_socket() {
        return Some(Check::failed(name, format!("no daemon can start: {error}")));
    }
    let report = match probes.daemon().await {
        Ok(report) => report,
        Err(control::Error::NotRunning) => {
            return Some(
                Check::warning(name, "not running, so no messages are being received")
                    .hint("start it with `handover start`"),
            );
        }
        Err(error) => {
            return Some(
                Check::failed(name, format!("a daemon is running but cannot be reached: {error}"))
                    .hint("stop it and start it again with `handover start`"),
            );
        }
    };
    let said = [vec![report.sentence.clone()], report.problems.clone()].concat().join("; ");
    let version = env!("CARGO_PKG_VERSION");
    let is_well = [LinkState::Connected, LinkState::Connecting].map(LinkState::word).contains(&&*report.link);
    let hint = report.hint.iter().chain(report.hints.iter().flatten()).next().cloned();
    Some(if report.version != version {
        Check::warning(
            name,
            format!("running as version {}, but this is version {version}: {said}", report.version),
        )
        .hint("restart it: `handover quit`, then `handover start`")
    } else if is_well && report.problems.is_empty() {
        Check::ok(name, format!("running: {said}"))
    } else {
        Check { hint, ..Check::warning(name, format!("running: {said}")) }
    })
}
