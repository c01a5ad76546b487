//! Tests items and accounts in every observed form, and in malformed ones.
//!
//! Invariant: each expectation is about one field; all others have their defaults.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::domain::account::{Account, SoundPreferences};
use crate::domain::message::{Message, MessageId, Priority, Received};
use crate::pushover::parse::{self, Splitter};

/// When the items arrived.
const ARRIVED: i64 = 50;

fn items(body: &str) -> Vec<Received> {
    let (mut splitter, mut items) = (Splitter::default(), Vec::new());
    splitter.read(body.as_bytes(), |item| {
        items.push(parse::received(String::from_utf8(item.to_vec()).unwrap(), ARRIVED));
    });
    let envelope = String::from_utf8(splitter.envelope().to_vec()).unwrap();
    parse::check_list(&parse::body(200, None, &envelope).unwrap()).unwrap();
    items
}

/// The message from this item.
fn item(raw: &str) -> Message {
    let mut items = items(&format!("{{\"status\":1,\"messages\":[{raw}]}}"));
    assert_eq!(items.len(), 1);
    let item = items.remove(0);
    assert_eq!(item.raw, raw);
    item.message
}

/// An item with an id and these fields.
fn with(fields: &str) -> Message {
    item(&format!("{{\"id\":1,{fields}}}"))
}

fn account(user: &str) -> Account {
    let body = format!("{{\"status\":1,\"messages\":[],\"user\":{user}}}");
    parse::account(&parse::body(200, None, &body).unwrap())
}

#[test]
fn every_field_of_a_message_is_read() {
    let message = item(
        r#"{
   "id":380698969174458372, "id_str":"380698969174458373",
   "umid":502550228871720147, "umid_str":"502550228871720148",
   "title":"Alert", "message":"text or <b>html</b>", "app":"LibreNMS Work",
   "aid":435443636951759403, "aid_str":"435443636951759403", "icon":"mnsw2ykc6qa5sbn",
   "date":1631773887, "queued_date":1631773893, "dispatched_date":1631773893,
   "priority":2, "sound":"po", "url":"mailto:a@b.c", "url_title":"Open",
   "acked":1, "receipt":"rLqVuqTRh62UzxtmqiaLzQmVcPgiCy", "html":1, "monospace":"1", "encrypted":true,
   "expiration_date":1631777487, "subscription":1, "subscription_str":"x", "new":{"a":[null]}
 }"#,
    );
    let expected = Message {
        umid: Some(502_550_228_871_720_148),
        app: "LibreNMS Work".into(),
        icon: Some("mnsw2ykc6qa5sbn".into()),
        title: Some("Alert".into()),
        body: "text or <b>html</b>".into(),
        html: true,
        monospace: true,
        priority: Priority::Emergency,
        date: 1_631_773_887,
        queued: ARRIVED,
        url: Some("mailto:a@b.c".into()),
        url_title: Some("Open".into()),
        sound: Some("po".into()),
        receipt: crate::domain::message::Receipt::new("rLqVuqTRh62UzxtmqiaLzQmVcPgiCy"),
        acknowledged: true,
        expires: Some(1_631_777_487),
        encrypted: true,
        ..Message::unread(MessageId::from_service(380_698_969_174_458_373).unwrap())
    };
    assert_eq!(message, expected);
}

