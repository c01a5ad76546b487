//! Notifications shown by dunst, which has no buttons: the left mouse button closes a notification, the middle one invokes its
//! only action.

use std::fs;

use crate::desk::{Desk, Server, until};
use crate::screen::Button;

#[tokio::test]
async fn a_message_is_on_the_screen_and_a_click_on_it_marks_it_as_read() {
    let mut desk = Desk::start("dunst-message", Server::Dunst).await;
    let _daemon = desk.connected().await;

    desk.send("Doorbell", "Somebody is at the front door.", &[]);
    let shown = desk.notifications.next().await;
    assert_eq!((shown.app_name.as_str(), shown.body.as_str()), ("Sandbox", "Somebody is at the front door."));
    let place = desk.notification_on_screen().await;
    desk.keep("shown");
    assert_eq!(desk.user.status().await["unread"], 1);

    desk.screen.click(Button::Left, place.middle());
    desk.until_status("it is marked as read", |status| status["unread"] == 0).await;
    desk.no_notification_on_screen().await;
}

#[tokio::test]
async fn a_rule_of_the_user_chooses_by_the_sending_application() {
    let mut desk = Desk::with_dunst("dunst-rules", |user| {
        let rule = |name: &str, category: &str| {
            let noted = user.path(name).display().to_string();
            let script =
                user.install(&format!("rule-{name}"), &format!("#!/bin/sh\necho \"$2\" >> {noted}\n"));
            format!("[{name}]\ncategory = \"{category}\"\nscript = {}\n", script.display())
        };
        rule("matched", "x-handover.Sand*") + &rule("other", "x-handover.Backup")
    })
    .await;
    let _daemon = desk.connected().await;
    desk.send("Doorbell", "Somebody is at the front door.", &[]);
    let shown = desk.notifications.next().await;
    desk.notification_on_screen().await;
    let noted = desk.user.path("matched");
    let titles = until("the script of the rule runs", async || {
        fs::read_to_string(&noted).ok().filter(|titles| titles.ends_with('\n'))
    })
    .await;
    assert_eq!(titles, format!("{}\n", shown.title));
    assert!(!desk.user.path("other").exists(), "the other rule is not about it");
}

#[tokio::test]
async fn an_emergency_stays_on_the_screen_and_the_middle_button_acknowledges_it() {
    let mut desk = Desk::start("dunst-emergency", Server::Dunst).await;
    desk.user.settings("emergency = \"manual\"\n");
    let _daemon = desk.connected().await;

    let receipt = desk.send_emergency("Cellar", "There is water in the cellar.");
    let shown = desk.notifications.next().await;
    assert_eq!((shown.actions, shown.expires), (vec!["acknowledge".to_owned(), "Acknowledge".to_owned()], 0));
    let place = desk.notification_on_screen().await;
    desk.keep("shown");
    assert_eq!(desk.user.status().await["unacknowledged"], 1);
    assert!(!desk.sandbox.is_acknowledged(&receipt));

    desk.screen.click(Button::Middle, place.middle());
    until("it is acknowledged", async || desk.sandbox.is_acknowledged(&receipt).then_some(())).await;
    desk.until_status("nothing is left to acknowledge", |status| status["unacknowledged"] == 0).await;
    desk.no_notification_on_screen().await;
}
