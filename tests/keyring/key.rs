//! The key of end-to-end encryption beside the login.

use handover::desktop::secrets::LoginLocation;
use handover::domain::account::Secret;
use handover::domain::settings::SecretBackend;
use handover::ports::{SecretProblemKind, SecretStore};

use crate::gnome::GnomeKeyring;
use crate::harness::{User, login, problem, soon};
use crate::support::e2ee::{KEY, WRONG_KEY};

fn key() -> Secret {
    Secret::new(KEY)
}

#[tokio::test]
async fn the_key_is_a_separate_item_from_the_login() {
    let user = User::new();
    let gnome = GnomeKeyring::start(user.bus.address()).await;
    let store = user.store(SecretBackend::Auto);
    assert_eq!((store.encryption_key().await, store.key_location().await), (Ok(None), None));
    store.save(&login()).await.unwrap();
    assert_eq!(store.save_key(&Secret::new(WRONG_KEY)).await, Ok(LoginLocation::Keyring));
    assert_eq!(store.save_key(&key()).await, Ok(LoginLocation::Keyring));
    let key_file = user.file().with_file_name("encryption-key");
    assert!(!key_file.exists());

    let found = gnome.secret_tool(&["search", "--all", "application", "handover"]);
    let folder = user.file().parent().unwrap().display().to_string();
    for line in [
        "label = Handover encryption key",
        "attribute.service = pushover-encryption",
        &format!("attribute.folder = {folder}"),
        &format!("secret = {KEY}"),
    ] {
        assert!(found.lines().any(|found| found == line), "{line}: {found}");
    }
    assert_eq!(found.matches("label = ").count(), 2, "{found}");

    // Neither replaces the other, whichever was written last.
    let store = user.store(SecretBackend::Auto);
    assert_eq!((store.load().await, store.encryption_key().await), (Ok(Some(login())), Ok(Some(key()))));
    store.save(&login()).await.unwrap();
    assert_eq!(store.encryption_key().await, Ok(Some(key())));
    store.forget().await.unwrap();
    assert_eq!(
        (store.encryption_key().await, store.key_location().await),
        (Ok(Some(key())), Some(LoginLocation::Keyring))
    );
    assert_eq!(store.forget_key().await, Ok(true));
    assert_eq!((store.encryption_key().await, store.forget_key().await), (Ok(None), Ok(false)));
    assert_eq!(gnome.secret_tool(&["search", "--all", "application", "handover"]), "");

    // With another backend there is still only one key.
    store.save_key(&Secret::new(WRONG_KEY)).await.unwrap();
    let store = user.store(SecretBackend::File);
    assert_eq!(store.encryption_key().await, Ok(Some(Secret::new(WRONG_KEY))), "it is found where it was");
    assert_eq!(store.save_key(&key()).await, Ok(LoginLocation::File(key_file.clone())));
    for place in [SecretBackend::File, SecretBackend::Auto, SecretBackend::Keyring] {
        assert_eq!(user.store(place).encryption_key().await, Ok(Some(key())), "{place:?}");
    }
    assert_eq!(gnome.secret_tool(&["search", "--all", "application", "handover"]), "");
}

#[tokio::test]
async fn a_locked_keyring_is_a_problem_only_for_a_key_that_was_saved_in_it() {
    let user = User::new();
    let mut gnome = GnomeKeyring::start_locked(user.bus.address()).await;
    let store = user.store(SecretBackend::Auto);
    assert_eq!((soon(store.encryption_key()).await, store.key_location().await), (Ok(None), None));
    gnome.unlock().await;
    store.save_key(&key()).await.unwrap();
    gnome.restart().await;
    let store = user.store(SecretBackend::Auto);
    let expected = "the encryption key cannot be read: the keyring is locked".to_owned();
    assert_eq!(problem(soon(store.encryption_key()).await), (SecretProblemKind::Locked, expected));
    assert_eq!(soon(store.key_location()).await, Some(LoginLocation::Keyring));
    assert_eq!(problem(soon(store.forget_key()).await).0, SecretProblemKind::Locked);
    gnome.unlock().await;
    assert_eq!(soon(store.encryption_key()).await, Ok(Some(key())));
}
