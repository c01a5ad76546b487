//! The rules in the settings, with the real program.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use handover::system::clock;
use serde_json::json;

use crate::support::harness::Harness;

async fn with_rules(rules: &str) -> Harness {
    let harness = Harness::signed_in().await;
    harness.user.settings(rules);
    harness
}

/// The time of day in some hours, as a rule has it; tests run in UTC.
fn in_hours(hours: i64) -> String {
    let minute = (clock::unix() + hours * 3_600) / 60 % 1_440;
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[tokio::test]
async fn a_muted_message_is_listed_and_counts_as_unread() {
    let harness = with_rules("[[rules]]\nwhen.text = 'quiet'\nthen.show = false\n").await;
    let _daemon = harness.connected().await;
    harness.send("be Quiet");
    harness.send("loud");
    assert_eq!(harness.server.next_shown().await.body, "loud");
    harness.until_status("both are unread", |status| status["unread"] == 2).await;
    let listed = harness.user.handover(&["messages"]).await.succeeded();
    assert!(listed.contains("be Quiet") && listed.contains("loud"), "{listed}");
}

#[tokio::test]
async fn what_a_rule_holds_survives_a_kill_and_is_shown_once_the_rule_is_removed() {
    let rules = format!("[[rules]]\nwhen.title = 'report'\nthen.hold_until = '{}'\n", in_hours(2));
    let harness = with_rules(&rules).await;
    let daemon = harness.connected().await;
    let report = |text: &str| harness.send_with(text, &[("title", "Report")]);
    report("one");
    harness.send("now");
    assert_eq!(harness.server.next_shown().await.body, "now", "the report is held");
    // The kill comes after the mark, or this notification would be repeated.
    harness.user.handover(&["sync"]).await.succeeded();
    daemon.kill().await;
    report("two");
    let daemon = harness.connected().await;
    harness.send("then");
    assert_eq!(harness.server.next_shown().await.body, "then", "the reports are still held");
    let announced = |messages: Vec<serde_json::Value>| {
        messages.iter().filter(|message| message["announced"].is_null()).count()
    };
    assert_eq!(announced(harness.user.messages().await), 2);
    // Another rule changes nothing for them; without theirs they are shown at once.
    harness.user.settings(&format!("{rules}[[rules]]\nwhen.app = 'another'\nthen.show = false\n"));
    daemon.until_logged_times("the settings were changed", 1).await;
    harness.send("still");
    assert_eq!(harness.server.next_shown().await.body, "still");
    harness.user.settings("");
    harness.user.settings("# no rules\n");
    let released = harness.server.next_shown().await;
    assert_eq!(released.title, "2 messages arrived earlier", "there was no pause");
    harness.user.handover(&["sync"]).await.succeeded();
    daemon.kill().await;
    let _daemon = harness.connected().await;
    assert_eq!(announced(harness.user.messages().await), 0);
    assert!(harness.shown_so_far().await.is_empty(), "nothing is shown twice");
}

#[tokio::test]
async fn of_a_group_only_the_latest_is_on_the_screen_also_after_a_restart() {
    let harness = with_rules("[[rules]]\nwhen.app = 'Sandbox'\nthen.group = 'of {app}'\n").await;
    let daemon = harness.connected().await;
    harness.send("one");
    let one = harness.server.next_shown().await;
    harness.send("two");
    let two = harness.server.next_shown().await;
    assert_eq!((two.replaces, two.body.as_str()), (one.id, "two"));
    harness.user.handover(&["sync"]).await.succeeded();
    daemon.kill().await;
    for text in ["three", "four", "five", "six", "seven"] {
        harness.send(text);
    }
    let _daemon = harness.connected().await;
    let seven = loop {
        let shown = harness.server.next_shown().await;
        // The notification of the killed process may be replaced first, so that clicks on it are seen.
        if shown.body != "two" {
            break shown;
        }
    };
    assert_eq!((seven.replaces, seven.body.as_str()), (one.id, "seven"), "what was missed comes as one");
    assert_eq!(harness.server.screen().len(), 1);
    harness.server.dismiss(seven.id).await;
    harness.until_status("all of them are read", |status| status["unread"] == 0).await;
}

#[tokio::test]
async fn a_rule_runs_a_program_and_marks_as_read() {
    let harness = Harness::signed_in().await;
    let script = harness.user.path("script");
    let home = harness.user.path("");
    fs::write(&script, format!("#!/bin/sh\ncd {}\necho \"$1 $HANDOVER_TEXT\" >> ran\n", home.display()))
        .expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("its mode");
    let program = script.display();
    harness.user.settings(&format!(
        "[[rules]]\nwhen.text = 'disk'\ncontinue = true\nthen = {{ hook = ['{program}', 'first'], read = true }}\n\
         [[rules]]\nwhen.min_priority = 0\nthen = {{ hook = ['{program}', 'second'], priority = 1 }}\n"
    ));
    let _daemon = harness.connected().await;
    harness.send("disk full");
    assert_eq!(harness.server.next_shown().await.body, "disk full");
    harness.send("door open");
    harness.server.next_shown().await;
    let ran = harness.user.path("ran");
    let is_done = || fs::read_to_string(&ran).is_ok_and(|text| text.lines().count() == 3);
    harness.until_status("the programs ran", |_| is_done()).await;
    assert_eq!(
        fs::read_to_string(&ran).expect("its output"),
        "first disk full\nsecond disk full\nsecond door open\n"
    );
    harness.until_status("one is unread", |status| status["unread"] == 1).await;
}

#[tokio::test]
async fn a_rule_leaves_the_acknowledgement_to_the_user() {
    let harness = with_rules(
        "emergency = 'always'\n[[rules]]\nwhen.text = 'fire'\nthen = { acknowledge = false, show = false }\n",
    )
    .await;
    let _daemon = harness.connected().await;
    harness.send_emergency("fire");
    let fire = harness.server.next_shown().await;
    assert!(
        fire.actions.iter().any(|word| word == "Acknowledge"),
        "it is shown all the same: {:?}",
        fire.actions
    );
    let receipt = harness.send_emergency("flood");
    harness.server.next_shown().await;
    harness.until("the acknowledgement of the other", |now| now.acknowledges > 0).await;
    assert!(harness.sandbox.is_acknowledged(&receipt));
    let status = harness.user.status().await;
    assert_eq!(status["unacknowledged"], json!(1), "{status}");
}

#[tokio::test]
async fn rules_check_explains_which_rule_does_what() {
    let harness = Harness::signed_in().await;
    let said = harness.user.handover(&["rules", "check"]).await.succeeded();
    assert!(said.starts_with("there are no rules in "), "{said}");
    harness.user.settings(
        "[[rules]]\nname = 'quiet backups'\ncontinue = true\nwhen = { app = 'backup' }\nthen = { show = false, hook = ['x'] }\n\
         [[rules]]\nwhen = { app = 'backup', title = 'failed' }\nthen = { show = true, sound = 'siren' }\n\
         [[rules]]\nwhen = { app = 'backup', title = 'failed' }\nthen.read = true\n",
    );
    let check = async |arguments: &[&str]| {
        harness.user.handover(&[&["rules", "check"], arguments].concat()).await.succeeded()
    };
    assert_eq!(
        check(&["--app", "Backup", "--title", "Failed"]).await,
        "rule 1 \"quiet backups\": applies: do not show it, run a program\n\
         rule 2: applies: show it, sound siren\n\
         rule 3: not tried, because a rule before it applies\n\
         result: it is shown, with the sound siren\n"
    );
    assert_eq!(
        check(&["--app", "Backup", "--priority", "2"]).await,
        "rule 1 \"quiet backups\": applies: do not show it (not for an emergency without `emergency = true`), run a program\n\
         rule 2: does not apply: it has no title, and \"failed\" is needed\n\
         rule 3: does not apply: it has no title, and \"failed\" is needed\n\
         result: it is shown\n"
    );
    let why = "rule 3 never changes anything: rule 2 applies to the same messages and is tried first";
    let sentence = format!("3 rules are in use; {why}");
    assert_eq!(check(&[]).await, format!("{sentence}\n"));

    let _daemon = harness.connected().await;
    let status = harness.user.handover(&["status"]).await.succeeded();
    assert!(status.contains(&format!("\nrules    {sentence}\n")), "{status}");
    let status = harness.user.status().await;
    assert_eq!(status["rules"], json!({ "in_use": 3, "useless": [why], "sentence": sentence }));
    let doctor = harness.user.handover(&["doctor"]).await;
    let doctor = doctor.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(doctor.contains(&sentence), "{doctor}");
    harness.send("hello");
    harness.server.next_shown().await;
    let id = harness.user.messages().await[0]["id"].as_str().expect("an id").to_owned();
    let said = check(&[&id]).await;
    assert!(
        said.starts_with(
            "rule 1 \"quiet backups\": does not apply: its application does not contain \"backup\"\n"
        ),
        "{said}"
    );
    assert!(said.ends_with("result: it is shown\n"), "{said}");
    let unknown = harness.user.handover(&["rules", "check", "5"]).await.failed(1);
    assert!(unknown.starts_with("error: the rules cannot be checked: there is no message 5\n"), "{unknown}");
    harness.user.settings("[[rules]]\nwhen = { app = '/(/' }\n");
    let invalid = harness.user.handover(&["rules", "check"]).await.failed(1);
    assert!(
        invalid.contains("config.toml:2:16: rules[0].when.app is not a valid regular expression"),
        "{invalid}"
    );
}

#[tokio::test]
async fn the_notification_of_a_flood_mutes_its_application_for_an_hour_or_for_good() {
    let harness = with_rules("# mine\nsound = false # always\n").await;
    let daemon = harness.connected().await;
    for (key, until) in [("mute-for-an-hour", true), ("mute", false)] {
        let count = loop {
            harness.send("again");
            let shown = harness.server.next_shown().await;
            if shown.title.contains("messages") {
                break shown;
            }
        };
        assert!(count.actions.iter().any(|word| word == key), "{:?}", count.actions);
        harness.server.choose(count.id, key).await;
        let said = harness.server.next_shown().await;
        assert_eq!(said.title, "Sandbox is muted");
        let file = harness.user.path("config/handover/config.toml");
        let settings = fs::read_to_string(&file).expect("the settings");
        assert!(settings.starts_with("# mine\nsound = false # always\n"), "{settings}");
        let written = (settings.matches("[[rules]]").count(), settings.contains("until = "));
        assert_eq!(written, (1, until), "{settings}");
        let unread = harness.user.status().await["unread"].as_u64().expect("a number");
        harness.send("muted");
        harness.until_status("it is listed", |status| status["unread"] == unread + 1).await;
        harness.user.handover(&["sync"]).await.succeeded();
        assert!(harness.shown_so_far().await.is_empty(), "it is not shown");
        if until {
            // As if the hour were over.
            harness.user.settings(&settings.replace("until = 2", "until = 1"));
            daemon.until_logged_times("the settings were changed", 2).await;
        }
    }
}
