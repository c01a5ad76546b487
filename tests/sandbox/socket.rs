//! The websocket: logins, signals, keep-alives, and every way it can be closed.

use std::time::Duration;

use handover::sandbox::{Endpoint, Fault, FrameKind, Options, Sandbox};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Device, Received, Socket, get, options, post, sandbox};

#[tokio::test]
async fn a_login_may_be_text_or_binary_with_or_without_a_newline() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    let line = device.login_line();
    for (previous_logins, login) in [
        Message::text(line.clone()),
        Message::text(line.trim_end()),
        Message::binary(line.clone()),
        Message::binary(line.trim_end().to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        let mut socket = Socket::open(&sandbox).await;
        socket.send_frame(login).await;
        sandbox.until(|counters| counters.socket_logins > previous_logins).await;
        sandbox.send(&[("message", "m")]);
        assert_eq!(socket.receive().await, Received::frame(b"!"));
    }
}

#[tokio::test]
async fn an_invalid_login_gets_e_and_a_close_frame() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    let wrong_secret = format!("login:{}:wrong\n", device.id);
    let wrong_device = format!("login:wrong:{}\n", device.secret);
    for line in [wrong_secret.as_str(), &wrong_device, "login:", "hello", ""] {
        let mut socket = Socket::open(&sandbox).await;
        socket.send_frame(Message::text(line)).await;
        assert_eq!(
            (socket.receive().await, socket.receive().await),
            (Received::frame(b"E"), Received::Close),
            "{line:?}"
        );
    }
    assert_eq!((sandbox.counters().socket_logins, sandbox.counters().socket_refusals), (0, 5));
}

#[tokio::test]
async fn a_message_is_signalled_to_its_devices_only() {
    let sandbox = sandbox().await;
    let (desk, lap) = (Device::add(&sandbox, "desk"), Device::add(&sandbox, "lap"));
    sandbox.send(&[("message", "queued before"), ("device", "desk")]);
    let (mut at_desk, mut at_lap) = (desk.listen(&sandbox).await, lap.listen(&sandbox).await);
    for message in ["one", "two", "three"] {
        sandbox.send(&[("message", message), ("device", "lap")]);
    }
    sandbox.inject_into(&desk.id, json!({"message": "four"}));
    sandbox.push_frame(b"#!");
    assert_eq!(
        (at_desk.receive().await, at_desk.receive().await),
        (Received::frame(b"!"), Received::frame(b"#!"))
    );
    for expected in [b"!".as_slice(), b"!", b"!", b"#!"] {
        assert_eq!(at_lap.receive().await, Received::frame(expected));
    }
}

#[tokio::test]
async fn switches_change_frames_and_signals() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    sandbox.send(&[("message", "queued")]);
    sandbox.switch(|switches| {
        switches.frames = FrameKind::Text;
        switches.signal_at_login = true;
    });
    let mut socket = device.listen(&sandbox).await;
    assert_eq!(socket.receive().await, Received::Text("!".into()));
    sandbox.switch(|switches| switches.signal_new = false);
    sandbox.send(&[("message", "silent")]);
    sandbox.push_frame(b"\xff");
    assert_eq!(socket.receive().await, Received::frame(b"\xff"));
    assert_eq!(sandbox.queue(&device.id).len(), 2);
}

#[tokio::test]
async fn a_message_sent_between_open_and_login_is_signalled() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    let mut socket = Socket::open(&sandbox).await;
    sandbox.until(|counters| counters.sockets_now == 1).await;
    sandbox.send(&[("message", "in between")]);
    socket.send_frame(Message::text(device.login_line())).await;
    assert_eq!(socket.receive().await, Received::frame(b"!"));
}

#[tokio::test]
async fn keep_alives_are_sent_at_an_interval_after_the_login() {
    let sandbox =
        Sandbox::start(Options { keep_alive: Duration::from_millis(20), ..options() }).await.unwrap();
    let device = Device::add(&sandbox, "desk");
    let mut socket = device.listen(&sandbox).await;
    for _ in 0..3 {
        assert_eq!(socket.receive().await, Received::frame(b"#"));
    }
}

#[tokio::test]
async fn keep_alives_follow_a_paused_clock() {
    let sandbox = Sandbox::start(Options { keep_alive: Duration::from_secs(30), ..options() }).await.unwrap();
    let device = Device::add(&sandbox, "desk");
    let mut socket = device.listen(&sandbox).await;
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(61)).await;
    tokio::time::resume();
    sandbox.push_frame(b"end");
    for expected in [b"#".as_slice(), b"#", b"end"] {
        assert_eq!(socket.receive().await, Received::frame(expected));
    }
}

#[tokio::test]
async fn a_second_login_replaces_the_first() {
    let sandbox = sandbox().await;
    let (desk, lap) = (Device::add(&sandbox, "desk"), Device::add(&sandbox, "lap"));
    let (mut first, mut other) = (desk.listen(&sandbox).await, lap.listen(&sandbox).await);
    let mut second = desk.listen(&sandbox).await;
    assert_eq!((first.receive().await, first.receive().await), (Received::frame(b"A"), Received::Close));
    assert_eq!(first.receive().await, Received::End);
    sandbox.until(|counters| counters.sockets_now == 2).await;
    sandbox.send(&[("message", "m")]);
    assert_eq!(
        (second.receive().await, other.receive().await),
        (Received::frame(b"!"), Received::frame(b"!"))
    );
}

