//! Tests what a click on a notification opens.

use std::fs;

use crate::support::harness::Harness;

/// Installs a program that saves its environment; that of the `n`th run is in the file `env-n`.
fn install(harness: &Harness, name: &str) {
    let home = harness.user.path("").display().to_string();
    let script = format!(
        "#!/bin/sh\ncd {home}\nn=1\nwhile [ -e env-$n ]; do n=$((n+1)); done\nenv > env.new\nmv env.new env-$n\n"
    );
    harness.user.install(name, &script);
}

/// The lines about the token in the environment of the `n`th run.
async fn tokens(harness: &Harness, run: usize) -> Vec<String> {
    let file = harness.user.path(&format!("env-{run}"));
    harness.until_status("the program runs", |_| file.exists()).await;
    let environment = fs::read_to_string(file).expect("its environment");
    let is_token =
        |line: &&str| line.starts_with("XDG_ACTIVATION_TOKEN=") || line.starts_with("DESKTOP_STARTUP_ID=");
    let mut lines: Vec<_> = environment.lines().filter(is_token).map(str::to_owned).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn an_opened_page_gets_the_token_of_the_click_and_no_other() {
    let mut harness = Harness::signed_in().await;
    // The token that the daemon itself was started with.
    harness.user.set("XDG_ACTIVATION_TOKEN", "used");
    harness.user.set("DESKTOP_STARTUP_ID", "used");
    install(&harness, "xdg-open");
    let _daemon = harness.connected().await;
    let link = [("url", "https://example.org/")];
    harness.send_with("one", &link);
    let one = harness.server.next_shown().await;
    harness.send_with("two", &link);
    let two = harness.server.next_shown().await;
    harness.send_with("three", &link);
    let three = harness.server.next_shown().await;

    harness.server.choose_with_token(one.id, "default", "kwin-7").await;
    assert_eq!(tokens(&harness, 1).await, ["DESKTOP_STARTUP_ID=kwin-7", "XDG_ACTIVATION_TOKEN=kwin-7"]);
    harness.server.choose(two.id, "open-link").await;
    assert_eq!(tokens(&harness, 2).await, [""; 0]);
    harness.server.choose_with_token(three.id, "open-link", "kwin-8").await;
    assert_eq!(tokens(&harness, 3).await, ["DESKTOP_STARTUP_ID=kwin-8", "XDG_ACTIVATION_TOKEN=kwin-8"]);
}

#[tokio::test]
async fn the_terminal_to_sign_in_gets_the_token_of_the_click() {
    let mut harness = Harness::new().await;
    harness.user.set("XDG_ACTIVATION_TOKEN", "used");
    install(&harness, "xdg-terminal-exec");
    let _daemon = harness.user.daemon();
    let notification = harness.server.next_shown().await;
    assert!(notification.actions.contains(&"sign-in".to_owned()), "{notification:?}");
    harness.server.choose_with_token(notification.id, "sign-in", "kwin-7").await;
    assert_eq!(tokens(&harness, 1).await, ["DESKTOP_STARTUP_ID=kwin-7", "XDG_ACTIVATION_TOKEN=kwin-7"]);
}

#[tokio::test]
async fn dismissing_reads_a_whole_message_and_a_click_reads_a_cut_one() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    harness.send("short");
    let short = harness.server.next_shown().await;
    let text = (1..=280).map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
    harness.send_with(&text, &[("url", "https://example.org/")]);
    let long = harness.server.next_shown().await;
    assert!(long.body.contains('…') && long.actions.contains(&"Show whole text".to_owned()), "{long:?}");
    harness.until_status("both are unread", |status| status["unread"] == 2).await;
    harness.server.dismiss(short.id).await;
    harness.until_status("one is read", |status| status["unread"] == 1).await;
    harness.server.choose(long.id, "default").await;
    let whole = harness.server.next_shown().await;
    assert!(whole.body.starts_with(&text), "{}", whole.body);
    harness.until_status("it is read", |status| status["unread"] == 0).await;

    harness.send(&text);
    let cut = harness.server.next_shown().await;
    harness.until_status("it is there", |status| status["unread"] == 1).await;
    harness.server.dismiss(cut.id).await;
    harness.send("next");
    harness.server.next_shown().await;
    harness.until_status("the cut message is unread", |status| status["unread"] == 2).await;
}
