//! Tests what the doctor reports about a service that cannot be reached, and about other servers that respond instead.

use std::time::{Duration, Instant};

use handover::sandbox::{Endpoint, Fault, Licence};
use handover::system::clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::Findings;
use crate::support::harness::Harness;

const ONLINE: &str = "check that this computer is online, and check the firewall or proxy if there is one";
const BROWSER: &str = "open a web page in a browser: the network may require a login first; otherwise ask the administrator of the proxy";

/// Checks that both hosts failed for this reason, and that nothing is reported that depends on the service.
#[track_caller]
fn unreached(found: &Findings, host: &str, cause: &str, hint: &str) {
    found.fails(&["api", "websocket"]);
    for name in ["api", "websocket"] {
        found.says(name, &format!("{host} cannot be reached: {cause}"));
        found.hints(name, hint);
    }
    for name in ["clock", "session", "licence"] {
        assert!(!found.checks.contains_key(name), "{name}");
    }
}

fn point_to(harness: &mut Harness, host: &str, secure: &str) {
    harness.user.set("HANDOVER_API_URL", &format!("http{secure}://{host}"));
    harness.user.set("HANDOVER_WEBSOCKET_URL", &format!("ws{secure}://{host}/push"));
}

#[tokio::test]
async fn each_step_to_the_service_has_its_own_finding() {
    let mut harness = Harness::signed_in().await;
    let port = harness.sandbox.api_url().rsplit(':').next().expect("a port").to_owned();
    for (host, secure, cause, hint) in [
        (
            "handover.invalid",
            "s",
            "the host name was not found",
            "check that this computer is online and that its DNS server works",
        ),
        ("127.0.0.1:1", "", "the connection was refused", ONLINE),
        (&format!("127.0.0.1:{port}"), "s", "TLS failed: the server does not speak TLS", BROWSER),
    ] {
        point_to(&mut harness, host, secure);
        let found = Findings::of(&harness.user).await;
        unreached(&found, host.split(':').next().unwrap_or_default(), cause, hint);
    }
}

#[tokio::test]
async fn the_two_hosts_are_distinguished() {
    let mut harness = Harness::signed_in().await;
    harness.user.set("HANDOVER_WEBSOCKET_URL", "wss://handover.invalid/push");
    let found = Findings::of(&harness.user).await;
    found.fails(&["websocket"]);
    found.says("websocket", "handover.invalid cannot be reached: the host name was not found");
    found.says("session", "the service accepts the login; no messages are waiting");
}

#[tokio::test]
async fn an_outage_is_distinguished_from_a_captive_portal() {
    let harness = Harness::signed_in().await;
    for (fault, cause, hint) in [
        (Fault::status(502), "the service is unavailable: HTTP 502", "wait; it is retried automatically"),
        (Fault::CaptivePortal, "something other than the service answered: HTTP 403", BROWSER),
        (Fault::Redirect, "something other than the service answered: HTTP 302", BROWSER),
    ] {
        for endpoint in [Endpoint::Other, Endpoint::Socket] {
            harness.sandbox.faults().next(endpoint, fault.clone(), 1);
        }
        let found = Findings::of(&harness.user).await;
        unreached(&found, "127.0.0.1", cause, hint);
    }
    Findings::of(&harness.user).await.fails(&[]);
}

#[tokio::test]
async fn every_check_ends_within_twelve_seconds() {
    let harness = Harness::signed_in().await;
    harness.server.behave(crate::support::notification_server::Behaviour::Hang);
    // The daemon, which is asked first, does not reply.
    let _silent = std::os::unix::net::UnixListener::bind(harness.user.path("run/handover/control.sock"))
        .expect("listen in the daemon's place");
    for (api, download, failed) in [
        (true, false, &["api", "websocket", "notifications", "daemon"][..]),
        (false, true, &["websocket", "session", "notifications", "daemon"]),
    ] {
        harness.sandbox.faults().clear();
        harness.sandbox.faults().always(Endpoint::Socket, Fault::Hang);
        for (endpoint, hangs) in [(Endpoint::Other, api), (Endpoint::Download, download)] {
            if hangs {
                harness.sandbox.faults().always(endpoint, Fault::Hang);
            }
        }
        let began: Instant = clock::instant();
        let found = Findings::of(&harness.user).await;
        let span = clock::instant().duration_since(began);
        assert!(span < Duration::from_secs(12), "{span:?}");
        found.fails(failed);
        found.says("websocket", "127.0.0.1 cannot be reached: it does not respond");
        found.says("daemon", "a daemon is running but cannot be reached: it does not respond");
    }
}

/// A server that only sends this time; returns its address.
async fn service_of_another_time(date: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            drop(stream.read(&mut request).await);
            let body = r#"{"status":0,"errors":["application token is invalid"]}"#;
            let answer = format!(
                "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ndate: {date}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    address
}

#[tokio::test]
async fn a_wrong_clock_is_a_warning() {
    let mut harness = Harness::new().await;
    for (date, direction) in
        [("Fri, 01 Jan 2100 00:00:00 GMT", "behind"), ("Sat, 01 Jan 2000 00:00:00 GMT", "ahead of")]
    {
        let address = service_of_another_time(date).await;
        harness.user.set("HANDOVER_API_URL", &format!("http://{address}"));
        let found = Findings::of(&harness.user).await;
        found.fails(&["login"]);
        found.warns(&["clock", "daemon"]);
        let said = found.field("clock", "message");
        assert!(said.ends_with(&format!(" days {direction} the service's")), "{said}");
        found.hints("clock", "let the system set it, for example with `timedatectl set-ntp true`");
    }
}

#[tokio::test]
async fn a_rejected_login_is_reported() {
    let harness = Harness::signed_in().await;
    harness.sandbox.revoke_sessions();
    let found = Findings::of(&harness.user).await;
    found.fails(&["session"]);
    let said = found.field("session", "message");
    assert!(said.starts_with("the login is no longer accepted: the service refused: "), "{said}");
    found.hints("session", "sign in again with `handover setup`; your messages are kept");
    assert!(!found.checks.contains_key("licence"));
}

#[tokio::test]
async fn a_failed_download_says_nothing_about_the_login() {
    let harness = Harness::signed_in().await;
    harness.sandbox.faults().next(Endpoint::Download, Fault::status(503), 1);
    let found = Findings::of(&harness.user).await;
    found.fails(&["session"]);
    let expected = "the login cannot be checked: the service is unavailable: HTTP 503";
    found.says("session", expected);
    found.hints("session", "check the network, or try again later");
}

#[tokio::test]
async fn a_missing_licence_is_a_warning_until_the_service_refuses() {
    let harness = Harness::signed_in().await;
    let buy = "buy a licence for Pushover for Desktop at https://pushover.net/licensing";
    for licence in [Licence::Flagged, Licence::Emptied] {
        harness.sandbox.switch(|switches| switches.licence = licence);
        let found = Findings::of(&harness.user).await;
        found.fails(&[]);
        found.warns(&["licence", "daemon"]);
        let expected = "the account has no licence for Pushover for Desktop; 30 days of the trial are left";
        found.says("licence", expected);
        found.hints("licence", buy);
    }
    harness.sandbox.switch(|switches| switches.licence = Licence::Refused);
    let found = Findings::of(&harness.user).await;
    found.fails(&["session"]);
    let said = found.field("session", "message");
    assert!(said.starts_with("the login is not accepted: the service refused: "), "{said}");
    found.hints("session", buy);
}
