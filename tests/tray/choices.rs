//! Every entry of the menu does its job, and reports a failure.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::desk::Desk;
use crate::support::harness::Harness;
use crate::support::panel::Panel;

#[tokio::test]
async fn a_message_without_a_link_is_shown_whole_and_marked_as_read() {
    let mut desk = Desk::with("").await;
    let (_daemon, item) = desk.connected().await;
    desk.harness.send_with("one", &[("title", "first")]);
    let first = desk.harness.server.next_shown().await;
    desk.harness.send_with("two", &[("title", "second")]);
    desk.harness.server.next_shown().await;
    item.until("both are unread", |look| look.tooltip.ends_with("2 unread")).await;
    for _ in 0..2 {
        // It can be read again, too.
        item.choose("first").await;
        let whole = desk.harness.server.next_shown().await;
        assert_eq!((whole.title.as_str(), whole.body.as_str()), ("first — Sandbox", "one"));
        assert_eq!((whole.expires, whole.has_hint("suppress-sound")), (0, true), "it stays while it is read");
    }
    assert_eq!(desk.harness.server.next_closed().await, first.id);
    item.until("one is unread", |look| look.tooltip.ends_with("1 unread")).await;
    assert!(desk.message("one").await["read"].is_i64());
    assert!(desk.message("two").await["read"].is_null());
}

#[tokio::test]
async fn a_link_is_opened_and_its_message_marked_as_read() {
    let mut desk = Desk::with("").await;
    let opened = desk.program("xdg-open");
    let (daemon, item) = desk.connected().await;
    let link = "https://example.org/$(touch%20x)?a=1&b=%22'";
    desk.harness.send_with("the text", &[("title", "linked"), ("url", link)]);
    item.choose("linked").await;
    assert_eq!(desk.ran(&opened).await, format!("{link}\n"), "one argument, as it was sent");
    desk.harness.until_status("no zombie is left", |_| children(daemon.pid()).is_empty()).await;
    item.until("it is read", |look| look.tooltip == "Connected as desk").await;
    assert!(desk.message("the text").await["read"].is_i64());
}

#[tokio::test]
async fn a_test_message_is_offered_once_an_application_and_a_recipient_are_known() {
    let mut desk = Desk::with("").await;
    let (_daemon, item) = desk.connected().await;
    item.until("nothing can be sent", |look| look.line("Send a test message").is_none()).await;
    let account = desk.harness.sandbox.account();
    desk.harness.user.settings(&format!(
        "applications.servers.token = '{}'\nrecipients.me.key = '{}'\n",
        account.app_token, account.user_key
    ));
    item.choose("Send a test message").await;
    let shown = desk.harness.server.next_shown().await;
    assert_eq!(shown.body, "Sending with Handover works.");
}

#[tokio::test]
async fn marking_read_in_the_menu_closes_the_notification() {
    let mut desk = Desk::with("emergency = 'manual'").await;
    let opened = desk.program("xdg-open");
    let (_daemon, item) = desk.connected().await;
    desk.harness.send_with("one", &[("title", "first")]);
    let first = desk.harness.server.next_shown().await;
    desk.harness.send_with("two", &[("title", "second"), ("url", "https://example.org/")]);
    let second = desk.harness.server.next_shown().await;
    let emergency = [("title", "alarm"), ("priority", "2"), ("retry", "30"), ("expire", "3600")];
    desk.harness.send_with("fire", &emergency);
    let fire = desk.harness.server.next_shown().await;
    item.until("all are there", |look| look.tooltip.contains("3 unread")).await;
    item.choose("Emergency: alarm").await;
    let read_fire = desk.harness.server.next_shown().await;
    assert!(read_fire.actions.contains(&"acknowledge".to_owned()), "{read_fire:?}");
    item.until("it is read", |look| look.tooltip.contains("2 unread")).await;
    item.choose("second").await;
    assert_eq!(desk.harness.server.next_closed().await, second.id);
    assert_eq!(desk.ran(&opened).await, "https://example.org/\n");
    item.choose("first").await;
    let read_first = desk.harness.server.next_shown().await;
    assert_eq!(desk.harness.server.next_closed().await, first.id);
    let left: Vec<u32> = desk.harness.server.screen().into_keys().collect();
    assert_eq!(left, [fire.id, read_fire.id, read_first.id], "nobody acknowledged it");
}

