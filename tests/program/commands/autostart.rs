//! `handover autostart`: the real command on a user's folders, to the letter.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use crate::home::{Home, PROGRAM};
use crate::process::run;
use crate::support::stage::Stage;

const ENTRY: &str = "config/autostart/handover.desktop";

const ON: &str = "on: Handover starts at login\n";
const OFF: &str = "off: Handover does not start at login\n";
const NOW_ON: &str = "Handover starts at login from now on\n";
const NOW_OFF: &str = "Handover does not start at login any more\n";

async fn autostart(home: &Home, state: &str) -> String {
    home.handover(&["autostart", state]).await.well()
}

/// A systemd unit that the user enabled.
fn enable_unit(home: &Home) -> PathBuf {
    let unit = home.path("config/systemd/user/graphical-session.target.wants/handover.service");
    fs::create_dir_all(unit.parent().expect("a folder")).expect("make it");
    symlink(PROGRAM, &unit).expect("link it");
    unit
}

#[tokio::test]
async fn it_is_switched_on_and_off_and_says_so() {
    let stage = Stage::new().await;
    let home = &stage.home;
    assert_eq!(autostart(home, "status").await, OFF);
    assert_eq!(autostart(home, "off").await, "already off: Handover does not start at login\n");
    assert!(!home.path("config/autostart").exists(), "nothing was made");

    assert_eq!(autostart(home, "on").await, NOW_ON);
    let entry = fs::read_to_string(home.path(ENTRY)).expect("the entry");
    assert!(entry.contains(&format!("\nExec={PROGRAM} run --at-login\n")), "{entry}");
    assert_eq!(autostart(home, "status").await, ON);
    assert_eq!(autostart(home, "on").await, "already on: Handover starts at login\n");
    assert_eq!(fs::read_to_string(home.path(ENTRY)).expect("the entry"), entry);

    assert_eq!(autostart(home, "off").await, NOW_OFF);
    assert!(!home.path(ENTRY).exists());
    assert_eq!(autostart(home, "status").await, OFF);
    assert!(stage.sandbox.journal().is_empty());
}

#[tokio::test]
async fn the_entry_starts_what_it_says_in_a_folder_with_an_odd_name() {
    let stage = Stage::new().await;
    let home = &stage.home;
    let folder = home.path("a \"b\" 100%U $HOME `c` d\\e");
    fs::create_dir(&folder).expect("make a folder");
    let program = folder.join("handover");
    symlink(PROGRAM, &program).expect("link the program");
    run(home.command_of(&program, &["autostart", "on"]), "").await.well();
    assert_eq!(autostart(home, "status").await, ON, "a link to this program is this program");
    let entry = fs::read_to_string(home.path(ENTRY)).expect("the entry");
    let folder = home.path("").display().to_string();
    let expected = format!(
        r#"Exec=/usr/bin/env "{folder}a \\"b\\" 100%%U \\$HOME \\`c\\` d\\\\e/handover" run --at-login"#
    );
    assert!(entry.lines().any(|line| line == expected), "{expected}\n{entry}");
}

#[tokio::test]
async fn a_program_that_moved_is_said_so_and_mended() {
    let stage = Stage::new().await;
    let home = &stage.home;
    let other = home.path("other");
    fs::copy(PROGRAM, &other).expect("copy the program");
    run(home.command_of(&other, &["autostart", "on"]), "").await.well();
    let shown = other.display();
    let hint = "`handover autostart on` lets this program start instead\n";
    let said = autostart(home, "status").await;
    assert_eq!(said, format!("on: another copy of it starts at login: {shown}\n{hint}"));
    fs::remove_file(&other).expect("move it away");
    let said = autostart(home, "status").await;
    assert_eq!(said, format!("off: the program that is to start at login is gone: {shown}\n{hint}"));
    assert_eq!(autostart(home, "on").await, NOW_ON);
    assert_eq!(autostart(home, "status").await, ON);
}

