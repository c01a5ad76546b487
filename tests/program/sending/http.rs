//! The local HTTP API: who is let in, and what each address does.

use handover::sandbox::{Endpoint, Fault};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{requests, sender, settings};
use crate::process::{Running, TIMEOUT};
use crate::support::harness::Harness;

/// A port that is free now.
pub(super) async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// Sends a request as it is; returns the status and the document.
async fn exchange(port: u16, request: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it listens");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(TIMEOUT, stream.read_to_string(&mut answer)).await.expect("it answers").unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    (status, serde_json::from_str(body).unwrap_or_default())
}

pub(super) async fn call(port: u16, method: &str, path: &str, token: &str, document: &Value) -> (u16, Value) {
    let body = document.to_string();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    exchange(port, &(head + &body)).await
}

pub(super) fn with_http(settings: &str, port: u16) -> String {
    format!(
        "{settings}\n[http]\nlisten = '127.0.0.1:{port}'\ntoken = 'main-token'\n\
         [templates.grafana]\ntitle = '{{alerts.0.labels.job}} is {{status}}'\nmessage = '{{alerts.0.annotations.summary}}'\npriority = 1\n\
         [channels.grafana]\nrecipients = 'ops and not night'\ntemplate = 'grafana'\ntoken = 'grafana-token'\n\
         [channels.door]\nrecipients = 'sean'\ntoken = 'door-token'\n"
    )
}

/// `handover http` in the foreground, without a daemon.
pub(super) async fn foreground() -> (crate::user::User, handover::sandbox::Sandbox, Running, u16) {
    let (user, sandbox) = sender().await;
    let port = free_port().await;
    user.settings(&with_http(&settings(&sandbox), port));
    let serving = Running::start(user.command(&["http"]));
    serving.until_printed(&format!("listening on http://127.0.0.1:{port}")).await;
    (user, sandbox, serving, port)
}

#[tokio::test]
async fn a_request_without_the_right_token_host_or_method_does_nothing() {
    let (_user, sandbox, _serving, port) = foreground().await;
    let send = |headers: &str| {
        format!(
            "POST /send HTTP/1.1\r\nconnection: close\r\n{headers}content-type: application/json\r\ncontent-length: 15\r\n\r\n{{\"message\":\"x\"}}"
        )
    };
    let local = format!("host: 127.0.0.1:{port}\r\n");
    let right = "x-auth-token: main-token\r\n";
    for (headers, status) in [
        (local.clone(), 401),
        (format!("{local}authorization: Bearer main-toke\r\n"), 401),
        (format!("{local}authorization: Bearer main-tokenx\r\n"), 401),
        (format!("{local}authorization: Bearer grafana-token\r\n"), 401),
        (format!("{local}authorization: Basic main-token\r\n"), 401),
        (format!("host: evil.example\r\n{right}"), 403),
        (format!("host: localhost:{port}@evil.example\r\n{right}"), 403),
        (format!("{local}origin: http://localhost:{port}\r\n{right}"), 403),
        (format!("{local}origin: null\r\n{right}"), 403),
    ] {
        let (answered, document) = exchange(port, &send(&headers)).await;
        assert_eq!((answered, document["status"].as_u64()), (status, Some(0)), "{headers}: {document}");
    }
    for (method, path, status) in [
        ("GET", "/send", 405),
        ("DELETE", "/messages", 405),
        ("POST", "/nothing", 404),
        ("POST", "/queue/none", 401),
        ("POST", "/queue/grafana", 401),
    ] {
        assert_eq!(call(port, method, path, "main-token", &json!({})).await.0, status, "{method} {path}");
    }
    let large = format!(
        "POST /send HTTP/1.1\r\n{local}{right}connection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        9 << 20
    );
    assert_eq!(exchange(port, &large).await.0, 413);
    let flood = async { while call(port, "GET", "/nothing", "main-token", &json!({})).await.0 != 429 {} };
    timeout(TIMEOUT, flood).await.expect("a flood of requests is refused");
    assert_eq!(requests(&sandbox).len(), 0);
}

