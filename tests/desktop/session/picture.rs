//! A part of the screen at one point in time.
//!
//! Invariant: it never changes, so two of them can be compared.

#![allow(
    clippy::allow_attributes,
    dead_code,
    reason = "the tests of the window use it too, and neither uses all of it"
)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// An area of the screen, in pixels from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rect {
    pub(crate) x: i16,
    pub(crate) y: i16,
    pub(crate) width: u16,
    pub(crate) height: u16,
}

impl Rect {
    /// The pixel in its middle.
    pub(crate) fn middle(self) -> (i16, i16) {
        (self.x + self.width.cast_signed() / 2, self.y + self.height.cast_signed() / 2)
    }

    /// Whether it contains another area completely.
    pub(crate) fn surrounds(self, other: Self) -> bool {
        let within = |from: i16, span: u16, other_from: i16, other_span: u16| {
            let end = |from: i16, span: u16| i32::from(from) + i32::from(span);
            from <= other_from && end(other_from, other_span) <= end(from, span)
        };
        within(self.x, self.width, other.x, other.width) && within(self.y, self.height, other.y, other.height)
    }
}

/// Pixels, three bytes each.
#[derive(PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) rgb: Vec<u8>,
}

impl Picture {
    /// How many different colours there are; an empty area has one or two.
    pub(crate) fn colours(&self) -> usize {
        self.pixels().collect::<BTreeSet<_>>().len()
    }

    /// How many pixels have this colour, or one that looks the same.
    pub(crate) fn count(&self, colour: [u8; 3]) -> usize {
        let is_like = |pixel: [u8; 3]| pixel.iter().zip(colour).all(|(one, other)| one.abs_diff(other) <= 6);
        self.pixels().filter(|pixel| is_like(*pixel)).count()
    }

    /// The same picture, with every pixel enlarged to a square.
    pub(crate) fn enlarged(&self, times: u16) -> Self {
        let wide = usize::from(times);
        let row = |row: &[u8]| row.as_chunks::<3>().0.iter().flat_map(|pixel| pixel.repeat(wide)).collect();
        let rows = self.rgb.chunks(usize::from(self.width) * 3).map(row);
        let rgb = rows.flat_map(|row: Vec<u8>| row.repeat(wide)).collect();
        Self { width: self.width * times, height: self.height * times, rgb }
    }

    fn pixels(&self) -> impl Iterator<Item = [u8; 3]> {
        self.rgb.as_chunks().0.iter().copied()
    }

    /// Saves it as `target/desktop/NAME.png`.
    pub(crate) fn keep(&self, name: &str) {
        self.keep_in("desktop", name);
    }

    /// Saves it as `target/FOLDER/NAME.png`.
    pub(crate) fn keep_in(&self, folder: &str, name: &str) {
        let folder = target().join(folder);
        fs::create_dir_all(&folder).expect("make a folder for the pictures");
        let file = File::create(folder.join(format!("{name}.png"))).expect("make a file for the picture");
        let mut encoder = png::Encoder::new(file, self.width.into(), self.height.into());
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().expect("begin the picture");
        writer.write_image_data(&self.rgb).expect("write the picture");
    }
}

/// The folder in which pictures are saved.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in the target folder").to_owned()
}
