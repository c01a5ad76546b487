//! The checks of `doctor` as text for a bug report.
//!
//! Invariant: no secret and no text of a message is in it, and the home folder is written as `~`.

use crate::app::doctor::{Check, Outcome};
use crate::window::words::tr;

/// The text to copy.
pub fn report(checks: &[Check], desktop: &str, home: Option<&str>) -> String {
    let mut report = format!("Handover {} (window), {desktop}\n", env!("CARGO_PKG_VERSION"));
    for check in checks {
        report.push_str(
            &format_args!("{:<8} {}: {}\n", check.outcome.word(), check.name, check.message).to_string(),
        );
        if let Some(hint) = &check.hint {
            report.push_str(&format_args!("         hint: {hint}\n").to_string());
        }
    }
    match home.filter(|home| home.len() > 1) {
        Some(home) => report.replace(home, "~"),
        None => report,
    }
}

/// What the page says above the checks.
pub fn summary(checks: &[Check]) -> &'static str {
    match checks.iter().map(|check| check.outcome).max_by_key(|outcome| rank(*outcome)) {
        Some(Outcome::Failed) => tr("Something keeps messages from arriving"),
        Some(Outcome::Warning) => tr("Messages arrive, but something could be better"),
        Some(Outcome::Ok) | None => tr("Everything works"),
    }
}

fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Ok => 0,
        Outcome::Warning => 1,
        Outcome::Failed => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(outcome: Outcome, message: &str, hint: Option<&str>) -> Check {
        Check { name: "login", outcome, message: message.to_owned(), hint: hint.map(str::to_owned) }
    }

    #[test]
    fn a_report_has_every_check_and_not_the_name_of_the_user() {
        let checks = [
            check(Outcome::Ok, "fine", None),
            check(Outcome::Warning, "/home/ann/x is readable by others", Some("chmod 600 /home/ann/x")),
        ];
        let report = report(&checks, "GNOME", Some("/home/ann"));
        assert!(report.ends_with(
            "(window), GNOME\nok       login: fine\nwarning  login: ~/x is readable by others\n         hint: chmod 600 ~/x\n"
        ), "{report}");
        assert_eq!(summary(&checks), "Messages arrive, but something could be better");
        assert_eq!(summary(&checks[..1]), "Everything works");
    }
}
