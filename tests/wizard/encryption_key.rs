//! The key of end-to-end encryption, given on a terminal.

use std::fs;

use crate::harness::Harness;
use crate::support::e2ee::KEY;
use crate::terminal::{CTRL_C, ENTER};

#[test]
fn a_valid_key_is_accepted_and_never_echoed() {
    let harness = Harness::new();
    let (_, too_short) = KEY.split_at(1);
    let file = harness.path("data/handover/encryption-key");
    let mut setup = harness.wizard(&["--encryption-key"]);
    setup.until("Encryption key:");
    setup.type_line(too_short);
    setup.until("a key has 64 digits, each 0-9 or a-f");
    assert!(!file.exists());
    setup.type_keys(&crate::terminal::BACKSPACE.repeat(63));
    setup.type_line(KEY);
    let finished = setup.ended();
    assert_eq!(finished.code, 0, "{}", finished.text);
    assert!(finished.is_restored);
    assert!(!finished.raw.contains(too_short), "{}", finished.text);
    let said = format!("the encryption key is stored in the file {}\n", file.display());
    assert!(finished.text.replace('\n', "").ends_with(&said.replace('\n', "")), "{}", finished.text);
    assert_eq!(fs::read_to_string(&file).expect("the key's file"), KEY);

    let mut setup = harness.wizard(&["--encryption-key"]);
    setup.until("leave empty to remove the current key");
    setup.type_keys(CTRL_C);
    assert_eq!(setup.ended().code, 1);
    assert!(file.exists());

    let mut setup = harness.wizard(&["--encryption-key"]);
    setup.until("Encryption key:");
    setup.type_keys(ENTER);
    let finished = setup.ended();
    assert!(finished.text.contains("\nthe encryption key was removed"), "{}", finished.text);
    assert!(!file.exists());
}
