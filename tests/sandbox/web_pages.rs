//! Web pages in the browser of whoever runs the sandbox, and senders that make it post elsewhere.

use handover::sandbox::{Options, Sandbox};
use serde_json::json;
use tokio::io::AsyncReadExt;

use crate::harness::{Device, http, options, read, sandbox};

const PAGE: &str = "https://page.example";

/// Sends a message as a page would, without a request that asks for permission first.
fn posted(sandbox: &Sandbox) -> reqwest::RequestBuilder {
    let account = sandbox.account();
    let form = format!("token={}&user={}&message=hello", account.app_token, account.user_key);
    http()
        .post(format!("{}/1/messages.json", sandbox.api_url()))
        .header("content-type", "text/plain")
        .body(form)
}

#[tokio::test]
async fn a_web_page_is_refused_unless_it_is_named() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    for (name, value) in
        [("origin", PAGE), ("origin", "null"), ("host", "page.example"), ("host", "page.example:8430")]
    {
        let reply = read(posted(&sandbox).header(name, value)).await.unwrap();
        assert_eq!(
            (reply.status, reply.headers.get("access-control-allow-origin")),
            (403, None),
            "{name}: {value}"
        );
    }
    assert_eq!(sandbox.queue(&device.id).len(), 0, "nothing took effect");
    for host in ["localhost", "127.0.0.1:1", "[::1]"] {
        assert_eq!(read(posted(&sandbox).header("host", host)).await.unwrap().status, 200, "{host}");
    }

    let open = Sandbox::start(Options { allowed_origins: vec![PAGE.to_owned()], ..options() }).await.unwrap();
    open.add_device("desk");
    let reply = read(posted(&open).header("origin", PAGE)).await.unwrap();
    assert_eq!(
        (reply.status, &reply.headers["access-control-allow-origin"]),
        (200, &PAGE.try_into().unwrap())
    );
    assert_eq!(read(posted(&open).header("origin", "https://other.example")).await.unwrap().status, 403);
}

#[tokio::test]
async fn callbacks_go_to_this_computer_unless_others_are_allowed() {
    for remote_callbacks in [false, true] {
        let sandbox = Sandbox::start(Options { remote_callbacks, ..options() }).await.unwrap();
        sandbox.add_device("desk");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        // 0.0.0.0 is not a loopback address, and leads here all the same.
        for (host, path) in [("0.0.0.0", "remote"), ("localhost", "local")] {
            let callback = format!("http://{host}:{port}/{path}");
            let urgent = [
                ("message", "m"),
                ("priority", "2"),
                ("retry", "30"),
                ("expire", "60"),
                ("callback", &callback),
            ];
            let sent = sandbox.send(&urgent);
            assert!(sandbox.acknowledge_elsewhere(sent["receipt"].as_str().unwrap()), "{}", json!(sent));
            if host == "0.0.0.0" && !remote_callbacks {
                continue;
            }
            let (mut caller, _) = listener.accept().await.unwrap();
            let mut start = vec![0; format!("POST /{path} ").len()];
            caller.read_exact(&mut start).await.unwrap();
            assert_eq!(start, format!("POST /{path} ").as_bytes(), "the other callback is not made");
        }
    }
}
