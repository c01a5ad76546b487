//! Fills the variables of a template.
//!
//! Invariant: a variable without a value is an error that names it, and a value is never read for variables itself.

use super::settings::Format;
use crate::domain::text::escaped;

/// Fills every `{name}` in a text with its value; `{{` and `}}` are braces. In HTML the values are escaped.
///
/// # Errors
/// The name of the first variable that has no value, or the text after a brace that begins no variable.
pub fn fill(text: &str, format: Format, value: &dyn Fn(&str) -> Option<String>) -> Result<String, FillError> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, after) = rest.split_at(at);
        filled.push_str(before);
        if let Some(tail) = after.strip_prefix("{{") {
            filled.push('{');
            rest = tail;
        } else if let Some(tail) = after.strip_prefix("}}") {
            filled.push('}');
            rest = tail;
        } else if let Some((name, tail)) = after.strip_prefix('{').and_then(|tail| tail.split_once('}')) {
            if !is_variable(name) {
                return Err(FillError::Malformed(format!("{{{name}}}")));
            }
            let value = value(name).ok_or_else(|| FillError::Missing(name.to_owned()))?;
            match format {
                Format::Html => filled.push_str(&escaped(&value)),
                Format::Plain | Format::Monospace => filled.push_str(&value),
            }
            rest = tail;
        } else {
            return Err(FillError::Malformed(after.chars().take(20).collect()));
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Why a text cannot be filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FillError {
    /// This variable has no value.
    Missing(String),
    /// There is a brace that belongs to no variable.
    Malformed(String),
}

impl std::fmt::Display for FillError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "the variable `{name}` has no value"),
            Self::Malformed(text) => {
                write!(f, "`{text}` is not a variable; write {{{{ and }}}} for braces")
            }
        }
    }
}

/// Whether this can be the name of a variable: words with dots between them, as the path into a JSON document.
fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name.split('.').all(|part| {
            !part.is_empty()
                && part.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, format: Format) -> Result<String, String> {
        let value = |name: &str| match name {
            "host" => Some("web01".to_owned()),
            "alerts.0.labels.job" => Some("node".to_owned()),
            "tricky" => Some("<b>{host}</b> & 'x'".to_owned()),
            _ => None,
        };
        fill(text, format, &value).map_err(|error| error.to_string())
    }

    #[test]
    fn variables_are_filled_and_values_are_escaped_in_html() {
        for (text, plain) in [
            ("", ""),
            ("no variable", "no variable"),
            ("{host}: {alerts.0.labels.job}{host}", "web01: nodeweb01"),
            ("{{host}} {{{host}}}", "{host} {web01}"),
            ("{tricky}", "<b>{host}</b> & 'x'"),
        ] {
            assert_eq!(filled(text, Format::Plain).unwrap(), plain);
        }
        assert_eq!(
            filled("<i>{tricky}</i>", Format::Html).unwrap(),
            "<i>&lt;b&gt;{host}&lt;/b&gt; &amp; &#39;x&#39;</i>"
        );
    }

    #[test]
    fn a_missing_value_and_a_stray_brace_are_errors() {
        for (text, why) in [
            ("{host} {disk}", "the variable `disk` has no value"),
            ("{}", "`{}` is not a variable; write {{ and }} for braces"),
            ("{a b}", "`{a b}` is not a variable; write {{ and }} for braces"),
            ("{a..b}", "`{a..b}` is not a variable; write {{ and }} for braces"),
            ("open {host", "`{host` is not a variable; write {{ and }} for braces"),
            ("a } b", "`} b` is not a variable; write {{ and }} for braces"),
        ] {
            assert_eq!(filled(text, Format::Plain).unwrap_err(), why);
        }
    }
}
