//! Tests `handover demo` in every environment.

use std::fs;
use std::time::Duration;

use handover::system::clock;
use rustix::process::Signal;

use crate::process::{Running, run};
use crate::support::harness::Harness;

const STEPS: [&str; 4] = ["received", "saved on disk", "shown", "deleted from the service"];
const TITLES: [&str; 4] =
    ["Backup — Sandbox", "Sensors — Sandbox", "Doorbell — Sandbox", "Emergency: Alarm — Sandbox"];

/// Runs the demo and returns its output. It has to be quick and to leave nothing behind.
async fn demo(harness: &Harness) -> String {
    let started = clock::instant();
    let printed = harness.user.handover(&["demo", "--fast"]).await.succeeded();
    let span = clock::instant().duration_since(started);
    assert!(span < Duration::from_secs(10), "{span:?}");
    leaves_nothing(harness);
    for step in STEPS {
        let lines = printed.lines().filter(|line| line.ends_with(&format!(" ms  {step}"))).count();
        assert_eq!(lines, 4, "{step}: {printed}");
    }
    assert_eq!(printed.matches(" ms  acknowledged\n").count(), 1, "{printed}");
    let end = "\nAll steps completed: 5 messages in the message log (including the service's welcome, which is silent), none left at the service, the emergency acknowledged.\n\
        \nTo receive the messages of your own account, sign in with `handover setup`.\n";
    assert!(printed.ends_with(end), "{printed}");
    printed
}

fn leaves_nothing(harness: &Harness) {
    for below in ["tmp", "data", "run", "config", "cache"] {
        let left: Vec<_> = fs::read_dir(harness.user.path(below)).expect("read the folder").collect();
        assert!(left.is_empty(), "{below}: {left:?}");
    }
}

#[tokio::test]
async fn the_demo_shows_notifications_if_there_is_a_notification_server() {
    let harness = Harness::new().await;
    let printed = demo(&harness).await;
    let shown: Vec<_> =
        harness.shown_so_far().await.into_iter().map(|notification| notification.title).collect();
    // The last one may follow once more, to say that it was acknowledged.
    assert_eq!(shown.get(..4), Some(&TITLES.map(str::to_owned)[..]));
    assert!(harness.server.screen().is_empty(), "what the demo showed is still on the screen");
    assert!(!printed.contains("[notification]"), "{printed}");
    assert!(harness.sandbox.journal().is_empty(), "it has its own stand-in");
}

#[tokio::test]
async fn the_demo_leaves_time_to_look_at_each_message_and_can_be_interrupted() {
    let harness = Harness::new().await;
    let demo = Running::start(harness.user.command(&["demo"]));
    demo.until_printed(" ms  deleted from the service\n").await;
    let shown = clock::instant();
    assert_eq!(harness.server.next_shown().await.title, TITLES[0]);
    demo.until_printed("\nSending an HTML message\n").await;
    let span = clock::instant().duration_since(shown);
    assert!(span > Duration::from_secs(2), "{span:?}");
    let (finished, _) = demo.stop(Signal::INT).await;
    assert_eq!((finished.code, &*finished.err), (Some(1), "error: the demo was interrupted\n"));
    assert!(harness.server.screen().is_empty(), "what the demo showed is still on the screen");
    leaves_nothing(&harness);
}

/// The demo prints its notifications, each before the line that says that it was shown.
fn prints_notifications(printed: &str) {
    for title in TITLES {
        assert_eq!(printed.matches(&format!("\n      [notification] {title}: ")).count(), 1, "{printed}");
    }
    let lines: Vec<_> = printed.lines().collect();
    for (place, _) in lines.iter().enumerate().filter(|(_, line)| line.contains("[notification]")) {
        assert!(lines[place - 1].ends_with("saved on disk"), "{printed}");
        assert!(lines[place + 1].ends_with("shown"), "{printed}");
    }
}

#[tokio::test]
async fn the_demo_prints_notifications_without_a_notification_server() {
    let Harness { user, sandbox, server, bus } = Harness::new().await;
    let other = Harness::new().await;
    let harness = Harness { user, sandbox, server: other.server, bus };
    drop(server);
    prints_notifications(&demo(&harness).await);
}

#[tokio::test]
async fn the_demo_prints_notifications_without_a_bus() {
    let mut harness = Harness::new().await;
    harness.user.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    prints_notifications(&demo(&harness).await);
}

#[tokio::test]
async fn the_demo_keeps_running_on_request_and_receives_messages() {
    let harness = Harness::new().await;
    let demo = Running::start(harness.user.command(&["demo", "--keep", "--fast"]));
    let printed = demo.until_printed("curl ").await;
    let curl = printed.lines().find(|line| line.trim().starts_with("curl ")).expect("a curl line");
    harness.shown_so_far().await;
    run(super::sandbox::sending(&harness.user, curl), "").await.succeeded();
    assert_eq!(harness.server.next_shown().await.body, "Hello");
    demo.until_printed("\n  deleted from the service\n").await;
    let (finished, span) = demo.stop(Signal::INT).await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert!(span < Duration::from_secs(1), "{span:?}");
    let end = "  saved 1 new\n  shown\n  deleted from the service\n";
    assert!(finished.out.ends_with(end), "{}", finished.out);
    leaves_nothing(&harness);
}
