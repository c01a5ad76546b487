//! Tests that a notification without its own picture has this program's icon.

use std::fs;

use zbus::zvariant::{OwnedValue, Structure};

use crate::support::harness::Harness;

/// Width and height, and how many bytes there are.
fn picture(hint: &OwnedValue) -> (i32, i32, usize) {
    type Picture = (i32, i32, i32, bool, i32, i32, Vec<u8>);
    let picture = Structure::try_from(hint.try_clone().expect("a copy")).expect("a picture");
    let (width, height, row, has_opacity, bits, bytes, pixels): Picture =
        picture.try_into().expect("a picture");
    assert_eq!((row, has_opacity, bits, bytes), (4 * width, true, 8, 4));
    (width, height, pixels.len())
}

#[tokio::test]
async fn the_icon_is_sent_as_a_picture_unless_a_theme_has_it() {
    let mut harness = Harness::signed_in().await;
    let share = harness.user.path("share");
    harness.user.set("XDG_DATA_DIRS", share.to_str().expect("a path in UTF-8"));
    let daemon = harness.connected().await;
    // This shows the status in a notification.
    harness.user.handover(&[]).await.succeeded();
    let shown = harness.server.next_shown().await;
    assert_eq!(shown.icon, "", "a server would draw a placeholder for a name that it does not find");
    assert_eq!(picture(&shown.hints["image-data"]), (48, 48, 48 * 48 * 4));
    drop(daemon);

    let icons = share.join("icons/hicolor/scalable/apps");
    fs::create_dir_all(&icons).expect("a folder");
    fs::write(icons.join("handover.svg"), "<svg/>").expect("an icon");
    let _daemon = harness.connected().await;
    harness.user.handover(&[]).await.succeeded();
    let shown = harness.server.next_shown().await;
    assert_eq!(shown.icon, "handover");
    assert!(!shown.hints.contains_key("image-data"));
}