#[tokio::test]
async fn sockets_can_be_cut_closed_and_sent_any_payload() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    let mut socket = device.listen(&sandbox).await;
    sandbox.push_frame(b"R");
    assert_eq!(socket.receive().await, Received::frame(b"R"));
    sandbox.drop_sockets();
    assert_eq!(socket.receive().await, Received::End);
    sandbox.until(|counters| counters.sockets_now == 0).await;
    let mut socket = device.listen(&sandbox).await;
    sandbox.close_sockets(b"R");
    assert_eq!((socket.receive().await, socket.receive().await), (Received::frame(b"R"), Received::Close));
    assert_eq!(sandbox.counters().sockets_opened, 2);
}

#[tokio::test]
async fn a_half_open_socket_stays_open_and_sends_nothing() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    let mut socket = device.listen(&sandbox).await;
    sandbox.set_half_open(true);
    sandbox.send(&[("message", "unheard")]);
    socket.send_frame(Message::Ping(Vec::new().into())).await;
    let mut later = device.listen(&sandbox).await;
    sandbox.send(&[("message", "unheard too")]);
    sandbox.push_frame(b"#");
    // HTTP still works. This request gives the sandbox time to send what it must not send.
    assert_eq!(device.messages(&sandbox).await.len(), 2);
    sandbox.set_half_open(false);
    sandbox.push_frame(b"?");
    assert_eq!(later.receive().await, Received::frame(b"?"));
}

#[tokio::test]
async fn a_disabled_or_replaced_device_and_a_revoked_session_get_e() {
    let sandbox = sandbox().await;
    let (desk, lap, top) =
        (Device::add(&sandbox, "desk"), Device::add(&sandbox, "lap"), Device::add(&sandbox, "top"));
    let mut sockets = [desk.listen(&sandbox).await, lap.listen(&sandbox).await, top.listen(&sandbox).await];
    sandbox.disable_device(&desk.id);
    let form = [("secret", lap.secret.as_str()), ("name", "lap"), ("os", "O"), ("force", "1")];
    assert_eq!(post(&sandbox, "/1/devices.json", &form).await.status, 200);
    for socket in &mut sockets[..2] {
        assert_eq!(
            (socket.receive().await, socket.receive().await),
            (Received::frame(b"E"), Received::Close)
        );
    }
    sandbox.push_frame(b"#");
    assert_eq!(sockets[2].receive().await, Received::frame(b"#"));
    sandbox.revoke_sessions();
    assert_eq!(
        (sockets[2].receive().await, sockets[2].receive().await),
        (Received::frame(b"E"), Received::Close)
    );
}

#[tokio::test]
async fn faults_apply_to_the_upgrade_and_the_login() {
    let sandbox = sandbox().await;
    let device = Device::add(&sandbox, "desk");
    let faults = sandbox.faults();
    for code in [403, 404, 429, 500, 503] {
        faults.next(Endpoint::Socket, Fault::status(code), 1);
        assert_eq!(Socket::request(&sandbox).await.unwrap().status().as_u16(), code);
    }
    faults.next(Endpoint::Socket, Fault::CaptivePortal, 1);
    assert_eq!(Socket::request(&sandbox).await.unwrap().status().as_u16(), 403);
    for fault in [Fault::Drop, Fault::HalfBody] {
        faults.next(Endpoint::Socket, fault, 1);
        assert!(Socket::request(&sandbox).await.is_err());
    }
    for (payload, received) in [("", None), ("E", Some("E")), ("R", Some("R"))] {
        faults.next(Endpoint::Socket, Fault::SendAndClose(payload.into()), 1);
        let mut socket = Socket::open(&sandbox).await;
        socket.send_frame(Message::text(device.login_line())).await;
        if let Some(received) = received {
            assert_eq!(socket.receive().await, Received::frame(received.as_bytes()));
        }
        assert_eq!(socket.receive().await, Received::Close);
    }
    faults.next(Endpoint::Socket, Fault::DropAfter, 1);
    let mut socket = Socket::open(&sandbox).await;
    socket.send_frame(Message::text(device.login_line())).await;
    assert_eq!(socket.receive().await, Received::End);

    assert_eq!(sandbox.counters().socket_logins, 0);
    faults.next(Endpoint::Socket, Fault::HangAfter, 1);
    let mut mute = device.listen(&sandbox).await;
    sandbox.send(&[("message", "unheard")]);
    sandbox.push_frame(b"unheard");
    assert_eq!(device.messages(&sandbox).await.len(), 1);
    sandbox.drop_sockets();
    assert_eq!(mute.receive().await, Received::End);
    assert_eq!(get(&sandbox, "/push", &[]).await.status, 400);
}
