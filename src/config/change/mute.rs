//! Writes a rule into the settings that mutes an application.
//!
//! Invariant: everything else in the file stays as it is, also its comments; the rule is tried before all others, and replaces an
//! earlier one of the same kind.

use std::io;
use std::path::Path;

use toml_edit::{ArrayOfTables, Datetime, InlineTable, Item, Table, Value, value};

use super::file::rewrite;
use super::{document, written};
use crate::config::error::{Error, Mistake};
use crate::config::file::parse;
use crate::domain::rules::Pattern;

/// Mutes an application, by its exact name: until a unix time, or for good. A missing file is created for its owner only.
pub fn mute(path: &Path, app: &str, until: Option<i64>) -> Result<(), Error> {
    let pattern = Pattern::exactly(app).map_err(|why| Error::unwritable(path, &io::Error::other(why)))?;
    rewrite(path, |text| muted(text, app, &pattern, until))
}

/// The text with the rule.
pub(in crate::config) fn muted(
    bytes: &[u8],
    app: &str,
    pattern: &Pattern,
    until: Option<i64>,
) -> Result<String, Mistake> {
    parse(bytes)?;
    let (text, mut document) = document(bytes)?;
    let name = format!("mute {app}");
    let until = until.and_then(|unix| jiff::Timestamp::from_second(unix).ok());
    let until = until.and_then(|time| time.to_string().parse::<Datetime>().ok()).map(Value::from);
    match document.get_mut("rules") {
        Some(Item::Value(Value::Array(rules))) => {
            rules.retain(|rule| {
                rule.as_inline_table().and_then(|rule| rule.get("name")?.as_str()) != Some(&name)
            });
            rules.insert(0, inline_rule(&name, pattern, until));
        }
        Some(Item::ArrayOfTables(rules)) => *rules = with_first(rules, rule(&name, pattern, until)),
        Some(_) | None => {
            let mut rules = ArrayOfTables::new();
            rules.push(rule(&name, pattern, until));
            document.insert("rules", Item::ArrayOfTables(rules));
        }
    }
    Ok(written(&document, text))
}

fn rule(name: &str, pattern: &Pattern, until: Option<Value>) -> Table {
    let mut rule = Table::new();
    for (key, part) in inline_rule(name, pattern, until) {
        rule.insert(&key, value(part));
    }
    rule
}

fn inline_rule(name: &str, pattern: &Pattern, until: Option<Value>) -> InlineTable {
    let mut rule = InlineTable::new();
    rule.insert("name", name.into());
    if let Some(until) = until {
        rule.insert("until", until);
    }
    rule.insert("when", InlineTable::from_iter([("app", pattern.to_string())]).into());
    rule.insert("then", InlineTable::from_iter([("show", false)]).into());
    rule
}

/// The rules with another one before them, and without an earlier one that has its name.
fn with_first(rules: &ArrayOfTables, mut rule: Table) -> ArrayOfTables {
    let name = rule.get("name").and_then(Item::as_str).map(str::to_owned);
    let is_replaced = |earlier: &&Table| earlier.get("name").and_then(Item::as_str) == name.as_deref();
    // The tables of a file are written in the order of their positions, and equal ones in the order of this list.
    rule.set_position(rules.iter().filter_map(Table::position).min());
    let mut all = ArrayOfTables::new();
    all.push(rule);
    for rule in rules.iter().filter(|rule| !is_replaced(rule)) {
        all.push(rule.clone());
    }
    all
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::domain::rules::Rule;

    fn muted_text(before: &str, app: &str, until: Option<i64>) -> (String, Vec<Rule>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        if !before.is_empty() {
            fs::write(&path, before).unwrap();
        }
        mute(&path, app, until).unwrap();
        (fs::read_to_string(&path).unwrap(), crate::config::read(&path).unwrap().rules)
    }

    #[test]
    fn the_rule_comes_first_and_everything_else_stays() {
        let rule =
            "[[rules]]\nname = \"mute Backup\"\nwhen = { app = \"/^Backup$/\" }\nthen = { show = false }\n";
        for (before, after) in [
            ("", rule.to_owned()),
            ("# mine\nsound = false # never\n", format!("# mine\nsound = false # never\n\n{rule}")),
            ("[hook]\ncommand = []\n", format!("[hook]\ncommand = []\n\n{rule}")),
            (
                "[[rules]]\n# one\nname = 'one' # 1\n\n# two\n[[rules]]\nname = 'two'\n[pause]\n",
                format!(
                    "{rule}\n[[rules]]\n# one\nname = 'one' # 1\n\n# two\n[[rules]]\nname = 'two'\n[pause]\n"
                ),
            ),
        ] {
            let (text, rules) = muted_text(before, "Backup", None);
            let squeezed = |text: &str| text.replace("\n\n", "\n");
            assert_eq!(squeezed(text.trim_start()), squeezed(&after), "{before:?}");
            assert_eq!(rules[0].name.as_deref(), Some("mute Backup"));
        }
    }

    #[test]
    fn a_rule_for_the_same_application_is_replaced() {
        let (hour, rules) = muted_text("[[rules]]\nname = 'one'\n", "A \"b\" (c)", Some(1_000));
        assert_eq!((rules.len(), rules[0].until), (2, Some(1_000)));
        assert!(hour.contains("until = 1970-01-01T00:16:40Z\n"), "{hour}");
        let (_, rules) = muted_text(&hour, "A \"b\" (c)", None);
        assert_eq!((rules.len(), rules[0].until), (2, None));
        let (_, rules) = muted_text("rules = [{ name = 'one' }] # all\n", "B", Some(1_000));
        assert_eq!((rules.len(), rules[0].name.as_deref()), (2, Some("mute B")));
    }

    #[test]
    fn a_file_with_a_mistake_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "sound = 3\n").unwrap();
        assert!(mute(&path, "A", None).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "sound = 3\n");
    }
}
