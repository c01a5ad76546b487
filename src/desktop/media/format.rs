//! Looks at a file before anybody is given it.
//!
//! Invariant: whatever the bytes are, this takes no more memory than [`MEMORY`], and ends.

use std::io::Cursor;

use png::{Decoder, Limits};

use crate::domain::media::Kind;

/// The largest icon, in pixels a side.
const LARGEST_SIDE: u32 = 1_024;
/// What decoding an icon may take, in bytes: it is done row by row.
const MEMORY: usize = 1 << 20;

/// Says what a file is instead of what it should be.
pub(super) fn check(kind: Kind, bytes: &[u8]) -> Result<(), &'static str> {
    match kind {
        Kind::Icon => check_png(bytes),
        Kind::Sound => check_wav(bytes),
    }
}

fn check_png(bytes: &[u8]) -> Result<(), &'static str> {
    const NO_PNG: &str = "no PNG";
    const BROKEN: &str = "not a whole PNG";

    let decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MEMORY });
    let mut reader = decoder.read_info().map_err(|_| NO_PNG)?;
    let (width, height) = reader.info().size();
    if [width, height].into_iter().any(|side| !(1..=LARGEST_SIDE).contains(&side)) {
        return Err("a PNG of an odd size");
    }
    while reader.next_row().map_err(|_| BROKEN)?.is_some() {}
    reader.finish().map_err(|_| BROKEN)
}

/// The service's own are plain RIFF files; a player looks at the rest.
fn check_wav(bytes: &[u8]) -> Result<(), &'static str> {
    let Some((head, rest)) = bytes.split_first_chunk::<12>() else { return Err("no WAV") };
    let [b'R', b'I', b'F', b'F', a, b, c, d, b'W', b'A', b'V', b'E'] = *head else { return Err("no WAV") };
    // What the head announces counts from after itself; a last odd byte may lack its padding.
    let announced = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if rest.is_empty() || announced > rest.len() + "WAVE".len() + 1 {
        return Err("not a whole WAV");
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

    fn wav(announced: u32, content: &[u8]) -> Vec<u8> {
        [&b"RIFF"[..], &announced.to_le_bytes(), b"WAVE", content].concat()
    }

    #[test]
    fn an_icon_is_a_png_of_a_sane_size() {
        let check = |bytes: &[u8]| check(Kind::Icon, bytes);
        for (width, height) in [(1, 1), (72, 72), (1_024, 1_024), (1_024, 1)] {
            assert_eq!(check(&picture(width, height)), Ok(()), "{width}");
        }
        for (width, height) in [(1_025, 1), (1, 1_025), (3_000, 3_000)] {
            assert_eq!(check(&picture(width, height)), Err("a PNG of an odd size"), "{width}");
        }
        for bytes in [&b""[..], b"<html>", b"\x89PNG\r\n\x1a\n", &wav(4, b"x")] {
            assert_eq!(check(bytes), Err("no PNG"), "{bytes:?}");
        }
    }

    #[test]
    fn a_png_that_is_cut_or_damaged_is_none() {
        let whole = picture(72, 72);
        for length in 0..whole.len() {
            assert!(check(Kind::Icon, &whole[..length]).is_err(), "{length} of {} bytes", whole.len());
        }
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x55;
            assert!(check(Kind::Icon, &damaged).is_err(), "byte {place}");
        }
    }

    #[test]
    fn a_picture_that_unpacks_to_gigabytes_is_refused_before() {
        let mut bomb = picture(1, 1);
        // The header says so; its checksum is the next thing that is wrong with it.
        bomb[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
        assert!(check(Kind::Icon, &bomb).is_err());
    }

    #[test]
    fn a_sound_is_a_whole_wav() {
        let check = |bytes: &[u8]| check(Kind::Sound, bytes);
        assert_eq!(check(&wav(8, b"fmt ")), Ok(()));
        assert_eq!(check(&wav(9, b"fmt ")), Ok(()), "a byte of padding may be missing");
        assert_eq!(check(&wav(10, b"fmt ")), Err("not a whole WAV"));
        assert_eq!(check(&wav(u32::MAX, b"fmt ")), Err("not a whole WAV"));
        assert_eq!(check(&wav(4, b"")), Err("not a whole WAV"));
        for bytes in [&b""[..], b"RIFF", b"<html>and more than that", &picture(1, 1)] {
            assert_eq!(check(bytes), Err("no WAV"), "{bytes:?}");
        }
    }
}