#[test]
fn an_item_with_only_an_id_is_valid() {
    assert_eq!(
        item(r#"{"id":2}"#),
        Message { queued: ARRIVED, ..Message::unread(MessageId::from_service(2).unwrap()) }
    );
    let nulls = r#""message":null,"app":null,"priority":null,"receipt":null,"date":null,"title":null"#;
    assert_eq!(with(nulls), item(r#"{"id":1}"#));
}

#[test]
fn an_id_is_read_in_every_spelling_and_exactly() {
    for (fields, id) in [
        (r#""id":9007199254740993"#, 9_007_199_254_740_993),
        (r#""id":"9007199254740993""#, 9_007_199_254_740_993),
        (r#""id_str":"9223372036854775807""#, i64::MAX),
        (r#""id":9007199254740992,"id_str":"9007199254740993""#, 9_007_199_254_740_993),
        (r#""id":5,"id_str":"""#, 5),
        (r#""id":5,"id_str":null"#, 5),
        (r#""id_str":7"#, 7),
        (r#""id":3.0"#, 3),
    ] {
        let message = item(&format!("{{{fields}}}"));
        assert_eq!((message.id.number(), message.problem), (id, None), "{fields}");
    }
}

#[test]
fn an_item_without_a_readable_id_is_identified_by_its_content() {
    for raw in [
        r#"{"message":"kept"}"#,
        r#"{"id":0,"message":"kept"}"#,
        r#"{"id":-1,"message":"kept"}"#,
        r#"{"id":9223372036854775808,"message":"kept"}"#,
        r#"{"id":12345678901234567890123,"message":"kept"}"#,
        r#"{"id":1e3,"message":"kept"}"#,
        r#"{"id":[1],"message":"kept"}"#,
        r#"{"id":"x","message":"kept"}"#,
    ] {
        let message = item(raw);
        assert_eq!(message.id, MessageId::from_content(raw.as_bytes()));
        assert_eq!(message.body, "kept");
        assert_eq!(message.problem.as_deref(), Some("its id could not be read"), "{raw}");
    }
}

#[test]
fn an_item_that_is_not_an_object_is_kept() {
    for raw in ["null", "7", "\"text\"", "[]", "[{\"id\":1}]", "true"] {
        let mut expected = Message::unread(MessageId::from_content(raw.as_bytes()));
        expected.problem = Some("it is not a JSON object".into());
        assert_eq!(item(raw), expected);
    }
}

#[test]
fn an_item_that_is_not_valid_json_is_kept() {
    for raw in [r#"{"id":1 oops}"#, r#"{"id":1,}"#, r#"{"id":1}}"#] {
        let mut expected = Message::unread(MessageId::from_content(raw.as_bytes()));
        expected.problem = Some("it is not valid JSON".into());
        assert_eq!(item(raw), expected);
    }
}

#[test]
fn a_wrong_type_in_an_important_field_is_a_problem() {
    for (fields, problem) in [
        (r#""message":42"#, "its message could not be read"),
        (r#""message":{"x":1}"#, "its message could not be read"),
        (r#""app":true"#, "its app could not be read"),
        (r#""priority":"high""#, "its priority could not be read"),
        (r#""priority":1.5"#, "its priority could not be read"),
        (r#""date":"yesterday""#, "its date could not be read"),
        (r#""receipt":"../../x""#, "its receipt could not be read"),
        (r#""receipt":["r"]"#, "its receipt could not be read"),
        (r#""date":[],"app":[]"#, "its date, app could not be read"),
    ] {
        let message = with(&format!("\"title\":\"kept\",{fields}"));
        assert_eq!(message.problem.as_deref(), Some(problem), "{fields}");
        assert_eq!((message.title.as_deref(), message.id.number()), (Some("kept"), 1));
        assert_eq!(message.receipt, None);
    }
    assert_eq!(with(r#""message":42"#).body, "42");
}

#[test]
fn a_wrong_type_in_any_other_field_is_ignored() {
    let malformed = r#""title":1,"icon":[],"url":{},"url_title":false,"sound":2,"umid":"x","expiration_date":"x","html":"x","acked":[],"ttl":{},"monospace":2,"encrypted":"no""#;
    assert_eq!(with(malformed), item(r#"{"id":1}"#));
    assert_eq!(
        with(r#""title":"","icon":"","url":"","url_title":"","sound":"","receipt":"""#),
        item(r#"{"id":1}"#)
    );
}

#[test]
fn a_priority_is_read_in_every_spelling() {
    for (json, priority) in [
        ("-2", Priority::Lowest),
        ("\"-1\"", Priority::Low),
        ("0", Priority::Normal),
        ("1.0", Priority::High),
        ("2", Priority::Emergency),
        ("9", Priority::Emergency),
    ] {
        let message = with(&format!("\"priority\":{json}"));
        assert_eq!((message.priority, message.problem), (priority, None), "{json}");
    }
    assert_eq!(with(r#""receipt":"r1","priority":"?""#).priority, Priority::Emergency);
    assert_eq!(with(r#""receipt":"r1""#).priority, Priority::Emergency);
    assert_eq!(with(r#""receipt":"r1","priority":1"#).priority, Priority::High);
}

#[test]
fn html_is_read_from_its_flag_and_not_guessed() {
    for (json, html) in [("1", true), ("\"1\"", true), ("true", true), ("0", false), ("\"0\"", false)] {
        assert_eq!(with(&format!("\"html\":{json}")).html, html, "{json}");
    }
    assert!(!with(r#""message":"<b>x</b>""#).html);
}

#[test]
fn an_expiry_is_a_date_or_a_time_to_live() {
    for (fields, expires) in [
        (r#""expiration_date":100"#, Some(100)),
        (r#""expiration_date":"100","ttl":5,"date":7"#, Some(100)),
        (r#""ttl":5,"date":7"#, Some(55)),
        (r#""ttl":"5","date":"7.9","queued_date":48"#, Some(53)),
        (r#""expiration_date":null,"ttl":5,"date":9999"#, Some(55)),
        (r#""ttl":5"#, Some(55)),
        // The service does not deliver expired messages.
        (r#""expiration_date":50"#, None),
        (r#""expiration_date":20,"date":7"#, Some(63)),
        (r#""expiration_date":20,"date":7,"queued_date":"45""#, Some(58)),
        (r#""expiration_date":20,"date":7,"queued_date":30"#, None),
        (r#""expiration_date":20,"date":99"#, None),
        (r#""ttl":5,"queued_date":45"#, None),
        (r#""expiration_date":0"#, None),
        (r#""ttl":0,"date":7"#, None),
        (r#""ttl":5,"date":7,"priority":2"#, None),
        (r#""ttl":9223372036854775807,"date":7"#, None),
    ] {
        assert_eq!(with(fields).expires, expires, "{fields}");
    }
}

#[test]
fn a_malformed_item_does_not_affect_the_others() {
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let bad = [
        "null".to_owned(),
        deep.clone(),
        format!("{{\"id\":2,\"extra\":{deep}}}"),
        r#"{"id":2,"id":3,"message":"\ud800","message":"a\u0000b"}"#.to_owned(),
        r#"{"\udfff":1,"id":1e999}"#.to_owned(),
        r#"{"id":{}}"#.to_owned(),
    ];
    let good = r#"{"id":1,"message":"fine"}"#;
    let all: Vec<_> = bad.iter().flat_map(|bad| [bad.as_str(), good]).collect();
    let items = items(&format!("\u{FEFF} {{\"messages\" : [ {} ] ,\"status\":1}}\n", all.join(" ,\n")));
    let raw: Vec<_> = items.iter().map(|item| item.raw.as_str()).collect();
    assert_eq!(raw, all);
    for item in items.iter().skip(1).step_by(2) {
        assert_eq!((item.message.body.as_str(), &item.message.problem), ("fine", &None));
    }
    assert_eq!((items[4].message.id.number(), items[4].message.problem.as_deref()), (2, None));
    assert_eq!((items[6].message.id.number(), items[6].message.body.as_str()), (3, "a\u{FFFD}b"));
}

#[test]
fn malformed_account_fields_keep_their_defaults() {
    let licensed = |desktop_licensed| Account { desktop_licensed, ..Account::default() };
    assert_eq!(account(r#"{"quiet_hours":true}"#), Account { quiet_hours: true, ..Account::default() });
    assert_eq!(account(r#"{"is_desktop_licensed":"1"}"#), licensed(Some(true)));
    assert_eq!(account(r#"{"is_desktop_licensed":false,"quiet_hours":{}}"#), licensed(Some(false)));
    for user in ["null", "[]", "\"x\"", r#"{"is_desktop_licensed":null}"#] {
        assert_eq!(account(user), licensed(None), "{user}");
    }
}

/// Any JSON, often with the service's own keys.
pub(super) fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        prop::sample::select(vec![
            "id",
            "id_str",
            "umid",
            "umid_str",
            "message",
            "app",
            "title",
            "priority",
            "receipt",
            "date",
            "html",
            "acked",
            "ttl",
            "expiration_date",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(|number| Value::from(number.to_string())),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(key.clone(), inner, 0..12)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_value_becomes_an_item(values in prop::collection::vec(any_json(), 0..8)) {
        let items = items(&json!({"status": 1, "messages": values}).to_string());
        prop_assert_eq!(items.len(), values.len());
        for (item, value) in items.iter().zip(&values) {
            prop_assert_eq!(&item.raw, &value.to_string());
            let is_known = item.message.id.is_from_service();
            prop_assert!(is_known || item.message.problem.is_some());
            prop_assert!(is_known || item.message.id == MessageId::from_content(item.raw.as_bytes()));
        }
    }

    #[test]
    fn ids_are_exact(id in 1..=i64::MAX, as_text: bool, as_str: bool) {
        let value = if as_text { json!(id.to_string()) } else { json!(id) };
        let key = if as_str { "id_str" } else { "id" };
        prop_assert_eq!(item(&json!({key: value}).to_string()).id.number(), id);
    }

    #[test]
    fn any_body_is_parsed_or_an_error(status in 100..600_u16, text: String) {
        if let Ok(body) = parse::body(status, None, &text) {
            prop_assert!(parse::check_list(&body).is_err() || text.contains("messages"));
        }
    }

    #[test]
    fn any_errors_value_is_a_rejection(errors in any_json(), beside in any_json()) {
        let body = json!({"status": 0, "errors": errors, "message": beside, "user": beside}).to_string();
        let Err(error) = parse::body(400, None, &body).map(|_| ()) else { panic!("it was accepted") };
        prop_assert!(error.is_final());
        prop_assert!(error.to_string().len() < 12 * 820);
    }
}

#[test]
fn the_sound_preferences_of_a_device_are_read_in_every_spelling() {
    let sounds = |device: &str| {
        let body = format!(r#"{{"status":1,"messages":[],"device":{device}}}"#);
        parse::account(&parse::body(200, None, &body).unwrap()).sounds
    };
    let chosen = SoundPreferences {
        default_sound: Some("co".to_owned()),
        always_use_default_sound: true,
        default_high_priority_sound: Some("si".to_owned()),
        always_use_default_high_priority_sound: true,
    };
    for yes in ["true", "1", "\"1\""] {
        let device = format!(
            r#"{{"name":"desk","default_sound":"co","always_use_default_sound":{yes},
                "default_high_priority_sound":"si","always_use_default_high_priority_sound":{yes}}}"#
        );
        assert_eq!(sounds(&device), chosen, "{yes}");
    }
    let malformed =
        r#"{"default_sound":{},"always_use_default_sound":[],"default_high_priority_sound":null}"#;
    for device in ["{}", "null", "[]", "\"desk\"", "1", malformed] {
        assert_eq!(sounds(device), SoundPreferences::default(), "{device}");
    }
}
