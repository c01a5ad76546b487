//! Tests that a panic anywhere restarts the whole program. The real binary panics on demand, which only builds with
//! debug assertions can do.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use handover::daemon::Task;
use rustix::process::Signal;
use tokio::net::UnixDatagram;
use tokio::time::timeout;

use crate::process::{Running, TIMEOUT};
use crate::support::harness::Harness;
use crate::support::notification_server::{Behaviour, Shown, Trigger};
use crate::support::panel::Panel;

/// Names the task that panics when the process gets SIGUSR1; with `:always` it panics at every start.
const DEMAND: &str = "HANDOVER_TEST_PANIC";
/// The text of the panic, which represents the text of a message.
const PAYLOAD: &str = "the words of a message";
/// What the log says about a panic.
const CRASHED: &str = "ERROR crashed at src/daemon/restart/task.rs:";

/// A user whose daemon panics on demand in this task.
async fn start(task: Task) -> (Harness, Running) {
    let mut harness = Harness::signed_in().await;
    harness.user.set(DEMAND, task.name());
    let daemon = harness.connected().await;
    (harness, daemon)
}

/// Makes the daemon panic for the `times`-th time, and waits until it is connected again.
async fn crash(harness: &Harness, daemon: &Running, times: usize) {
    daemon.signal(Signal::USR1);
    daemon.until_logged_times(CRASHED, times).await;
    daemon.until_logged_times(" connected\n", times + 1).await;
    harness.user.handover(&["sync"]).await.succeeded();
}

/// The text of every recorded message, oldest first.
async fn recorded(harness: &Harness) -> Vec<String> {
    let text = |message: serde_json::Value| message["text"].as_str().expect("a text").to_owned();
    harness.user.messages().await.into_iter().map(text).collect()
}

/// The next notification that does not replace another; a notification replaces itself when its icon arrives late.
async fn next_new(harness: &Harness) -> Shown {
    loop {
        let shown = harness.server.next_shown().await;
        if shown.replaces == 0 {
            return shown;
        }
    }
}

/// The texts of such notifications that the test has not read yet.
async fn new_so_far(harness: &Harness) -> Vec<String> {
    let shown = harness.shown_so_far().await.into_iter().filter(|shown| shown.replaces == 0);
    shown.map(|shown| format!("{}: {}", shown.title, shown.body)).collect()
}

#[tokio::test]
async fn after_a_panic_in_any_task_everything_works_as_before() {
    // Several tasks are tested at once, since each test mostly waits.
    stream::iter(Task::ALL).for_each_concurrent(4, |task| works_after_a_panic_in(*task)).await;
}

async fn works_after_a_panic_in(task: Task) {
    let name = task.name();
    let mut harness = Harness::signed_in().await;
    harness.user.set(DEMAND, name);
    // Without a service manager its task ends at once.
    let path = harness.user.path("run/notify");
    let _manager = UnixDatagram::bind(&path).expect("listen");
    harness.user.set("NOTIFY_SOCKET", path.to_str().expect("a path in UTF-8"));
    let mut panel = Panel::start(harness.bus.address()).await;
    let daemon = harness.connected().await;
    panel.next_item().await;
    harness.send("before");
    assert_eq!(next_new(&harness).await.body, "before", "{name}");
    // The notification is marked as announced once the sync is done.
    harness.user.handover(&["sync"]).await.succeeded();
    let before = harness.user.status().await;

    crash(&harness, &daemon, 1).await;

    let item = panel.next_item().await;
    item.until("the icon is there again", |look| look.tooltip == "Connected as desk, 1 unread").await;
    assert_eq!(without_times(harness.user.status().await), without_times(before), "{name}");
    harness.send("after");
    assert_eq!(next_new(&harness).await.body, "after", "{name}");
    harness.user.handover(&["sync"]).await.succeeded();
    assert_eq!(recorded(&harness).await, ["before", "after"], "{name}");
    assert_eq!(new_so_far(&harness).await, [""; 0], "{name}: nothing is shown twice");
    assert_eq!(harness.left_on_server(), 0, "{name}");
    let (finished, _) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0), "{name}: {}", finished.err);
    assert_eq!(finished.err.matches(CRASHED).count(), 1, "{name}: {}", finished.err);
    assert!(finished.err.contains(" in thread daemon; restarting\n"), "{name}: {}", finished.err);
    assert!(!finished.err.contains(PAYLOAD), "{name}: {}", finished.err);
}

/// A status without the fields that differ between connections.
fn without_times(mut status: serde_json::Value) -> serde_json::Value {
    for field in ["since", "service_time"] {
        status.as_object_mut().expect("an object").remove(field);
    }
    status
}

#[tokio::test]
async fn a_panic_while_an_emergency_is_shown_repeats_it_once_and_it_is_acknowledged() {
    let (harness, daemon) = start(Task::Sync).await;
    harness.server.behave(Behaviour::Hang);
    let (tell, asked) = tokio::sync::oneshot::channel();
    harness.server.at_next(Trigger::LeftUnanswered, || tell.send(()).expect("the test waits"));
    let receipt = harness.send_emergency("fire");
    timeout(TIMEOUT, asked).await.expect("the daemon shows it").expect("the server is there");
    daemon.signal(Signal::USR1);
    daemon.until_logged(CRASHED).await;
    assert!(!harness.sandbox.is_acknowledged(&receipt), "nobody has seen it");
    harness.server.behave(Behaviour::Answer);
    assert_eq!(next_new(&harness).await.body, "fire");
    harness.until("it is acknowledged", |_| harness.sandbox.is_acknowledged(&receipt)).await;
    daemon.until_logged_times(" connected\n", 2).await;
    harness.user.handover(&["sync"]).await.succeeded();
    assert_eq!(recorded(&harness).await, ["fire"]);
    assert_eq!(new_so_far(&harness).await, [""; 0]);
    assert_eq!(harness.left_on_server(), 0);
}

