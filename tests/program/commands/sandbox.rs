//! Tests `handover sandbox`, and the whole program with it: two real processes and an independent sender.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;

use crate::process::{Running, run};
use crate::support::harness::Harness;
use crate::user::{PROGRAM, User};

/// The command of a printed `curl` line, or, without `curl`, one that sends the same form.
pub(crate) fn sending(user: &User, line: &str) -> Command {
    let has_curl = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join("curl").exists());
    if has_curl {
        return user.command_of(
            "sh",
            &["-ec", &format!("{} --silent --show-error --fail --output /dev/null", line.trim())],
        );
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let (url, fields) = words.split_last().expect("a line of words");
    let form = fields.iter().filter(|word| word.contains('=')).map(|word| word.replace('\'', ""));
    let form = form.collect::<Vec<_>>().join("&");
    let address = url.trim_start_matches("http://");
    let (host, path) = address.split_once('/').expect("a URL with a path");
    let (name, port) = host.split_once(':').expect("a URL with a port");
    let request = format!(
        "POST /{path} HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\
         Content-Type: application/x-www-form-urlencoded\\r\\nContent-Length: {}\\r\\n\\r\\n{form}",
        form.len()
    );
    let script =
        format!("exec 3<>/dev/tcp/{name}/{port}; printf '{request}' >&3; grep -q 'HTTP/1.1 200' <&3");
    user.command_of("bash", &["-ec", &script])
}

/// A stand-in in a separate process, and the lines it printed.
async fn stand_in(user: &User) -> (Running, Vec<String>) {
    let process = Running::start(user.command(&["sandbox", "--port", "0"]));
    let printed = process.until_printed("Each request is a line").await;
    (process, printed.lines().map(str::to_owned).collect())
}

/// The lines to be typed, without their indentation.
fn typed(lines: &[String]) -> Vec<&str> {
    lines.iter().filter_map(|line| line.strip_prefix("    ")).collect()
}

/// The only folder in another.
fn only_folder_in(folder: &Path) -> PathBuf {
    let mut found =
        fs::read_dir(folder).expect("read the folder").map(|entry| entry.expect("an entry").path());
    let first = found.next().expect("a folder");
    assert_eq!(found.next(), None);
    first
}

#[tokio::test]
async fn the_printed_commands_work_unchanged() {
    let harness = Harness::new().await;
    let (_stand_in, lines) = stand_in(&harness.user).await;
    let typed = typed(&lines);
    let (curl, receive) = typed.split_first().expect("lines to type");
    let (run_line, set_up) = receive.split_last().expect("lines to type");
    assert_eq!(*run_line, "handover run");
    // The shell finds the program on `PATH`, as after an installation.
    let bin = harness.user.path("bin");
    std::os::unix::fs::symlink(PROGRAM, bin.join("handover")).expect("link the program");
    let script = format!("{}\nexec handover run", set_up.join("\n"));
    let mut shell = harness.user.command_of("sh", &["-ec", &script]);
    shell.env_remove("HANDOVER_API_URL").env_remove("HANDOVER_WEBSOCKET_URL");
    let daemon = Running::start(shell);
    daemon.until_logged(" connected\n").await;
    let printed = daemon.until_printed("start receiving").await;
    assert!(printed.starts_with("signed in as desk\n1 waiting message was saved"), "{printed}");

    run(sending(&harness.user, curl), "").await.succeeded();
    let shown = harness.server.next_shown().await;
    assert_eq!((shown.title.as_str(), shown.body.as_str()), ("Sandbox", "Hello"));
    let folder = only_folder_in(&harness.user.path("tmp"));
    assert!(folder.join("handover/messages.db").exists(), "it uses the folder that it was given");
    assert!(!harness.user.path("data/handover").exists());
}

#[tokio::test]
async fn the_sandbox_stops_on_a_signal() {
    let harness = Harness::new().await;
    for signal in [Signal::INT, Signal::TERM] {
        let (process, _) = stand_in(&harness.user).await;
        let (finished, span) = process.stop(signal).await;
        assert_eq!((finished.code, finished.err.as_str()), (Some(0), ""));
        assert!(span < std::time::Duration::from_secs(1), "{span:?}");
    }
}

#[tokio::test]
async fn a_port_in_use_is_reported() {
    let harness = Harness::new().await;
    let port = harness.sandbox.api_url().rsplit(':').next().expect("a port").to_owned();
    let said = harness.user.handover(&["sandbox", "--port", &port]).await.failed(1);
    let expected = format!(
        "error: the stand-in cannot start: 127.0.0.1:{port} cannot be used: another program uses it\n\
         hint: if a port is in use, take any free one with `--port 0`, and `--tls-port 0` for TLS\n"
    );
    assert_eq!(said, expected);
}

#[tokio::test]
async fn a_message_survives_kill_9_end_to_end() {
    let mut harness = Harness::new().await;
    let (_stand_in, lines) = stand_in(&harness.user).await;
    let curl = typed(&lines).first().copied().expect("a curl line").to_owned();
    let url = curl.split_whitespace().last().expect("a URL").trim_end_matches("/1/messages.json");
    harness.user.set("HANDOVER_API_URL", url);
    harness.user.set("HANDOVER_WEBSOCKET_URL", &format!("{}/push", url.replace("http:", "ws:")));
    harness.user.sign_in(&harness.sandbox).await;

    let daemon = harness.user.daemon();
    daemon.until_logged(" connected\n").await;
    run(sending(&harness.user, &curl), "").await.succeeded();
    assert_eq!(harness.server.next_shown().await.body, "Hello");
    daemon.kill().await;
    run(sending(&harness.user, &curl.replace("Hello", "Meanwhile")), "").await.succeeded();
    assert_eq!(harness.user.messages().await.len(), 2, "the welcome message and the first");

    let daemon = harness.user.daemon();
    daemon.until_logged(" connected\n").await;
    harness.user.handover(&["sync"]).await.succeeded();
    let shown: Vec<_> =
        harness.shown_so_far().await.into_iter().map(|notification| notification.body).collect();
    // The kill may have come before the first message was marked.
    assert!(shown == ["Meanwhile"] || shown == ["Hello", "Meanwhile"], "{shown:?}");
    let listed = harness.user.handover(&["messages"]).await.succeeded();
    assert!(listed.contains("\n    Hello\n") && listed.ends_with("\n    Meanwhile\n"), "{listed}");
    assert_eq!(harness.user.messages().await.len(), 3);
}
