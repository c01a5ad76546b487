//! The tokens and keys for sending, stored by `handover send setup` in a real keyring.

use handover::sandbox::{Options, Sandbox};
use handover::system::clock;

use crate::gnome::GnomeKeyring;
use crate::support::bus::Bus;
use crate::support::user::User;

#[tokio::test]
async fn a_token_and_a_key_are_stored_in_the_keyring_and_used_from_there() {
    let bus = Bus::start();
    let mut gnome = GnomeKeyring::start(bus.address()).await;
    let sandbox = Sandbox::start(Options::new(clock::unix)).await.unwrap();
    sandbox.add_device("phone");
    let account = sandbox.account();
    let mut user = User::new(&sandbox);
    user.set("DBUS_SESSION_BUS_ADDRESS", bus.address());

    let input = format!("{}\n{}\n", account.app_token, account.user_key);
    let said = user.handover_with_input(&["send", "setup"], &input).await.succeeded();
    for line in [
        "the token of the application `default` is stored in the desktop's keyring\n",
        "the key of the recipient `me` is stored in the desktop's keyring\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    let found = gnome.secret_tool(&["search", "--all", "application", "handover"]);
    for secret in [&account.app_token, &account.user_key] {
        assert!(found.contains(&format!("secret = {secret}")), "{found}");
    }
    for name in ["application-default.secret", "recipient-me.secret"] {
        assert!(!user.path("data/handover").join(name).exists(), "{name}");
    }
    assert_eq!(user.handover(&["send", "hello"]).await.succeeded(), "sent to me\n");

    // While the keyring is locked, nothing is sent, and the error says why.
    gnome.restart().await;
    let error = user.handover(&["send", "hello"]).await.failed(1);
    assert!(
        error.starts_with("error: the token of the application") && error.contains("is locked"),
        "{error}"
    );
    gnome.unlock().await;
    assert_eq!(user.handover(&["send", "hello"]).await.succeeded(), "sent to me\n");
    assert_eq!(sandbox.counters().sent, 2);
}
