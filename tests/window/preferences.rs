//! Changing the settings, and what can be copied for a bug report.
//!
//! Invariant: the file is the real one, and it is read after the window wrote it.

use std::fs;
use std::time::Duration;

use handover::system::clock;

use crate::harness::{Desk, window};
use crate::program::Program;
use crate::screen::Button;

const MINE: &str = "\
# my settings
keep = \"90 days\" # a quarter

# quiet at night
[[rules]]
name = \"quiet backups\"
when = { app = \"Backup\" } # all of them
then = { show = false }

[hook] # programs
min_priority = 0
command = [\"/bin/true\"]

[applications.servers]
token = \"azGDORePK8gMaC0QOYAMyEEuzJnyUi\"
";

/// Opens the preferences and goes to the next choice of the sound, which Return then takes.
async fn go_to_next_sound(desk: &mut Desk) {
    desk.open(&["preferences"]).await;
    desk.until_shown("Notifications and sound").await;
    desk.focus("Sound").await;
    desk.screen.press(&["Return"]);
    desk.screen.press(&["Down"]);
}

#[tokio::test]
async fn a_choice_and_a_typed_setting_keep_comments_and_order() {
    let mut desk = Desk::signed_in().await;
    let file = desk.user.settings(MINE);
    go_to_next_sound(&mut desk).await;
    desk.screen.press(&["Return"]);
    let with_sound = MINE.replace("# a quarter\n", "# a quarter\nsound = \"emergency\"\n");
    desk.until("the choice is written", |_| fs::read_to_string(&file).is_ok_and(|text| text == with_sound))
        .await;

    desk.focus("Advanced").await;
    desk.screen.press(&["space"]);
    desk.focus("Program and arguments").await;
    desk.screen.press(&["Control_L", "a"]);
    desk.screen.type_text("/bin/echo 'two words");
    desk.screen.press(&["Return"]);
    desk.until_shown("A quotation mark is not closed.").await;
    assert_eq!(fs::read_to_string(&file).expect("read the settings"), with_sound);
    desk.screen.type_text("'");
    desk.screen.press(&["Return"]);
    let with_program = with_sound.replace("[\"/bin/true\"]", "[\"/bin/echo\", \"two words\"]");
    desk.until("the program is written", |_| {
        fs::read_to_string(&file).is_ok_and(|text| text == with_program)
    })
    .await;
}

#[tokio::test]
async fn rules_and_senders_are_listed_without_secrets() {
    let mut desk = Desk::signed_in().await;
    desk.user.settings(&format!("{MINE}\n\n[[rules]]\nname = \"again\"\nwhen = {{ app = \"Backup\" }}\n"));
    desk.open(&["preferences"]).await;
    desk.until_shown("Notifications and sound").await;
    desk.focus("Rules").await;
    desk.screen.press(&["space"]);
    desk.until_shown("quiet backups").await;
    desk.until_shown("Application Backup: is only listed").await;
    desk.until_shown("Line 18: rule 2 \"again\" never changes anything").await;
    desk.until_shown("Open file").await;
    desk.focus("Sending").await;
    desk.screen.press(&["space"]);
    let elements = desk.until_shown("servers").await;
    assert!(!format!("{elements:?}").contains("azGDORePK8gMaC0QOYAMyEEuzJnyUi"));
}

#[tokio::test]
async fn a_mistake_is_shown_with_its_line_and_the_file_is_left_alone() {
    let mut desk = Desk::signed_in().await;
    let wrong = MINE.replace("show = false", "show = 7");
    let file = desk.user.settings(&wrong);
    desk.open(&["preferences"]).await;
    desk.until_shown("config.toml:8:").await;
    desk.until_shown("Open file").await;
    assert_eq!(fs::read_to_string(&file).expect("read the settings"), wrong);
}

#[tokio::test]
async fn a_choice_does_not_replace_a_file_that_is_being_saved() {
    let mut desk = Desk::signed_in().await;
    let file = desk.user.settings(MINE);
    go_to_next_sound(&mut desk).await;
    // An editor that saves in place empties the file first.
    fs::write(&file, "").expect("empty the settings");
    desk.screen.press(&["Return"]);
    let edited = MINE.replace("90 days", "80 days");
    clock::pause(Duration::from_millis(200)).await;
    assert_eq!(fs::read_to_string(&file).expect("read the settings"), "");
    fs::write(&file, &edited).expect("save the settings");
    let with_sound = edited.replace("# a quarter\n", "# a quarter\nsound = \"emergency\"\n");
    desk.until("both are written", |_| fs::read_to_string(&file).is_ok_and(|text| text == with_sound)).await;
}

#[tokio::test]
async fn an_empty_file_is_shown_as_a_mistake_and_left_alone() {
    let mut desk = Desk::signed_in().await;
    let file = desk.user.settings("");
    desk.open(&["preferences"]).await;
    desk.until_shown("it is empty").await;
    desk.until_shown("Open file").await;
    assert_eq!(fs::read_to_string(&file).expect("read the settings"), "");
}

#[tokio::test]
async fn a_bug_report_can_be_pasted_and_has_no_secret() {
    let mut desk = Desk::signed_in().await;
    desk.user.settings(MINE);
    let _daemon = desk.daemon().await;
    desk.send(&[("title", "the title"), ("message", "the private text")]);
    desk.user.handover(&["sync"]).await.succeeded();
    desk.open(&["doctor"]).await;
    desk.until_shown("Websocket").await;
    desk.focus("Copy for a bug report").await;
    desk.screen.press(&["space"]);
    desk.until_shown("Copied").await;
    // A second start shows the other page again.
    let close = desk.place_of("button", "Close").await;
    desk.screen.click(Button::Left, close);
    desk.until_gone("Copy for a bug report").await;
    Program::start(&desk.user, window(), &["messages"]).ended().await;
    desk.screen.point_at((700, 20));
    desk.screen.press(&["Control_L", "f"]);
    desk.screen.press(&["Control_L", "v"]);
    let pasted = |element: &crate::tree::Element| {
        element.text.clone().filter(|text| text.starts_with("Handover ") && text.contains("websocket"))
    };
    let elements =
        desk.until("the report is pasted", |elements| elements.iter().any(|e| pasted(e).is_some())).await;
    let report = elements.iter().find_map(pasted).expect("it is there");
    let login: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(desk.user.credentials()).expect("read the login"))
            .expect("JSON");
    let (account, home) = (desk.sandbox.account(), desk.user.path(""));
    let secrets = [
        login["secret"].as_str().expect("a secret"),
        login["device_id"].as_str().expect("a device"),
        &account.password,
        &account.email,
        "azGDORePK8gMaC0QOYAMyEEuzJnyUi",
        "the title",
        "the private text",
        home.to_str().expect("a path"),
    ];
    for secret in secrets {
        assert!(!report.contains(secret.trim_end_matches('/')), "{secret} is in:\n{report}");
    }
}
