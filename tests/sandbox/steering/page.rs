//! The page, as text: what it shows, that hostile text stays text, and how it is told of news.

use serde_json::json;

use super::{send, steer};
use crate::harness::{Device, get, http, read, sandbox};

async fn page(sandbox: &handover::sandbox::Sandbox) -> String {
    let reply = get(sandbox, "/", &[]).await;
    assert_eq!(
        (reply.status, &reply.headers["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );
    String::from_utf8(reply.body).unwrap()
}

#[tokio::test]
async fn it_shows_messages_with_what_became_of_them_and_requests_with_their_errors() {
    let sandbox = sandbox().await;
    assert!(page(&sandbox).await.contains("<details id=\"credentials\" open>"));
    let desk = Device::add(&sandbox, "desk");
    let fields = [
        ("title", "Night"),
        ("message", "<b>done</b> see https://example.org"),
        ("html", "1"),
        ("sound", "bike"),
    ];
    send(&sandbox, &fields).await;
    send(&sandbox, &[("message", "x"), ("user", "nobody")]).await;
    let shown = page(&sandbox).await;
    for part in [
        "Night</h3>",
        "<b>done</b> see <a href=\"https://example.org\" rel=\"noopener noreferrer\">https://example.org</a>",
        "sound bk",
        "desk: waiting",
        "class=\"request failed\"",
        "user identifier is not a valid user",
        "--form-string &#39;message=&lt;b&gt;done",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    desk.delete(&sandbox, &u64::MAX.to_string()).await;
    assert!(page(&sandbox).await.contains("desk: received"));
}

#[tokio::test]
async fn hostile_text_stays_text_wherever_it_is_shown() {
    let sandbox = sandbox().await;
    Device::add(&sandbox, "desk");
    let evil = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'";
    let fields = [
        ("title", evil),
        ("message", evil),
        ("html", "1"),
        ("url", "javascript:alert(1)"),
        ("url_title", evil),
        ("sound", evil),
        (evil, evil),
        ("device", evil),
    ];
    assert_eq!(send(&sandbox, &fields).await.status, 200);
    let path = format!("{}/%3Cscript%3E?{}", sandbox.api_url(), "a=%3Cscript%3E");
    read(http().get(path).header("user-agent", evil)).await.unwrap();
    steer(
        &sandbox,
        "/seed",
        json!({"applications": [{"name": evil}], "groups": [{"name": evil, "key": evil}]}),
    )
    .await;
    let shown = page(&sandbox).await;
    assert!(shown.contains("&lt;script&gt;alert(1)"), "{shown}");
    assert_eq!(shown.matches("<script").count(), 1, "only its own: {shown}");
    assert!(!shown.contains("<img") && !shown.contains("href=\"javascript"), "{shown}");
    let headers = get(&sandbox, "/", &[]).await.headers;
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[tokio::test]
async fn an_attached_image_is_shown_and_anything_else_is_not() {
    let sandbox = sandbox().await;
    let picture = get(&sandbox, "/icons/a.png", &[]).await.body;
    let attach = async |bytes: &[u8]| {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        let fields =
            [("message", "m"), ("attachment_base64", text.as_str()), ("attachment_type", "image/png")];
        assert_eq!(send(&sandbox, &fields).await.status, 200);
    };
    attach(&picture).await;
    attach(b"<script>alert(1)</script>").await;
    let shown = page(&sandbox).await;
    assert!(shown.contains("src=\"/_sandbox/page/attachment/1\""), "{shown}");
    assert!(shown.contains("An attachment of 25 bytes, not an image."), "{shown}");
    let image = get(&sandbox, "/_sandbox/page/attachment/1", &[]).await;
    assert_eq!((&image.headers["content-type"], &image.body), (&"image/png".parse().unwrap(), &picture));
    assert_eq!(image.headers["x-content-type-options"], "nosniff");
    assert_eq!(get(&sandbox, "/_sandbox/page/attachment/2", &[]).await.status, 404);
}

#[tokio::test]
async fn an_emergency_is_acknowledged_with_its_button_from_the_page_only() {
    let sandbox = sandbox().await;
    Device::add(&sandbox, "desk");
    let sent =
        send(&sandbox, &[("message", "m"), ("priority", "2"), ("retry", "30"), ("expire", "60")]).await;
    let receipt = sent.json["receipt"].as_str().unwrap();
    assert!(page(&sandbox).await.contains("Acknowledge as phone"));
    let url = format!("{}/_sandbox/page/acknowledge", sandbox.api_url());
    let click = || http().post(&url).form(&[("receipt", receipt)]);
    assert_eq!(read(click().header("origin", "https://page.example")).await.unwrap().status, 403);
    assert!(!sandbox.is_acknowledged(receipt));
    let clicked = read(click().header("origin", sandbox.api_url())).await.unwrap();
    assert_eq!((clicked.status, &clicked.headers["location"]), (303, &"/".parse().unwrap()));
    assert!(sandbox.is_acknowledged(receipt));
    let shown = page(&sandbox).await;
    assert!(shown.contains("acknowledged by phone") && !shown.contains("Acknowledge as phone"), "{shown}");
}

#[tokio::test]
async fn an_open_page_is_told_of_news() {
    let sandbox = sandbox().await;
    let mut events = http().get(format!("{}/_sandbox/page/events", sandbox.api_url())).send().await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    assert_eq!(events.chunk().await.unwrap().unwrap(), "retry: 2000\ndata: new\n\n");
    for _ in 0..2 {
        sandbox.send(&[("message", "m")]);
        assert_eq!(events.chunk().await.unwrap().unwrap(), "data: new\n\n");
    }
    drop(sandbox);
    // The stream ends, with or without an error, instead of staying open.
    while let Ok(Some(_)) = events.chunk().await {}
}