#[tokio::test]
async fn what_the_desktop_switched_off_is_said_so() {
    let stage = Stage::new().await;
    let home = &stage.home;
    autostart(home, "on").await;
    let text = fs::read_to_string(home.path(ENTRY)).expect("the entry");
    fs::write(home.path(ENTRY), format!("{text}Hidden=true\n")).expect("switch it off");
    let said = autostart(home, "status").await;
    assert_eq!(said, "off: Handover does not start at login: the settings of the desktop say so\n");
    assert_eq!(autostart(home, "on").await, NOW_ON);
    assert_eq!(autostart(home, "status").await, ON);
}

#[tokio::test]
async fn what_somebody_else_made_is_left_alone() {
    let stage = Stage::new().await;
    let home = &stage.home;
    let file = home.path(ENTRY);
    fs::create_dir_all(file.parent().expect("a folder")).expect("make it");
    let text = "[Desktop Entry]\nType=Application\nName=Mine\nExec=sh -c 'sleep 5; handover'\n";
    fs::write(&file, text).expect("write an entry");
    assert_eq!(autostart(home, "status").await, ON);
    assert_eq!(autostart(home, "on").await, "already on: Handover starts at login\n");
    let said = home.handover(&["autostart", "off"]).await.badly(1);
    let expected = format!(
        "error: starting at login cannot be changed: {} was not created by Handover\n\
         hint: remove that file, or change it in the settings of the desktop\n",
        file.display()
    );
    assert_eq!(said, expected);
    let gone = text.replace("sh -c", "/gone/handover -c");
    fs::write(&file, &gone).expect("write an entry");
    assert_eq!(home.handover(&["autostart", "on"]).await.badly(1), expected);
    assert_eq!(fs::read_to_string(&file).expect("the entry"), gone);
}

#[tokio::test]
async fn a_systemd_unit_counts_and_is_not_touched() {
    let stage = Stage::new().await;
    let home = &stage.home;
    autostart(home, "on").await;
    let unit = enable_unit(home);
    let shown = unit.display();
    let said = autostart(home, "status").await;
    assert_eq!(said, format!("{ON}the systemd unit {shown} starts it as well; one of the two is enough\n"));
    let said = home.handover(&["autostart", "off"]).await.badly(1);
    let expected = format!(
        "error: it still starts at login: the systemd unit {shown} starts it\n\
         hint: switch it off with `systemctl --user disable handover.service`\n"
    );
    assert_eq!(said, expected);
    assert!(unit.is_symlink() && !home.path(ENTRY).exists());
    let by_unit = format!("Handover starts at login, by the systemd unit {shown}\n");
    assert_eq!(autostart(home, "status").await, format!("on: {by_unit}"));
    assert_eq!(autostart(home, "on").await, format!("already on: {by_unit}"));
    assert!(!home.path(ENTRY).exists());
}

#[tokio::test]
async fn what_cannot_be_written_is_said_so() {
    let stage = Stage::new().await;
    let home = &stage.home;
    fs::write(home.path("config/autostart"), "").expect("put a file in the place of the folder");
    let said = home.handover(&["autostart", "on"]).await.badly(1);
    let expected = format!("error: starting at login cannot be looked up: {}: ", home.path(ENTRY).display());
    assert!(said.starts_with(&expected), "{said}");
    if !rustix::process::geteuid().is_root() {
        fs::remove_file(home.path("config/autostart")).expect("remove it");
        fs::set_permissions(home.path("config"), fs::Permissions::from_mode(0o555))
            .expect("close the folder");
        let said = home.handover(&["autostart", "on"]).await.badly(1);
        assert!(said.starts_with("error: starting at login cannot be changed: "), "{said}");
    }
}

#[tokio::test]
async fn another_word_is_a_mistake() {
    let stage = Stage::new().await;
    for arguments in [&["autostart"][..], &["autostart", "yes"]] {
        let said = stage.home.handover(arguments).await.badly(2);
        assert!(said.contains("on|off|status"), "{said}");
    }
}
