//! Fields that are encrypted end to end.
//!
//! Invariant: the key is used for nothing else, so no committed input is encrypted with it.

use std::io::Read;

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::{NoPadding, Pkcs7};
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use flate2::read::GzDecoder;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::message::{Message, MessageId};
use crate::domain::sending::Draft;
use crate::pushover::e2ee::{DecryptError, Key, decrypt, encrypt};

const KEY: [u8; 32] = [0xF5; 32];

/// The longest text.
const LONGEST: usize = 64 * 1024;

/// Panics unless a text comes out as it went in, and anything else is an error: what is not encrypted, what was changed on the
/// way, and what the sender encrypted although it is not text.
pub fn encrypted(data: &[u8]) {
    let Some(key) = Key::from_hex(&"f5".repeat(KEY.len())) else { return };
    let read = |field: String| {
        let message = Message { body: field, encrypted: true, ..Message::unread(MessageId::from_stored(1)) };
        decrypt(&message, &key).map(|message| message.body)
    };
    let text = String::from_utf8_lossy(data).into_owned();
    assert!(read(text.clone()).is_err(), "it was not encrypted");

    let Ok(draft) = encrypt(&Draft { message: text.clone(), ..Draft::default() }, &key) else { return };
    let expected = if text.len() <= LONGEST { Ok(text) } else { Err(DecryptError::TooLong) };
    assert_eq!(read(draft.message.clone()), expected, "it changed");

    let mut changed = STANDARD.decode(&draft.message).unwrap_or_default();
    let at = data.iter().fold(data.len(), |sum, byte| sum + usize::from(*byte)) % changed.len().max(1);
    if let Some(byte) = changed.get_mut(at) {
        *byte ^= 1 << (at % 8);
    }
    assert_eq!(read(STANDARD.encode(changed)), Err(DecryptError::WrongKey), "a change was not noticed");

    let cipher = || cbc::Encryptor::<Aes256>::new((&KEY).into(), (&[7; 16]).into());
    let padded = read(signed(&cipher().encrypt_padded_vec::<Pkcs7>(data)));
    let mut inside = String::new();
    let is_text = GzDecoder::new(data).take(1 + LONGEST as u64).read_to_string(&mut inside).is_ok();
    match padded {
        Ok(text) => assert!(is_text && text == inside && text.len() <= LONGEST, "another text"),
        Err(DecryptError::TooLong) => assert!(inside.len() > LONGEST, "it is not too long"),
        Err(error) => assert_eq!((error, is_text), (DecryptError::NotText, false)),
    }
    let whole_blocks = data.get(..data.len() / 16 * 16).unwrap_or_default();
    // Whatever this is, it was signed with the right key.
    let unpadded = read(signed(&cipher().encrypt_padded_vec::<NoPadding>(whole_blocks)));
    assert_ne!(unpadded, Err(DecryptError::WrongKey));
}

fn signed(ciphertext: &[u8]) -> String {
    let mut signed = vec![7; 16];
    signed.extend_from_slice(ciphertext);
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&KEY) {
        mac.update(&signed);
        signed.extend_from_slice(&mac.finalize().into_bytes());
    }
    STANDARD.encode(signed)
}
