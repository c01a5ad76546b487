//! A panic anywhere restarts the whole program: the real binary panics on demand, which only builds with debug
//! assertions can do.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use futures_util::future::join_all;
use handover::daemon::Task;
use rustix::process::Signal;
use tokio::net::UnixDatagram;
use tokio::time::timeout;

use crate::process::{Running, TIMEOUT};
use crate::support::notification_server::{Behaviour, Moment, Shown};
use crate::support::panel::Panel;
use crate::support::stage::Stage;

/// Names the task that panics when the process gets SIGUSR1; with `:always` it panics at every start.
const DEMAND: &str = "HANDOVER_TEST_PANIC";
/// What the panic says. It stands for the text of a message.
const PAYLOAD: &str = "the words of a message";
/// What the log says of one.
const CRASHED: &str = "ERROR crashed at src/daemon/restart/task.rs:";

/// A user whose daemon runs and panics on demand in this task.
async fn start(task: Task) -> (Stage, Running) {
    let mut stage = Stage::signed_in().await;
    stage.home.set(DEMAND, task.name());
    let daemon = stage.connected().await;
    (stage, daemon)
}

/// Makes the daemon panic, for the so many-th time, and waits until it is connected again.
async fn crash(stage: &Stage, daemon: &Running, times: usize) {
    daemon.signal(Signal::USR1);
    daemon.until_logged_times(CRASHED, times).await;
    daemon.until_logged_times(" connected\n", times + 1).await;
    stage.home.handover(&["sync"]).await.well();
}

/// The text of every recorded message, oldest first.
async fn recorded(stage: &Stage) -> Vec<String> {
    let text = |message: serde_json::Value| message["text"].as_str().expect("a text").to_owned();
    stage.home.messages().await.into_iter().map(text).collect()
}

/// The next notification that does not replace another; one is replaced by itself when its icon comes late.
async fn next_new(stage: &Stage) -> Shown {
    loop {
        let shown = stage.server.next_shown().await;
        if shown.replaces == 0 {
            return shown;
        }
    }
}

/// How many such notifications the test has not asked for yet.
async fn new_so_far(stage: &Stage) -> usize {
    stage.shown_so_far().await.iter().filter(|shown| shown.replaces == 0).count()
}

#[tokio::test]
async fn after_a_panic_in_any_task_everything_works_as_before() {
    // All at once, since each of them mostly waits.
    join_all(Task::ALL.iter().map(|task| works_after_a_panic_in(*task))).await;
}

async fn works_after_a_panic_in(task: Task) {
    let name = task.name();
    let mut stage = Stage::signed_in().await;
    stage.home.set(DEMAND, name);
    // Without a service manager the task that tells it ends at once.
    let path = stage.home.path("run/notify");
    let _manager = UnixDatagram::bind(&path).expect("listen");
    stage.home.set("NOTIFY_SOCKET", path.to_str().expect("a path in UTF-8"));
    let mut panel = Panel::start(stage.bus.address()).await;
    let daemon = stage.connected().await;
    panel.next_item().await;
    stage.send("before");
    assert_eq!(next_new(&stage).await.body, "before", "{name}");
    // The notification is marked as shown once the sync is over.
    stage.home.handover(&["sync"]).await.well();
    let before = stage.home.status().await;

    crash(&stage, &daemon, 1).await;

    let item = panel.next_item().await;
    item.until("the icon is there again", |look| look.tooltip == "Connected as desk, 1 unread").await;
    assert_eq!(without_times(stage.home.status().await), without_times(before), "{name}");
    stage.send("after");
    assert_eq!(next_new(&stage).await.body, "after", "{name}");
    stage.home.handover(&["sync"]).await.well();
    assert_eq!(recorded(&stage).await, ["before", "after"], "{name}");
    assert_eq!(new_so_far(&stage).await, 0, "{name}: nothing is shown twice");
    assert_eq!(stage.left_on_server(), 0, "{name}");
    let (finished, _) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0), "{name}: {}", finished.err);
    assert_eq!(finished.err.matches(CRASHED).count(), 1, "{name}: {}", finished.err);
    assert!(finished.err.contains(" in thread daemon; restarting\n"), "{name}: {}", finished.err);
    assert!(!finished.err.contains(PAYLOAD), "{name}: {}", finished.err);
}

/// A status without what differs from one connection to the next.
fn without_times(mut status: serde_json::Value) -> serde_json::Value {
    status.as_object_mut().expect("an object").remove("since");
    status
}

#[tokio::test]
async fn the_notification_that_was_being_shown_is_shown_once_more_and_its_emergency_acknowledged() {
    let (stage, daemon) = start(Task::Sync).await;
    stage.server.behave(Behaviour::Hang);
    let (tell, asked) = tokio::sync::oneshot::channel();
    stage.server.at_next(Moment::LeftUnanswered, || tell.send(()).expect("the test waits"));
    let receipt = stage.send_emergency("fire");
    timeout(TIMEOUT, asked).await.expect("the daemon shows it").expect("the server is there");
    daemon.signal(Signal::USR1);
    daemon.until_logged(CRASHED).await;
    assert!(!stage.sandbox.is_acknowledged(&receipt), "nobody has seen it");
    stage.server.behave(Behaviour::Answer);
    assert_eq!(next_new(&stage).await.body, "fire");
    stage.until("it is acknowledged", |_| stage.sandbox.is_acknowledged(&receipt)).await;
    daemon.until_logged_times(" connected\n", 2).await;
    stage.home.handover(&["sync"]).await.well();
    assert_eq!(recorded(&stage).await, ["fire"]);
    assert_eq!(new_so_far(&stage).await, 0);
    assert_eq!(stage.left_on_server(), 0);
}

