//! `handover send setup`: what the service accepts is stored, and named in the settings.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{requests, sender};

#[tokio::test]
async fn a_token_and_a_key_are_checked_stored_and_then_used() {
    let (user, sandbox) = sender().await;
    let file = user.settings("# mine\n");
    let account = sandbox.account();
    let input = format!("{}\n{}\n", account.app_token, account.user_key);
    let said = user.handover_with_input(&["send", "setup"], &input).await.succeeded();
    assert!(said.contains("devices of `me`: phone\ntry: handover send --to me hello\n"), "{said}");
    let written = fs::read_to_string(&file).unwrap();
    assert_eq!(written, "# mine\n\n[applications.default]\ndefault = true\n\n[recipients.me]\n");
    for name in ["application-default.secret", "recipient-me.secret"] {
        let mode = fs::metadata(user.path("data/handover").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(user.handover(&["send", "hello"]).await.succeeded(), "sent to me\n");

    let group = ["send", "setup", "--application", "default", "--recipient", "family"];
    let said = user.handover_with_input(&group, &format!("\n{}\n", account.group_key)).await.succeeded();
    assert!(said.contains("`family` is a group\n"), "{said}");
    assert_eq!(user.handover(&["send", "--to", "family", "hello"]).await.succeeded(), "sent to family\n");
    assert_eq!(requests(&sandbox).len(), 2);
}

#[tokio::test]
async fn a_user_who_is_signed_in_needs_no_key_to_send_to_themselves() {
    let (user, sandbox) = sender().await;
    user.settings("# mine\n");
    user.sign_in(&sandbox).await;
    let account = sandbox.account();
    let said = user.handover_with_input(&["send", "setup"], &format!("{}\n\n", account.app_token)).await;
    let said = said.succeeded();
    assert!(said.contains("the key of the recipient `me` is stored in"), "{said}");
    assert_eq!(user.handover(&["send", "hello"]).await.succeeded(), "sent to me\n");
    assert_eq!(requests(&sandbox)[0].keys["user"], account.user_key);
    // Signing out forgets the account's key, not what the user set up.
    user.handover(&["logout"]).await;
    assert!(!user.path("data/handover/user-key.secret").exists());
    assert!(user.path("data/handover/recipient-me.secret").exists());
}

#[tokio::test]
async fn what_the_service_refuses_is_not_stored() {
    let (user, sandbox) = sender().await;
    let file = user.settings("");
    let wrong = "x".repeat(30);
    let error = user.handover_with_input(&["send", "setup"], &format!("{wrong}\n")).await.failed(1);
    assert!(error.starts_with("error: the token cannot be used: the service refused"), "{error}");
    assert!(!error.contains(&wrong), "{error}");
    let error = user.handover_with_input(&["send", "setup"], "short\n").await.failed(1);
    assert!(
        error.starts_with("error: the token cannot be used: it does not have 30 letters and digits"),
        "{error}"
    );
    let input = format!("{}\n{wrong}\n", sandbox.account().app_token);
    let finished = user.handover_with_input(&["send", "setup"], &input).await;
    assert!(finished.failed(1).starts_with("error: the key cannot be used: the service refused"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "", "the token is not stored either");
    for name in ["application-default.secret", "recipient-me.secret"] {
        assert!(!user.path("data/handover").join(name).exists(), "{name}");
    }
}

#[tokio::test]
async fn a_token_can_come_from_a_program() {
    let (user, sandbox) = sender().await;
    let account = sandbox.account();
    user.settings(&format!(
        "applications.a.token_command = ['sh', '-c', 'echo {}']\nrecipients.b.key_command = ['sh', '-c', 'echo {}']\n",
        account.app_token, account.user_key
    ));
    assert_eq!(user.handover(&["send", "hello"]).await.succeeded(), "sent to b\n");
    user.settings("applications.a.token_command = ['false']\n[recipients.b]\n");
    let error = user.handover(&["send", "hello"]).await.failed(1);
    assert!(error.starts_with("error: the token of the application `a` cannot be read: "), "{error}");
}
