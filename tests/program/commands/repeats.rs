//! Tests that a repeated emergency is one entry in the list for people, while programs get every message.

use handover::system::clock;
use serde_json::json;

use crate::process::Running;
use crate::support::harness::Harness;

#[tokio::test]
async fn a_repeated_emergency_is_one_entry_in_the_list_and_one_in_the_counts() {
    let harness = Harness::signed_in().await;
    harness.user.settings("emergency = 'manual'");
    let _daemon = harness.connected().await;
    let copy = || send_copy(&harness);
    let mut sent = vec![copy()];
    let fire = harness.server.next_shown().await;
    harness.send("meanwhile");
    harness.server.next_shown().await;
    for _ in 1..=3 {
        sent.push(copy());
        assert_eq!(harness.server.next_shown().await.replaces, fire.id);
    }
    harness.until_status("all are there", |status| status["unread"] == 2).await;
    let status = harness.user.status().await;
    assert_eq!((&status["unread"], &status["unacknowledged"]), (&json!(2), &json!(1)), "{status}");

    let listed = harness.user.handover(&["messages"]).await.succeeded();
    let headings: Vec<_> = listed.lines().filter(|line| !line.starts_with(' ')).collect();
    let [fire, meanwhile] = &headings[..] else { panic!("{listed}") };
    assert!(fire.contains("Alarm") && fire.contains("[repeated 3 times, last "), "{listed}");
    assert!(meanwhile.contains("Sandbox"), "{listed}");
    assert_eq!(listed.matches("handover acknowledge").count(), 1, "{listed}");
    let newest = harness.user.handover(&["messages", "--limit", "1", "--unread"]).await.succeeded();
    assert!(newest.contains("[repeated 3 times"), "it is the newest: {newest}");

    let copies = harness.user.messages_of(&["--search", "fire"]).await;
    let ids: Vec<_> = copies.iter().map(|copy| copy["id"].as_str().expect("an id")).collect();
    assert_eq!(ids, sent);
    harness.user.handover(&["messages", "--mark-read"]).await.succeeded();
    assert_eq!(harness.user.status().await["unread"], 0);
    let messages = harness.user.messages().await;
    assert!(messages.iter().all(|message| message["read"].is_i64()), "{messages:?}");
}

#[tokio::test]
async fn a_watched_emergency_is_one_entry_and_a_line_for_each_repeat() {
    let harness = Harness::signed_in().await;
    harness.user.settings("emergency = 'manual'");
    let _daemon = harness.connected().await;
    let copy = || drop(send_copy(&harness));
    for number in 1..=7 {
        harness.send(&format!("old {number}."));
    }
    copy();
    copy();
    harness.user.handover(&["sync"]).await.succeeded();
    assert_eq!(harness.user.messages().await.len(), 9);

    let watch = Running::start(harness.user.command(&["messages", "--watch"]));
    watch.until_logged("waiting for new messages; press Ctrl-C to stop\n").await;
    let entries = |printed: &str| printed.lines().filter(|line| line.starts_with("    ")).count();
    let printed = watch.until_printed("    fire\n").await;
    assert_eq!(entries(&printed), 5, "only the newest are listed: {printed}");
    assert!(printed.contains("    old 7.\n") && !printed.contains("    old 1.\n"), "{printed}");
    copy();
    watch.until_printed("  Alarm  [emergency, repeated]\n").await;
    harness.send("new");
    let printed = watch.until_printed("    new\n").await;
    assert_eq!(printed.matches("[emergency, repeated]").count(), 1, "{printed}");
    assert_eq!(printed.matches("    fire\n").count(), 1, "{printed}");
    assert_eq!(printed.matches("handover acknowledge").count(), 1, "{printed}");
}

/// Sends one more copy of the same emergency; returns its message id.
fn send_copy(harness: &Harness) -> String {
    let item = json!({"app": "Alarm", "message": "fire", "date": clock::unix(), "priority": 2, "acked": 0,
        "receipt": "rLqVuqTRh62UzxtmqiaLzQmVcPgiCy"});
    harness.sandbox.inject(&item)[0].to_string()
}
