//! Tests the REST requests against a scripted server: what is sent, and how each kind of response is read.
//!
//! Invariant: every error is checked with [`assert_no_secrets`].

use std::time::Duration;

use super::client::Rest;
use crate::domain::account::{DeviceName, Secret};
use crate::domain::message::{MessageId, Receipt};
use crate::pushover::error::{Error, Remedy};
use crate::pushover::http::Limits;
use crate::pushover::scripted_server::{
    assert_no_secrets, credentials, download_all, hang, header, http, respond, serve,
};
use crate::pushover::servers::Servers;
use crate::system::clock;

const DONE: &str = r#"{"status":1,"request":"r"}"#;

fn rest(servers: Servers) -> Rest {
    Rest::new(servers).unwrap()
}

/// The error of a download that gets this response.
async fn download_error(bytes: impl Into<Vec<u8>>) -> Error {
    let (servers, server) = respond(bytes).await;
    let error = assert_no_secrets(download_all(&rest(servers)).await.unwrap_err());
    server.await.unwrap();
    error
}

async fn rejected(status: &str, body: &str) -> Error {
    download_error(http(status, "", body)).await
}

fn body(request: &str) -> &str {
    request.split_once("\r\n\r\n").unwrap().1
}

fn first_line(request: &str) -> &str {
    request.lines().next().unwrap()
}

