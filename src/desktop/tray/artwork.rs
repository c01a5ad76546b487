//! The pictures of the tray: one a state.
//!
//! Invariant: the pictures are part of the program, made from `assets/tray/*.svg` by `assets/render`.

use std::io::Cursor;

use png::Decoder;

use super::Icon;

/// A picture as rows of red, green, blue and opacity, a byte each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) rgba: Vec<u8>,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// The picture of a state.
pub(super) fn picture(icon: Icon) -> Option<Picture> {
    let mut reader = Decoder::new(Cursor::new(file(icon))).read_info().ok()?;
    let mut rgba = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut rgba).ok()?;
    Some(Picture { rgba, width: frame.width, height: frame.height })
}

/// 64 pixels wide and high, drawn on a grid of 16: a panel that wants 16 or 32 finds whole pixels.
fn file(icon: Icon) -> &'static [u8] {
    match icon {
        Icon::Attention => include_bytes!("../../../assets/tray/attention.png"),
        Icon::Paused => include_bytes!("../../../assets/tray/paused.png"),
        Icon::Offline => include_bytes!("../../../assets/tray/offline.png"),
        Icon::Unread => include_bytes!("../../../assets/tray/unread.png"),
        Icon::Connected => include_bytes!("../../../assets/tray/connected.png"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_picture_of_its_own() {
        let all = [Icon::Attention, Icon::Paused, Icon::Offline, Icon::Unread, Icon::Connected];
        let pictures = all.map(|icon| picture(icon).unwrap());
        for (number, picture) in pictures.iter().enumerate() {
            assert_eq!((picture.width, picture.height), (64, 64), "{:?}", all[number]);
            assert_eq!(picture.rgba.len(), 64 * 64 * 4, "{:?}", all[number]);
            assert!(!pictures[number + 1..].contains(picture), "{:?} looks like another", all[number]);
        }
    }
}
