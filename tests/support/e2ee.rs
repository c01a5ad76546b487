//! Messages that were encrypted by other programs.
//!
//! Invariant: nothing here was encrypted with the code under test.

/// The key with which all of this is encrypted.
pub(crate) const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// A key that decrypts nothing here.
pub(crate) const WRONG_KEY: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

// Made with gzip and openssl: `gzip -9 -n | openssl enc -aes-256-cbc -K $KEY -iv $IV` and
// `openssl dgst -sha256 -mac HMAC -macopt hexkey:$KEY -binary` over `$IV` and its output.
pub(crate) const TITLE: &str = "AQEBAQEBAQEBAQEBAQEBAQUCsXfM73N45xCrZuKhIGyHZd5kU/NACc4LRUaCtdmxIVguv0J78mYcmS2AwLGBNrkSyK2R0XO1r1amqTGp3yDGL+4kdClCUGhUeQU/i7YC";
pub(crate) const BODY: &str = "AgICAgICAgICAgICAgICAmN+4ZVNJYjdIAIlg0N0IW5rO2f2vE4bl1LHECVpkbHpZrIrkOMQrQhYTHsyO5Pt5+poAKj4ZVe2739GoahwvgjyuTP29kH964/EscCA1fPr7H+QYgccm0RWIYEv4jSHmrv30yxhV2b4oXx2lYSazxo=";
pub(crate) const URL: &str = "AwMDAwMDAwMDAwMDAwMDAz7J2O9m5p3+5EQaHLbo4MbrEgkxDGsk1sDTplLs+vmyJDd6YfcgR3JKeglfv0ObRuH5el9jQOEDX1AET/6rGnseA2lwxARst49PifFYU5UWkzZ5mpavaj/GKi50k37nNg==";

pub(crate) const OPEN_TITLE: &str = "Wasser im Keller";
/// A part of the text that looks the same wherever it is shown.
pub(crate) const OPEN_BODY: &str = "Der Pegel steht bei 12 cm.";
pub(crate) const OPEN_URL: &str = "https://a.example/pegel?cm=12&x=y";

/// The words that must not be visible without the key.
pub(crate) const WORDS: [&str; 3] = ["Keller", "Pegel", "a.example"];