#[tokio::test]
async fn the_program_survives_five_panics_and_exits_with_a_notification_after_the_sixth() {
    let (harness, daemon) = start(Task::Connection).await;
    let pid = harness.user.status().await["pid"].clone();
    for times in 1..=5 {
        crash(&harness, &daemon, times).await;
        let text = format!("message {times}");
        harness.send(&text);
        assert_eq!(next_new(&harness).await.body, text);
        harness.user.handover(&["sync"]).await.succeeded();
        assert_eq!(harness.user.status().await["pid"], pid, "the service manager sees the same process");
    }
    daemon.signal(Signal::USR1);
    let notification = next_new(&harness).await;
    assert_eq!(notification.title, "Handover crashed repeatedly");
    assert!(
        notification.body.contains("hint: start it again with `handover start`"),
        "{}",
        notification.body
    );
    let finished = daemon.ended().await;
    assert_eq!(finished.code, Some(1), "{}", finished.err);
    assert!(finished.err.ends_with(" in thread daemon, after 5 restarts; exiting\n"), "{}", finished.err);
    assert_eq!(finished.err.matches(CRASHED).count(), 6, "{}", finished.err);
    assert_eq!(new_so_far(&harness).await, [""; 0]);
    harness.user.handover(&["status"]).await.failed(4);

    // A start by hand has all of its restarts again.
    let daemon = harness.connected().await;
    crash(&harness, &daemon, 1).await;
    let (finished, span) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert!(span < Duration::from_secs(1), "{span:?}");
}

#[tokio::test]
async fn a_panic_at_every_start_ends_the_program_even_without_a_desktop() {
    let mut harness = Harness::signed_in().await;
    harness.user.set(DEMAND, "sync:always");
    harness.user.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let daemon = Running::start(harness.user.command(&["run", "--no-tray"]));
    let finished = daemon.ended().await;
    assert_eq!(finished.code, Some(1), "{}", finished.err);
    assert_eq!(finished.err.matches(CRASHED).count(), 6, "{}", finished.err);
    assert_eq!(finished.err.matches(" in thread main; restarting\n").count(), 5, "{}", finished.err);
    assert!(!finished.err.contains(PAYLOAD), "{}", finished.err);
}

#[tokio::test]
async fn a_notification_server_that_hangs_does_not_keep_the_program_from_ending() {
    let mut harness = Harness::signed_in().await;
    harness.user.set(DEMAND, "sync:always");
    harness.server.behave(Behaviour::Hang);
    let finished = harness.user.daemon().ended().await;
    assert_eq!(finished.code, Some(1), "{}", finished.err);
}

#[tokio::test]
async fn after_an_upgrade_the_new_program_is_executed() {
    let mut harness = Harness::signed_in().await;
    harness.user.set(DEMAND, Task::Sync.name());
    let program = harness.user.path("bin/handover");
    copy_program(&program);
    let daemon = Running::start(harness.user.command_of(&program, &["run"]));
    daemon.until_logged(" connected\n").await;
    harness.user.handover(&["sync"]).await.succeeded();
    let next = harness.user.path("next");
    copy_program(&next);
    fs::rename(&next, &program).expect("replace the program");
    let executable = format!("/proc/{}/exe", daemon.pid().as_raw_pid());
    let replaced = fs::read_link(&executable).expect("the link");
    assert!(replaced.to_string_lossy().ends_with(" (deleted)"), "{replaced:?}");
    crash(&harness, &daemon, 1).await;
    assert_eq!(fs::read_link(&executable).expect("the link"), program.canonicalize().expect("the program"));
}

/// Copies the program in another process: a file that this process has open for writing, even briefly, could be
/// inherited by a process that another test starts, and then could not be executed.
fn copy_program(to: &Path) {
    let copied = Command::new("cp").arg(crate::user::PROGRAM).arg(to).status();
    assert!(copied.expect("start cp").success());
}

#[tokio::test]
async fn a_hook_command_that_outlives_the_crash_leaves_no_zombie() {
    let mut harness = Harness::signed_in().await;
    harness.user.set(DEMAND, Task::Sync.name());
    let (runs, may_end) = (harness.user.path("runs"), harness.user.path("may-end"));
    let script = format!(
        "#!/bin/sh\ntouch {}\nwhile [ ! -e {} ]; do sleep 0.1; done\n",
        runs.display(),
        may_end.display()
    );
    let hook = harness.user.install("hook", &script);
    harness.user.settings(&format!("[hook]\ncommand = ['{}']", hook.display()));
    let daemon = harness.connected().await;
    harness.send("hello");
    harness.until_status("the hook runs", |_| runs.exists()).await;
    crash(&harness, &daemon, 1).await;
    fs::write(&may_end, "").expect("let the hook end");
    let children = format!("/proc/{0}/task/{0}/children", daemon.pid().as_raw_pid());
    let is_over = || fs::read_to_string(&children).expect("its children").trim().is_empty();
    harness.until_status("no child is left", |_| is_over()).await;
}
