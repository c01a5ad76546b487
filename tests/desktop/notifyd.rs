//! Notifications shown by the notification server of Xfce, which has buttons: a click beside them closes a notification.

use crate::desk::{Desk, Server, until};
use crate::screen::Button;

#[tokio::test]
async fn a_message_is_on_the_screen_and_a_click_on_it_marks_it_as_read() {
    let mut desk = Desk::start("notifyd-message", Server::Notifyd).await;
    let _daemon = desk.connected().await;

    desk.send("Doorbell", "Somebody is at the front door.", &[]);
    let shown = desk.notifications.next().await;
    assert_eq!((shown.app_name.as_str(), shown.body.as_str()), ("Sandbox", "Somebody is at the front door."));
    let place = desk.notification_on_screen().await;
    desk.place_of("Doorbell — Sandbox").await;
    desk.place_of("Somebody is at the front door.").await;
    desk.keep("shown");
    let ground = desk.ground_of_icon("sandbox");
    assert!(desk.screen.picture(place).count(ground) > 200, "the picture of the application is there");
    assert_eq!(desk.user.status().await["unread"], 1);

    desk.screen.click(Button::Left, place.middle());
    desk.until_status("it is marked as read", |status| status["unread"] == 0).await;
    desk.no_notification_on_screen().await;
}

#[tokio::test]
async fn an_emergency_stays_on_the_screen_and_its_button_acknowledges_it() {
    let mut desk = Desk::start("notifyd-emergency", Server::Notifyd).await;
    desk.user.settings("emergency = \"manual\"\n");
    let _daemon = desk.connected().await;

    let receipt = desk.send_emergency("Cellar", "There is water in the cellar.");
    desk.notifications.next().await;
    desk.notification_on_screen().await;
    desk.keep("shown");
    assert_eq!(desk.user.status().await["unacknowledged"], 1);
    assert!(!desk.sandbox.is_acknowledged(&receipt));

    desk.click_on("Acknowledge").await;
    until("it is acknowledged", async || desk.sandbox.is_acknowledged(&receipt).then_some(())).await;
    desk.until_status("nothing is left to acknowledge", |status| status["unacknowledged"] == 0).await;
    desk.no_notification_on_screen().await;
}
