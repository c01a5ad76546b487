//! The values of a template's variables: given by name, or anywhere in a JSON document, or in the environment.
//!
//! Invariant: a value that is given by name comes first, and the environment last.

use std::collections::BTreeMap;

use serde_json::Value;

/// The values.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// Those that were given by name.
    pub given: BTreeMap<String, String>,
    /// A document; the variable `alerts.0.status` is the field `status` of the first item of `alerts`.
    pub document: Option<Value>,
    /// Whether a variable may come from the environment of this process.
    pub environment: bool,
}

impl Variables {
    /// The value of a variable.
    pub fn value(&self, name: &str) -> Option<String> {
        let given = self.given.get(name).cloned();
        given.or_else(|| self.in_document(name)).or_else(|| {
            let allowed = self.environment && !name.contains('.');
            std::env::var(allowed.then_some(name)?).ok()
        })
    }

    fn in_document(&self, name: &str) -> Option<String> {
        let mut value = self.document.as_ref()?;
        for part in name.split('.') {
            value = match value {
                Value::Object(fields) => fields.get(part)?,
                Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
            };
        }
        match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(value.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_come_from_options_a_document_or_the_environment_in_this_order() {
        let document = r#"{"host":"json","alerts":[{"labels":{"job":"node"},"value":1.5}],"none":null}"#;
        let variables = Variables {
            given: [("host".to_owned(), "given".to_owned())].into(),
            document: serde_json::from_str(document).ok(),
            environment: true,
        };
        for (name, value) in [
            ("host", Some("given")),
            ("alerts.0.labels.job", Some("node")),
            ("alerts.0.value", Some("1.5")),
            ("alerts.0.labels", Some(r#"{"job":"node"}"#)),
            ("alerts.1.value", None),
            ("alerts.first", None),
            ("none", None),
            ("CARGO_PKG_NAME", Some("handover")),
            ("no_such_variable", None),
        ] {
            assert_eq!(variables.value(name).as_deref(), value, "{name}");
        }
        assert_eq!(Variables::default().value("CARGO_PKG_NAME"), None);
    }
}