#[tokio::test]
async fn five_panics_are_survived_and_the_sixth_ends_the_program_with_a_notification() {
    let (stage, daemon) = start(Task::Connection).await;
    let pid = stage.home.status().await["pid"].clone();
    for times in 1..=5 {
        crash(&stage, &daemon, times).await;
        let text = format!("message {times}");
        stage.send(&text);
        assert_eq!(next_new(&stage).await.body, text);
        stage.home.handover(&["sync"]).await.well();
        assert_eq!(stage.home.status().await["pid"], pid, "the service manager sees the same process");
    }
    daemon.signal(Signal::USR1);
    let notification = next_new(&stage).await;
    assert_eq!(notification.title, "Handover crashed repeatedly");
    assert!(notification.body.contains("hint: start it again with `handover run`"), "{}", notification.body);
    let finished = daemon.ended().await;
    assert_eq!(finished.code, Some(1), "{}", finished.err);
    assert!(
        finished.err.ends_with(" in thread daemon, after 5 restarts; the program ends\n"),
        "{}",
        finished.err
    );
    assert_eq!(finished.err.matches(CRASHED).count(), 6, "{}", finished.err);
    assert_eq!(new_so_far(&stage).await, 0);
    stage.home.handover(&["status"]).await.badly(4);

    // A start by hand has all of its attempts.
    let daemon = stage.connected().await;
    crash(&stage, &daemon, 1).await;
    let (finished, span) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert!(span < Duration::from_secs(1), "{span:?}");
}

#[tokio::test]
async fn a_panic_at_every_start_ends_the_program_even_without_a_desktop() {
    let mut stage = Stage::signed_in().await;
    stage.home.set(DEMAND, "sync:always");
    stage.home.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let daemon = Running::start(stage.home.command(&["run", "--no-tray"]));
    let finished = daemon.ended().await;
    assert_eq!(finished.code, Some(1), "{}", finished.err);
    assert_eq!(finished.err.matches(CRASHED).count(), 6, "{}", finished.err);
    assert_eq!(finished.err.matches(" in thread main; restarting\n").count(), 5, "{}", finished.err);
    assert!(!finished.err.contains(PAYLOAD), "{}", finished.err);
}

#[tokio::test]
async fn a_notification_server_that_hangs_does_not_keep_the_program_from_ending() {
    let mut stage = Stage::signed_in().await;
    stage.home.set(DEMAND, "sync:always");
    stage.server.behave(Behaviour::Hang);
    let finished = stage.home.daemon().ended().await;
    assert_eq!(finished.code, Some(1), "{}", finished.err);
}

#[tokio::test]
async fn after_an_upgrade_the_new_program_is_executed() {
    let mut stage = Stage::signed_in().await;
    stage.home.set(DEMAND, Task::Sync.name());
    let program = stage.home.path("bin/handover");
    copy_program(&program);
    let daemon = Running::start(stage.home.command_of(&program, &["run"]));
    daemon.until_logged(" connected\n").await;
    stage.home.handover(&["sync"]).await.well();
    let next = stage.home.path("next");
    copy_program(&next);
    fs::rename(&next, &program).expect("replace the program");
    let executable = format!("/proc/{}/exe", daemon.pid().as_raw_pid());
    let replaced = fs::read_link(&executable).expect("the link");
    assert!(replaced.to_string_lossy().ends_with(" (deleted)"), "{replaced:?}");
    crash(&stage, &daemon, 1).await;
    assert_eq!(fs::read_link(&executable).expect("the link"), program.canonicalize().expect("the program"));
}

/// Copies the program in a process of its own: a file that this one has open for writing, even for a moment, might be
/// passed on to a process that another test starts, and could not be executed.
fn copy_program(to: &Path) {
    let copied = Command::new("cp").arg(crate::home::PROGRAM).arg(to).status();
    assert!(copied.expect("start cp").success());
}

#[tokio::test]
async fn a_hook_command_that_outlives_the_crash_leaves_no_zombie() {
    let mut stage = Stage::signed_in().await;
    stage.home.set(DEMAND, Task::Sync.name());
    let (runs, may_end) = (stage.home.path("runs"), stage.home.path("may-end"));
    let script = format!(
        "#!/bin/sh\ntouch {}\nwhile [ ! -e {} ]; do sleep 0.1; done\n",
        runs.display(),
        may_end.display()
    );
    let hook = stage.home.install("hook", &script);
    stage.home.settings(&format!("[hook]\ncommand = ['{}']", hook.display()));
    let daemon = stage.connected().await;
    stage.send("hello");
    stage.until_status("the hook runs", |_| runs.exists()).await;
    crash(&stage, &daemon, 1).await;
    fs::write(&may_end, "").expect("let the hook end");
    let children = format!("/proc/{0}/task/{0}/children", daemon.pid().as_raw_pid());
    let is_over = || fs::read_to_string(&children).expect("its children").trim().is_empty();
    stage.until_status("no child is left", |_| is_over()).await;
}
