//! Tests the desktop files for users without a package, and uninstalling.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::harness::Harness;
use crate::user::{PROGRAM, User};

const ENTRY: &str = "data/applications/handover.desktop";
const ICON: &str = "data/icons/hicolor/scalable/apps/handover.svg";

#[tokio::test]
async fn the_desktop_files_are_installed_and_removed() {
    let harness = Harness::new().await;
    let user = &harness.user;
    let said = user.handover(&["install-desktop-files"]).await.succeeded();
    let (entry, icon) = (user.path(ENTRY), user.path(ICON));
    assert_eq!(said, format!("installed {}\ninstalled {}\n", entry.display(), icon.display()));
    let text = fs::read_to_string(&entry).expect("the entry");
    assert!(text.contains(&format!("\nExec={PROGRAM}\n")) && text.contains("\nIcon=handover\n"), "{text}");
    assert!(fs::read_to_string(&icon).expect("the icon").contains("<svg"));
    let said = user.handover(&["install-desktop-files", "--remove"]).await.succeeded();
    assert_eq!(said, format!("removed {}\nremoved {}\n", entry.display(), icon.display()));
    let said = user.handover(&["install-desktop-files", "--remove"]).await.succeeded();
    assert_eq!(said, "there was nothing to remove\n");
    fs::create_dir_all(entry.parent().expect("a folder")).expect("make it");
    fs::write(&entry, "[Desktop Entry]\n").expect("an entry of the user");
    let said = user.handover(&["install-desktop-files"]).await.failed(1);
    let why = format!("{} was not created by Handover", entry.display());
    assert!(said.starts_with(&format!("error: the desktop files cannot be installed: {why}\n")), "{said}");
}

/// The files and folders below the user's folders that this program has written.
fn files_of(user: &User) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for below in ["config", "data", "cache", "run", "tmp"] {
        collect(&user.path(below), &mut found);
    }
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("read a folder") {
        let path = entry.expect("read a folder").path();
        found.push(path.clone());
        if path.is_dir() {
            collect(&path, found);
        }
    }
}

#[tokio::test]
async fn after_uninstalling_nothing_is_left() {
    let harness = Harness::signed_in().await;
    let user = &harness.user;
    user.settings("emergency = 'manual'");
    user.handover(&["autostart", "on"]).await.succeeded();
    user.handover(&["install-desktop-files"]).await.succeeded();
    let daemon = harness.connected().await;
    harness.send("hello");
    harness.server.next_shown().await;
    harness.send_emergency("fire");
    harness.server.next_shown().await;
    let before = files_of(user);
    for below in
        [ENTRY, ICON, "config/autostart/handover.desktop", "config/handover", "data/handover", "run/handover"]
    {
        assert!(before.contains(&user.path(below)), "{below}: {before:?}");
    }

    let said = user.handover(&["uninstall"]).await.failed(2);
    assert!(said.ends_with(
        "error: nothing was removed: there is no terminal to ask on\nhint: add --yes to do it without being asked\n"
    ));
    assert!(said.contains(&format!("\n  {}\n", user.path("data/handover").display())), "{said}");
    assert_eq!(user.status().await["link"], "connected");

    let said = user.handover(&["uninstall", "--yes"]).await.succeeded();
    assert_eq!(
        said,
        "the device desk stays registered with the service; remove it at https://pushover.net\n\
         everything was removed but the program itself; `cargo uninstall handover`, or your package manager, removes \
         that\n\
         a desktop that keeps a history of notifications may still list those of Handover; clear it in the desktop\n"
    );
    assert_eq!(daemon.ended().await.code, Some(0));
    assert_eq!(files_of(user), Vec::<PathBuf>::new());
    // Nothing would react to their buttons.
    while !harness.server.screen().is_empty() {
        harness.server.next_closed().await;
    }
    let said = user.handover(&["uninstall", "--yes"]).await.succeeded();
    assert!(said.starts_with("everything was removed"), "{said}");
    assert_eq!(files_of(user), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn files_that_are_not_ours_stay_and_are_listed() {
    let harness = Harness::signed_in().await;
    let user = &harness.user;
    let settings = user.settings("emergency = 'manual'");
    let script = settings.with_file_name("my-hook");
    fs::write(&script, "#!/bin/sh\n").expect("a script of the user");
    let entry = user.path("config/autostart/handover.desktop");
    fs::create_dir_all(entry.parent().expect("a folder")).expect("make it");
    fs::write(&entry, format!("[Desktop Entry]\nExec={PROGRAM} run\n")).expect("an entry of the user");
    let said = user.handover(&["uninstall", "--yes"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains(&entry.display().to_string()), "{}", said.err);
    let left = files_of(user);
    let folders = [&entry, &settings].map(|file| file.parent().expect("a folder").to_owned());
    let [autostart, config] = folders;
    assert_eq!(left, [autostart, entry, config, script]);
}
