//! An unlocked keyring, the normal case.

use handover::ports::SecretStore;

use crate::gnome::GnomeKeyring;
use crate::harness::{SECRET, User, login, login_with, problem, soon};

#[tokio::test]
async fn a_login_can_be_saved_replaced_and_removed() {
    let user = User::new();
    let gnome = GnomeKeyring::start(user.bus.address()).await;
    let keyring = user.keyring();
    assert_eq!(keyring.check().await, Ok(()));
    assert_eq!((keyring.load().await, keyring.holds_login().await), (Ok(None), Ok(false)));
    keyring.save(&login()).await.unwrap();
    assert_eq!((keyring.load().await, keyring.holds_login().await), (Ok(Some(login())), Ok(true)));
    keyring.save(&login_with("another")).await.unwrap();
    assert_eq!(user.keyring().load().await, Ok(Some(login_with("another"))));
    let found = gnome.secret_tool(&["search", "--all", "application", "handover"]);
    assert_eq!(found.matches("label = ").count(), 1, "replaced, not added: {found}");
    keyring.forget().await.unwrap();
    assert_eq!(keyring.load().await, Ok(None));
    keyring.forget().await.unwrap();
    assert_eq!(gnome.secret_tool(&["lookup", "application", "handover"]), "");
}

#[tokio::test]
async fn the_item_can_be_found_by_name_and_attributes() {
    let user = User::new();
    let gnome = GnomeKeyring::start(user.bus.address()).await;
    user.keyring().save(&login()).await.unwrap();
    let found = gnome.secret_tool(&["search", "application", "handover", "service", "pushover"]);
    let folder = user.file().parent().unwrap().display().to_string();
    for line in [
        "label = Handover login",
        "attribute.application = handover",
        "attribute.service = pushover",
        &format!("attribute.folder = {folder}"),
    ] {
        assert!(found.lines().any(|found| found == line), "{line}: {found}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&gnome.secret_tool(&["lookup", "application", "handover"])).unwrap();
    let expected = serde_json::json!({
        "secret": SECRET, "device_id": "d1", "device_name": "desk", "registered": 1_764_000_000,
    });
    assert_eq!(json, expected);
}

#[tokio::test]
async fn each_data_folder_has_its_own_login() {
    let user = User::new();
    let _gnome = GnomeKeyring::start(user.bus.address()).await;
    let other = tempfile::tempdir().unwrap();
    let address = Some(user.bus.address().to_owned());
    let other = handover::desktop::secrets::keyring::KeyringSecrets::on_bus(
        address,
        other.path(),
        crate::harness::TIMEOUT,
    );
    user.keyring().save(&login()).await.unwrap();
    assert_eq!(other.load().await, Ok(None));
    other.save(&login_with("another")).await.unwrap();
    other.forget().await.unwrap();
    assert_eq!(user.keyring().load().await, Ok(Some(login())));
}

#[tokio::test]
async fn a_login_survives_a_restart_of_the_keyring() {
    let user = User::new();
    let mut gnome = GnomeKeyring::start(user.bus.address()).await;
    user.keyring().save(&login()).await.unwrap();
    gnome.restart().await;
    gnome.unlock().await;
    assert_eq!(user.keyring().load().await, Ok(Some(login())));
}

#[tokio::test]
async fn the_error_for_a_damaged_item_does_not_quote_it_and_keeps_it() {
    let user = User::new();
    let gnome = GnomeKeyring::start(user.bus.address()).await;
    user.keyring().save(&login()).await.unwrap();
    let folder = user.file().parent().unwrap().display().to_string();
    let (shell, script) = (
        "sh",
        r#"printf '"hunter2"' | secret-tool store --label=x application handover service pushover folder "$0""#,
    );
    let stored = std::process::Command::new(shell)
        .args(["-c", script, &folder])
        .env("DBUS_SESSION_BUS_ADDRESS", user.bus.address())
        .status();
    assert!(stored.unwrap().success());
    let (_, message) = problem(soon(user.keyring().load()).await);
    assert_eq!(
        message,
        "the login cannot be read: the item in the keyring is not valid: it is damaged in line 1, column 9"
    );
    assert!(gnome.secret_tool(&["lookup", "application", "handover"]).contains("hunter2"));
    user.keyring().save(&login()).await.unwrap();
    assert_eq!(user.keyring().load().await, Ok(Some(login())));
}
