//! Icons and sounds, generated from their names.
//!
//! Invariant: every icon is a valid PNG and every sound a valid WAV or MP3 of a few kilobytes at most.

use crate::sandbox::ids;
use crate::sandbox::protocol::{Rejection, Reply};

/// The sounds of the service: the code that a receiver gets, the name that a sender uses, the title.
pub(super) const SOUNDS: [(&str, &str, &str); 23] = [
    ("po", "pushover", "Pushover (default)"),
    ("bk", "bike", "Bike"),
    ("bu", "bugle", "Bugle"),
    ("ch", "cashregister", "Cash Register"),
    ("cl", "classical", "Classical"),
    ("co", "cosmic", "Cosmic"),
    ("fa", "falling", "Falling"),
    ("gl", "gamelan", "Gamelan"),
    ("ic", "incoming", "Incoming"),
    ("im", "intermission", "Intermission"),
    ("ma", "magic", "Magic"),
    ("mc", "mechanical", "Mechanical"),
    ("pn", "pianobar", "Piano Bar"),
    ("si", "siren", "Siren"),
    ("sp", "spacealarm", "Space Alarm"),
    ("tg", "tugboat", "Tug Boat"),
    ("ln", "alien", "Alien Alarm (long)"),
    ("mb", "climb", "Climb (long)"),
    ("ps", "persistent", "Persistent (long)"),
    ("ec", "echo", "Pushover Echo (long)"),
    ("ud", "updown", "Up Down (long)"),
    ("vibrate", "vibrate", "Vibrate Only"),
    ("no", "none", "None (silent)"),
];

/// The MP3 of every sound: a beep of 0.2 s. Only WAV is simple enough to be made from the name.
const MP3: &[u8] = include_bytes!("beep.mp3");

/// The width and height of an icon in pixels, as the service has them.
const SIDE: u16 = 72;

/// An icon whose colour depends on its name. Names that begin with `missing` are unknown.
pub(super) fn icon(file: &str) -> Result<Reply, Rejection> {
    let name = file.strip_suffix(".png").filter(|name| is_known(name)).ok_or_else(unknown)?;
    Ok(Reply::file("image/png", png(name)))
}

/// A sound as WAV or MP3. Names that begin with `missing`, silent sounds, and other formats are unknown.
pub(super) fn sound(file: &str) -> Result<Reply, Rejection> {
    let (name, format) = file.rsplit_once('.').ok_or_else(unknown)?;
    if !is_known(name) || matches!(name, "no" | "none" | "vibrate") {
        return Err(unknown());
    }
    match format {
        "wav" => Ok(Reply::file("audio/x-wav", wav(name))),
        "mp3" => Ok(Reply::file("audio/mpeg", MP3.to_vec())),
        _ => Err(unknown()),
    }
}

fn is_known(name: &str) -> bool {
    let fits = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    fits && !name.starts_with("missing")
}

fn unknown() -> Rejection {
    Rejection::new("resource not found").status(404)
}

/// A disc on a transparent background: two colours, one bit per pixel, stored without compression.
fn png(name: &str) -> Vec<u8> {
    let side = i32::from(SIDE);
    let mut rows = Vec::new();
    for y in 0..side {
        rows.push(0);
        for start in (0..side).step_by(8) {
            rows.push((start..start + 8).fold(0, |byte, x| {
                let (across, down) = (2 * x + 1 - side, 2 * y + 1 - side);
                byte << 1 | u8::from(across * across + down * down < (side - 4) * (side - 4))
            }));
        }
    }
    let [red, green, blue, ..] = ids::hash(name.as_bytes()).to_be_bytes();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let [high, low] = SIDE.to_be_bytes();
    chunk(&mut file, *b"IHDR", &[0, 0, high, low, 0, 0, high, low, 1, 3, 0, 0, 0]);
    chunk(&mut file, *b"PLTE", &[0, 0, 0, red | 0x40, green | 0x40, blue | 0x40]);
    chunk(&mut file, *b"tRNS", &[0, 255]);
    chunk(&mut file, *b"IDAT", &stored(&rows));
    chunk(&mut file, *b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) {
    let named = [&kind[..], content].concat();
    file.extend(length(content).to_be_bytes());
    file.extend(&named);
    file.extend(crc(&named).to_be_bytes());
}

/// A zlib stream of one stored block.
fn stored(bytes: &[u8]) -> Vec<u8> {
    // 72 rows of 10 bytes: far below the 65,535 a stored block can hold.
    let size = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend(size.to_le_bytes());
    stream.extend((!size).to_le_bytes());
    stream.extend(bytes);
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    stream.extend((high << 16 | low).to_be_bytes());
    stream
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| {
                if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
            },
        )
    })
}

/// A fading triangle wave of 0.2 s, 8 bits at 8 kHz; the name determines the pitch.
fn wav(name: &str) -> Vec<u8> {
    const RATE: u32 = 8_000;
    const SAMPLES: i32 = 1_600;
    let period = 12 + i32::from(ids::hash(name.as_bytes()).to_be_bytes()[0] % 16);
    let samples: Vec<u8> = (0..SAMPLES)
        .map(|time| {
            let ramp = (time % period * 4 * 100 / period - 200).abs() - 100;
            u8::try_from(128 + ramp * (SAMPLES - time) / SAMPLES).unwrap_or(128)
        })
        .collect();
    let mut file = b"RIFF".to_vec();
    file.extend((36 + length(&samples)).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend([1, 0, 1, 0]);
    file.extend(RATE.to_le_bytes());
    file.extend(RATE.to_le_bytes());
    file.extend([1, 0, 8, 0]);
    file.extend(b"data");
    file.extend(length(&samples).to_le_bytes());
    file.extend(samples);
    file
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_match_their_published_vectors() {
        // The check values of CRC-32/ISO-HDLC and of Adler-32 for "Wikipedia".
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
        assert_eq!(stored(b"Wikipedia")[16..], 0x11e6_0398_u32.to_be_bytes());
    }

    #[test]
    fn unknown_names_are_rejected() {
        assert!(icon("default.png").is_ok() && icon("mnsw2ykc6qa5sbn.png").is_ok());
        for name in ["missing.png", "default.gif", ".png", "a b.png", "default"] {
            assert!(icon(name).is_err(), "{name}");
        }
        assert!(sound("po.wav").is_ok() && sound("my-own.mp3").is_ok());
        for name in ["po.ogg", "po", "none.wav", "none.mp3", "missing-one.wav", "a.b.mp3"] {
            assert!(sound(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_sound_has_the_length_in_its_header() {
        let file = wav("po");
        assert_eq!(file.len(), 44 + 1_600);
        assert_eq!(file[4..8], u32::try_from(file.len() - 8).unwrap().to_le_bytes());
        assert_eq!(file[40..44], 1_600_u32.to_le_bytes());
        assert!(
            file[44..].iter().any(|sample| *sample > 200) && file[44..].iter().any(|sample| *sample < 60)
        );
    }
}
