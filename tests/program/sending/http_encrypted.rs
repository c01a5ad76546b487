//! Encrypted messages in the local HTTP API: the same text as `handover messages` shows.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::http::{call, free_port, with_http};
use super::settings;
use crate::process::{Running, TIMEOUT};
use crate::support::e2ee::{BODY, KEY, OPEN_BODY, OPEN_TITLE, OPEN_URL, TITLE, URL, WRONG_KEY};
use crate::support::harness::Harness;

/// Settings with the HTTP API and this key.
fn with_key(harness: &Harness, port: u16, key: &str) -> String {
    let http = with_http(&settings(&harness.sandbox), port);
    format!("{http}[encryption]\nkey_command = ['sh', '-c', 'echo {key}']\n")
}

/// The first event that says that a message was recorded.
async fn recorded(port: u16, then: impl FnOnce()) -> Value {
    let head =
        format!("GET /events HTTP/1.1\r\nhost: localhost:{port}\r\nauthorization: Bearer main-token\r\n\r\n");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    let mut then = Some(then);
    let reading = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("the stream goes on");
            if line == "HTTP/1.1 200 OK" {
                then.take().into_iter().for_each(|then| then());
            }
            let data = line.strip_prefix("data: ").map(|data| serde_json::from_str::<Value>(data).unwrap());
            if let Some(data) = data.filter(|data| data["event"] == "recorded") {
                return data;
            }
        }
    };
    timeout(TIMEOUT, reading).await.expect("the event comes")
}

#[tokio::test]
async fn messages_and_events_have_the_decrypted_text() {
    let harness = Harness::signed_in().await;
    let port = free_port().await;
    harness.user.settings(&with_key(&harness, port, KEY));
    let daemon = harness.connected().await;
    let encrypted = [("encrypted", "1"), ("title", TITLE), ("url", URL)];
    let event = recorded(port, || drop(harness.send_with(BODY, &encrypted))).await;
    let of_program = harness.user.messages().await.remove(0);
    let (status, listed) = call(port, "GET", "/messages", "main-token", &json!({})).await;
    assert_eq!(status, 200, "{listed}");
    let message = &listed["messages"][0];
    for message in [message, &event["message"]] {
        assert_eq!((&message["title"], &message["url"]), (&json!(OPEN_TITLE), &json!(OPEN_URL)), "{message}");
        assert!(message["text"].as_str().unwrap().contains(OPEN_BODY), "{message}");
        assert_eq!((&message["encrypted"], &message["problem"]), (&json!(false), &Value::Null));
    }
    // It may have been marked as announced meanwhile.
    for field in ["id", "text", "body", "title", "url", "encrypted", "problem"] {
        assert_eq!(message[field], of_program[field], "{field}");
    }
    daemon.kill().await;

    // The foreground decrypts too, without a daemon.
    let serving = Running::start(harness.user.command(&["http"]));
    serving.until_printed("listening on ").await;
    let (_, listed) = call(port, "GET", "/messages", "main-token", &json!({})).await;
    assert_eq!(listed["messages"][0]["title"], OPEN_TITLE, "{listed}");
}

#[tokio::test]
async fn without_the_right_key_the_reason_is_the_same_everywhere() {
    let harness = Harness::signed_in().await;
    let port = free_port().await;
    harness.user.settings(&with_key(&harness, port, WRONG_KEY));
    let _daemon = harness.connected().await;
    harness.send_with(BODY, &[("encrypted", "1"), ("title", TITLE)]);
    harness.server.next_shown().await;
    let of_program = harness.user.messages().await.remove(0);
    let (_, listed) = call(port, "GET", "/messages", "main-token", &json!({})).await;
    let message = &listed["messages"][0];
    assert!(message["title"].is_null() && message["encrypted"] == true, "{message}");
    for field in ["text", "body", "problem"] {
        assert_eq!(message[field], of_program[field], "{field}");
    }
}
