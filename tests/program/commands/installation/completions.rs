//! Tests the shell completions that packages install. They are files, so that the program does not contain their
//! generator.

use std::fs;
use std::path::Path;

use clap_complete::{Shell, generate};
use handover::cli;

const SHELLS: [(Shell, &str); 3] =
    [(Shell::Bash, "handover.bash"), (Shell::Zsh, "_handover"), (Shell::Fish, "handover.fish")];

fn completions() -> impl Iterator<Item = (std::path::PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/linux/completions");
    SHELLS.into_iter().map(move |(shell, name)| {
        let mut text = Vec::new();
        generate(shell, &mut cli::definition(), "handover", &mut text);
        (folder.join(name), String::from_utf8(text).expect("a script"))
    })
}

#[test]
fn the_completions_know_every_command_and_flag() {
    for (path, text) in completions() {
        let current = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            current == text,
            "{} is out of date; to write it, run: cargo test --locked --test program -- --ignored write_the_completions",
            path.display()
        );
    }
}

#[test]
#[ignore = "writes into the repository"]
fn write_the_completions() {
    for (path, text) in completions() {
        fs::write(path, text).expect("write a script");
    }
}
