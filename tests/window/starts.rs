//! Starting the window: once only, with a page, and without a display.
//!
//! Invariant: it never fails without a sentence.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use handover::sandbox::Options;
use handover::system::clock;
use tokio::time::timeout;
use zbus::zvariant::Value;

use crate::harness::{Desk, window};
use crate::program::Program;
use crate::support::notification_server::connect;
use crate::support::process::run;

#[tokio::test]
async fn without_a_display_it_says_which_command_does_the_same() {
    let mut desk = Desk::new(Options::new(clock::unix)).await;
    desk.user.set("DISPLAY", ":12345");
    for (arguments, command) in [(&[][..], "handover messages"), (&["doctor"], "handover doctor")] {
        let said = run(desk.user.command_of(window(), arguments), "").await.failed(1);
        let expected = format!(
            "error: the window cannot be shown: there is no display\nhint: use `{command}` instead\n"
        );
        assert!(said.ends_with(&expected), "{said}");
    }
    let said = run(desk.user.command_of(window(), &["dance"]), "").await.failed(2);
    assert!(said.starts_with("error: unknown page: dance\nhint: "), "{said}");
    let said = run(desk.user.command_of(window(), &["--version"]), "").await.succeeded();
    assert_eq!(said, concat!("handover-window ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[tokio::test]
async fn without_its_libraries_the_daemon_says_which_command_does_the_same() {
    let mut desk = Desk::signed_in().await;
    // The loader prefers this to the real one, and cannot load it.
    let folder = desk.user.path("lib");
    fs::create_dir(&folder).expect("make a folder");
    fs::write(folder.join("libgtk-4.so.1"), "").expect("write a library");
    desk.user.set("LD_LIBRARY_PATH", folder.to_str().expect("a path"));
    let said = run(desk.user.command_of(window(), &[]), "").await.failed(127);
    assert!(said.contains("libgtk-4.so.1"), "{said}");
    let _daemon = desk.daemon().await;
    desk.user.handover(&[]).await.succeeded();
    let shown = desk.server.next_shown().await;
    assert_eq!(shown.title, "The window cannot be opened");
    assert_eq!(
        shown.body,
        "A library that it needs, such as GTK or libadwaita, is missing or too old.\n\
         `handover messages` shows the messages in a terminal."
    );
    assert_eq!(desk.server.next_shown().await.title, "Connected as desk");
}

#[tokio::test]
async fn a_second_start_shows_its_page_in_the_first_window() {
    let mut desk = Desk::signed_in().await;
    desk.open(&[]).await;
    let second = Program::start(&desk.user, window(), &["doctor"]);
    second.ended().await;
    desk.until_shown("Copy for a bug report").await;
}

#[tokio::test]
async fn the_session_bus_can_start_it() {
    const NAME: &str = "io.github.handover.Window";
    let mut desk = Desk::signed_in().await;
    let service = include_str!("../../packaging/linux/window/io.github.handover.Window.service");
    assert!(service.lines().any(|line| line == format!("Name={NAME}")), "{service}");
    let command = service
        .lines()
        .find_map(|line| line.strip_prefix("Exec=/usr/bin/handover-window "))
        .expect("a command");
    desk.start(&[command]);
    let bus = connect(desk.bus.address()).await;
    let arguments = (HashMap::<&str, Value<'_>>::new(),);
    let call = || {
        let interface = Some("org.freedesktop.Application");
        bus.call_method(Some(NAME), "/io/github/handover/Window", interface, "Activate", &arguments)
    };
    timeout(Duration::from_secs(30), async {
        while call().await.is_err() {
            clock::pause(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("it is on the bus");
    desk.until("the window", |elements| !elements.is_empty()).await;
}
