//! There is only one daemon: a second start shows the first.

use rustix::process::Signal;

use crate::desk::Desk;
use crate::support::harness::Harness;
use crate::support::process::Running;

#[tokio::test]
async fn a_second_start_from_a_menu_shows_the_first() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    let mut shown = None;
    for _ in 0..2 {
        let said = harness.user.handover(&[]).await.succeeded();
        assert_eq!(said, "already running: Connected as desk\n");
        let notification = harness.server.next_shown().await;
        assert_eq!(notification.title, "Connected as desk");
        assert_eq!(notification.body, "There are no unread messages.");
        assert_eq!(*shown.get_or_insert(notification.id), notification.id, "one replaces the other");
    }
    assert_eq!(harness.server.screen().len(), 1);
    // A notification that was closed is not replaced.
    harness.server.dismiss(shown.expect("a notification")).await;
    harness.user.handover(&[]).await.succeeded();
    assert_eq!(harness.server.screen().len(), 1);
    // Nor is it left behind.
    harness.user.handover(&["quit"]).await.succeeded();
    while !harness.server.screen().is_empty() {
        harness.server.next_closed().await;
    }
}

#[tokio::test]
async fn issues_are_shown() {
    let harness = Harness::new().await;
    let _daemon = harness.user.daemon();
    harness.server.next_shown().await;
    let said = harness.user.handover(&[]).await.succeeded();
    assert_eq!(said, "already running: Not signed in\n");
    let notification = harness.server.next_shown().await;
    assert_eq!(notification.title, "Not signed in");
    assert_eq!(notification.body, "hint: run `handover setup` to sign in");
}

#[tokio::test]
async fn a_click_on_the_icon_shows_the_status_and_the_latest_unread_messages() {
    let mut desk = Desk::with("backlog = 'silent'").await;
    let (_daemon, item) = desk.connected().await;
    item.click().await;
    let first = desk.harness.server.next_shown().await;
    assert_eq!(
        (first.title.as_str(), first.body.as_str()),
        ("Connected as desk", "There are no unread messages.")
    );
    assert_eq!((first.expires, first.has_hint("resident")), (-1, false), "it is read at a glance");
    let long = "1234 ".repeat(200);
    for number in 1..=6 {
        desk.harness.send_with(&format!("{number}: {long}"), &[("title", "Title")]);
    }
    item.until("all are there", |look| look.tooltip.ends_with("6 unread")).await;
    item.click().await;
    let second = loop {
        let shown = desk.harness.server.next_shown().await;
        if shown.title.starts_with("Connected as desk") {
            break shown;
        }
    };
    assert_eq!((second.id, second.title.as_str()), (first.id, "Connected as desk, 6 unread"));
    assert!(second.body.starts_with("<b>Title — Sandbox</b>\n6: 1234 "), "{}", second.body);
    assert!(
        second.body.contains(&format!("\n\n<b>Title — Sandbox</b>\n5: {}", long.trim_end())),
        "{}",
        second.body
    );
    assert!(
        second.body.contains("\n\nTitle — Sandbox\nTitle — Sandbox"),
        "the rest by name: {}",
        second.body
    );
    assert_eq!(second.body.matches("Title — Sandbox").count(), 6, "{}", second.body);
    assert_eq!(
        (second.expires, second.has_hint("resident")),
        (0, true),
        "it takes longer to read than a server waits"
    );

    item.choose("Mark all as read").await;
    item.until("all are read", |look| look.tooltip == "Connected as desk").await;
    assert!(item.look().await.expect("it is there").line("Mark all").is_none());
    let messages = desk.harness.user.messages().await;
    assert!(messages.iter().all(|message| !message["read"].is_null()), "{messages:?}");
}

