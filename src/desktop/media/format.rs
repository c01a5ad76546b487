//! Checks the format of an icon or a sound.
//!
//! Invariant: for any input, the check ends and takes no more memory than [`MAX_MEMORY`].

use std::io::Cursor;

use png::{Decoder, Limits};

use crate::domain::media::Kind;

/// The largest icon, in pixels per side.
const MAX_SIDE: u32 = 1_024;
/// The memory for decoding an icon row by row, in bytes.
const MAX_MEMORY: usize = 1 << 20;

/// Checks the format of a file. The error says what the file is instead.
pub(super) fn check(kind: Kind, bytes: &[u8]) -> Result<(), &'static str> {
    match kind {
        Kind::Icon => check_png(bytes),
        Kind::Sound => check_wav(bytes),
    }
}

fn check_png(bytes: &[u8]) -> Result<(), &'static str> {
    const NOT_PNG: &str = "not a PNG";
    const INCOMPLETE: &str = "an incomplete PNG";

    let decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MAX_MEMORY });
    let mut reader = decoder.read_info().map_err(|_| NOT_PNG)?;
    let (width, height) = reader.info().size();
    if [width, height].into_iter().any(|side| !(1..=MAX_SIDE).contains(&side)) {
        return Err("a PNG of an invalid size");
    }
    while reader.next_row().map_err(|_| INCOMPLETE)?.is_some() {}
    reader.finish().map_err(|_| INCOMPLETE)
}

/// Only the RIFF header is checked; a player checks the rest.
fn check_wav(bytes: &[u8]) -> Result<(), &'static str> {
    let Some((head, rest)) = bytes.split_first_chunk::<12>() else { return Err("not a WAV") };
    let [b'R', b'I', b'F', b'F', a, b, c, d, b'W', b'A', b'V', b'E'] = *head else { return Err("not a WAV") };
    // The size counts the bytes after it. The padding byte after an odd number of bytes may be missing.
    let declared = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if rest.is_empty() || declared > rest.len() + "WAVE".len() + 1 {
        return Err("an incomplete WAV");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use png::{BitDepth, ColorType, Encoder};

    use super::*;

    fn picture(width: u32, height: u32) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, width, height);
        encoder.set_color(ColorType::Grayscale);
        encoder.set_depth(BitDepth::One);
        let rows = vec![0; usize::try_from(width.div_ceil(8) * height).unwrap()];
        encoder.write_header().unwrap().write_image_data(&rows).unwrap();
        file
    }

    fn wav(declared: u32, content: &[u8]) -> Vec<u8> {
        [&b"RIFF"[..], &declared.to_le_bytes(), b"WAVE", content].concat()
    }

    #[test]
    fn an_icon_is_a_png_of_a_sane_size() {
        let check = |bytes: &[u8]| check(Kind::Icon, bytes);
        for (width, height) in [(1, 1), (72, 72), (1_024, 1_024), (1_024, 1)] {
            assert_eq!(check(&picture(width, height)), Ok(()), "{width}");
        }
        for (width, height) in [(1_025, 1), (1, 1_025), (3_000, 3_000)] {
            assert_eq!(check(&picture(width, height)), Err("a PNG of an invalid size"), "{width}");
        }
        for bytes in [&b""[..], b"<html>", b"\x89PNG\r\n\x1a\n", &wav(4, b"x")] {
            assert_eq!(check(bytes), Err("not a PNG"), "{bytes:?}");
        }
    }

    #[test]
    fn a_truncated_or_damaged_png_is_rejected() {
        let whole = picture(72, 72);
        for length in 0..whole.len() {
            assert!(check(Kind::Icon, &whole[..length]).is_err(), "{length} of {} bytes", whole.len());
        }
        for position in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[position] ^= 0x55;
            assert!(check(Kind::Icon, &damaged).is_err(), "byte {position}");
        }
    }

    #[test]
    fn a_decompression_bomb_is_rejected_early() {
        let mut bomb = picture(1, 1);
        // The size in the header; its checksum is wrong too.
        bomb[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
        assert!(check(Kind::Icon, &bomb).is_err());
    }

    #[test]
    fn a_sound_is_a_complete_wav() {
        let check = |bytes: &[u8]| check(Kind::Sound, bytes);
        assert_eq!(check(&wav(8, b"fmt ")), Ok(()));
        assert_eq!(check(&wav(9, b"fmt ")), Ok(()), "a byte of padding may be missing");
        assert_eq!(check(&wav(10, b"fmt ")), Err("an incomplete WAV"));
        assert_eq!(check(&wav(u32::MAX, b"fmt ")), Err("an incomplete WAV"));
        assert_eq!(check(&wav(4, b"")), Err("an incomplete WAV"));
        for bytes in [&b""[..], b"RIFF", b"<html>and more than that", &picture(1, 1)] {
            assert_eq!(check(bytes), Err("not a WAV"), "{bytes:?}");
        }
    }
}