#[tokio::test]
async fn a_message_is_sent_from_json_and_from_a_form_and_answered_as_the_service_does() {
    let (_user, sandbox, _serving, port) = foreground().await;
    let document = json!({
        "user": "ops and not night", "subject": "Fire", "message": "in the cellar", "priority": 2, "retry": "60s",
        "expire": 3600, "sound": "siren", "html": true, "device": "phone", "tags": "cellar",
        "attachment_base64": "iVBORw0KGgoAAAAN",
    });
    let (status, answer) = call(port, "POST", "/send", "main-token", &document).await;
    assert_eq!((status, answer["status"].as_u64()), (200, Some(1)), "{answer}");
    assert_eq!(
        (answer["request"].as_str().unwrap().len(), answer["receipt"].as_str().unwrap().len()),
        (36, 30)
    );
    let [request] = requests(&sandbox).try_into().unwrap();
    for (name, value) in [
        ("title", "Fire"),
        ("message", "in the cellar"),
        ("priority", "2"),
        ("retry", "60"),
        ("sound", "siren"),
        ("html", "1"),
        ("device", "phone"),
        ("attachment_type", "image/png"),
    ] {
        assert_eq!(request.params[name], value, "{name}");
    }
    let body = "user=sean&message=two+words";
    let form = format!(
        "POST /send HTTP/1.1\r\nhost: [::1]:{port}\r\nconnection: close\r\nx-auth-token: main-token\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(exchange(port, &form).await.0, 200);
    assert_eq!(requests(&sandbox)[1].params["message"], "two words");

    let testing = json!({ "user": "sean", "message": "x", "testing": true });
    let (status, answer) = call(port, "POST", "/send", "main-token", &testing).await;
    assert_eq!((status, answer["testing"].as_bool()), (200, Some(true)), "{answer}");
    for (document, why) in [
        (json!({ "user": "eve", "message": "x" }), "there is no recipient or tag `eve`"),
        (json!({ "user": "sean", "message": "x".repeat(1025) }), "the message is too long: 1025 characters"),
        (json!({ "user": "sean", "message": "x", "sound": "trumpet" }), "there is no sound `trumpet`"),
        (json!({ "user": "sean", "message": "x", "sound": "p" }), "`p` matches several sounds"),
        (json!({ "user": "sean", "message": "x", "priority": 3 }), "`priority` is not a number from -2 to 2"),
        (
            json!({ "user": "sean", "message": "x", "attachment_base64": "eHh4" }),
            "`attachment_base64` is not a picture",
        ),
        (json!({ "user": "sean", "testing": true }), "there is no text"),
    ] {
        let (status, answer) = call(port, "POST", "/send", "main-token", &document).await;
        assert_eq!((status, answer["status"].as_u64()), (400, Some(0)), "{answer}");
        assert!(answer["errors"][0].as_str().unwrap().contains(why), "{answer}");
    }
    assert_eq!(requests(&sandbox).len(), 2);
    sandbox.faults().next(Endpoint::Send, Fault::rejection(400), 1);
    let (status, answer) =
        call(port, "POST", "/send", "main-token", &json!({ "user": "sean", "message": "x" })).await;
    assert_eq!((status, answer["requests"].as_array().map(Vec::len)), (400, Some(0)), "{answer}");
    assert_eq!(requests(&sandbox).len(), 3, "what is refused is not repeated");
    sandbox.faults().next(Endpoint::Send, Fault::status(503), 1);
    let (status, answer) =
        call(port, "POST", "/send", "main-token", &json!({ "user": "sean", "message": "x" })).await;
    assert_eq!(status, 502, "{answer}");
    assert_eq!(requests(&sandbox).len(), 4, "the caller decides whether to try again");
    // Of two requests one fails: the answer names the other.
    sandbox.faults().next(Endpoint::Send, Fault::status(503), 1);
    let both = json!({ "user": "ops", "message": "x", "device": "phone" });
    let (status, answer) = call(port, "POST", "/send", "main-token", &both).await;
    assert_eq!((status, answer["status"].as_u64()), (502, Some(0)), "{answer}");
    assert_eq!(answer["requests"].as_array().map(Vec::len), Some(1), "{answer}");
}

#[tokio::test]
async fn a_channel_turns_what_a_web_service_posts_into_a_message_and_can_be_revoked_alone() {
    let harness = Harness::signed_in().await;
    let port = free_port().await;
    let text = with_http(&settings(&harness.sandbox), port);
    harness.user.settings(&text);
    let _daemon = harness.connected().await;
    let alert = json!({
        "status": "firing",
        "alerts": [{ "labels": { "job": "node" }, "annotations": { "summary": "y".repeat(2000) } }],
    });
    let (status, answer) = call(port, "POST", "/queue/grafana", "grafana-token", &alert).await;
    assert_eq!((status, answer["status"].as_u64()), (200, Some(1)), "{answer}");
    let shown = harness.server.next_shown().await;
    assert!(shown.title.starts_with("node is firing"), "{shown:?}");
    let (status, answer) =
        call(port, "POST", "/queue/grafana", "grafana-token", &json!({ "status": "x" })).await;
    assert_eq!(status, 400, "{answer}");
    let ring = json!({ "title": "Door", "body": "rings", "actionUrl": "https://a.example/cam" });
    assert_eq!(call(port, "POST", "/queue/door", "door-token", &ring).await.0, 200);
    harness.server.next_shown().await;
    let [first, second] = requests(&harness.sandbox).try_into().unwrap();
    assert_eq!((first.params["priority"].as_str(), first.params["title"].as_str()), ("1", "node is firing"));
    for (name, value) in [("title", "Door"), ("message", "rings"), ("url", "https://a.example/cam")] {
        assert_eq!(second.params[name], value);
    }

    harness.user.settings(&text.replace("grafana-token", "another"));
    harness.user.handover(&["sync"]).await.succeeded();
    let revoked =
        async { while call(port, "POST", "/queue/grafana", "grafana-token", &alert).await.0 != 401 {} };
    timeout(TIMEOUT, revoked).await.expect("the token is revoked");
    assert_eq!(call(port, "POST", "/queue/door", "door-token", &ring).await.0, 200);
    // Without the section nothing listens.
    harness.user.settings(&settings(&harness.sandbox));
    let closed = async { while TcpStream::connect(("127.0.0.1", port)).await.is_ok() {} };
    timeout(TIMEOUT, closed).await.expect("it does not listen any more");
}

#[tokio::test]
async fn messages_are_read_followed_and_marked_as_read() {
    let harness = Harness::signed_in().await;
    let port = free_port().await;
    harness.user.settings(&with_http(&settings(&harness.sandbox), port));
    let _daemon = harness.connected().await;
    let head =
        format!("GET /events HTTP/1.1\r\nhost: localhost:{port}\r\nauthorization: Bearer main-token\r\n\r\n");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    let mut status_line = None;
    let mut recorded = None;
    harness.send("hello");
    let reading = async {
        while let Ok(Some(line)) = lines.next_line().await {
            if line.starts_with("HTTP/1.1") {
                status_line = Some(line);
            } else if let Some(data) = line.strip_prefix("data: ") {
                let data: Value = serde_json::from_str(data).unwrap();
                if data["event"] == "recorded" {
                    recorded = Some(data);
                    return;
                }
            }
        }
    };
    timeout(TIMEOUT, reading).await.expect("the event comes");
    assert_eq!(status_line.as_deref(), Some("HTTP/1.1 200 OK"));
    let recorded = recorded.unwrap();
    assert_eq!(recorded["message"]["text"], "hello", "{recorded}");

    let (status, listed) = call(port, "GET", "/messages?limit=1", "main-token", &json!({})).await;
    assert_eq!((status, listed["messages"].as_array().unwrap().len()), (200, 1), "{listed}");
    let message = &listed["messages"][0];
    assert!(message["text"] == "hello" && message["read"].is_null(), "{message}");
    let since = format!("/messages?since={}", message["id"].as_str().unwrap());
    let (status, later) = call(port, "GET", &since, "main-token", &json!({})).await;
    assert_eq!((status, &later["messages"]), (200, &json!([])));
    assert_eq!(call(port, "GET", "/messages?limit=x", "main-token", &json!({})).await.0, 400);
    let (status, answer) = call(port, "PUT", "/messages/read", "main-token", &json!({})).await;
    assert_eq!((status, answer), (200, json!({ "status": 1 })));
    assert!(harness.user.messages().await.iter().all(|message| message["read"].is_i64()));
}
