//! `handover doctor`: its report when everything works, the format of it, and that it changes nothing.
//!
//! Invariant: a test of a broken state checks all findings, so that the problem is reported once and nothing else is
//! blamed for it.

mod computer;
mod daemon;
mod keyring;
mod service;
mod session;

use std::collections::BTreeMap;

use handover::sandbox::Endpoint;
use serde_json::Value;

use crate::process::Finished;
use crate::support::harness::Harness;
use crate::user::User;

/// The findings of `handover doctor --json`, by name.
pub(crate) struct Findings {
    code: Option<i32>,
    err: String,
    pub(crate) names: Vec<String>,
    checks: BTreeMap<String, Value>,
}

impl Findings {
    pub(crate) async fn of(user: &User) -> Self {
        Self::reported(user.handover(&["doctor", "--json"]).await)
    }

    fn reported(finished: Finished) -> Self {
        let report: Value = serde_json::from_str(&finished.out).expect("one JSON object");
        let list = report["checks"].as_array().expect("a list").clone();
        let name = |check: &Value| check["name"].as_str().expect("a name").to_owned();
        let found = Self {
            code: finished.code,
            err: finished.err,
            names: list.iter().map(name).collect(),
            checks: list.iter().map(|check| (name(check), check.clone())).collect(),
        };
        assert_eq!(found.names.len(), found.checks.len(), "every name is there once");
        assert_eq!(report["ok"], found.with("failed").is_empty());
        for check in &list {
            assert_eq!(check.as_object().expect("an object").len(), 4, "{check}");
            let message = check["message"].as_str().expect("a sentence");
            assert!(!message.is_empty() && !message.ends_with('.') && !message.contains('\n'), "{check}");
        }
        found
    }

    fn with(&self, outcome: &str) -> Vec<&str> {
        self.names
            .iter()
            .map(String::as_str)
            .filter(|name| self.checks[*name]["outcome"] == outcome)
            .collect()
    }

    /// Checks that exactly these checks failed, and that the exit code and the last line say so.
    #[track_caller]
    pub(crate) fn fails(&self, names: &[&str]) {
        assert_eq!(self.with("failed"), names, "{:#?}", self.checks);
        if names.is_empty() {
            assert_eq!((self.code, self.err.as_str()), (Some(0), ""));
        } else {
            let expected = format!("error: Handover does not work: see {}\n", names.join(", "));
            assert_eq!((self.code, self.err.as_str()), (Some(1), expected.as_str()));
        }
    }

    #[track_caller]
    fn warns(&self, names: &[&str]) {
        assert_eq!(self.with("warning"), names, "{:#?}", self.checks);
    }

    #[track_caller]
    pub(crate) fn field(&self, name: &str, field: &str) -> &str {
        let check = self.checks.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.names));
        check[field].as_str().unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn says(&self, name: &str, message: &str) {
        assert_eq!(self.field(name, "message"), message);
    }

    #[track_caller]
    pub(crate) fn hints(&self, name: &str, hint: &str) {
        assert_eq!(self.field(name, "hint"), hint);
    }
}

const ALL: [&str; 16] = [
    "settings",
    "login",
    "keyring",
    "api",
    "websocket",
    "clock",
    "session",
    "licence",
    "notifications",
    "presence",
    "sound",
    "tray",
    "folder",
    "messages",
    "daemon",
    "autostart",
];

