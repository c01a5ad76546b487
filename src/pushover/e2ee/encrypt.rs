//! Encrypts messages end to end before they are sent.
//!
//! Invariant: every text has an initialization vector of its own, from the system's source of randomness.

use std::io::Write;

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use flate2::Compression;
use flate2::write::GzEncoder;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{IV, Key};
use crate::domain::sending::Draft;
use crate::pushover::error::Error;

/// The draft with its texts encrypted.
pub fn encrypt(draft: &Draft, key: &Key) -> Result<Draft, Error> {
    let optional = |text: Option<&String>| text.map(|text| encrypt_text(text, key)).transpose();
    Ok(Draft {
        title: optional(draft.title.as_ref())?,
        message: encrypt_text(&draft.message, key)?,
        url: optional(draft.url.as_ref())?,
        url_title: optional(draft.url_title.as_ref())?,
        encrypted: true,
        ..draft.clone()
    })
}

fn encrypt_text(text: &str, key: &Key) -> Result<String, Error> {
    let failed = || Error::Local("the message cannot be encrypted: there is no randomness".to_owned());
    let mut compressed = GzEncoder::new(Vec::new(), Compression::best());
    let written = compressed.write_all(text.as_bytes()).and_then(|()| compressed.finish());
    let compressed = written.map_err(|_memory| failed())?;
    let mut signed = vec![0; IV];
    rustls::crypto::ring::default_provider().secure_random.fill(&mut signed).map_err(|_none| failed())?;
    let iv: [u8; IV] = signed.as_slice().try_into().map_err(|_length| failed())?;
    let cipher = cbc::Encryptor::<Aes256>::new(key.bytes().into(), (&iv).into());
    signed.extend(cipher.encrypt_padded_vec::<Pkcs7>(&compressed));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).map_err(|_length| failed())?;
    mac.update(&signed);
    signed.extend_from_slice(&mac.finalize().into_bytes());
    Ok(STANDARD.encode(signed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::{Message, MessageId};
    use crate::pushover::e2ee::decrypt;

    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn what_was_encrypted_can_be_decrypted_and_never_looks_the_same_twice() {
        let key = Key::from_hex(KEY).unwrap();
        let draft = Draft {
            title: Some("Wasser".into()),
            message: "im Keller 🚒".into(),
            url: Some("https://a.example/".into()),
            url_title: Some("Pegel".into()),
            ..Draft::default()
        };
        let (one, other) = (encrypt(&draft, &key).unwrap(), encrypt(&draft, &key).unwrap());
        assert!(one.message != other.message && one.message != draft.message);
        let received = Message {
            title: one.title,
            body: one.message,
            url: one.url,
            url_title: one.url_title,
            encrypted: true,
            ..Message::unread(MessageId::from_stored(1))
        };
        let decrypted = decrypt(&received, &key).unwrap();
        assert_eq!((decrypted.title, decrypted.body), (draft.title, draft.message));
        assert_eq!((decrypted.url, decrypted.url_title), (draft.url, draft.url_title));
    }
}
