//! What to suggest for a command that does not exist.
//!
//! Invariant: only an existing command is suggested: one with the same meaning, or one that differs by a typing mistake.

use clap::Error;
use clap::error::{ContextKind, ContextValue};

/// Commands that people try, and what does the same here.
const MEANINGS: [(&[&str], &str); 12] = [
    (&["push", "test", "notify", "post"], "send"),
    (&["login", "signin", "sign-in", "register", "init", "config", "configure"], "setup"),
    (&["signout", "sign-out"], "logout"),
    (&["log", "logs", "history", "inbox", "show", "read", "ls", "search", "watch", "tail"], "messages"),
    (&["exit", "kill", "shutdown", "terminate"], "quit"),
    (&["acknowledgement", "confirm"], "acknowledge"),
    (&["mute", "snooze", "dnd", "silence", "quiet"], "pause"),
    (&["unmute", "continue", "unsnooze"], "resume"),
    (&["fetch", "refresh", "update", "pull", "download", "reconnect", "connect"], "sync"),
    (&["enable", "disable", "autorun"], "autostart"),
    (&["check", "diagnose", "debug", "verify"], "doctor"),
    (&["info", "state", "ps"], "status"),
];

/// Commands that are not needed here, and why.
const NOT_NEEDED: [(&[&str], &str); 1] = [(
    &["reload", "restart"],
    "changed settings are used at once; to restart, use 'handover quit', then 'handover start'",
)];

/// How many letters may be missing, wrong, superfluous or exchanged in this many.
fn allowed_mistakes(letters: usize) -> usize {
    if letters < 6 { 1 } else { 2 }
}

/// The error with suggestions that help. clap compares letters in any order, so that it suggests `setup` for `stop`.
pub(super) fn corrected(mut error: Error) -> Error {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    let typed = typed.to_lowercase();
    if let Some(command) = with_the_meaning(&typed, &MEANINGS) {
        let suggested = ContextValue::Strings(vec![command.to_owned()]);
        error.insert(ContextKind::SuggestedSubcommand, suggested);
        return error;
    }
    let similar = match error.remove(ContextKind::SuggestedSubcommand) {
        Some(ContextValue::Strings(suggested)) => {
            suggested.into_iter().filter(|command| is_similar(&typed, command)).collect()
        }
        Some(_) | None => Vec::new(),
    };
    if !similar.is_empty() {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(similar));
    } else if let Some(why) = with_the_meaning(&typed, &NOT_NEEDED) {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![why.into()]));
    } else {
        // clap leaves an empty list here, for which it prints an empty line.
        error.remove(ContextKind::Suggested);
    }
    error
}

fn with_the_meaning(typed: &str, table: &[(&[&str], &'static str)]) -> Option<&'static str> {
    table.iter().find(|(words, _)| words.contains(&typed)).map(|(_, meant)| *meant)
}

fn is_similar(typed: &str, command: &str) -> bool {
    strsim::osa_distance(typed, command) <= allowed_mistakes(command.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_typing_mistake_is_similar() {
        for (typed, command) in [
            ("statsu", "status"),
            ("mesages", "messages"),
            ("quitt", "quit"),
            ("logut", "logout"),
            ("setp", "setup"),
        ] {
            assert!(is_similar(typed, command), "{typed}");
        }
        for (typed, command) in [("bogus", "logout"), ("stop", "setup"), ("log", "logout"), ("window", "run")]
        {
            assert!(!is_similar(typed, command), "{typed}");
        }
    }
}
