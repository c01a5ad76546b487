//! Checks the properties of the fuzz target with inputs made of meaningful HTML fragments.
//!
//! Invariant: the properties are those of the fuzz target, see `tests/fuzz`.

use proptest::prelude::*;

use crate::property;

/// The fragments that a hostile sender might use.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&str> = include_str!("../fuzz/html.dict")
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix('"'))
        .filter(|word| !word.contains('\\'))
        .collect();
    assert!(words.len() > 30, "the dictionary was understood: {words:?}");
    let piece = prop_oneof![
        4 => prop::sample::select(words).prop_map(|word| word.as_bytes().to_vec()),
        2 => "[a-z<>&;#/\"'= \n]{0,6}".prop_map(String::into_bytes),
        1 => any::<String>().prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..4),
        1 => prop::sample::select(vec!["\u{202e}", "\u{2028}", "\u{feff}", "\r\n", "\0", "\u{85}", "\u{fdd0}"])
            .prop_map(|word| word.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn sent_text_cannot_do_harm(sent in hostile()) {
        property::holds(&sent);
    }
}

#[test]
fn the_committed_inputs_of_the_fuzz_target_cannot_do_harm() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus/text");
    let inputs: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(inputs.len() > 2, "{inputs:?}");
    for input in inputs {
        property::holds(&std::fs::read(input).unwrap());
    }
}

#[test]
fn unusual_text_harms_neither_the_bus_nor_the_screen() {
    for piece in
        ["<a href=\"https://a.example/&\">'", "<b><i><u><a href=x>&", "'", "&lt;", "<", "\u{202e}", "<p>"]
    {
        let sent = format!("\u{ff}\u{ff}{}", piece.repeat(20_000));
        property::holds(sent.as_bytes());
    }
}

#[test]
fn the_checker_finds_disallowed_markup() {
    for body in [
        "<",
        ">",
        "a & b",
        "&lt",
        "&apos;",
        "<b>",
        "</b>",
        "<b></i>",
        "<a>x</a>",
        "<b><b>x</b></b>",
        "<B>x</B>",
        "<img src=\"x\">",
        "<a href=\"javascript:x\">y</a>",
        "<a href=\"https://a\" id=\"x\">y</a>",
        "<a href=\"https://a\"><a href=\"https://b\">y</a></a>",
        "<a href=\"https://a&b\">y</a>",
        "<span foreground=\"red\">x</span>",
        "<span foreground=\"#ff00000\">x</span>",
        "<span foreground=\"#ff0000\" size=\"9\">x</span>",
        "<span foreground=\"#ff0000\"><b>x</span></b>",
        "<span foreground=\"#ff0000\"><span foreground=\"#00ff00\">x</span></span>",
        "<span>x</span>",
        "</span>",
        "\u{202e}",
        "\0",
        "\t",
    ] {
        assert!(crate::subset::words(body, true, true).is_err(), "{body:?}");
    }
    let body = "a<b>&lt;<i>x</i></b>\n<a href=\"https://a/?x&amp;y\"><u>&#39;</u></a>";
    assert_eq!(crate::subset::words(body, true, false), Ok("a<x\n'".to_owned()));
    assert!(crate::subset::words(body, false, true).is_err());
    let body = "<span foreground=\"#00ff0a\"><b>x</b></span>";
    assert_eq!(crate::subset::words(body, false, true), Ok("x".to_owned()));
    assert!(crate::subset::words(body, true, false).is_err());
    assert_eq!(crate::subset::words("<tt>x</tt>", false, true), Ok("x".to_owned()));
    assert!(crate::subset::words("<tt>x</tt>", true, false).is_err());
}
