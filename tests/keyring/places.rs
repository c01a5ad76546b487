//! Which backend the login is saved in, where it is found, and how it moves.

use std::fs::{self, File};
use std::pin::pin;
use std::time::{Duration, UNIX_EPOCH};

use handover::desktop::secrets::file::FileSecrets;
use handover::desktop::secrets::systemd::SystemdCredential;
use handover::desktop::secrets::{LoginLocation, LoginStore};
use handover::domain::account::Credentials;
use handover::domain::settings::SecretBackend::{self, Auto, Keyring};
use handover::ports::{SecretProblemKind, SecretStore};

use crate::gnome::GnomeKeyring;
use crate::harness::{User, login, login_with, problem, soon};

const IN_FILE: SecretBackend = SecretBackend::File;

/// The login in each backend: in the keyring and in the file.
async fn copies(user: &User) -> (Option<Credentials>, Option<Credentials>) {
    let file = FileSecrets::new(user.file());
    (user.keyring().load().await.unwrap(), file.load().await.unwrap())
}

async fn save_in_file(user: &User, login: &Credentials) {
    FileSecrets::new(user.file()).save(login).await.unwrap();
}

#[tokio::test]
async fn auto_saves_in_the_keyring_when_there_is_one() {
    let user = User::new();
    let _gnome = GnomeKeyring::start(user.bus.address()).await;
    let store = user.store(Auto);
    assert_eq!((store.load().await, store.location().await), (Ok(None), Ok(None)));
    save_in_file(&user, &login_with("old")).await;
    store.save(&login()).await.unwrap();
    assert_eq!(copies(&user).await, (Some(login()), None));
    assert_eq!(user.store(Auto).load().await, Ok(Some(login())));
    let place = user.store(Auto).location().await.unwrap().unwrap();
    assert_eq!((&place, place.to_string().as_str()), (&LoginLocation::Keyring, "the desktop's keyring"));
    store.forget().await.unwrap();
    assert_eq!(copies(&user).await, (None, None));
    let folder = user.file().parent().unwrap().to_owned();
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "nothing is left");
}

#[tokio::test]
async fn auto_saves_in_the_file_without_a_keyring_and_leaves_the_login_there() {
    let user = User::new();
    user.store(Auto).save(&login()).await.unwrap();
    assert_eq!(user.store(Auto).load().await, Ok(Some(login())));
    let place = user.store(Auto).location().await.unwrap().unwrap();
    assert_eq!(place.to_string(), format!("the file {}", user.file().display()));
    let _gnome = GnomeKeyring::start(user.bus.address()).await;
    assert_eq!(user.store(Auto).load().await, Ok(Some(login())));
    assert_eq!(copies(&user).await, (None, Some(login())));
}

#[tokio::test]
async fn auto_uses_the_file_while_the_keyring_is_locked() {
    let user = User::new();
    let mut gnome = GnomeKeyring::start(user.bus.address()).await;
    let store = user.store(Auto);
    store.save(&login_with("old")).await.unwrap();
    gnome.restart().await;
    let message = "the login cannot be read: the keyring is locked".to_owned();
    assert_eq!(problem(soon(store.load()).await), (SecretProblemKind::Locked, message));
    assert_eq!(store.location().await, Ok(Some(LoginLocation::Keyring)));

    store.save(&login()).await.unwrap();
    assert_eq!(store.load().await, Ok(Some(login())));
    assert_eq!(store.location().await, Ok(Some(LoginLocation::File(user.file()))));
    gnome.unlock().await;
    assert_eq!(store.load().await, Ok(Some(login())), "the one that was saved last");
    assert_eq!(copies(&user).await, (Some(login()), None), "one copy");
}

#[tokio::test]
async fn a_locked_keyring_does_not_mean_signed_out() {
    let user = User::new();
    let gnome = GnomeKeyring::start_locked(user.bus.address()).await;
    for wanted in [Auto, Keyring] {
        let store = user.store(wanted);
        assert_eq!(problem(soon(store.load()).await).0, SecretProblemKind::Locked, "{wanted:?}");
    }
    // A user who wants a file has no login there, and nothing says that it is elsewhere.
    assert_eq!(user.store(IN_FILE).load().await, Ok(None));
    let store = user.store(Auto);
    drop(store.load().await);
    let opened = pin!(store.wait_until_readable());
    gnome.unlock().await;
    soon(opened).await;
    assert_eq!(store.load().await, Ok(None));
}

