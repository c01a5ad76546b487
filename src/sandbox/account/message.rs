//! A message, and the JSON item it becomes in a download.
//!
//! Invariant: an item is made for each download, so switches and acknowledgements apply at once. An injected item is
//! delivered unchanged.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::sandbox::switches::Switches;

/// A message that was sent; all devices share it.
#[derive(Clone, Debug, Default)]
pub(in crate::sandbox) struct Message {
    pub(in crate::sandbox) umid: u64,
    pub(in crate::sandbox) app: String,
    pub(in crate::sandbox) aid: u64,
    pub(in crate::sandbox) icon: String,
    pub(in crate::sandbox) title: Option<String>,
    pub(in crate::sandbox) text: String,
    pub(in crate::sandbox) date: i64,
    pub(in crate::sandbox) queued: i64,
    pub(in crate::sandbox) priority: i8,
    pub(in crate::sandbox) sound: Option<String>,
    pub(in crate::sandbox) url: Option<String>,
    pub(in crate::sandbox) url_title: Option<String>,
    pub(in crate::sandbox) receipt: Option<String>,
    pub(in crate::sandbox) html: bool,
    pub(in crate::sandbox) monospace: bool,
    pub(in crate::sandbox) encrypted: bool,
    pub(in crate::sandbox) expires: Option<i64>,
}

/// A message in a device's queue.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Item {
    /// The id that a deletion refers to.
    pub(in crate::sandbox) id: u64,
    pub(in crate::sandbox) content: Content,
}

/// The content of an item.
#[derive(Clone, Debug)]
pub(in crate::sandbox) enum Content {
    /// A message sent over the API.
    Message(Arc<Message>),
    /// JSON from a test.
    Raw(Value),
}

impl Item {
    /// The item of a download.
    pub(in crate::sandbox) fn json(&self, acknowledged: bool, switches: &Switches) -> Value {
        match &self.content {
            Content::Message(message) => message.json(self.id, acknowledged, switches),
            Content::Raw(value) => value.clone(),
        }
    }

    /// The receipt of an emergency that was sent.
    pub(in crate::sandbox) fn receipt(&self) -> Option<&str> {
        match &self.content {
            Content::Message(message) => message.receipt.as_deref(),
            Content::Raw(_) => None,
        }
    }

    /// Whether the service would have removed it by now.
    pub(in crate::sandbox) fn has_expired(&self, now: i64) -> bool {
        const RETENTION: i64 = 21 * 24 * 3600;
        match &self.content {
            Content::Message(message) => {
                message.expires.is_some_and(|expires| expires <= now) || message.queued + RETENTION <= now
            }
            Content::Raw(_) => false,
        }
    }
}

impl Message {
    fn json(&self, id: u64, acknowledged: bool, switches: &Switches) -> Value {
        let mut item = Map::new();
        let mut put = |key: &str, value: Value| drop(item.insert(key.to_owned(), value));
        put("id", json!(id));
        put("umid", if switches.umid_as_string { json!(self.umid.to_string()) } else { json!(self.umid) });
        put("aid", json!(self.aid));
        if switches.id_strings {
            put("id_str", json!(id.to_string()));
            put("umid_str", json!(self.umid.to_string()));
            put("aid_str", json!(self.aid.to_string()));
        }
        put("app", json!(self.app));
        put("icon", json!(self.icon));
        put("message", json!(self.text));
        put("date", json!(self.date));
        put("queued_date", json!(self.queued));
        put("dispatched_date", json!(self.queued));
        put("priority", json!(self.priority));
        put("acked", json!(u8::from(acknowledged)));
        let texts = [
            ("title", &self.title),
            ("sound", &self.sound),
            ("url", &self.url),
            ("url_title", &self.url_title),
            ("receipt", &self.receipt),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                put(key, json!(text));
            }
        }
        if self.html {
            put("html", if switches.html_as_string { json!("1") } else { json!(1) });
        }
        if self.monospace {
            put("monospace", json!(1));
        }
        if self.encrypted && switches.marks_encrypted {
            put("encrypted", json!(1));
        }
        if let Some(expires) = self.expires {
            put("expiration_date", json!(expires));
        }
        if switches.unknown_keys {
            put("from_the_future", json!({"nested": [1, null, "ä"]}));
        }
        Value::Object(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_has_the_fields_sent_and_follows_the_switches() {
        let message =
            Message { umid: 9_007_199_254_740_993, text: "m".into(), html: true, ..Message::default() };
        let item = Item { id: 9_007_199_254_740_995, content: Content::Message(Arc::new(message)) };
        let usual = item.json(false, &Switches::default());
        assert_eq!(usual["id"], json!(9_007_199_254_740_995_u64));
        assert_eq!((&usual["umid_str"], &usual["html"]), (&json!("9007199254740993"), &json!(1)));
        assert!(usual.get("title").is_none() && usual.get("sound").is_none());
        let unusual = Switches {
            id_strings: false,
            umid_as_string: true,
            html_as_string: true,
            unknown_keys: true,
            ..Switches::default()
        };
        let unusual = item.json(true, &unusual);
        assert_eq!(
            (&unusual["umid"], &unusual["html"], &unusual["acked"]),
            (&json!("9007199254740993"), &json!("1"), &json!(1))
        );
        assert!(unusual.get("id_str").is_none() && unusual.get("from_the_future").is_some());
    }

    #[test]
    fn an_item_expires_after_its_ttl_or_21_days() {
        let message = |expires, queued| Item {
            id: 1,
            content: Content::Message(Arc::new(Message { queued, expires, ..Message::default() })),
        };
        assert!(!message(Some(11), 0).has_expired(10) && message(Some(10), 0).has_expired(10));
        assert!(!message(None, 0).has_expired(21 * 86_400 - 1) && message(None, 0).has_expired(21 * 86_400));
    }
}
