//! Tests a computer whose clock is wrong.

use handover::system::clock;

use crate::support::harness::Harness;

const THREE_HOURS: i64 = 3 * 3_600;

#[tokio::test]
async fn a_clock_three_hours_ahead_hides_nothing_and_is_reported() {
    let harness = Harness::signed_in().await;
    harness.sandbox.switch(|switches| switches.clock_ahead = -THREE_HOURS);
    let _daemon = harness.connected().await;
    harness.send_with("an hour", &[("ttl", "3600")]);
    assert_eq!(harness.server.next_shown().await.body, "an hour");
    harness.user.handover(&["sync"]).await.succeeded();
    let listed = harness.user.handover(&["messages"]).await.succeeded();
    assert!(listed.ends_with("an hour\n") && !listed.contains("[expired]"), "{listed}");
    assert_eq!(harness.user.messages_of(&["--unread"]).await.len(), 1);
    let deleted = harness.user.handover(&["messages", "--delete", "--yes"]).await;
    assert_eq!(deleted.out, "", "it is kept, because it is unread");
    let status = harness.user.status().await;
    let sentence = "this computer's clock is 3 hours ahead of the service's";
    assert_eq!((&status["unread"], &status["problems"]), (&1.into(), &serde_json::json!([sentence])));
    let said = harness.user.handover(&["status"]).await.succeeded();
    let hint = "let the system set it, for example with `timedatectl set-ntp true`";
    assert!(said.contains(&format!("problem  {sentence}\nhint     {hint}\n")), "{said}");
    let said = harness.user.handover(&["doctor"]).await.succeeded();
    assert!(said.contains(sentence) && said.contains("hint: let the system set it"), "{said}");

    harness.sandbox.switch(|switches| switches.clock_ahead = 0);
    harness.user.handover(&["sync"]).await.succeeded();
    assert_eq!(harness.user.status().await["problems"], serde_json::json!([]));
}

#[tokio::test]
async fn an_emergency_with_an_old_time_stamp_is_open() {
    let harness = Harness::signed_in().await;
    harness.user.settings("emergency = 'manual'");
    let _daemon = harness.connected().await;
    let two_days_ago = (clock::unix() - 2 * 86_400).to_string();
    let fields =
        [("priority", "2"), ("retry", "3600"), ("expire", "10800"), ("timestamp", two_days_ago.as_str())];
    harness.send_with("fire", &fields);
    harness.server.next_shown().await;
    harness.user.handover(&["sync"]).await.succeeded();
    let status = harness.user.status().await;
    assert_eq!(status["sentence"], "Connected as desk, 1 unread, 1 emergency to acknowledge");
}
