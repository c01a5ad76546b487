//! Tests `handover autostart` on a user's folders, with its exact output.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use crate::process::run;
use crate::support::harness::Harness;
use crate::user::{PROGRAM, User};

const ENTRY: &str = "config/autostart/handover.desktop";

const ON: &str = "on: Handover starts at login\n";
const OFF: &str = "off: Handover does not start at login\n";
const NOW_ON: &str = "Handover will start at login\n";
const NOW_OFF: &str = "Handover no longer starts at login\n";

async fn autostart(user: &User, state: &str) -> String {
    user.handover(&["autostart", state]).await.succeeded()
}

/// A systemd unit that the user enabled.
fn enable_unit(user: &User) -> PathBuf {
    let unit = user.path("config/systemd/user/graphical-session.target.wants/handover.service");
    fs::create_dir_all(unit.parent().expect("a folder")).expect("make it");
    symlink(PROGRAM, &unit).expect("link it");
    unit
}

#[tokio::test]
async fn autostart_is_switched_on_and_off_and_reports_it() {
    let harness = Harness::new().await;
    let user = &harness.user;
    assert_eq!(autostart(user, "status").await, OFF);
    assert_eq!(autostart(user, "off").await, "already off: Handover does not start at login\n");
    assert!(!user.path("config/autostart").exists(), "nothing was made");

    assert_eq!(autostart(user, "on").await, NOW_ON);
    let entry = fs::read_to_string(user.path(ENTRY)).expect("the entry");
    assert!(entry.contains(&format!("\nExec={PROGRAM} run --at-login\n")), "{entry}");
    assert_eq!(autostart(user, "status").await, ON);
    assert_eq!(autostart(user, "on").await, "already on: Handover starts at login\n");
    assert_eq!(fs::read_to_string(user.path(ENTRY)).expect("the entry"), entry);

    assert_eq!(autostart(user, "off").await, NOW_OFF);
    assert!(!user.path(ENTRY).exists());
    assert_eq!(autostart(user, "status").await, OFF);
    assert!(harness.sandbox.journal().is_empty());
}

#[tokio::test]
async fn the_entry_works_with_an_unusual_folder_name() {
    let harness = Harness::new().await;
    let user = &harness.user;
    let folder = user.path("a \"b\" 100%U $HOME `c` d\\e");
    fs::create_dir(&folder).expect("make a folder");
    let program = folder.join("handover");
    symlink(PROGRAM, &program).expect("link the program");
    run(user.command_of(&program, &["autostart", "on"]), "").await.succeeded();
    assert_eq!(autostart(user, "status").await, ON, "a link to this program is this program");
    let entry = fs::read_to_string(user.path(ENTRY)).expect("the entry");
    let folder = user.path("").display().to_string();
    let expected = format!(
        r#"Exec=/usr/bin/env "{folder}a \\"b\\" 100%%U \\$HOME \\`c\\` d\\\\e/handover" run --at-login"#
    );
    assert!(entry.lines().any(|line| line == expected), "{expected}\n{entry}");
}

#[tokio::test]
async fn an_entry_for_a_moved_program_is_reported_and_fixed() {
    let harness = Harness::new().await;
    let user = &harness.user;
    let other = user.path("other");
    fs::copy(PROGRAM, &other).expect("copy the program");
    run(user.command_of(&other, &["autostart", "on"]), "").await.succeeded();
    let shown = other.display();
    let hint = "run `handover autostart on` to start this program instead\n";
    let said = autostart(user, "status").await;
    assert_eq!(said, format!("on: another copy of Handover starts at login: {shown}\n{hint}"));
    fs::remove_file(&other).expect("move it away");
    let said = autostart(user, "status").await;
    assert_eq!(said, format!("off: the program set to start at login no longer exists: {shown}\n{hint}"));
    assert_eq!(autostart(user, "on").await, NOW_ON);
    assert_eq!(autostart(user, "status").await, ON);
}

