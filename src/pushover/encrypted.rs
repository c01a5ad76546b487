//! Opens messages that were encrypted end to end, so that the service itself cannot read them.
//!
//! Invariant: nothing is decrypted, and nothing unpacked, before its signature was found good in constant time;
//! and of a message that was opened nothing is shown but what was sealed.
//!
//! Title, text, link and link title are sealed each on its own: `base64(iv ‖ ciphertext ‖ mac)` with a random `iv` of
//! 16 bytes, AES-256-CBC with PKCS#7 padding over the gzipped UTF-8, and HMAC-SHA256 over `iv ‖ ciphertext`, both
//! with the same key (`pushover.net/api#e2ee`).

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

const IV: usize = 16;
const MAC: usize = 32;
/// One block at the least: even an empty text is padded.
const SHORTEST: usize = IV + 16 + MAC;

/// Far more than a message may have, in bytes: 768 bytes of gzip could unpack to 790 kB.
const LONGEST: u64 = 64 * 1024;

/// The user's key: 256 bits that the service never sees.
pub struct Key(SecretBox<[u8; 32]>);

impl Key {
    /// Reads the 64 hexadecimal digits a user types into every app; spaces around them do not matter.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits: Option<Vec<u32>> = text.trim().chars().map(|digit| digit.to_digit(16)).collect();
        let digits = digits.filter(|digits| digits.len() == 64)?;
        let mut bytes = Box::new([0; 32]);
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = pair.iter().fold(0_u8, |byte, digit| byte << 4 | u8::try_from(*digit).unwrap_or(0));
        }
        Some(Self(SecretBox::new(bytes)))
    }

    /// The same digits, to be kept in a safe place.
    pub fn to_hex(&self) -> Secret {
        let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
        let digits: String =
            self.bytes().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        Secret::new(digits)
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

/// Why a message could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// It was not sealed, or what arrived is not what was sealed.
    #[error("it is damaged")]
    Damaged,
    /// The signature is not one of this key.
    #[error("it was encrypted with another key")]
    OtherKey,
    /// The signature is good, and yet no text came out.
    #[error("the sender encrypted something that is no text")]
    NoText,
    /// It unpacks to more than a message may have.
    #[error("it unpacks to more than {LONGEST} bytes")]
    TooLong,
}

/// Opens a message: the same with title, text, link and link title in the clear.
///
/// It is the text that has to open. What does not open beside it is left out, and that is said: some senders seal the
/// text alone, and a link that somebody else put there is not the sender's.
pub fn open(sealed: &Message, key: &Key) -> Result<Message, Unopened> {
    let body = open_field(&sealed.body, key)?;
    let mut shut = Vec::new();
    let mut open = |name, field: Option<&str>| {
        let opened = open_field(field.filter(|field| !field.is_empty())?, key);
        opened.map_err(|_why| shut.push(name)).ok().filter(|text| !text.is_empty())
    };
    // The service puts the application's name where there is no title.
    let title = sealed.title.as_deref().filter(|title| *title != sealed.app);
    let opened = Message {
        title: open("title", title),
        body,
        url: open("link", sealed.url.as_deref()),
        url_title: open("link title", sealed.url_title.as_deref()),
        encrypted: false,
        ..sealed.clone()
    };
    if shut.is_empty() {
        return Ok(opened);
    }
    Ok(opened.with_problem(&format!("its {} could not be opened", shut.join(", "))))
}

/// Whether a message may be sealed although it does not say so: what an Open Client is told is not documented.
pub fn may_be_encrypted(message: &Message) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let body = message.body.as_bytes();
    message.encrypted || (body.len() >= SHORTEST.div_ceil(3) * 4 && body.iter().copied().all(is_base64))
}

pub(super) fn open_field(field: &str, key: &Key) -> Result<String, Unopened> {
    // Many a tool breaks base64 into lines.
    let field: String = field.split_ascii_whitespace().collect();
    let sealed = STANDARD.decode(field).map_err(|_damage| Unopened::Damaged)?;
    if sealed.len() < SHORTEST {
        return Err(Unopened::Damaged);
    }
    let (signed, mac) = sealed.split_last_chunk::<MAC>().ok_or(Unopened::Damaged)?;
    let (iv, ciphertext) = signed.split_first_chunk::<IV>().ok_or(Unopened::Damaged)?;

    let mut expected = Hmac::<Sha256>::new_from_slice(key.bytes()).map_err(|_length| Unopened::Damaged)?;
    expected.update(signed);
    expected.verify_slice(mac).map_err(|_other| Unopened::OtherKey)?;

    let packed = cbc::Decryptor::<Aes256>::new(key.bytes().into(), iv.into())
        .decrypt_padded_vec::<Pkcs7>(ciphertext)
        .map_err(|_padding| Unopened::NoText)?;
    unpack(&packed)
}

fn unpack(packed: &[u8]) -> Result<String, Unopened> {
    let mut text = String::new();
    let read = GzDecoder::new(packed).take(LONGEST + 1).read_to_string(&mut text);
    // Cut in the middle of a character it is no text either, but it is too long all the same.
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > LONGEST {
        return Err(Unopened::TooLong);
    }
    read.map_err(|_no_text| Unopened::NoText)?;
    Ok(text)
}
