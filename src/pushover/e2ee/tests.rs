//! Tests decryption with vectors that other programs made.
//!
//! Invariant: nothing here was encrypted with the code under test.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::domain::message::{Message, MessageId};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

// Made with gzip and openssl: `gzip -9 -n | openssl enc -aes-256-cbc -K $KEY -iv $IV` and
// `openssl dgst -sha256 -mac HMAC -macopt hexkey:$KEY -binary` over `$IV` and its output.
const TITLE: &str = "AQEBAQEBAQEBAQEBAQEBAQUCsXfM73N45xCrZuKhIGyHZd5kU/NACc4LRUaCtdmxIVguv0J78mYcmS2AwLGBNrkSyK2R0XO1r1amqTGp3yDGL+4kdClCUGhUeQU/i7YC";
const BODY: &str = "AgICAgICAgICAgICAgICAmN+4ZVNJYjdIAIlg0N0IW5rO2f2vE4bl1LHECVpkbHpZrIrkOMQrQhYTHsyO5Pt5+poAKj4ZVe2739GoahwvgjyuTP29kH964/EscCA1fPr7H+QYgccm0RWIYEv4jSHmrv30yxhV2b4oXx2lYSazxo=";
const URL: &str = "AwMDAwMDAwMDAwMDAwMDAz7J2O9m5p3+5EQaHLbo4MbrEgkxDGsk1sDTplLs+vmyJDd6YfcgR3JKeglfv0ObRuH5el9jQOEDX1AET/6rGnseA2lwxARst49PifFYU5UWkzZ5mpavaj/GKi50k37nNg==";
const URL_TITLE: &str = "BAQEBAQEBAQEBAQEBAQEBCPQ+CcB4M2pV+boYDeVzDSjfQCQK22TvyMyq/nXM1jaPaqCnKxnPU3VkqSzMX7ZeJibVqbxxaycnsXbuT5J7Ac=";
const EMPTY: &str = "BQUFBQUFBQUFBQUFBQUFBSj/LwudmUnhBEQKV1YQdGYn5j9jpJMeoyD33ZPksGtqtTzH7TKUc+xrBVmZqs0Rioq2mpSuoyW3waKkn2uaBHM=";
const OTHER_KEY: &str = "BgYGBgYGBgYGBgYGBgYGBhCoH3Uer39pLpfnCOXjgdO4gLNrBFStHLifBLYIxARM0oE8dJO9AbdvU9zONyVwm9Bvh1efiqc/g52AK+7IrufjZSgMOm2ND+Om5tiFs00T";
const NO_GZIP: &str =
    "BwcHBwcHBwcHBwcHBwcHB4XZMoXRyvNokCty6NZh0kRi7aQtWmeUm21gb+LZlASv6czf5Mc0ct1sKrTwFH0OAg==";
const NO_UTF8: &str = "CAgICAgICAgICAgICAgICKKexXZQ+tH0jmxEV0c/q1BwYVE+PS5oRSIQIjamKwZlLvUFhdE76Yzl5YI8LC4InTXko/xMgyVdfJtg4LZe/VE=";
const NO_PADDING: &str =
    "CQkJCQkJCQkJCQkJCQkJCfIO5k9SoLZEYM70lr55DgD0uz//4uSRYNccjVkyLEle+aPgku6nPoZoxikK+AaIag==";
const BOMB: &str = "CgoKCgoKCgoKCgoKCgoKCsmErd502YnTaCmhKV2hJtHlMApk3Ygb3Zpq99BFMQWR3JBUHKqN//euc62TOcgc5YE1UN3iiU7E0VQcg0VkIdG2Uwy0XOZUs5fnkFFmOLlong5k0YHtJ/vu3huKhLXb3RX/nhFE1w4eYx6Xys5cQ8+eLrYHkrCSGgFgd0HKaqy0f9h05fiohN9cKnYJrDozug==";

fn key() -> Key {
    Key::from_hex(KEY).unwrap()
}

fn message(body: &str) -> Message {
    let mut message = Message::unread(MessageId::from_stored(1));
    body.clone_into(&mut message.body);
    message.encrypted = true;
    message
}

#[test]
fn a_message_encrypted_with_openssl_is_decrypted() {
    let encrypted = Message {
        title: Some(TITLE.into()),
        url: Some(URL.into()),
        url_title: Some(URL_TITLE.into()),
        ..message(BODY)
    };
    let decrypted = decrypt(&encrypted, &key()).unwrap();
    assert_eq!(decrypted.title.as_deref(), Some("Wasser im Keller"));
    assert_eq!(decrypted.body, "Der Pegel steht bei 12 cm. \u{1f6a8} <b>Pumpe</b> läuft.\n");
    assert_eq!(decrypted.url.as_deref(), Some("https://a.example/pegel?cm=12&x=y"));
    assert_eq!(decrypted.url_title.as_deref(), Some("Pegel"));
    assert!(!decrypted.encrypted);
}