/// The child processes of this one that were not reaped yet.
#[tokio::test]
async fn a_summary_is_closed_when_its_last_message_is_read() {
    let mut desk = Desk::with("").await;
    let (_daemon, item) = desk.connected().await;
    item.choose("Until resumed").await;
    item.until("it is paused", |look| look.tooltip.contains(", paused until ")).await;
    for text in ["the door", "the window", "the roof"] {
        desk.harness.send(text);
    }
    item.until("all are there", |look| look.tooltip.contains("3 unread")).await;
    item.choose("Resume").await;
    let all = desk.harness.server.next_shown().await;
    assert_eq!(all.title, "3 messages arrived while paused");
    assert_eq!(all.body, "Sandbox: the roof\nSandbox: the window\nSandbox: the door");
    for (name, left) in [("Sandbox: the door", "2 unread"), ("Sandbox: the roof", "1 unread")] {
        item.choose(name).await;
        item.until("one less is unread", |look| look.tooltip.contains(left)).await;
        assert!(desk.harness.server.screen().contains_key(&all.id));
    }
    item.choose("Sandbox: the window").await;
    assert_eq!(desk.harness.server.next_closed().await, all.id);
}

fn children(pid: Pid) -> String {
    let threads = fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())).expect("its threads");
    // A thread may end meanwhile.
    let of = |thread: fs::DirEntry| fs::read_to_string(thread.path().join("children")).unwrap_or_default();
    threads.map_while(Result::ok).map(of).collect()
}

#[tokio::test]
async fn a_link_of_a_scheme_that_is_not_allowed_is_shown_instead() {
    let mut desk = Desk::with("open_links = ['tel']").await;
    let opened = desk.program("xdg-open");
    let (daemon, item) = desk.connected().await;
    desk.harness.send_with("the text", &[("title", "linked"), ("url", "https://example.org/private")]);
    desk.harness.server.next_shown().await;
    item.choose("linked").await;
    let notification = desk.harness.server.next_shown().await;
    assert_eq!(notification.title, "That did not work");
    assert_eq!(
        notification.body,
        "error: the link was not opened: `https` is not listed in `open_links` in the settings: \
         https://example.org/private"
    );
    assert!(desk.message("the text").await["read"].is_i64(), "it was seen all the same");
    let (finished, _) = daemon.stop(Signal::TERM).await;
    assert!(!opened.exists());
    assert!(!finished.err.contains("example.org"), "a link is no matter for the log: {}", finished.err);
}

#[tokio::test]
async fn a_missing_browser_is_reported() {
    let mut desk = Desk::with("").await;
    let bin = desk.harness.user.path("bin");
    desk.harness.user.set("PATH", bin.to_str().expect("a path in UTF-8"));
    let (_daemon, item) = desk.connected().await;
    desk.harness.send_with("the text", &[("title", "linked"), ("url", "https://example.org/")]);
    desk.harness.server.next_shown().await;
    item.choose("linked").await;
    let expected =
        "error: the link was not opened: no program that opens links is installed: https://example.org/";
    assert_eq!(desk.harness.server.next_shown().await.body, expected);
}

#[tokio::test]
async fn an_emergency_is_acknowledged() {
    let mut desk = Desk::with("emergency = 'manual'").await;
    let (_daemon, item) = desk.connected().await;
    let receipt = desk.harness.send_emergency("fire");
    let waits = |look: &crate::support::panel::Look| look.tooltip.contains("1 emergency to acknowledge");
    item.until("it waits for the user", waits).await;
    item.choose("Acknowledge: ").await;
    item.until("it does not wait any more", |look| !look.tooltip.contains("acknowledge")).await;
    desk.harness.until("it is acknowledged", |now| now.acknowledges == 1).await;
    assert!(desk.harness.sandbox.is_acknowledged(&receipt));
    item.until("it is not offered any more", |look| look.line("Acknowledge").is_none()).await;
}

#[tokio::test]
async fn a_refused_acknowledgement_is_reported() {
    let mut desk = Desk::with("emergency = 'manual'").await;
    let (_daemon, item) = desk.connected().await;
    desk.harness.send_emergency("fire");
    desk.harness.server.next_shown().await;
    let refusal = handover::sandbox::Fault::rejection(400);
    desk.harness.sandbox.faults().next(handover::sandbox::Endpoint::Acknowledge, refusal, 1);
    item.choose("Acknowledge: ").await;
    let notification = desk.harness.server.next_shown().await;
    assert!(
        notification.body.starts_with("error: the message could not be acknowledged: "),
        "{}",
        notification.body
    );
}