#[tokio::test]
async fn a_missing_keyring_does_not_mean_signed_out() {
    let user = User::new();
    let mut gnome = GnomeKeyring::start(user.bus.address()).await;
    user.store(Auto).save(&login()).await.unwrap();
    gnome.kill();
    let message = "the login cannot be read: there is no keyring on the session bus".to_owned();
    for wanted in [Auto, Keyring, IN_FILE] {
        let store = user.store(wanted);
        assert_eq!(
            problem(soon(store.load()).await),
            (SecretProblemKind::Unavailable, message.clone()),
            "{wanted:?}"
        );
    }
    assert_eq!(
        problem(user.store(Auto).forget().await).0,
        SecretProblemKind::Unavailable,
        "it is not forgotten"
    );
    let store = user.store(Auto);
    drop(store.load().await);
    let mut opened = pin!(store.wait_until_readable());
    gnome.restart().await;
    gnome.unlock().await;
    soon(&mut opened).await;
    assert_eq!(store.load().await, Ok(Some(login())));

    // Signing in again without the keyring solves it.
    gnome.kill();
    user.store(Auto).save(&login_with("new")).await.unwrap();
    assert_eq!(user.store(Auto).load().await, Ok(Some(login_with("new"))));
}

#[tokio::test]
async fn a_login_moves_to_the_backend_of_the_settings_and_back() {
    let user = User::new();
    let _gnome = GnomeKeyring::start(user.bus.address()).await;
    user.store(IN_FILE).save(&login()).await.unwrap();
    assert_eq!(copies(&user).await, (None, Some(login())));
    for _ in 0..2 {
        assert_eq!(user.store(Keyring).load().await, Ok(Some(login())));
        assert_eq!(copies(&user).await, (Some(login()), None));
        assert_eq!(user.store(Keyring).location().await, Ok(Some(LoginLocation::Keyring)));
        assert_eq!(user.store(IN_FILE).load().await, Ok(Some(login())));
        assert_eq!(copies(&user).await, (None, Some(login())));
        assert_eq!(user.store(IN_FILE).location().await, Ok(Some(LoginLocation::File(user.file()))));
    }
}

#[tokio::test]
async fn a_login_that_cannot_be_moved_stays_in_use() {
    let user = User::new();
    save_in_file(&user, &login()).await;
    assert_eq!(user.store(Keyring).load().await, Ok(Some(login())), "no keyring");
    let (fault, message) = problem(user.store(Keyring).save(&login_with("new")).await);
    assert_eq!(fault, SecretProblemKind::Unavailable);
    assert_eq!(message, "the login cannot be saved: there is no keyring on the session bus");
    assert_eq!(user.store(Keyring).load().await, Ok(Some(login())), "the old one");

    let gnome = GnomeKeyring::start_locked(user.bus.address()).await;
    assert_eq!(user.store(Keyring).load().await, Ok(Some(login())), "a locked one");
    gnome.unlock().await;
    assert_eq!(user.store(Keyring).load().await, Ok(Some(login())));
    assert_eq!(copies(&user).await, (Some(login()), None));

    // A login that should be in the file, but is in a locked keyring.
    gnome.lock().await;
    assert_eq!(problem(user.store(IN_FILE).load().await).0, SecretProblemKind::Locked);
    gnome.unlock().await;
    assert_eq!(user.store(IN_FILE).load().await, Ok(Some(login())));
}

#[tokio::test]
async fn a_login_that_cannot_be_written_to_the_file_stays_in_the_keyring() {
    let user = User::new();
    let _gnome = GnomeKeyring::start(user.bus.address()).await;
    let folder = tempfile::tempdir().unwrap();
    // Nobody can create this folder, not even root.
    std::os::unix::fs::symlink("/nonexistent/folder", folder.path().join("gone")).unwrap();
    let file = folder.path().join("gone/credentials.json");
    let store = LoginStore::new(IN_FILE, &file, Some(user.keyring()), None);
    user.keyring().save(&login()).await.unwrap();
    assert_eq!(store.load().await, Ok(Some(login())));
    let (_, message) = problem(store.save(&login_with("new")).await);
    assert!(message.starts_with("the login cannot be saved: "), "{message}");
    assert_eq!(user.keyring().load().await, Ok(Some(login())));
}

