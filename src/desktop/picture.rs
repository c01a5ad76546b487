//! Decodes pictures that are part of the program.
//!
//! Invariant: a picture is decoded when it is needed, and not kept.

use std::io::Cursor;

use png::Decoder;

/// A picture as rows of red, green, blue and opacity, a byte each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) rgba: Vec<u8>,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Picture {
    /// Decodes a PNG file with colour and opacity for each pixel.
    pub(super) fn of_png(file: &[u8]) -> Option<Self> {
        let mut reader = Decoder::new(Cursor::new(file)).read_info().ok()?;
        let mut rgba = vec![0; reader.output_buffer_size()?];
        let frame = reader.next_frame(&mut rgba).ok()?;
        Some(Self { rgba, width: frame.width, height: frame.height })
    }
}