#[tokio::test]
async fn a_pause_begins_and_ends() {
    let mut desk = Desk::with("").await;
    let (_daemon, item) = desk.connected().await;
    for words in ["For 30 minutes", "For 2 hours", "Until tomorrow morning", "Until resumed"] {
        item.choose(words).await;
        item.until("it is paused", |look| look.tooltip.contains(", paused until ")).await;
        assert!(!desk.harness.user.status().await["paused_until"].is_null(), "{words}");
        desk.harness.send("meanwhile");
        item.until("the message is there", |look| look.tooltip.ends_with("unread")).await;
        assert!(desk.harness.shown_so_far().await.is_empty(), "{words}");
        item.choose("Resume").await;
        desk.harness.server.next_shown().await;
        item.until("the pause is over", |look| !look.tooltip.contains("paused")).await;
        item.choose("Sandbox").await;
        desk.harness.server.next_shown().await;
        item.until("it is read", |look| look.tooltip == "Connected as desk").await;
    }
}

#[tokio::test]
async fn starting_at_login_is_switched_on_and_off() {
    let mut desk = Desk::with("").await;
    let (_daemon, item) = desk.connected().await;
    let entry = desk.harness.user.path("config/autostart/handover.desktop");
    let is = |ticked: bool| {
        move |look: &crate::support::panel::Look| {
            look.line("Start at login").is_some_and(|line| line.ticked == Some(ticked))
        }
    };
    item.until("it does not", is(false)).await;
    assert!(!entry.exists());
    item.choose("Start at login").await;
    item.until("it does", is(true)).await;
    let lines = fs::read_to_string(&entry).expect("an entry");
    assert!(lines.contains("--at-login"), "{lines}");
    item.choose("Start at login").await;
    item.until("it does not any more", is(false)).await;
    assert!(!entry.exists());
}

#[tokio::test]
async fn a_failure_to_change_the_start_at_login_is_reported() {
    let mut desk = Desk::with("").await;
    fs::write(desk.harness.user.path("config/autostart"), "in the way").expect("a file");
    let (_daemon, item) = desk.connected().await;
    item.choose("Start at login").await;
    let notification = desk.harness.server.next_shown().await;
    assert!(notification.body.starts_with("error: "), "{}", notification.body);
    let unticked = |look: &crate::support::panel::Look| {
        look.line("Start at login").is_some_and(|line| line.ticked == Some(false))
    };
    item.until("it is not ticked", unticked).await;
}

#[tokio::test]
async fn a_terminal_opens_to_sign_in() {
    let harness = Harness::new().await;
    let panel = Panel::start(harness.bus.address()).await;
    let mut desk = Desk { harness, panel };
    let ran = desk.program("xdg-terminal-exec");
    let _daemon = desk.harness.user.daemon();
    let item = desk.panel.next_item().await;
    item.choose("Sign in…").await;
    assert_eq!(desk.ran(&ran).await, format!("{}\nsetup\n", env!("CARGO_BIN_EXE_handover")));
}

#[tokio::test]
async fn a_displaced_connection_is_taken_back() {
    let mut desk = Desk::with("").await;
    let (_daemon, item) = desk.connected().await;
    desk.harness.sandbox.close_sockets(b"A");
    item.until("it was taken", |look| look.tooltip.starts_with("Stopped: ")).await;
    item.choose("Take the connection back").await;
    item.until("it is back", |look| look.tooltip.starts_with("Connected")).await;
    desk.harness.until("it is connected again", |now| now.socket_logins == 2).await;
}

#[tokio::test]
async fn the_menu_quits_within_a_second() {
    let mut desk = Desk::with("").await;
    let (daemon, item) = desk.connected().await;
    let asked = handover::system::clock::instant();
    item.choose("Quit").await;
    let finished = daemon.ended().await;
    let span = handover::system::clock::instant().duration_since(asked);
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert!(span < Duration::from_secs(1), "{span:?}");
    assert!(!finished.err.contains("tray does not end"), "{}", finished.err);
    // Nothing is left unfinished: the next daemon has everything it needs.
    let _daemon = desk.connected().await;
}
