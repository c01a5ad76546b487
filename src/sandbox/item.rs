//! One message as the items of a download carry it.
//!
//! Invariant: an item is written anew at each download, so switches and acknowledgements show at once; one that
//! was injected goes out as it was given.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::switches::Switches;

/// A message that was sent, the same for all devices.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    pub(super) umid: u64,
    pub(super) app: String,
    pub(super) aid: u64,
    pub(super) icon: String,
    pub(super) title: Option<String>,
    pub(super) message: String,
    pub(super) date: i64,
    pub(super) queued: i64,
    pub(super) priority: i8,
    pub(super) sound: Option<String>,
    pub(super) url: Option<String>,
    pub(super) url_title: Option<String>,
    pub(super) receipt: Option<String>,
    pub(super) html: bool,
    pub(super) monospace: bool,
    pub(super) encrypted: bool,
    pub(super) expires: Option<i64>,
}

/// A message in a device's queue.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The number that deletions are counted in.
    pub(super) id: u64,
    pub(super) content: Content,
}

/// What is in an item.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// A message sent over the API.
    Sent(Arc<Sent>),
    /// JSON from a test.
    Raw(Value),
}

impl Item {
    /// The item of a download.
    pub(super) fn json(&self, acknowledged: bool, switches: &Switches) -> Value {
        match &self.content {
            Content::Sent(sent) => sent.json(self.id, acknowledged, switches),
            Content::Raw(value) => value.clone(),
        }
    }

    /// The message's own name for the emergency, if it is one that was sent.
    pub(super) fn receipt(&self) -> Option<&str> {
        match &self.content {
            Content::Sent(sent) => sent.receipt.as_deref(),
            Content::Raw(_) => None,
        }
    }

    /// Whether the service would have dropped it by now.
    pub(super) fn is_over(&self, now: i64) -> bool {
        const LONGEST: i64 = 21 * 24 * 3600;
        match &self.content {
            Content::Sent(sent) => {
                sent.expires.is_some_and(|expires| expires <= now) || sent.queued + LONGEST <= now
            }
            Content::Raw(_) => false,
        }
    }
}

impl Sent {
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
        put("message", json!(self.message));
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
    fn an_item_has_only_what_was_sent_and_obeys_the_switches() {
        let sent = Sent { umid: 9_007_199_254_740_993, message: "m".into(), html: true, ..Sent::default() };
        let item = Item { id: 9_007_199_254_740_995, content: Content::Sent(Arc::new(sent)) };
        let usual = item.json(false, &Switches::default());
        assert_eq!(usual["id"], json!(9_007_199_254_740_995_u64));
        assert_eq!((&usual["umid_str"], &usual["html"]), (&json!("9007199254740993"), &json!(1)));
        assert!(usual.get("title").is_none() && usual.get("sound").is_none());
        let odd = Switches {
            id_strings: false,
            umid_as_string: true,
            html_as_string: true,
            unknown_keys: true,
            ..Switches::default()
        };
        let odd = item.json(true, &odd);
        assert_eq!(
            (&odd["umid"], &odd["html"], &odd["acked"]),
            (&json!("9007199254740993"), &json!("1"), &json!(1))
        );
        assert!(odd.get("id_str").is_none() && odd.get("from_the_future").is_some());
    }

    #[test]
    fn an_item_is_over_after_its_time_or_21_days() {
        let sent = |expires, queued| Item {
            id: 1,
            content: Content::Sent(Arc::new(Sent { queued, expires, ..Sent::default() })),
        };
        assert!(!sent(Some(11), 0).is_over(10) && sent(Some(10), 0).is_over(10));
        assert!(!sent(None, 0).is_over(21 * 86_400 - 1) && sent(None, 0).is_over(21 * 86_400));
    }
}