#[tokio::test]
async fn the_list_names_an_emergency_and_can_be_marked_as_read() {
    let mut desk = Desk::with("emergency = 'manual'").await;
    let (_daemon, item) = desk.connected().await;
    desk.harness.send_emergency("fire");
    desk.harness.server.next_shown().await;
    item.until("it is there", |look| look.tooltip.ends_with("1 emergency to acknowledge")).await;
    item.click().await;
    let list = desk.harness.server.next_shown().await;
    assert_eq!(list.title, "Connected as desk, 1 unread");
    assert_eq!(list.body, "1 emergency to acknowledge\n<b>Emergency: Sandbox</b>\nfire");
    assert_eq!(list.actions, ["mark-read", "Mark as read"]);
    desk.harness.server.choose(list.id, "mark-read").await;
    let still_open = "Connected as desk, 1 emergency to acknowledge";
    item.until("it is read and still open", |look| look.tooltip == still_open).await;
    while desk.harness.server.screen().contains_key(&list.id) {
        desk.harness.server.next_closed().await;
    }
}

#[tokio::test]
async fn an_installed_window_is_opened() {
    let mut desk = Desk::with("").await;
    desk.harness.user.set("DISPLAY", ":none");
    let opened = desk.program("handover-window");
    let (_daemon, item) = desk.connected().await;
    for way in ["a second start", "the menu", "a click"] {
        match way {
            "the menu" => item.choose("Show messages").await,
            "a click" => item.click().await,
            _ => drop(desk.harness.user.handover(&[]).await.succeeded()),
        }
        assert_eq!(desk.ran(&opened).await, "\n", "{way}");
        std::fs::remove_file(&opened).expect("it noted that it ran");
    }
    assert!(desk.harness.shown_so_far().await.is_empty());
}

#[tokio::test]
async fn a_window_that_fails_is_replaced_by_a_notification_and_its_command() {
    let mut desk = Desk::with("").await;
    desk.harness.user.set("DISPLAY", ":none");
    // The exit code of the loader where a library is missing, and another one.
    for (code, why) in [
        (127, "A library that it needs, such as GTK or libadwaita, is missing or too old."),
        (1, "It ended with an error."),
    ] {
        desk.harness.user.install("handover-window", &format!("#!/bin/sh\nexit {code}\n"));
        let (daemon, item) = desk.connected().await;
        item.choose("Show messages").await;
        let shown = desk.harness.server.next_shown().await;
        let expected = format!("{why}\n`handover messages` shows the messages in a terminal.");
        assert_eq!((shown.title.as_str(), shown.body), ("The window cannot be opened", expected));
        assert_eq!(desk.harness.server.next_shown().await.title, "Connected as desk");
        daemon.stop(Signal::TERM).await;
        desk.harness.server.next_closed().await;
    }
}

#[tokio::test]
async fn the_window_signs_in_instead_of_a_terminal() {
    let mut desk = Desk::with("").await;
    desk.harness.user.set("DISPLAY", ":none");
    let opened = desk.program("handover-window");
    std::fs::remove_file(desk.harness.user.credentials()).expect("forget the login");
    let _daemon = desk.harness.user.daemon();
    let item = desk.panel.next_item().await;
    item.until("it says so", |look| look.tooltip == "Not signed in").await;
    item.choose("Sign in…").await;
    assert_eq!(desk.ran(&opened).await, "setup\n");
}

#[tokio::test]
async fn without_a_display_no_window_is_opened() {
    let mut desk = Desk::with("").await;
    let opened = desk.program("handover-window");
    let (_daemon, item) = desk.connected().await;
    item.click().await;
    assert_eq!(desk.harness.server.next_shown().await.title, "Connected as desk");
    assert!(!opened.exists());
}

