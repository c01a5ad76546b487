//! An upgrade of the program while the daemon runs.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use tokio::net::UnixDatagram;
use tokio::time::timeout;

use crate::process::Running;
use crate::support::harness::Harness;
use crate::user::PROGRAM;

#[tokio::test]
async fn after_an_upgrade_the_daemon_runs_the_new_program_in_the_same_process() {
    let mut harness = Harness::signed_in().await;
    let manager = UnixDatagram::bind(harness.user.path("run/notify")).expect("listen");
    harness.user.set("NOTIFY_SOCKET", harness.user.path("run/notify").to_str().expect("UTF-8"));
    let program = harness.user.path("bin/handover");
    replace(&harness, &program).await;
    let daemon = Running::start(harness.user.command_of(&program, &["run"]));
    harness.until("the connection", |now| now.socket_logins == 1).await;
    harness.send("before");
    assert!(harness.server.next_shown().await.body.starts_with("before"));

    replace(&harness, &program).await;
    let file = || fs::read_link(format!("/proc/{}/exe", daemon.pid().as_raw_nonzero())).expect("its file");
    assert!(file().to_string_lossy().ends_with(" (deleted)"), "{:?}", file());
    daemon.signal(Signal::USR2);
    harness.until("the connection of the new program", |now| now.socket_logins == 2).await;
    assert_eq!(file(), program.canonicalize().expect("the new program"));
    harness.send("after");
    assert!(harness.server.next_shown().await.body.starts_with("after"), "nothing is shown twice");
    harness.until_status("both are here", |status| status["unread"] == 2).await;

    let mut reports = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(Ok(length)) = timeout(Duration::ZERO, manager.recv(&mut buffer)).await {
        reports.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
    }
    assert_eq!(reports.iter().filter(|report| report.starts_with("READY=1")).count(), 2, "{reports:?}");
    assert!(!reports.iter().any(|report| report.starts_with("STOPPING")), "{reports:?}");
    let (finished, _) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
}

/// Puts a new file in the place of the program, as a package manager does. Another process writes it, because a file that this one
/// has open for writing, or a child that another test starts just then, cannot be executed.
async fn replace(harness: &Harness, program: &std::path::Path) {
    let new = program.with_extension("new");
    let script = format!("cp {PROGRAM} {0} && mv {0} {1}", new.display(), program.display());
    crate::process::run(harness.user.command_of("sh", &["-c", &script]), "").await.succeeded();
}
