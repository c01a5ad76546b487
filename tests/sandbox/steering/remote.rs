//! A sandbox that other computers reach.

use std::net::{IpAddr, Ipv4Addr};

use handover::sandbox::{Options, Sandbox};

use crate::harness::{get, http, options, post, read};

async fn public() -> Sandbox {
    let listen = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let allowed_hosts = vec!["sandbox.lan".to_owned()];
    Sandbox::start(Options { listen, allowed_hosts, ..options() }).await.unwrap()
}

#[tokio::test]
async fn its_page_and_the_steering_api_need_the_token_and_the_service_does_not() {
    let sandbox = public().await;
    let described = sandbox.description();
    let token = described["token"].as_str().unwrap();
    assert!(token.len() == 32 && !token.contains(&sandbox.account().app_token));
    let account = sandbox.account();
    let form = [("token", account.app_token.as_str()), ("user", &account.user_key), ("message", "m")];
    assert_eq!(post(&sandbox, "/1/messages.json", &form).await.status, 200);
    for path in ["/", "/_sandbox", "/_sandbox/account", "/_sandbox/page/events", "/_sandbox/nowhere"] {
        let reply = get(&sandbox, path, &[]).await;
        assert_eq!(reply.status, 401, "{path}");
        assert_eq!(get(&sandbox, path, &[("key", "wrong")]).await.status, 401, "{path}");
    }
    assert_eq!(post(&sandbox, "/_sandbox/reset", &[]).await.status, 401);
    let url = format!("{}/_sandbox/account", sandbox.api_url());
    assert_eq!(read(http().get(&url).bearer_auth(token)).await.unwrap().status, 200);

    // The address that is printed signs the browser in, and the token does not stay in the address.
    let opened = read(http().get(described["page_url"].as_str().unwrap())).await.unwrap();
    assert_eq!((opened.status, &opened.headers["location"]), (303, &"/".parse().unwrap()));
    let cookie = opened.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    let page = http().get(sandbox.api_url()).header("cookie", cookie.split(';').next().unwrap());
    assert_eq!(read(page).await.unwrap().status, 200);
}

#[tokio::test]
async fn it_is_reached_by_an_address_or_a_name_that_was_allowed() {
    let sandbox = public().await;
    let account = sandbox.account();
    let form = [("token", account.app_token.as_str()), ("user", &account.user_key), ("message", "m")];
    for (host, status) in [
        ("192.0.2.7:8430", 200),
        ("[2001:db8::1]:8430", 200),
        ("sandbox.lan:8430", 200),
        ("page.example:8430", 403),
    ] {
        let request = http().post(format!("{}/1/messages.json", sandbox.api_url())).form(&form);
        assert_eq!(read(request.header("host", host)).await.unwrap().status, status, "{host}");
    }
}
