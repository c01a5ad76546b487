//! The Message API: what goes out, what becomes of a message without a confirmation.

use std::time::Duration;

use super::*;
use crate::domain::message::Priority;
use crate::domain::sending::settings::Format;
use crate::domain::sending::{Attachment, Draft};
use crate::pushover::http::Limits;
use crate::pushover::scripted_server::{http, serve};
use crate::pushover::servers::Servers;

fn emergency() -> Draft {
    Draft {
        title: Some("Fire & water".into()),
        message: "in the cellar\nnow".into(),
        format: Format::Html,
        priority: Priority::Emergency,
        sound: Some("siren".into()),
        devices: vec!["phone".into(), "desk".into()],
        tags: vec!["cellar".into()],
        attachment: Some(Attachment { media_type: "image/png", bytes: b"\x89PNG".to_vec() }),
        ..Draft::default()
    }
}

async fn sent(response: &str) -> (Result<Accepted, Unsent>, String) {
    let response = response.to_owned();
    let (servers, server) = serve(move |mut connection| async move {
        let request = connection.request().await;
        connection.write(response.as_bytes()).await.unwrap();
        request
    })
    .await;
    let rest = Rest::new(servers).unwrap();
    let users = [Secret::new("u1"), Secret::new("u2")];
    let outcome = rest.send_message(&Secret::new("t0ken"), &users, &form(&emergency())).await;
    (outcome, server.await.unwrap())
}

#[tokio::test]
async fn a_message_is_one_form_and_its_answer_is_read() {
    let headers =
        "x-limit-app-limit: 10000\r\nx-limit-app-remaining: 7496\r\nx-limit-app-reset: 1796104800\r\n";
    let body = r#"{"status":1,"request":"r-1","receipt":"abc","info":"no active devices"}"#;
    let (outcome, request) = sent(&http("200 OK", headers, body)).await;
    assert_eq!(
        outcome.unwrap(),
        Accepted {
            request: "r-1".into(),
            receipt: Receipt::new("abc"),
            info: Some("no active devices".into()),
            quota: Some(Quota { limit: 10_000, remaining: 7_496, reset: 1_796_104_800 }),
        }
    );
    assert!(request.starts_with("POST /api/1/messages.json HTTP/1.1\r\n"), "{request}");
    let (_, form) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(
        form,
        "token=t0ken&user=u1%2Cu2&message=in+the+cellar%0Anow&title=Fire+%26+water&html=1&priority=2&retry=60&expire=3600\
         &tags=cellar&sound=siren&device=phone%2Cdesk&attachment_type=image%2Fpng&attachment_base64=iVBORw%3D%3D"
    );
}

#[tokio::test]
async fn what_became_of_a_message_follows_from_the_answer() {
    let not_sent = |seconds| Fate::NotSent { wait: Duration::from_secs(seconds) };
    let used_up = "x-limit-app-limit: 5\r\nx-limit-app-remaining: 0\r\nx-limit-app-reset: 1796104800\r\n";
    for (status, headers, body, fate) in [
        (
            "400 Bad Request",
            "",
            r#"{"status":0,"user":"invalid","errors":["user is invalid"]}"#,
            Fate::Refused,
        ),
        ("429 Too Many Requests", used_up, r#"{"status":0,"errors":["exceeded"]}"#, Fate::Refused),
        ("429 Too Many Requests", "retry-after: 90\r\n", "", not_sent(90)),
        ("500 Internal Server Error", "", "", not_sent(5)),
        ("503 Service Unavailable", "retry-after: 1\r\n", "<html>", not_sent(5)),
        ("503 Service Unavailable", "retry-after: 30\r\n", "<html>", not_sent(30)),
        ("504 Gateway Timeout", "", "", Fate::Unknown),
        ("403 Forbidden", "", "<html>log in first", not_sent(5)),
        ("200 OK", "", r#"{"status":1,"requ"#, Fate::Unknown),
        ("200 OK", "", "<html>", Fate::Unknown),
    ] {
        let (outcome, _) = sent(&http(status, headers, body)).await;
        let unsent = outcome.unwrap_err();
        // A page instead of an answer with status 200 is a network that asks for a login.
        let expected = if body == "<html>" && status == "200 OK" { not_sent(5) } else { fate };
        assert_eq!(unsent.fate, expected, "{status} {headers} {body}: {}", unsent.error);
        assert!(!format!("{unsent:?}").contains("t0ken"));
    }
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_may_have_been_sent_and_one_without_a_connection_was_not() {
    let (servers, server) = serve(|mut connection| async move { connection.request().await }).await;
    let rest = Rest::new(servers).unwrap();
    let users = [Secret::new("u1")];
    let unsent = rest.send_message(&Secret::new("t"), &users, &form(&emergency())).await.unwrap_err();
    assert_eq!(unsent.fate, Fate::Unknown, "{}", unsent.error);
    server.await.unwrap();

    let closed = Servers::new("http://127.0.0.1:1", "ws://127.0.0.1:1").unwrap();
    let rest = Rest::with_limits(closed, Limits::default()).unwrap();
    let unsent = rest.send_message(&Secret::new("t"), &users, &form(&emergency())).await.unwrap_err();
    assert_eq!(unsent.fate, Fate::NotSent { wait: AFTER_OUTAGE }, "{}", unsent.error);
}

#[tokio::test]
async fn receipts_sounds_and_keys_are_read() {
    let (servers, server) = serve(|mut connection| async move {
        for body in [
            r#"{"status":1,"acknowledged":1,"acknowledged_at":17,"acknowledged_by":"u1","acknowledged_by_device":"phone",
                "last_delivered_at":9,"expired":0,"expires_at":99,"called_back":0,"called_back_at":0}"#,
            r#"{"status":1,"sounds":{"pushover":"Pushover (default)","bike":"Bike"}}"#,
            r#"{"status":1,"group":0,"devices":["phone","desk"],"licenses":["Android"]}"#,
            r#"{"status":1,"limit":10000,"remaining":1,"reset":1796104800}"#,
        ] {
            connection.request().await;
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            connection.write(answer.as_bytes()).await.unwrap();
        }
    })
    .await;
    let rest = Rest::new(servers).unwrap();
    let token = Secret::new("t");
    assert_eq!(
        rest.receipt(&token, &Receipt::new("r").unwrap()).await.unwrap(),
        ReceiptState {
            acknowledged_at: Some(17),
            acknowledged_by: Some(Secret::new("u1")),
            acknowledged_by_device: Some("phone".into()),
            last_delivered_at: Some(9),
            expired: false,
            expires_at: Some(99),
            called_back_at: None,
        }
    );
    let sounds = rest.sounds(&token).await.unwrap();
    assert_eq!(
        sounds,
        [("pushover", "Pushover (default)"), ("bike", "Bike")].map(|(a, b)| (a.into(), b.into()))
    );
    let validated = rest.validate(&token, &Secret::new("u")).await.unwrap();
    assert_eq!(validated, Validated { devices: vec!["phone".into(), "desk".into()], is_group: false });
    assert_eq!(rest.quota(&token).await.unwrap().remaining, 1);
    server.await.unwrap();
}
