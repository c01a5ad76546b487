//! A locked keyring: every call returns at once, and unlocking it is noticed.

use std::pin::pin;

use handover::ports::{SecretProblemKind, SecretStore};
use tokio::time::timeout;

use crate::fake::Fake;
use crate::gnome::GnomeKeyring;
use crate::harness::{A_WHILE, User, login, login_with, problem, soon};

fn locked(verb: &str) -> (SecretProblemKind, String) {
    (SecretProblemKind::Locked, format!("the login cannot be {verb}: the keyring is locked"))
}

#[tokio::test]
async fn every_call_fails_without_a_dialog() {
    let user = User::new();
    let mut gnome = GnomeKeyring::start(user.bus.address()).await;
    let keyring = user.keyring();
    keyring.save(&login()).await.unwrap();
    gnome.restart().await;
    let mut dialogs = Fake::dialogs(user.bus.address()).await;

    assert_eq!(problem(soon(keyring.load()).await), locked("read"));
    assert_eq!(problem(soon(keyring.save(&login_with("another"))).await), locked("saved"));
    assert_eq!(problem(soon(keyring.forget()).await), locked("removed"));
    assert_eq!(problem(soon(keyring.check()).await), locked("used"));
    assert_eq!(soon(keyring.holds_login()).await, Ok(true));
    assert_eq!(dialogs.calls(), [""; 0]);

    gnome.unlock().await;
    assert_eq!(keyring.load().await, Ok(Some(login())));
}

#[tokio::test]
async fn an_empty_keyring_can_be_locked_too() {
    let user = User::new();
    let _gnome = GnomeKeyring::start_locked(user.bus.address()).await;
    assert_eq!(problem(soon(user.keyring().load()).await), locked("read"));
    assert_eq!(soon(user.keyring().holds_login()).await, Ok(false));
}

#[tokio::test]
async fn unlocking_is_noticed() {
    let user = User::new();
    let gnome = GnomeKeyring::start(user.bus.address()).await;
    let keyring = user.keyring();
    keyring.save(&login()).await.unwrap();
    for round in 0..2 {
        gnome.lock().await;
        assert_eq!(problem(keyring.load().await), locked("read"));
        {
            let mut opened = pin!(keyring.wait_until_readable());
            assert!(timeout(A_WHILE, &mut opened).await.is_err(), "round {round}: it is locked");
            gnome.unlock().await;
            soon(opened).await;
        }
        assert_eq!(keyring.load().await, Ok(Some(login())));
    }
    assert!(timeout(A_WHILE, keyring.wait_until_readable()).await.is_err(), "there is nothing to wait for");
}

#[tokio::test]
async fn unlocking_before_the_wait_is_noticed() {
    let user = User::new();
    let gnome = GnomeKeyring::start_locked(user.bus.address()).await;
    let keyring = user.keyring();
    assert_eq!(problem(keyring.load().await), locked("read"));
    gnome.unlock().await;
    soon(keyring.wait_until_readable()).await;
    assert_eq!(keyring.load().await, Ok(None));
}

#[tokio::test]
async fn an_unlocking_without_success_is_reported_once() {
    let user = User::new();
    let gnome = GnomeKeyring::start_locked(user.bus.address()).await;
    let keyring = user.keyring();
    assert_eq!(problem(keyring.load().await), locked("read"));
    gnome.unlock().await;
    soon(keyring.wait_until_readable()).await;
    gnome.lock().await;
    assert_eq!(problem(keyring.load().await), locked("read"));
    gnome.unlock().await;
    // It is unlocked, but it seemed so before: only the next change counts.
    let mut opened = pin!(keyring.wait_until_readable());
    assert!(timeout(A_WHILE, &mut opened).await.is_err());
    gnome.lock().await;
    gnome.unlock().await;
    soon(opened).await;
}

#[tokio::test]
async fn the_start_of_a_keyring_is_noticed() {
    let user = User::new();
    let keyring = user.keyring();
    assert_eq!(problem(keyring.load().await).0, SecretProblemKind::Unavailable);
    let mut opened = pin!(keyring.wait_until_readable());
    assert!(timeout(A_WHILE, &mut opened).await.is_err());
    let mut gnome = GnomeKeyring::start(user.bus.address()).await;
    soon(&mut opened).await;
    assert_eq!(keyring.load().await, Ok(None));

    gnome.kill();
    assert_eq!(problem(keyring.load().await).0, SecretProblemKind::Unavailable);
    let again = user.keyring();
    let mut opened = pin!(again.wait_until_readable());
    assert!(timeout(A_WHILE, &mut opened).await.is_err());
    gnome.restart().await;
    assert!(timeout(A_WHILE, &mut opened).await.is_err(), "it came back locked");
    gnome.unlock().await;
    soon(opened).await;
}
