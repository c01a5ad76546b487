//! The fields of a message, as the service names them.
//!
//! Invariant: neither a token nor the key of a user is among them, so they can be shown and kept.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::domain::sending::Draft;
use crate::domain::sending::settings::Format;

/// The fields of a message, apart from the application's token and the keys of the users.
///
/// A picture goes as base64 in the same form, which the service documents beside the multipart form.
pub fn form(draft: &Draft) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut add =
        |name: &str, value: Option<String>| fields.extend(value.map(|value| (name.to_owned(), value)));
    let flag = |is_set: bool| is_set.then(|| "1".to_owned());
    add("message", Some(draft.message.clone()));
    add("title", draft.title.clone());
    add("url", draft.url.clone());
    add("url_title", draft.url_title.clone());
    add("html", flag(draft.format == Format::Html));
    add("monospace", flag(draft.format == Format::Monospace));
    let priority = draft.priority.number();
    add("priority", (priority != 0).then(|| priority.to_string()));
    let repeats = draft.repeats();
    add("retry", repeats.map(|(retry, _)| retry.to_string()));
    add("expire", repeats.map(|(_, expire)| expire.to_string()));
    add("callback", draft.callback.clone());
    add("tags", joined(&draft.tags));
    add("sound", draft.sound.clone());
    add("ttl", draft.ttl.map(|ttl| ttl.to_string()));
    add("timestamp", draft.timestamp.map(|timestamp| timestamp.to_string()));
    add("device", joined(&draft.devices));
    add("encrypted", flag(draft.encrypted));
    add("attachment_type", draft.attachment.as_ref().map(|attachment| attachment.media_type.to_owned()));
    add("attachment_base64", draft.attachment.as_ref().map(|attachment| STANDARD.encode(&attachment.bytes)));
    fields
}

fn joined(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| names.join(","))
}