#[tokio::test]
async fn what_a_click_opens_gets_the_token_of_the_panel() {
    let mut desk = Desk::with("").await;
    desk.harness.user.set("DISPLAY", ":none");
    let noted = desk.harness.user.path("token");
    let noting =
        format!("#!/bin/sh\necho \"$XDG_ACTIVATION_TOKEN\" > {0}.new\nmv {0}.new {0}\n", noted.display());
    desk.harness.user.install("handover-window", &noting);
    let (_daemon, item) = desk.connected().await;
    for (token, is_menu) in [("kwin-1", false), ("kwin-2", true)] {
        let mut given = String::new();
        // ksni forgets a token after 100 ms, which a busy machine may take.
        for _ in 0..10 {
            if is_menu {
                item.choose_with_token("Show messages", token).await;
            } else {
                item.give_token(token).await;
                item.click().await;
            }
            given = desk.ran(&noted).await;
            std::fs::remove_file(&noted).expect("it noted the token");
            if given != "\n" {
                break;
            }
        }
        assert_eq!(given, format!("{token}\n"));
    }
}

#[tokio::test]
async fn a_second_run_fails_and_a_second_start_at_login_exits_quietly() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    let said = harness.user.handover(&["run"]).await.failed(1);
    let expected = "error: already running: Connected as desk\n\
        hint: `handover status` shows details; `handover quit` stops it\n";
    assert_eq!(said, expected);
    let said = harness.user.handover(&["run", "--at-login"]).await.succeeded();
    assert_eq!(said, "already running: Connected as desk\n");
    assert!(harness.shown_so_far().await.is_empty());
    daemon.stop(Signal::TERM).await;

    let first = Running::start(harness.user.command(&["run", "--at-login"]));
    first.until_logged(" connected\n").await;
}

#[tokio::test]
async fn a_locked_log_is_reported() {
    let harness = Harness::signed_in().await;
    let log =
        rusqlite::Connection::open(harness.user.path("data/handover/messages.db")).expect("the message log");
    log.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").expect("lock the message log");
    let daemon = harness.user.daemon();
    daemon.until_logged("messages cannot be saved").await;
    let said = harness.user.handover(&[]).await.succeeded();
    let expected = "already running: Offline, will reconnect; messages cannot be saved: ";
    assert!(said.starts_with(expected), "{said}");
    assert_eq!(harness.user.handover(&["quit"]).await.succeeded(), "stopped\n");
}

#[tokio::test]
async fn the_icon_shows_why_the_daemon_cannot_start() {
    let mut desk = Desk::with("colour = 'red'").await;
    let daemon = Running::start(desk.harness.user.command(&["run", "--at-login"]));
    let item = desk.panel.next_item().await;
    let look = item
        .until("it says why", |look| {
            look.tooltip.starts_with("Offline, will reconnect\nno messages are being received: the settings ")
        })
        .await;
    assert!(look.line("Quit").is_some(), "{look:?}");
    let why = desk.harness.server.next_shown().await;
    item.choose("Until resumed").await;
    let notification = desk.harness.server.next_shown().await;
    assert_eq!(notification.title, "That did not work");
    assert!(
        notification.body.starts_with("error: no messages are being received: the settings "),
        "{}",
        notification.body
    );
    desk.harness.server.dismiss(notification.id).await;
    assert_eq!(desk.harness.server.next_closed().await, notification.id);
    desk.harness.user.settings("backlog = 'all'");
    assert_eq!(desk.harness.server.next_closed().await, why.id);
    item.until("it is connected", |look| look.tooltip.starts_with("Connected as desk")).await;
    item.choose("Quit").await;
    assert_eq!(daemon.ended().await.code, Some(0));
}

#[tokio::test]
async fn the_icon_is_there_while_the_log_cannot_be_opened() {
    let mut desk = Desk::with("").await;
    let log = rusqlite::Connection::open(desk.harness.user.path("data/handover/messages.db"))
        .expect("the message log");
    log.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").expect("lock the message log");
    let daemon = desk.harness.user.daemon();
    let item = desk.panel.next_item().await;
    item.until("it says why", |look| look.tooltip.contains("\nmessages cannot be saved: ")).await;
    item.choose("Quit").await;
    assert_eq!(daemon.ended().await.code, Some(0));
}
