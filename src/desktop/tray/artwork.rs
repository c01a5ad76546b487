//! The pictures of the tray: one per state, in the sizes that panels draw.
//!
//! Invariant: the pictures are part of the program, made from the drawings in `assets/tray` by `assets/render`.

use super::view::Icon;
use crate::desktop::picture::Picture;

/// The picture of a state in every size there is, the smallest first.
pub(super) fn pictures(icon: Icon) -> Vec<Picture> {
    files(icon).into_iter().filter_map(Picture::of_png).collect()
}

/// `LXQt` (observed) and GNOME (by its source) take the size that they draw. Xfce and Waybar always scale the largest
/// down: 64 is a multiple of 16 and of 32.
macro_rules! sizes {
    ($name:literal) => {
        [
            include_bytes!(concat!("../../../assets/tray/", $name, "-16.png")).as_slice(),
            include_bytes!(concat!("../../../assets/tray/", $name, "-22.png")),
            include_bytes!(concat!("../../../assets/tray/", $name, "-24.png")),
            include_bytes!(concat!("../../../assets/tray/", $name, "-32.png")),
            include_bytes!(concat!("../../../assets/tray/", $name, "-48.png")),
            include_bytes!(concat!("../../../assets/tray/", $name, "-64.png")),
        ]
    };
}

fn files(icon: Icon) -> [&'static [u8]; 6] {
    match icon {
        Icon::Emergency => sizes!("emergency"),
        Icon::Attention => sizes!("attention"),
        Icon::Paused => sizes!("paused"),
        Icon::Offline => sizes!("offline"),
        Icon::Unread => sizes!("unread"),
        Icon::Connected => sizes!("connected"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_picture_of_its_own_in_every_size() {
        let all =
            [Icon::Emergency, Icon::Attention, Icon::Paused, Icon::Offline, Icon::Unread, Icon::Connected];
        let pictures = all.map(pictures);
        for (number, sizes) in pictures.iter().enumerate() {
            let squares: Vec<_> = sizes.iter().map(|picture| (picture.width, picture.height)).collect();
            assert_eq!(squares, [16, 22, 24, 32, 48, 64].map(|side| (side, side)), "{:?}", all[number]);
            for picture in sizes {
                assert_eq!(
                    picture.rgba.len(),
                    (picture.width * picture.height * 4) as usize,
                    "{:?}",
                    all[number]
                );
                let mut others = pictures[number + 1..].iter().flatten();
                assert!(others.all(|other| other != picture), "{:?} looks like another", all[number]);
            }
        }
    }
}