#[tokio::test]
async fn an_entry_switched_off_by_the_desktop_is_reported() {
    let harness = Harness::new().await;
    let user = &harness.user;
    autostart(user, "on").await;
    let text = fs::read_to_string(user.path(ENTRY)).expect("the entry");
    fs::write(user.path(ENTRY), format!("{text}Hidden=true\n")).expect("switch it off");
    let said = autostart(user, "status").await;
    assert_eq!(said, "off: Handover does not start at login, because your desktop's settings disable it\n");
    assert_eq!(autostart(user, "on").await, NOW_ON);
    assert_eq!(autostart(user, "status").await, ON);
}

#[tokio::test]
async fn an_entry_somebody_else_made_is_left_alone() {
    let harness = Harness::new().await;
    let user = &harness.user;
    let file = user.path(ENTRY);
    fs::create_dir_all(file.parent().expect("a folder")).expect("make it");
    let text = "[Desktop Entry]\nType=Application\nName=Mine\nExec=sh -c 'sleep 5; handover'\n";
    fs::write(&file, text).expect("write an entry");
    assert_eq!(autostart(user, "status").await, ON);
    assert_eq!(autostart(user, "on").await, "already on: Handover starts at login\n");
    let said = user.handover(&["autostart", "off"]).await.failed(1);
    let expected = format!(
        "error: autostart cannot be changed: {} was not created by Handover\n\
         hint: remove that file, or change it in your desktop's settings\n",
        file.display()
    );
    assert_eq!(said, expected);
    let gone = text.replace("sh -c", "/gone/handover -c");
    fs::write(&file, &gone).expect("write an entry");
    assert_eq!(user.handover(&["autostart", "on"]).await.failed(1), expected);
    assert_eq!(fs::read_to_string(&file).expect("the entry"), gone);
}

#[tokio::test]
async fn a_systemd_unit_counts_and_is_left_alone() {
    let harness = Harness::new().await;
    let user = &harness.user;
    autostart(user, "on").await;
    let unit = enable_unit(user);
    let shown = unit.display();
    let said = autostart(user, "status").await;
    assert_eq!(said, format!("{ON}the systemd unit {shown} also starts it; one of the two is enough\n"));
    let said = user.handover(&["autostart", "off"]).await.failed(1);
    let expected = format!(
        "error: Handover still starts at login: the systemd unit {shown} starts it\n\
         hint: switch it off with `systemctl --user disable handover.service`\n"
    );
    assert_eq!(said, expected);
    assert!(unit.is_symlink() && !user.path(ENTRY).exists());
    let by_unit = format!("Handover starts at login, by the systemd unit {shown}\n");
    assert_eq!(autostart(user, "status").await, format!("on: {by_unit}"));
    assert_eq!(autostart(user, "on").await, format!("already on: {by_unit}"));
    assert!(!user.path(ENTRY).exists());
}

#[tokio::test]
async fn a_write_error_is_reported() {
    let harness = Harness::new().await;
    let user = &harness.user;
    fs::write(user.path("config/autostart"), "").expect("put a file in the place of the folder");
    let said = user.handover(&["autostart", "on"]).await.failed(1);
    let expected = format!("error: autostart cannot be checked: {}: ", user.path(ENTRY).display());
    assert!(said.starts_with(&expected), "{said}");
    if !rustix::process::geteuid().is_root() {
        fs::remove_file(user.path("config/autostart")).expect("remove it");
        fs::set_permissions(user.path("config"), fs::Permissions::from_mode(0o555))
            .expect("close the folder");
        let said = user.handover(&["autostart", "on"]).await.failed(1);
        assert!(said.starts_with("error: autostart cannot be changed: "), "{said}");
    }
}

#[tokio::test]
async fn an_unknown_argument_is_a_usage_error() {
    let harness = Harness::new().await;
    for arguments in [&["autostart"][..], &["autostart", "yes"]] {
        let said = harness.user.handover(arguments).await.failed(2);
        assert!(said.contains("on|off|status"), "{said}");
    }
}
