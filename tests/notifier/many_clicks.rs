//! A thousand notifications with buttons, and a user who clicks on every one of them.
//!
//! Invariant: open files and memory are those of a process that does nothing else.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use handover::desktop::notifier::freedesktop::FreedesktopNotifier;
use handover::domain::notification::{Notification, NotificationAction, NotificationEvent};
use handover::domain::text::Text;
use handover::ports::Notifier;
use tokio::time::{sleep, timeout};

use crate::support::bus::Bus;
use crate::support::notification_server::NotificationServer;

/// How long the user takes to click.
const DELAY: Duration = Duration::from_millis(500);
/// Notifications on the screen at once.
const AT_ONCE: usize = 200;
/// How much more memory a round may need than all before, in bytes. A leaked connection costs more than 10 KiB, so 2 MiB a round;
/// 0 to 300 KiB were measured for all rounds together.
const GROWTH: u64 = 1024 * 1024;

#[test]
fn a_thousand_clicks_are_reported_without_a_leak() {
    // It runs in its own process: open files and memory are counted, and other tests use some.
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--exact",
            "--ignored",
            "--nocapture",
            "many_clicks::a_thousand_clicks_in_a_process_of_their_own",
        ])
        .output()
        .expect("run this program");
    let words = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && words.contains("1 passed"), "{words}");
}

#[ignore = "a_thousand_clicks_are_reported_without_a_leak runs it"]
#[tokio::test]
async fn a_thousand_clicks_in_a_process_of_their_own() {
    let bus = Bus::start();
    let server = Arc::new(NotificationServer::start(bus.address()).await);
    let notifier = FreedesktopNotifier::new(Some(bus.address().to_owned()));
    let (mut before, mut growths) = (None, 0);
    for round in 0..5 {
        let clicked = click_all(&notifier, &server).await;
        assert_eq!(clicked, AT_ONCE, "clicks seen in round {round}");
        let now = (open_files(), tasks());
        // The first notifications allocate memory that the others reuse.
        let (files_and_tasks, most) = before.get_or_insert_with(|| (now, memory()));
        assert_eq!(now, *files_and_tasks, "open files and tasks after round {round}");
        let memory = memory();
        if memory > *most + GROWTH {
            (growths, *most) = (growths + 1, memory);
        }
    }
    // On a busy machine many clicks may wait at once, which takes memory that later rounds reuse. A leak grows in every round.
    assert!(growths <= 1, "the memory grew in {growths} of 4 rounds");
}

/// Shows notifications, has each clicked after a while and closed by that; returns how many clicks were reported.
async fn click_all(notifier: &FreedesktopNotifier, server: &Arc<NotificationServer>) -> usize {
    let body = Text::from_html(&"<b>text</b> and <a href=\"https://a.example/\">link</a> ".repeat(20));
    let actions = [(NotificationAction::OpenLink, "Open"), (NotificationAction::MarkRead, "Mark as read")]
        .map(|(action, label)| (action, label.to_owned()));
    let notification =
        Notification { body, actions: actions.into(), ..Notification::about_handover("title", "") };
    let mut users = Vec::new();
    let mut waiting = BTreeSet::new();
    for _ in 0..AT_ONCE {
        let id = notifier.show(&notification).await.expect("a notification");
        assert_eq!(server.next_shown().await.id, id.0);
        assert!(waiting.insert(id), "{id:?} was given twice");
        let server = Arc::clone(server);
        users.push(tokio::spawn(async move {
            sleep(DELAY).await;
            server.choose(id.0, "open-link").await;
            server.dismiss(id.0).await;
            server.next_closed().await
        }));
    }
    let mut clicks = 0;
    while !waiting.is_empty() {
        let event =
            timeout(Duration::from_secs(30), notifier.next_event()).await.expect("an event within 30 s");
        match event {
            NotificationEvent::ActionInvoked(id, action) => {
                assert_eq!(action, NotificationAction::OpenLink);
                assert!(waiting.contains(&id), "{id:?} was clicked before it left");
                clicks += 1;
            }
            NotificationEvent::Dismissed(id) => assert!(waiting.remove(&id), "{id:?} leaves once"),
            NotificationEvent::Activated(..)
            | NotificationEvent::Closed(_)
            | NotificationEvent::Expired(_)
            | NotificationEvent::Moved(..)
            | NotificationEvent::ServerAvailable => panic!("{event:?}"),
        }
    }
    for user in users {
        user.await.expect("the user clicked");
    }
    clicks
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("a list of open files").count()
}

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// The memory that this process uses, in bytes, counted in pages of 4 KiB.
fn memory() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("the memory of this process");
    let resident: u64 = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    resident * 4096
}