#[tokio::test]
async fn without_a_daemon_all_checks_pass_and_nothing_is_changed() {
    let harness = Harness::signed_in().await;
    harness.send("one");
    harness.send("two");
    let before = (harness.sandbox.counters(), harness.sandbox.journal().len());
    let found = Findings::of(&harness.user).await;
    found.fails(&[]);
    found.warns(&["daemon"]);
    assert_eq!(found.names, ALL);
    let path = |below| harness.user.path(below).display().to_string();
    for (name, message) in [
        ("settings", "there is no settings file; the defaults are used"),
        (
            "login",
            &format!("the login of desk is stored in the file {}", path("data/handover/credentials.json")),
        ),
        ("keyring", "this session has no keyring; a file is used instead"),
        ("api", "127.0.0.1 responds without TLS, on this computer"),
        ("websocket", "127.0.0.1 responds without TLS, on this computer"),
        ("clock", "this computer's clock agrees with the service's"),
        ("session", "the service accepts the login; 2 messages are waiting"),
        ("licence", "no licence is missing"),
        ("notifications", "fake 1"),
        ("tray", "the desktop has no tray; everything in its menu is also a command"),
        ("messages", "0 messages, the file is intact"),
        ("daemon", "not running, so no messages are being received"),
        ("autostart", "Handover does not start at login; `handover autostart on` changes that"),
    ] {
        found.says(name, message);
    }
    found.hints("daemon", "start it with `handover start`");
    let folder = found.field("folder", "message");
    assert!(folder.starts_with(&format!("{} is writable, ", path("data/handover"))), "{folder}");

    let after = harness.sandbox.counters();
    let requests: Vec<_> = harness.sandbox.journal().into_iter().skip(before.1).collect();
    let count = |endpoint| requests.iter().filter(|request| request.endpoint == endpoint).count();
    assert_eq!((count(Endpoint::Other), count(Endpoint::Socket), count(Endpoint::Download)), (1, 1, 1));
    assert_eq!(requests.len(), 3, "{requests:?}");
    assert!(requests.iter().all(|request| request.connections <= 2), "{requests:?}");
    assert_eq!((after.deletes, after.socket_logins), (before.0.deletes, before.0.socket_logins));
    assert_eq!(harness.left_on_server(), 2);
    assert!(harness.user.messages().await.is_empty());
    assert!(harness.shown_so_far().await.is_empty());
}

#[tokio::test]
async fn with_a_daemon_all_checks_pass_and_it_is_not_disturbed() {
    let harness = Harness::signed_in().await;
    let file = harness.user.settings("backlog = 'all'\n");
    let _daemon = harness.connected().await;
    harness.send("one");
    harness.server.next_shown().await;
    harness.user.handover(&["sync"]).await.succeeded();
    let before = harness.sandbox.counters();
    let found = Findings::of(&harness.user).await;
    found.fails(&[]);
    found.warns(&[]);
    assert_eq!(found.names, ALL);
    for (name, message) in [
        ("settings", &*format!("{} is valid", file.display())),
        ("websocket", "the daemon is connected to 127.0.0.1"),
        ("session", "the service accepts the daemon's login"),
        ("licence", "no licence is missing"),
        ("messages", "1 message, the file is intact"),
        ("daemon", "running: Connected as desk, 1 unread"),
    ] {
        found.says(name, message);
    }
    let after = harness.sandbox.counters();
    assert_eq!(after.requests, before.requests + 1, "only one request, for the service's clock");
    assert_eq!(after.sockets_opened, before.sockets_opened);
}

#[tokio::test]
async fn the_text_is_a_list_that_fits_a_terminal() {
    let mut harness = Harness::new().await;
    harness.user.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let finished = harness.user.handover(&["doctor"]).await;
    let shown = finished.out.clone();
    assert_eq!(finished.failed(1), "error: Handover does not work: see login, notifications\n");
    let lines: Vec<_> = shown.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{shown}");
    let expected = [
        "ok       settings       there is no settings file; the defaults are used",
        "failed   login          not signed in: no login is saved here",
        "                        hint: run `handover setup` to sign in",
        "ok       keyring        this session has no keyring; a file is used instead",
        "ok       api            127.0.0.1 responds without TLS, on this computer",
    ];
    assert_eq!(lines[..5], expected, "{shown}");
    let names = lines
        .iter()
        .filter(|line| !line.starts_with(' '))
        .map(|line| line.get(9..24).unwrap_or_default().trim());
    // Without a login the session is not checked, and without a bus sounds are not.
    let without = ALL.iter().filter(|name| !["session", "licence", "sound"].contains(name));
    assert!(names.eq(without.copied()), "{shown}");
}
