//! This program's own icon, for notifications without another picture.
//!
//! Invariant: a server is given the icon's name only where a theme has it. Otherwise some draw a placeholder or a broken image
//! for it, so it gets the picture itself, as the specification describes for the hint `image-data`.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::desktop::picture::Picture;

/// The name of the icon in a theme.
pub(super) const NAME: &str = "handover";

/// The picture, in the size that most servers draw.
const PNG: &[u8] = include_bytes!("../../../assets/handover-48.png");

/// Where themes have icons of applications; `hicolor` is the one that every theme falls back to.
const FILES: [&str; 8] = [
    "icons/hicolor/scalable/apps/handover.svg",
    "icons/hicolor/256x256/apps/handover.png",
    "icons/hicolor/128x128/apps/handover.png",
    "icons/hicolor/64x64/apps/handover.png",
    "icons/hicolor/48x48/apps/handover.png",
    "icons/hicolor/32x32/apps/handover.png",
    "pixmaps/handover.svg",
    "pixmaps/handover.png",
];

/// What the hint `image-data` holds: width, height, bytes in a row, whether there is an opacity, bits of a colour, bytes of a
/// pixel, and the pixels.
pub(super) type ImageData<'a> = (i32, i32, i32, bool, i32, i32, &'a [u8]);

/// Whether the icon is installed. It reads the disk.
pub(super) fn is_installed() -> bool {
    let folders = env::var_os("XDG_DATA_DIRS").filter(|folders| !folders.is_empty());
    let folders = folders.unwrap_or_else(|| OsString::from("/usr/local/share:/usr/share"));
    let system: Vec<PathBuf> = env::split_paths(&folders).collect();
    dirs::data_dir()
        .into_iter()
        .chain(system)
        .any(|folder| FILES.iter().any(|file| folder.join(file).exists()))
}

/// The picture itself.
pub(super) fn picture() -> Option<Picture> {
    Picture::of_png(PNG)
}

/// The picture as it is sent.
pub(super) fn image_data(Picture { rgba, width, height }: &Picture) -> Option<ImageData<'_>> {
    let (width, height) = (i32::try_from(*width).ok()?, i32::try_from(*height).ok()?);
    Some((width, height, width.checked_mul(4)?, true, 8, 4, rgba))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_as_many_bytes_as_it_says() {
        let picture = picture().expect("a picture");
        let (width, height, row, has_opacity, bits, bytes, pixels) = image_data(&picture).expect("a picture");
        assert_eq!((width, height, row, has_opacity, bits, bytes), (48, 48, 192, true, 8, 4));
        assert_eq!(pixels.len(), 48 * 192);
    }
}
