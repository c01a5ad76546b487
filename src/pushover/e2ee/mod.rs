//! Decrypts messages that were encrypted end to end, which the service itself cannot read, and encrypts those that are sent.
//!
//! Invariant: nothing is decrypted or decompressed before its signature was verified in constant time, and a decrypted
//! message has only fields that were encrypted.
//!
//! Title, text, link and link title are encrypted separately: `base64(iv ‖ ciphertext ‖ mac)` with a random `iv` of
//! 16 bytes, AES-256-CBC with PKCS#7 padding over the gzipped UTF-8, and HMAC-SHA256 over `iv ‖ ciphertext`, both
//! with the same key (`pushover.net/api#e2ee`).

mod encrypt;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::Read;

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use flate2::read::GzDecoder;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;

use crate::domain::account::Secret;
use crate::domain::message::Message;

pub use encrypt::encrypt;

const IV: usize = 16;
const MAC: usize = 32;
/// At least one block, since even an empty text is padded.
const SHORTEST: usize = IV + 16 + MAC;

/// The longest decrypted text, in bytes. Without a limit, 768 bytes of gzip could decompress to 790 kB.
const LONGEST: u64 = 64 * 1024;

/// The user's key: 256 bits that the service never sees.
pub struct Key(SecretBox<[u8; 32]>);

impl Key {
    /// Reads the 64 hexadecimal digits that a user types into every app, with or without spaces around them.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = Box::new([0; 32]);
        hex::decode_to_slice(text.trim(), bytes.as_mut_slice()).ok()?;
        Some(Self(SecretBox::new(bytes)))
    }

    /// The key as those digits, for a secret store.
    pub fn to_hex(&self) -> Secret {
        Secret::new(hex::encode(self.bytes()))
    }

    fn bytes(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(redacted)")
    }
}

/// Why a message could not be decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
    /// It is not in the encrypted format.
    #[error("it is damaged")]
    Damaged,
    /// The signature was not made with this key.
    #[error("it was encrypted with another key")]
    WrongKey,
    /// The signature is valid, but the content is not gzipped text.
    #[error("the sender encrypted something that is not text")]
    NotText,
    /// It decompresses to more than a message may have.
    #[error("it decompresses to more than {LONGEST} bytes")]
    TooLong,
}

/// Decrypts title, text, link and link title of a message.
///
/// Only the text is required. Any other field that cannot be decrypted is left out and named in `problem`: some senders
/// encrypt only the text, and an unencrypted link may not come from the sender.
pub fn decrypt(encrypted: &Message, key: &Key) -> Result<Message, DecryptError> {
    let body = decrypt_field(&encrypted.body, key)?;
    let mut failed = Vec::new();
    let mut field = |name, field: Option<&str>| {
        let decrypted = decrypt_field(field.filter(|field| !field.is_empty())?, key);
        decrypted.map_err(|_why| failed.push(name)).ok().filter(|text| !text.is_empty())
    };
    // The service fills a missing title with the application's name.
    let title = encrypted.title.as_deref().filter(|title| *title != encrypted.app);
    let decrypted = Message {
        title: field("title", title),
        body,
        url: field("link", encrypted.url.as_deref()),
        url_title: field("link title", encrypted.url_title.as_deref()),
        encrypted: false,
        ..encrypted.clone()
    };
    if failed.is_empty() {
        return Ok(decrypted);
    }
    Ok(decrypted.with_problem(&format!("its {} could not be decrypted", failed.join(", "))))
}

/// Whether a message may be encrypted, even if it is not marked as such: the service does not document what Open
/// Clients receive.
pub fn may_be_encrypted(message: &Message) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let body = message.body.as_bytes();
    message.encrypted || (body.len() >= SHORTEST.div_ceil(3) * 4 && body.iter().copied().all(is_base64))
}

fn decrypt_field(field: &str, key: &Key) -> Result<String, DecryptError> {
    // Many tools wrap base64 into lines.
    let field: String = field.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(field).map_err(|_damage| DecryptError::Damaged)?;
    if bytes.len() < SHORTEST {
        return Err(DecryptError::Damaged);
    }
    let (signed, mac) = bytes.split_last_chunk::<MAC>().ok_or(DecryptError::Damaged)?;
    let (iv, ciphertext) = signed.split_first_chunk::<IV>().ok_or(DecryptError::Damaged)?;

    let mut expected =
        Hmac::<Sha256>::new_from_slice(key.bytes()).map_err(|_length| DecryptError::Damaged)?;
    expected.update(signed);
    expected.verify_slice(mac).map_err(|_other| DecryptError::WrongKey)?;

    let compressed = cbc::Decryptor::<Aes256>::new(key.bytes().into(), iv.into())
        .decrypt_padded_vec::<Pkcs7>(ciphertext)
        .map_err(|_padding| DecryptError::NotText)?;
    decompress(&compressed)
}

fn decompress(compressed: &[u8]) -> Result<String, DecryptError> {
    let mut text = String::new();
    let read = GzDecoder::new(compressed).take(LONGEST + 1).read_to_string(&mut text);
    // Checked first, because the limit can cut a character in two, which would look like invalid text.
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > LONGEST {
        return Err(DecryptError::TooLong);
    }
    read.map_err(|_no_text| DecryptError::NotText)?;
    Ok(text)
}