#[tokio::test]
async fn a_login_is_sent_as_a_form() {
    let (servers, server) = respond(http("200 OK", "", r#"{"status":1,"id":"u1","secret":"new"}"#)).await;
    let password = Secret::new("p+ä&=% ;\"");
    let login = rest(servers).login("jürgen+x@example.org", &password, Some("123456")).await.unwrap();
    assert_eq!((login.user_key.as_str(), login.secret.expose()), ("u1", "new"));
    let request = server.await.unwrap();
    assert_eq!(first_line(&request), "POST /api/1/users/login.json HTTP/1.1");
    assert_eq!(header(&request, "content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(header(&request, "user-agent"), Some(concat!("handover/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(
        body(&request),
        "email=j%C3%BCrgen%2Bx%40example.org&password=p%2B%C3%A4%26%3D%25+%3B%22&twofa=123456"
    );
}

#[tokio::test]
async fn a_login_without_a_code_sends_none() {
    let (servers, server) = respond(http("200 OK", "", r#"{"secret":"new","status":"1"}"#)).await;
    let login = rest(servers).login("a@b.c", &Secret::new("x"), None).await.unwrap();
    assert_eq!((login.user_key.as_str(), login.secret.expose()), ("", "new"));
    assert_eq!(body(&server.await.unwrap()), "email=a%40b.c&password=x");
}

#[tokio::test]
async fn a_failed_login_reports_its_reason() {
    let password = Secret::new("pässw0rd");
    for (status, body, expected) in [
        ("412 Precondition Failed", r#"{"status":0,"totp":"two factor auth required"}"#, None),
        ("412 Precondition Failed", "", None),
        ("400 Bad Request", r#"{"status":0,"totp":"wrong"}"#, None),
        ("400 Bad Request", r#"{"status":0,"errors":["no such user"]}"#, Some("no such user")),
    ] {
        let (servers, server) = respond(http(status, "", body)).await;
        let error = assert_no_secrets(rest(servers).login("a@b.c", &password, None).await.unwrap_err());
        server.await.unwrap();
        match expected {
            None => assert_eq!(error, Error::TwoFactorRequired),
            Some(words) => assert_eq!(error.to_string(), format!("the service refused: {words}")),
        }
        assert_eq!(error.remedy(), Remedy::SignIn);
    }
    for body in [r#"{"status":1}"#, r#"{"status":1,"secret":""}"#, r#"{"status":1,"secret":"a\nb"}"#] {
        let (servers, _server) = respond(http("200 OK", "", body)).await;
        let error = rest(servers).login("a@b.c", &password, None).await.unwrap_err();
        assert_eq!(error, Error::InvalidResponse("it has no secret"));
    }
}

#[tokio::test]
async fn a_device_is_registered_by_name() {
    let name = DeviceName::new("desk").unwrap();
    for (take_over, form) in [
        (false, "secret=s3cr3t%2B%26%3D%25&name=desk&os=O"),
        (true, "secret=s3cr3t%2B%26%3D%25&name=desk&os=O&force=1"),
    ] {
        let (servers, server) = respond(http("200 OK", "", r#"{"status":1,"id":"dev-1"}"#)).await;
        let device = rest(servers).register(&credentials().secret, &name, take_over).await.unwrap();
        assert_eq!(device.as_str(), "dev-1");
        let request = server.await.unwrap();
        assert_eq!(first_line(&request), "POST /api/1/devices.json HTTP/1.1");
        assert_eq!(body(&request), form);
    }
}

#[tokio::test]
async fn a_failed_registration_reports_its_reason() {
    let name = DeviceName::new("desk").unwrap();
    for (body, is_taken, is_full) in [
        (r#"{"errors":{"name":["has already been taken"]},"status":0}"#, true, false),
        (r#"{"errors":{"name":"ist vergeben"},"status":0}"#, true, false),
        (r#"{"errors":["name has already been taken"],"status":0}"#, true, false),
        (r#"{"errors":["too many"],"message":"ten devices at most","status":0}"#, false, true),
        (r#"{"errors":{"secret":["is bad"]},"message":"hm","status":0}"#, false, false),
        (r#"{"status":1}"#, false, false),
        (r#"{"status":1,"id":"a:b"}"#, false, false),
    ] {
        let (servers, _server) = respond(http("400 Bad Request", "", body)).await;
        let error =
            assert_no_secrets(rest(servers).register(&credentials().secret, &name, false).await.unwrap_err());
        assert_eq!((error.is_name_taken(), error.is_device_limit_reached()), (is_taken, is_full), "{body}");
    }
}

#[tokio::test]
async fn a_deletion_names_the_device_and_the_id() {
    let (servers, server) = respond(http("200 OK", "", DONE)).await;
    let id = MessageId::from_service(9_007_199_254_740_993).unwrap();
    rest(servers).delete_through(&credentials(), id).await.unwrap();
    let request = server.await.unwrap();
    assert_eq!(first_line(&request), "POST /api/1/devices/d3v1c3%3F/update_highest_message.json HTTP/1.1");
    assert_eq!(body(&request), "secret=s3cr3t%2B%26%3D%25&message=9007199254740993");
}

#[tokio::test]
async fn a_deletion_by_a_locally_made_id_is_not_sent() {
    let (servers, server) = respond(http("200 OK", "", DONE)).await;
    let error =
        rest(servers).delete_through(&credentials(), MessageId::from_content(b"x")).await.unwrap_err();
    assert_eq!(error.remedy(), Remedy::Bug);
    assert!(!server.is_finished());
    server.abort();
}

#[tokio::test]
async fn an_acknowledgement_names_the_receipt() {
    let (servers, server) = respond(http("200 OK", "", DONE)).await;
    rest(servers).acknowledge(&credentials().secret, &Receipt::new("rcpt1").unwrap()).await.unwrap();
    let request = server.await.unwrap();
    assert_eq!(first_line(&request), "POST /api/1/receipts/rcpt1/acknowledge.json HTTP/1.1");
    assert_eq!(body(&request), "secret=s3cr3t%2B%26%3D%25");
}

#[tokio::test]
async fn a_rejection_is_read_in_all_three_shapes() {
    for (body, words) in [
        (r#"{"status":0,"errors":["secret is invalid","and bad"]}"#, "secret is invalid; and bad"),
        (r#"{"status":0,"errors":{"secret":["is invalid"]}}"#, "secret is invalid"),
        (r#"{"status":0,"errors":{"secret":"is invalid"}}"#, "secret is invalid"),
        (r#"{"status":"0","errors":"no such device"}"#, "no such device"),
        (r#"{"status":0,"user":"invalid"}"#, "user invalid"),
        (r#"{"status":0,"errors":["no"],"message":"really\u001b[2J not"}"#, "no; really[2J not"),
        (r#"{"status":0,"errors":[{"x":[]},7],"request":"r"}"#, "HTTP 400"),
        (r#"{"status":false}"#, "HTTP 400"),
    ] {
        let error = rejected("400 Bad Request", body).await;
        assert_eq!(error.to_string(), format!("the service refused: {words}"));
        assert!(error.is_final());
        assert_eq!(error.remedy(), Remedy::SignIn, "{body}");
    }
}

#[tokio::test]
async fn a_rejection_suggests_a_remedy() {
    for (body, remedy) in [
        (r#"{"status":0,"errors":["message is invalid"]}"#, Remedy::Bug),
        (r#"{"status":0,"errors":{"message":["is not a number"]}}"#, Remedy::Bug),
        (r#"{"status":0,"errors":{"message":["x"],"secret":["y"]}}"#, Remedy::SignIn),
        (r#"{"status":0,"errors":["device needs a License"]}"#, Remedy::License),
        (r#"{"status":0,"errors":["device is not valid or is disabled"]}"#, Remedy::SignIn),
    ] {
        assert_eq!(rejected("403 Forbidden", body).await.remedy(), remedy, "{body}");
    }
    let long = format!(r#"{{"status":0,"errors":["{}"]}}"#, "x".repeat(5000));
    assert!(rejected("400 Bad Request", &long).await.to_string().len() < 300);
    // The HTTP status is a success and the API rejects the request.
    assert!(rejected("200 OK", r#"{"status":0,"errors":["no"]}"#).await.is_final());
}

#[tokio::test]
async fn a_response_from_anything_else_is_an_outage() {
    let redirect = http("302 Found", "location: http://127.0.0.1:1/hush\r\n", "");
    for (bytes, status) in [
        (http("403 Forbidden", "", "<html>hush, please log in</html>"), 403),
        (http("404 Not Found", "", r#"{"error":"hush"}"#), 404),
        (http("400 Bad Request", "", r#"{"status":1}"#), 400),
        (http("400 Bad Request", "", r#"{"status":0"#), 400),
        (http("407 Proxy Authentication Required", "", ""), 407),
        (http("408 Request Timeout", "", r#"{"status":0}"#), 408),
        (http("200 OK", "", "<html>hush, welcome</html>"), 200),
        (http("200 OK", "", ""), 200),
        (http("204 No Content", "", ""), 204),
        (http("200 OK", "", r#""hush""#), 200),
        (redirect, 302),
        (http("500 Internal Server Error", "", r#"{"status":0,"errors":["hush"]}"#), 500),
    ] {
        let error = download_error(bytes).await;
        assert_eq!(error, Error::Outage { status, retry_after: None });
        assert!(!error.is_final());
        assert_eq!(error.remedy(), Remedy::Retry);
    }
}

#[tokio::test]
async fn a_requested_wait_is_read() {
    let nine = Some(Duration::from_secs(9));
    let error = download_error(http("429 Too Many Requests", "retry-after: 9\r\n", r#"{"status":0}"#)).await;
    assert_eq!(error, Error::TooManyRequests { retry_after: nine });
    let error = download_error(http("503 Service Unavailable", "retry-after: 9\r\n", "")).await;
    assert_eq!(error, Error::Outage { status: 503, retry_after: nine });
    let error = download_error(http("403 Forbidden", "retry-after: 9\r\n", "busy")).await;
    assert_eq!(error, Error::Outage { status: 403, retry_after: nine });
    assert_eq!(rejected("429 Too Many", "").await, Error::TooManyRequests { retry_after: None });
}

#[tokio::test]
async fn a_broken_connection_is_unreachable() {
    let whole = http("200 OK", "", r#"{"status":1,"messages":[]}"#);
    for kept in [0, 20, whole.len() - 1] {
        let error = download_error(&whole.as_bytes()[..kept]).await;
        assert!(matches!(error, Error::Unreachable(_)), "{kept} bytes: {error}");
    }
    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1a\r\n{\"status\":1,\"messages\":[]}\r\n";
    assert!(matches!(download_error(chunked).await, Error::Unreachable(_)));
    assert!(matches!(download_error("SSH-2.0-OpenSSH_9.2\r\n\r\n").await, Error::Unreachable(_)));
}

#[tokio::test]
async fn a_refused_connection_is_unreachable() {
    let (servers, server) = respond("").await;
    server.abort();
    assert!(server.await.unwrap_err().is_cancelled());
    let error = assert_no_secrets(download_all(&rest(servers)).await.unwrap_err());
    assert!(error.to_string().ends_with(": the connection was refused"), "{error}");
    assert_eq!(error.remedy(), Remedy::Retry);
}

/// The paused clock advances only while no bytes arrive.
#[tokio::test(start_paused = true)]
async fn a_slow_response_is_read_to_its_end() {
    let (servers, server) = serve(|mut connection| async move {
        connection.request().await;
        connection.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await.unwrap();
        let start = clock::instant();
        for byte in br#"{"status":1,"messages":[]}"# {
            tokio::time::sleep(Duration::from_secs(20)).await;
            connection.write(&[*byte]).await.unwrap();
        }
        clock::instant().duration_since(start)
    })
    .await;
    download_all(&rest(servers)).await.unwrap();
    assert!(server.await.unwrap() > Duration::from_mins(8));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_falls_silent_during_its_response_times_out() {
    let (servers, server) = serve(|mut connection| async move {
        connection.request().await;
        connection.write(b"HTTP/1.1 200 OK\r\n\r\n{\"status\":1").await.unwrap();
        let start = clock::instant();
        connection.end().await;
        clock::instant().duration_since(start).as_secs()
    })
    .await;
    let error = assert_no_secrets(download_all(&rest(servers)).await.unwrap_err());
    assert_eq!(error, Error::TimedOut);
    let seconds = server.await.unwrap();
    assert!((28..35).contains(&seconds), "timed out after {seconds} s");
}

#[tokio::test]
async fn a_server_that_never_responds_times_out() {
    let limits = Limits { silence: Duration::from_millis(50), ..Limits::default() };
    let (servers, server) = hang().await;
    let rest = Rest::with_limits(servers, limits).unwrap();
    let error = assert_no_secrets(download_all(&rest).await.unwrap_err());
    assert_eq!(error, Error::TimedOut);
    assert!(server.await.unwrap().contains("messages.json"));
}

#[tokio::test]
async fn a_client_for_the_real_service_can_be_made_twice() {
    for _ in 0..2 {
        Rest::new(Servers::new(Servers::API, Servers::WEBSOCKET).unwrap()).unwrap();
    }
}