#[test]
fn missing_fields_stay_missing() {
    let decrypted = decrypt(&message(EMPTY), &key()).unwrap();
    assert_eq!((decrypted.title, decrypted.body.as_str(), decrypted.url), (None, "", None));
}

#[test]
fn a_field_that_was_not_encrypted_is_left_out_and_reported() {
    let encrypted = Message {
        title: Some("in the clear".into()),
        url: Some(OTHER_KEY.into()),
        url_title: Some("Open".into()),
        ..message(BODY)
    };
    let decrypted = decrypt(&encrypted, &key()).unwrap();
    assert!(decrypted.body.starts_with("Der Pegel"));
    assert_eq!((&decrypted.title, &decrypted.url, &decrypted.url_title), (&None, &None, &None));
    let problem = "its title, link, link title could not be decrypted";
    assert_eq!(decrypted.problem.as_deref(), Some(problem));
    let malformed = Message { problem: Some("its date could not be read".into()), ..encrypted };
    let both = format!("its date could not be read; {problem}");
    assert_eq!(decrypt(&malformed, &key()).unwrap().problem, Some(both));
    assert_eq!(
        decrypt(&Message { title: Some(TITLE.into()), ..message("clear") }, &key()),
        Err(DecryptError::Damaged)
    );
    assert_eq!(decrypt(&message(OTHER_KEY), &key()), Err(DecryptError::WrongKey));
}

#[test]
fn an_application_name_in_place_of_the_title_is_not_a_problem() {
    let encrypted = Message {
        app: "Backup".into(),
        title: Some("Backup".into()),
        url: Some(String::new()),
        url_title: Some(EMPTY.into()),
        ..message(BODY)
    };
    let decrypted = decrypt(&encrypted, &key()).unwrap();
    assert_eq!(
        (decrypted.title, decrypted.url, decrypted.url_title, decrypted.problem),
        (None, None, None, None)
    );
}

#[test]
fn base64_may_be_wrapped_into_lines() {
    let lines: Vec<_> = BODY.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let lines = lines.join("\r\n") + "\n";
    assert_eq!(decrypt_field(&lines, &key()), decrypt_field(BODY, &key()));
}

#[test]
fn every_flipped_bit_is_detected() {
    let encrypted = STANDARD.decode(BODY).unwrap();
    for bit in 0..encrypted.len() * 8 {
        let mut bytes = encrypted.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let field = STANDARD.encode(bytes);
        assert_eq!(decrypt_field(&field, &key()), Err(DecryptError::WrongKey), "bit {bit}");
    }
    for length in 0..encrypted.len() {
        assert!(decrypt_field(&STANDARD.encode(&encrypted[..length]), &key()).is_err(), "{length} bytes");
    }
}

#[test]
fn signed_content_that_is_not_text_is_an_error() {
    assert_eq!(decrypt_field(NO_GZIP, &key()), Err(DecryptError::NotText));
    assert_eq!(decrypt_field(NO_UTF8, &key()), Err(DecryptError::NotText));
    assert_eq!(decrypt_field(NO_PADDING, &key()), Err(DecryptError::NotText));
    assert_eq!(decrypt_field(BOMB, &key()), Err(DecryptError::TooLong));
    for damaged in ["", "=", "not base64!", "AAAA", "ä"] {
        assert_eq!(decrypt_field(damaged, &key()), Err(DecryptError::Damaged), "{damaged:?}");
    }
}

#[test]
fn a_key_has_64_digits_and_is_redacted_in_debug_output() {
    assert_eq!(Key::from_hex(&format!(" {}\n", KEY.to_uppercase())), Some(key()));
    assert_eq!(key().to_hex().expose(), KEY);
    for bad in
        ["", "00", &KEY.replacen('0', "", 1), &format!("{KEY}0"), &KEY.replace('f', "g"), &"é".repeat(32)]
    {
        assert_eq!(Key::from_hex(bad), None, "{bad:?}");
    }
    assert_eq!(format!("{:?}", key()), "Key(redacted)");
}

#[test]
fn an_unmarked_message_may_be_encrypted() {
    let unmarked = |body: &str| may_be_encrypted(&Message { encrypted: false, ..message(body) });
    assert!(unmarked(BODY) && unmarked(EMPTY));
    assert!(!unmarked("") && !unmarked("hello") && !unmarked(&format!("{BODY} ")));
}
