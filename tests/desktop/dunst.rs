//! Notifications shown by dunst, which has no buttons: the left mouse button closes a notification, the middle one invokes its
//! only action.

use crate::desk::{Desk, Server, until};
use crate::screen::Button;

#[tokio::test]
async fn a_message_is_on_the_screen_and_a_click_on_it_marks_it_as_read() {
    let mut desk = Desk::start("dunst-message", Server::Dunst).await;
    let _daemon = desk.connected().await;

    desk.send("Doorbell", "Somebody is at the front door.", &[]);
    let shown = desk.notifications.next().await;
    assert_eq!(
        (shown.app_name.as_str(), shown.body.as_str()),
        ("Handover", "Somebody is at the front door.")
    );
    let place = desk.notification_on_screen().await;
    desk.keep("shown");
    assert_eq!(desk.user.status().await["unread"], 1);

    desk.screen.click(Button::Left, place.middle());
    desk.until_status("it is marked as read", |status| status["unread"] == 0).await;
    desk.no_notification_on_screen().await;
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
