//! Checks of the service and the network.
//!
//! Invariant: a host is contacted once, however many checks need it; the websocket is not opened if a daemon is
//! connected.

use super::super::problem;
use super::check::{Check, Outcome};
use super::probes::{Probes, Unreached};
use crate::domain::status::LinkState;
use crate::pushover::{Host, Remedy};
use crate::system::clock as time;

/// The host of the API.
pub(super) async fn api(probes: &Probes<'_>) -> Option<Check> {
    let server = probes.context.servers.api();
    let reached = probes.api().await.map(drop);
    let check = reach("api", server.host_str(), server.scheme() == "https", reached);
    let downloads = probes
        .daemon()
        .await
        .is_ok_and(|report| report.link == LinkState::Connected.word() && report.problems.is_empty());
    if check.outcome == Outcome::Failed && downloads {
        // A connected daemon has reached the API: every connection begins with a download. Its environment may differ,
        // for example in the proxy.
        let message = format!("{}; but the daemon is connected and downloads messages", check.message);
        return Some(Check { message, outcome: Outcome::Warning, ..check });
    }
    Some(check)
}

/// The host of the websocket.
pub(super) async fn websocket(probes: &Probes<'_>) -> Option<Check> {
    let name = "websocket";
    let server = probes.context.servers.websocket();
    if probes.is_connected().await {
        let host = server.host_str().unwrap_or_default();
        return Some(Check::ok(name, format!("the daemon is connected to {host}")));
    }
    let reached = probes.reach(Host::Websocket).await.map(drop);
    Some(reach(name, server.host_str(), server.scheme() == "wss", reached.as_ref().copied()))
}

fn reach(name: &'static str, host: Option<&str>, is_secure: bool, reached: Result<(), &Unreached>) -> Check {
    let host = host.unwrap_or_default();
    match reached {
        Ok(()) if is_secure => Check::ok(name, format!("{host} responds over TLS")),
        Ok(()) => Check::ok(name, format!("{host} responds without TLS, on this computer")),
        Err(Unreached::Connect(error)) => {
            Check::failed(name, format!("{host} cannot be reached: {error}")).hint(error.hint())
        }
        Err(Unreached::Unequipped(problem)) => Check::of_problem(name, problem)
            .hint("install the system's certificates (package ca-certificates)"),
    }
}

/// This computer's clock, compared with the service's.
pub(super) async fn clock(probes: &Probes<'_>) -> Option<Check> {
    let theirs = probes.api().await.ok()?.server_time?;
    Some(drift(time::unix().saturating_sub(theirs)))
}

/// The result for a clock that is this many seconds ahead of the service's.
fn drift(ahead: i64) -> Check {
    let name = "clock";
    match problem::wrong_clock(ahead) {
        None => Check::ok(name, "this computer's clock agrees with the service's"),
        Some(cause) => Check { hint: cause.hint, ..Check::warning(name, cause.why) },
    }
}

/// Whether the service accepts the login.
pub(super) async fn session(probes: &Probes<'_>) -> Option<Check> {
    let name = "session";
    if let Ok(report) = probes.daemon().await {
        let state = LinkState::from_word(&report.link)?;
        return match state {
            LinkState::Connected => Some(Check::ok(name, "the service accepts the daemon's login")),
            LinkState::Refused | LinkState::Displaced => {
                let hint = state.hint().map(str::to_owned);
                Some(Check { hint, ..Check::failed(name, state.sentence()) })
            }
            // Without a readable login this is expected, and the check of the login reports it.
            LinkState::SignedOut if matches!(probes.login().await, Ok(Some(_))) => Some(
                Check::failed(name, "the daemon does not use the saved login")
                    .hint("restart it: `handover quit`, then `handover start`"),
            ),
            LinkState::SignedOut | LinkState::Connecting | LinkState::Waiting => None,
        };
    }
    let download = probes.download().await?;
    Some(match &download.outcome {
        Ok(downloaded) => {
            let is_all = downloaded.account.is_some();
            Check::ok(name, format!("the service accepts the login; {}", waiting(downloaded.waiting, is_all)))
        }
        Err(error) if error.remedy() == Remedy::SignIn => {
            Check::failed(name, format!("the login is no longer accepted: {error}")).hint(problem::SIGN_IN)
        }
        Err(error) if error.remedy() == Remedy::License => {
            Check::failed(name, format!("the login is not accepted: {error}")).hint(problem::BUY)
        }
        Err(error) => Check::of_problem(name, &problem::of_service("the login cannot be checked", error)),
    })
}

fn waiting(count: usize, is_all: bool) -> String {
    match count {
        count if !is_all => format!("more than {count} messages are waiting"),
        0 => "no messages are waiting".to_owned(),
        1 => "1 message is waiting".to_owned(),
        count => format!("{count} messages are waiting"),
    }
}

/// The licence for desktop clients.
pub(super) async fn licence(probes: &Probes<'_>) -> Option<Check> {
    let name = "licence";
    let missing = if let Ok(report) = probes.daemon().await {
        report.licence.clone()
    } else {
        let download = probes.download().await?;
        let account = download.outcome.as_ref().ok()?.account.as_ref()?;
        account.missing_licence(download.login.registered, time::unix()).map(|licence| licence.to_string())
    };
    match missing {
        Some(sentence) => Some(Check::warning(name, sentence).hint(problem::BUY)),
        // A daemon that has not connected yet does not know.
        None if probes.daemon().await.is_ok() && !probes.is_connected().await => None,
        None => Some(Check::ok(name, "no licence is missing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_from_two_minutes_on() {
        for ahead in [0, 120, -120] {
            assert_eq!(drift(ahead).outcome, Outcome::Ok, "{ahead}");
        }
        for (ahead, words) in [
            (121, "2 minutes ahead of"),
            (-121, "2 minutes behind"),
            (7_199, "119 minutes ahead of"),
            (-7_200, "2 hours behind"),
            (172_800, "2 days ahead of"),
            (i64::MIN, "106751991167300 days behind"),
        ] {
            let check = drift(ahead);
            assert_eq!(check.outcome, Outcome::Warning);
            assert_eq!(check.message, format!("this computer's clock is {words} the service's"));
        }
    }
}
