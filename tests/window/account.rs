//! Signing in through the window.
//!
//! Invariant: every answer is typed, and every error stands on the page of its field.

use handover::sandbox::{Endpoint, Fault, Options};
use handover::system::clock;

use crate::harness::Desk;
use crate::support::user::until;

const CODE: &str = "735019";

#[tokio::test]
async fn a_newcomer_signs_in_with_every_obstacle_and_receives_a_message() {
    let options = Options {
        two_factor: Some(CODE.to_owned()),
        password: "pass word".to_owned(),
        ..Options::new(clock::unix)
    };
    let mut desk = Desk::new(options).await;
    let email = desk.sandbox.account().email.clone();
    // Another device has the name.
    desk.sandbox.add_device("desk");
    desk.open(&[]).await;
    desk.until_shown("Welcome to Handover").await;
    desk.focus("Sign in").await;
    desk.screen.press(&["Return"]);

    desk.until_shown("Your Pushover account").await;
    desk.until_focused("Email address").await;
    desk.screen.press(&["Return"]);
    desk.until_focused("Password").await;
    desk.screen.press(&["Return"]);
    desk.until_shown("Enter the address you use").await;
    desk.screen.type_text(&email);
    desk.screen.press(&["Return"]);
    desk.screen.type_text("wrong");
    desk.screen.press(&["Return"]);
    desk.until("the password was refused", |elements| {
        elements.iter().any(|element| {
            element.words().to_lowercase().contains("password") && element.words().contains("nvalid")
        })
    })
    .await;
    desk.screen.type_text("pass word");
    desk.screen.press(&["Return"]);

    desk.until_focused("Two-factor code").await;
    desk.screen.type_text("000 000");
    desk.until_shown("was not accepted").await;
    desk.screen.type_text("735 019");

    desk.until_shown("When an emergency arrives").await;
    desk.focus("Continue").await;
    desk.screen.press(&["Return"]);

    desk.until_focused("Name of this computer").await;
    desk.screen.press(&["Control_L", "a"]);
    desk.screen.type_text("my desk");
    desk.until_shown("A name cannot contain spaces.").await;
    desk.screen.press(&["Control_L", "a"]);
    desk.screen.type_text("desk");
    desk.screen.press(&["Return"]);
    desk.until_shown("This name is taken").await;
    desk.focus("Choose another name").await;
    desk.screen.press(&["Return"]);
    desk.until_shown("Name this computer").await;
    desk.screen.press(&["Control_L", "a"]);
    desk.screen.type_text("attic");
    desk.screen.press(&["Return"]);

    desk.until_shown("This computer is registered as attic.").await;
    desk.focus("Start receiving").await;
    desk.screen.press(&["Return"]);
    desk.until_shown("Handover is ready").await;
    desk.until_shown("Waiting for the first message").await;
    until(&desk.sandbox, "the connection", |now| now.socket_logins > 0).await;
    desk.send(&[("title", "first"), ("message", "hello")]);
    desk.until_shown("It works: first").await;
    desk.focus("Show messages").await;
    desk.screen.press(&["Return"]);
    desk.until("it arrives", |elements| {
        elements.iter().any(|element| element.role == "list item" && element.name.contains("first"))
    })
    .await;
    let entry = std::fs::read_to_string(desk.user.path("config/autostart/handover.desktop"));
    assert!(entry.expect("it starts at login").contains("handover run --at-login"));
    desk.user.handover(&["quit"]).await.succeeded();
}

#[tokio::test]
async fn waiting_can_be_cancelled_and_leaves_nothing_behind() {
    let mut desk = Desk::new(Options::new(clock::unix)).await;
    desk.sandbox.faults().always(Endpoint::Login, Fault::Hang);
    desk.open(&["setup"]).await;
    desk.focus("Sign in").await;
    desk.screen.press(&["Return"]);
    desk.until_shown("Your Pushover account").await;
    desk.screen.type_text("a@b.example");
    desk.screen.press(&["Return"]);
    desk.screen.type_text("secret");
    desk.screen.press(&["Return"]);
    desk.until_shown("Signing in…").await;
    desk.focus("Cancel").await;
    desk.screen.press(&["Return"]);
    desk.until_shown("Welcome to Handover").await;
    assert!(!desk.user.credentials().exists());
}
