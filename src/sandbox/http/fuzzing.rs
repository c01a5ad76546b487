//! The properties that any head of a request to the sandbox keeps, for the fuzz target in `tests/fuzz`.
//!
//! Invariant: who may use it is decided here by a list of what may be said, not by the code under test. The bytes of HTTP are
//! read by hyper, so the parts of a request are made here.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::http::request::Parts;
use axum::http::{Method, Request, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::own::{self, Target};
use crate::sandbox::protocol::Route;
use crate::sandbox::service::{Access, SERVICE_HOSTS};

const TOKEN: &str = "t0k3n";

/// Checks the head of a request.
///
/// # Panics
///
/// Panics if a page of another server can use the sandbox, or if something without the token can steer it, and unless a path leads
/// to where it was written for. The lines are the host, the origin, the path, two headers that may carry the token, and a value.
pub fn web_pages(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (host, origin, path, authorization, cookie, value) = (line(), line(), line(), line(), line(), line());

    let access = Access {
        allowed_origins: vec!["https://a.example".to_owned()],
        allowed_hosts: vec!["sandbox".to_owned()],
        token: Some(TOKEN.to_owned()),
        ..Access::default()
    };
    for origin in [None, Some(origin)] {
        if access.check(Some(host), origin).is_ok() {
            is_own_host(host);
            let is_own_page = origin.is_none_or(|origin| origin.ends_with(&format!("://{host}")));
            assert!(
                is_own_page || origin == Some("https://a.example"),
                "the page of {origin:?} uses {host:?}"
            );
        }
        if access.check(None, origin).is_ok() {
            assert!(origin.is_none_or(|origin| origin == "https://a.example"), "the page of {origin:?}");
        }
    }
    let public = Access { is_public: true, ..access.clone() };
    assert!(public.check(Some(host), Some("http://evil.example")).is_err(), "another origin uses {host:?}");

    if let Some(parts) = parts(path, authorization, cookie) {
        let is_allowed = access.check_token(own::token(&parts, None).as_deref()).is_ok();
        let has_token = |header: &str| header.contains(TOKEN);
        assert!(!is_allowed || has_token(authorization) || has_token(cookie), "no token");
        assert!(access.check_token(own::token(&parts, Some("")).as_deref()).is_err(), "an empty token");
    }
    leads_to_one_place(path, value);
}

/// Loopback addresses, and the names that the sandbox is known by.
fn is_own_host(host: &str) {
    let host = host.to_ascii_lowercase();
    let name = host.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let name = name.strip_suffix(':').unwrap_or(&host);
    let ipv6 = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')?.parse().ok());
    let is_loopback = ipv6 == Some(Ipv6Addr::LOCALHOST)
        || name.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback());
    let is_known = ["localhost", "sandbox"].contains(&name) || SERVICE_HOSTS.contains(&name);
    assert!(is_loopback || is_known, "the host {host:?}");
}

fn parts(path: &str, authorization: &str, cookie: &str) -> Option<Parts> {
    let request =
        Request::get(path).header(header::AUTHORIZATION, authorization).header(header::COOKIE, cookie);
    Some(request.body(()).ok()?.into_parts().0)
}

/// A path belongs to the sandbox itself or to the service, slashes count once, and a parameter comes out as it was put in.
fn leads_to_one_place(path: &str, value: &str) {
    let is_own = path == "/" || path == "/_sandbox" || path.starts_with("/_sandbox/");
    assert_eq!(Target::of(path).is_some(), is_own, "{path:?}");
    for method in [Method::GET, Method::POST] {
        let route = Route::of(&method, path);
        assert_eq!(route, Route::of(&method, &path.replace('/', "//")), "{path:?} with more slashes");
        assert!(!is_own || route == Route::Unknown, "{path:?} leads to two places");
    }
    if value.is_empty() {
        return;
    }
    let segment = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let route = Route::of(&Method::POST, &format!("/1/devices/{segment}/update_highest_message.json"));
    assert_eq!(route, Route::Delete { device: value.to_owned() });
    let route = Route::of(&Method::POST, &format!("/1/receipts/{segment}/acknowledge.json"));
    assert_eq!(route, Route::Acknowledge { receipt: value.to_owned() });
}
