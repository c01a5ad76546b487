//! `handover demo`: the whole way of a message, wherever it is started.

use std::fs;
use std::time::Duration;

use handover::system::clock;
use rustix::process::Signal;

use crate::process::{Running, run};
use crate::support::stage::Stage;

const STEPS: [&str; 4] = ["received", "recorded, on disk", "shown", "deleted on the server"];
const TITLES: [&str; 4] = ["Backup — Sandbox", "Sensors — Sandbox", "Doorbell — Sandbox", "Alarm — Sandbox"];

/// Runs the demo; what it printed. It has to be quick and to leave nothing behind.
async fn demo(stage: &Stage) -> String {
    let started = clock::instant();
    let printed = stage.home.handover(&["demo"]).await.well();
    let span = clock::instant().duration_since(started);
    assert!(span < Duration::from_secs(10), "{span:?}");
    leaves_nothing(stage);
    for step in STEPS {
        let lines = printed.lines().filter(|line| line.ends_with(&format!(" ms  {step}"))).count();
        assert_eq!(lines, 4, "{step}: {printed}");
    }
    assert_eq!(printed.matches(" ms  acknowledged\n").count(), 1, "{printed}");
    let end = "\nEvery step happened: 5 messages in the log (with the service's welcome, which came silently), none left on the server, the emergency acknowledged.\n";
    assert!(printed.ends_with(end), "{printed}");
    printed
}

fn leaves_nothing(stage: &Stage) {
    for below in ["tmp", "data", "run", "config", "cache"] {
        let left: Vec<_> = fs::read_dir(stage.home.path(below)).expect("read the folder").collect();
        assert!(left.is_empty(), "{below}: {left:?}");
    }
}

#[tokio::test]
async fn it_shows_notifications_where_there_is_a_notification_server() {
    let stage = Stage::new().await;
    let printed = demo(&stage).await;
    let shown: Vec<_> =
        stage.shown_so_far().await.into_iter().map(|notification| notification.title).collect();
    assert_eq!(shown, TITLES);
    assert!(!printed.contains("[notification]"), "{printed}");
    assert!(stage.sandbox.journal().is_empty(), "it has a stand-in of its own");
}

/// The demo prints its notifications, each before it says that it was shown.
fn prints_notifications(printed: &str) {
    for title in TITLES {
        assert_eq!(printed.matches(&format!("\n      [notification] {title}: ")).count(), 1, "{printed}");
    }
    let lines: Vec<_> = printed.lines().collect();
    for (place, _) in lines.iter().enumerate().filter(|(_, line)| line.contains("[notification]")) {
        assert!(lines[place - 1].ends_with("recorded, on disk"), "{printed}");
        assert!(lines[place + 1].ends_with("shown"), "{printed}");
    }
}

#[tokio::test]
async fn it_prints_notifications_where_there_is_no_notification_server() {
    let Stage { home, sandbox, server, bus } = Stage::new().await;
    let other = Stage::new().await;
    let stage = Stage { home, sandbox, server: other.server, bus };
    drop(server);
    prints_notifications(&demo(&stage).await);
}

#[tokio::test]
async fn it_prints_notifications_where_there_is_no_bus() {
    let mut stage = Stage::new().await;
    stage.home.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    prints_notifications(&demo(&stage).await);
}

#[tokio::test]
async fn it_stays_up_when_asked_to_and_takes_messages() {
    let stage = Stage::new().await;
    let demo = Running::start(stage.home.command(&["demo", "--keep"]));
    let printed = demo.until_printed("curl ").await;
    let curl = printed.lines().find(|line| line.trim().starts_with("curl ")).expect("a curl line");
    stage.shown_so_far().await;
    run(super::sandbox::sending(&stage.home, curl), "").await.well();
    assert_eq!(stage.server.next_shown().await.body, "Hello");
    demo.until_printed("\n  deleted on the server\n").await;
    let (finished, span) = demo.stop(Signal::INT).await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert!(span < Duration::from_secs(1), "{span:?}");
    let end = "  recorded 1 new\n  shown\n  deleted on the server\n";
    assert!(finished.out.ends_with(end), "{}", finished.out);
    leaves_nothing(&stage);
}
