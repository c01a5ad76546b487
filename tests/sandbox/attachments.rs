//! Images that a sender attaches, as files and in base64.

use serde_json::json;

use crate::harness::{Device, Reply, http, read, sandbox};
use handover::sandbox::Sandbox;

const LIMIT: usize = 5_242_880;

/// Posts a message with a file, as `curl -F attachment=@a.jpg` does.
async fn attach(sandbox: &Sandbox, head: &str, length: usize) -> Reply {
    attach_bytes(sandbox, head, &vec![b'\r'; length]).await
}

async fn attach_bytes(sandbox: &Sandbox, head: &str, bytes: &[u8]) -> Reply {
    let account = sandbox.account();
    let mut body = format!(
        "--X\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nm\r\n--X\r\n\
         Content-Disposition: form-data; name=\"attachment\"; filename=\"a.jpg\"\r\n{head}\r\n"
    )
    .into_bytes();
    body.extend(bytes);
    body.extend(b"\r\n--X--\r\n");
    let request = http()
        .post(format!("{}/1/messages.json", sandbox.api_url()))
        .query(&[("token", &account.app_token), ("user", &account.user_key)])
        .header("content-type", "multipart/form-data; boundary=X")
        .body(body);
    read(request).await.unwrap()
}

/// Posts a message with an attachment in base64.
async fn attach_base64(sandbox: &Sandbox, kind: &str, base64: &str) -> Reply {
    let account = sandbox.account();
    let form = [
        ("token", account.app_token.as_str()),
        ("user", &account.user_key),
        ("message", "m"),
        ("attachment_base64", base64),
        ("attachment_type", kind),
    ];
    read(http().post(format!("{}/1/messages.json", sandbox.api_url())).form(&form)).await.unwrap()
}

#[tokio::test]
async fn an_attachment_above_the_limit_is_rejected() {
    const JPEG: &str = "Content-Type: image/jpeg\r\n";
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    assert_eq!(attach(&sandbox, JPEG, LIMIT).await.status, 200);
    assert_eq!(sandbox.queue(&device.id).len(), 1);
    let rejected = attach(&sandbox, JPEG, LIMIT + 1).await;
    assert_eq!((rejected.status, rejected.json["attachment"].is_string()), (400, true), "{rejected:?}");
    assert_eq!(attach(&sandbox, JPEG, 9 << 20).await.status, 413);
}

#[tokio::test]
async fn the_limit_of_an_attachment_in_base64_counts_what_it_decodes_to() {
    let sandbox = sandbox().await;
    // 5,242,880 is 3 × 1,747,626 + 2.
    let exact = format!("{}AAA=", "AAAA".repeat(LIMIT / 3));
    let above = "AAAA".repeat(LIMIT / 3 + 1);
    assert_eq!(attach_base64(&sandbox, "image/png", &exact).await.status, 200);
    assert_eq!(attach_base64(&sandbox, "image/png", &above).await.status, 400);
    let invalid = attach_base64(&sandbox, "image/png", "not base64!").await;
    assert_eq!(invalid.json["errors"], json!(["attachment is not valid base64"]));
}

#[tokio::test]
async fn an_attachment_must_say_that_it_is_an_image() {
    let sandbox = sandbox().await;
    for head in ["", "Content-Type: application/pdf\r\n"] {
        let rejected = attach(&sandbox, head, 10).await;
        assert_eq!((rejected.status, &rejected.json["status"]), (400, &json!(0)), "{head:?}");
    }
    // Several libraries do not say what the file is; then its content decides.
    let picture = |part: &[u8]| [b"\x89PNG\r\n\x1a\n", part].concat();
    assert_eq!(attach_bytes(&sandbox, "", &picture(b"")).await.status, 200);
    assert_eq!(attach_bytes(&sandbox, "Content-Type: text/plain\r\n", &picture(b"")).await.status, 400);
    for kind in ["", "text/plain"] {
        let rejected = attach_base64(&sandbox, kind, "AAAA").await;
        assert_eq!(rejected.json["attachment"], "is not a supported image type", "{kind:?}");
    }
    assert_eq!(attach(&sandbox, "content-type: IMAGE/GIF\r\n", 10).await.status, 200);
    assert_eq!(sandbox.counters().sent, 2);
    // A form field for a file in which none was chosen.
    assert_eq!(attach(&sandbox, "Content-Type: application/octet-stream\r\n", 0).await.status, 200);
    sandbox.switch(|switches| switches.attachments_need_a_type = false);
    assert_eq!(attach(&sandbox, "", 10).await.status, 200);
}
