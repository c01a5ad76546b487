//! No bus, no keyring, a keyring that hangs, one that dies, and one that returns wrong data.

use std::os::unix::net::UnixListener;
use std::pin::pin;
use std::time::Duration;

use handover::desktop::secrets::keyring::{KeyringSecrets, Timeouts};
use handover::ports::{SecretProblemKind, SecretStore};

use crate::fake::{Behaviour, Fake};
use crate::gnome::GnomeKeyring;
use crate::harness::{A_WHILE, HASTE, TIMEOUT, User, login, problem, run_to_rest, soon, wakes};
use crate::support::keyring::{Items, Keyring};

#[tokio::test]
async fn without_a_bus_there_is_no_keyring() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:path={}", folder.path().join("none").display());
    let keyring = KeyringSecrets::on_bus(Some(address), folder.path(), TIMEOUT);
    let (fault, message) = problem(soon(keyring.load()).await);
    assert_eq!(fault, SecretProblemKind::Unavailable);
    let start = "the login cannot be read: there is no keyring: the session bus cannot be reached: ";
    assert!(message.starts_with(start), "{message}");
    assert_eq!(problem(soon(keyring.save(&login())).await).0, SecretProblemKind::Unavailable);
    assert_eq!(problem(soon(keyring.unlock()).await).0, SecretProblemKind::Unavailable);
}

#[tokio::test]
async fn a_bus_without_a_keyring_is_reported() {
    let user = User::new();
    let message = "the login cannot be read: there is no keyring on the session bus".to_owned();
    assert_eq!(problem(soon(user.keyring().load()).await), (SecretProblemKind::Unavailable, message));
}

#[tokio::test]
async fn a_missing_keyring_is_not_polled() {
    let user = User::new();
    let keyring = user.keyring_with(Timeouts { recheck: Duration::from_millis(1), ..TIMEOUT });
    assert_eq!(problem(soon(keyring.load()).await).0, SecretProblemKind::Unavailable);
    let mut opened = pin!(keyring.wait_until_readable());
    soon(async { while wakes(opened.as_mut(), A_WHILE).await > 0 {} }).await;
    let _gnome = GnomeKeyring::start(user.bus.address()).await;
    soon(opened).await;
}

#[tokio::test]
async fn a_keyring_is_found_soon_after_the_bus_restarted() {
    let mut user = User::new();
    user.bus.stop();
    let keyring = user.keyring();
    assert_eq!(problem(soon(keyring.load()).await).0, SecretProblemKind::Unavailable);
    let mut opened = pin!(keyring.wait_until_readable());
    assert!(wakes(opened.as_mut(), A_WHILE).await < 10, "it waits");
    user.bus.restart();
    let _keyring = Keyring::start(user.bus.address(), &Items::default()).await;
    soon(opened).await;
}

#[tokio::test]
async fn a_silent_bus_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("bus");
    let _listener = UnixListener::bind(&socket).unwrap();
    let address = format!("unix:path={}", socket.display());
    let keyring = KeyringSecrets::on_bus(Some(address), folder.path(), HASTE);
    let message = "the login cannot be read: the session bus does not respond".to_owned();
    assert_eq!(problem(soon(keyring.load()).await), (SecretProblemKind::Failed, message));
}

#[tokio::test]
async fn a_hanging_keyring_times_out() {
    let user = User::new();
    let _fake = Fake::keyring(user.bus.address(), Behaviour::Hang).await;
    let keyring = user.keyring_with(HASTE);
    let silent = |verb: &str| {
        (SecretProblemKind::Failed, format!("the login cannot be {verb}: the keyring does not respond"))
    };
    assert_eq!(problem(soon(keyring.load()).await), silent("read"));
    assert_eq!(problem(soon(keyring.save(&login())).await), silent("saved"));
    assert_eq!(problem(soon(keyring.forget()).await), silent("removed"));
    assert_eq!(problem(soon(keyring.unlock()).await), silent("reached"));
}

#[tokio::test]
async fn a_keyring_that_was_suspended_works_again() {
    let user = User::new();
    let gnome = GnomeKeyring::start(user.bus.address()).await;
    user.keyring().save(&login()).await.unwrap();
    gnome.freeze();
    let (fault, message) = problem(soon(user.keyring_with(HASTE).load()).await);
    assert_eq!(fault, SecretProblemKind::Failed);
    assert_eq!(message, "the login cannot be read: the keyring does not respond");
    gnome.thaw();
    assert_eq!(user.keyring().load().await, Ok(Some(login())));
}

#[tokio::test]
async fn a_keyring_that_dies_during_a_call_is_a_problem_without_a_wait() {
    let user = User::new();
    let mut gnome = GnomeKeyring::start(user.bus.address()).await;
    user.keyring().save(&login()).await.unwrap();
    let gone = "the login cannot be read: the keyring stopped while it was in use".to_owned();
    let mut ends = Vec::new();
    // Whether its end falls into a call depends also on how the system schedules the two processes.
    for _ in 0..10 {
        ends.extend(ends_during_a_call(&user, &mut gnome).await);
        if ends.contains(&gone) {
            break;
        }
    }
    assert!(ends.contains(&gone), "it died while it was asked: {ends:?}");
    // Whatever happened to the keyring, it still holds the login.
    assert_eq!(user.keyring().load().await, Ok(Some(login())));
}

/// The problems of reading the login, when the keyring is killed at each of its steps.
async fn ends_during_a_call(user: &User, gnome: &mut GnomeKeyring) -> Vec<String> {
    let mut ends = Vec::new();
    for rests in 0.. {
        let keyring = user.keyring();
        let mut loading = pin!(keyring.load());
        let whole = run_to_rest(loading.as_mut(), rests).await;
        if let Some(whole) = whole {
            assert_eq!(whole, Ok(Some(login())));
            break;
        }
        gnome.kill();
        match soon(loading).await {
            Ok(found) => assert_eq!(found, Some(login())),
            Err(gone) => {
                assert!(
                    matches!(gone.kind, SecretProblemKind::Unavailable | SecretProblemKind::Failed),
                    "{gone:?}"
                );
                ends.push(gone.message);
            }
        }
        gnome.restart().await;
        gnome.unlock().await;
    }
    ends
}

#[tokio::test]
async fn a_keyring_that_returns_another_secret_is_not_trusted() {
    let user = User::new();
    let fake = Fake::keyring(user.bus.address(), Behaviour::Forgetful).await;
    let (fault, message) = problem(soon(user.keyring().save(&login())).await);
    assert_eq!(fault, SecretProblemKind::Failed);
    assert_eq!(message, "the login cannot be saved: the keyring did not store the secret");
    drop(fake);
}

#[tokio::test]
async fn a_malformed_reply_of_a_keyring_is_a_problem() {
    let user = User::new();
    let _fake = Fake::keyring(user.bus.address(), Behaviour::Babbling).await;
    let (fault, message) = problem(soon(user.keyring().load()).await);
    assert_eq!(fault, SecretProblemKind::Failed);
    assert_eq!(message, "the login cannot be read: the keyring sent a malformed reply");
}
