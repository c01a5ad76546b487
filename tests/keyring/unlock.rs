//! Asking the user to unlock the keyring: only on request, and with a time limit.

use handover::desktop::secrets::keyring::Timeouts;
use handover::ports::{SecretProblemKind, SecretStore};

use crate::fake::{Behaviour, Fake};
use crate::gnome::GnomeKeyring;
use crate::harness::{HASTE, TIMEOUT, User, login, login_with, problem, soon};

/// Gives the keyring enough time, but the user none.
const NO_TIME_FOR_THE_USER: Timeouts = Timeouts { user: HASTE.user, ..TIMEOUT };

#[tokio::test]
async fn the_user_unlocks_it() {
    let user = User::new();
    let mut fake = Fake::keyring(user.bus.address(), Behaviour::Obliging).await;
    assert_eq!(problem(soon(user.keyring().load()).await).0, SecretProblemKind::Locked);
    assert_eq!(fake.calls(), ["SearchItems", "ReadAlias", "Get", "Unlock"]);
    soon(user.keyring().unlock()).await.unwrap();
    assert_eq!(soon(user.keyring().load()).await, Ok(None));
    fake.calls();
    soon(user.keyring().unlock()).await.unwrap();
    assert!(!fake.calls().contains(&"Prompt".to_owned()), "it is open already");
}

#[tokio::test]
async fn it_stays_locked_if_the_user_does_not_unlock_it() {
    for (behaviour, cause) in [
        (Behaviour::Dismissing, "the dialog was dismissed"),
        (Behaviour::Ignoring, "it was not unlocked within 0 s"),
    ] {
        let user = User::new();
        let mut fake = Fake::keyring(user.bus.address(), behaviour).await;
        let outcome = soon(user.keyring_with(NO_TIME_FOR_THE_USER).unlock()).await;
        let message = format!("the login cannot be reached: the keyring is locked: {cause}");
        assert_eq!(problem(outcome), (SecretProblemKind::Locked, message));
        // Dismissing the dialog would make gnome-keyring abort.
        assert!(!fake.calls().contains(&"Dismiss".to_owned()), "{behaviour:?}");
    }
}

#[tokio::test]
async fn a_keyring_that_ends_during_its_dialog_is_a_problem() {
    let user = User::new();
    let _fake = Fake::keyring(user.bus.address(), Behaviour::Leaving).await;
    let message = "the login cannot be reached: the keyring stopped while it was in use".to_owned();
    assert_eq!(problem(soon(user.keyring().unlock()).await), (SecretProblemKind::Failed, message));
}

#[tokio::test]
async fn gnome_keyring_survives_an_unanswered_dialog() {
    let user = User::new();
    let gnome = GnomeKeyring::start_locked(user.bus.address()).await;
    let mut dialogs = Fake::dialogs(user.bus.address()).await;
    let keyring = user.keyring_with(NO_TIME_FOR_THE_USER);
    let (fault, message) = problem(soon(keyring.unlock()).await);
    assert_eq!(fault, SecretProblemKind::Locked);
    assert_eq!(message, "the login cannot be reached: the keyring is locked: it was not unlocked within 0 s");
    while dialogs.next_call().await != "PerformPrompt" {}
    assert_eq!(problem(soon(keyring.load()).await).0, SecretProblemKind::Locked);
    gnome.unlock().await;
    keyring.save(&login()).await.unwrap();
    assert_eq!(soon(keyring.unlock()).await, Ok(()));
    assert_eq!(dialogs.calls(), [""; 0]);
}

#[tokio::test]
async fn a_keyring_without_a_password_is_unlocked_without_a_dialog() {
    let user = User::new();
    let mut gnome = GnomeKeyring::start(user.bus.address()).await;
    let keyring = user.keyring();
    keyring.save(&login()).await.unwrap();
    gnome.take_password_away().await;
    gnome.restart().await;
    assert_eq!(soon(keyring.load()).await, Ok(Some(login())));
    gnome.restart().await;
    soon(keyring.save(&login_with("another"))).await.unwrap();
    gnome.restart().await;
    assert_eq!(soon(keyring.unlock()).await, Ok(()));
    assert_eq!(soon(keyring.load()).await, Ok(Some(login_with("another"))));
}

#[tokio::test]
async fn without_dialogs_the_keyring_stays_locked() {
    let user = User::new();
    let _gnome = GnomeKeyring::start_locked(user.bus.address()).await;
    assert_eq!(problem(soon(user.keyring().unlock()).await).0, SecretProblemKind::Locked);
}