#[tokio::test]
async fn of_two_logins_the_one_saved_last_is_used() {
    let user = User::new();
    let _gnome = GnomeKeyring::start(user.bus.address()).await;
    for (wanted, time, counts) in [
        (Auto, Duration::from_secs(1_000), "keyring"),
        (Auto, Duration::from_hours(2_500_000), "file"),
        (Keyring, Duration::from_secs(1_000), "keyring"),
        (Keyring, Duration::from_hours(2_500_000), "file"),
    ] {
        user.keyring().save(&login_with("keyring")).await.unwrap();
        save_in_file(&user, &login_with("file")).await;
        let file = File::options().write(true).open(user.file()).unwrap();
        file.set_modified(UNIX_EPOCH + time).unwrap();
        assert_eq!(user.store(wanted).load().await, Ok(Some(login_with(counts))));
        assert_eq!(copies(&user).await, (Some(login_with(counts)), None), "{wanted:?}");
    }
}

#[tokio::test]
async fn a_login_in_a_locked_keyring_is_not_silently_left_there() {
    let user = User::new();
    let gnome = GnomeKeyring::start(user.bus.address()).await;
    user.store(Auto).save(&login()).await.unwrap();
    gnome.lock().await;
    for wanted in [Auto, Keyring, IN_FILE] {
        let message = "the login cannot be removed: the keyring is locked".to_owned();
        assert_eq!(problem(user.store(wanted).forget().await), (SecretProblemKind::Locked, message));
    }
    gnome.unlock().await;
    assert_eq!(user.store(Auto).load().await, Ok(Some(login())));
    user.store(Auto).forget().await.unwrap();
    gnome.lock().await;
    // Nothing is known to be in the keyring.
    user.store(Auto).forget().await.unwrap();
}

#[tokio::test]
async fn a_login_in_the_file_is_used_while_the_keyring_hangs() {
    let user = User::new();
    let gnome = GnomeKeyring::start(user.bus.address()).await;
    save_in_file(&user, &login()).await;
    gnome.freeze();
    let hasty = |wanted| {
        let keyring = user.keyring_with(crate::harness::HASTE);
        LoginStore::new(wanted, &user.file(), Some(keyring), None)
    };
    for wanted in [Auto, Keyring, IN_FILE] {
        assert_eq!(soon(hasty(wanted).load()).await, Ok(Some(login())), "{wanted:?}");
    }
    soon(hasty(Auto).save(&login_with("new"))).await.unwrap();
    assert_eq!(soon(hasty(Auto).load()).await, Ok(Some(login_with("new"))));
    soon(hasty(Auto).forget()).await.unwrap();
    let message = "the login cannot be read: the keyring does not respond".to_owned();
    assert_eq!(problem(soon(hasty(Auto).load()).await), (SecretProblemKind::Failed, message));
}

#[tokio::test]
async fn a_systemd_credential_comes_first_and_is_not_changed() {
    let user = User::new();
    let folder = tempfile::tempdir().unwrap();
    assert!(SystemdCredential::in_folder(folder.path()).is_none());
    save_in_file(&user, &login_with("file")).await;
    fs::copy(user.file(), folder.path().join("handover")).unwrap();
    save_in_file(&user, &login()).await;
    let provided = SystemdCredential::in_folder(folder.path());
    let store = LoginStore::new(Auto, &user.file(), Some(user.keyring()), provided);
    assert_eq!(store.load().await, Ok(Some(login_with("file"))));
    let path = folder.path().join("handover");
    assert_eq!(store.location().await, Ok(Some(LoginLocation::Systemd(path.clone()))));
    let (_, message) = problem(store.save(&login()).await);
    let cause = "it is a systemd credential, which only systemd can change";
    assert_eq!(message, format!("the login cannot be saved: {}: {cause}", path.display()));
    let (_, message) = problem(store.forget().await);
    assert_eq!(message, format!("the login cannot be removed: {}: {cause}", path.display()));
    assert!(path.exists() && !user.file().exists(), "what could be forgotten is");
    fs::write(&path, "\"hunter2\"").unwrap();
    let (_, message) = problem(store.load().await);
    assert_eq!(
        message,
        format!("the login cannot be read: {}: it is damaged in line 1, column 9", path.display())
    );
}

#[tokio::test]
async fn a_changed_setting_moves_the_login() {
    let user = User::new();
    let _gnome = GnomeKeyring::start(user.bus.address()).await;
    let store = user.store(Auto);
    store.save(&login()).await.unwrap();
    for (place, expected) in [
        (IN_FILE, (None, Some(login()))),
        (Auto, (None, Some(login()))),
        (Keyring, (Some(login()), None)),
        (Auto, (Some(login()), None)),
    ] {
        store.use_backend(place);
        assert_eq!(store.load().await, Ok(Some(login())), "{place:?}");
        assert_eq!(copies(&user).await, expected, "{place:?}");
    }
}
