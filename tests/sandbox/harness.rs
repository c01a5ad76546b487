//! A sandbox, and the plain HTTP and websocket clients of the tests.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use handover::sandbox::{Options, Sandbox};
use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

/// The time of the sandbox, from which ids are made.
pub(crate) const NOON: i64 = 1_795_262_400;

/// A keep-alive once a day, so that no test receives one by chance.
pub(crate) fn options() -> Options {
    Options { keep_alive: Duration::from_hours(24), ..Options::new(|| NOON) }
}

/// A sandbox whose devices start without a welcome message.
pub(crate) async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start(options()).await.unwrap();
    sandbox.switch(|switches| switches.welcome = false);
    sandbox
}

/// A complete response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) json: Value,
}

pub(crate) fn http() -> reqwest::Client {
    // An error means that another test has installed it.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .no_proxy()
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .user_agent("sandbox-test/1")
        .build()
        .unwrap()
}

pub(crate) async fn read(request: reqwest::RequestBuilder) -> Result<Reply, reqwest::Error> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.bytes().await?.to_vec();
    let json = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Reply { status, headers, body, json })
}

pub(crate) async fn post(sandbox: &Sandbox, path: &str, form: &[(&str, &str)]) -> Reply {
    read(http().post(format!("{}{path}", sandbox.api_url())).form(form)).await.unwrap()
}

pub(crate) async fn get(sandbox: &Sandbox, path: &str, query: &[(&str, &str)]) -> Reply {
    read(http().get(format!("{}{path}", sandbox.api_url())).query(query)).await.unwrap()
}

/// A registered device.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) secret: String,
    pub(crate) id: String,
}

impl Device {
    pub(crate) fn add(sandbox: &Sandbox, name: &str) -> Self {
        let (secret, id) = sandbox.add_device(name);
        Self { secret, id }
    }

    pub(crate) async fn download(&self, sandbox: &Sandbox) -> Reply {
        get(sandbox, "/1/messages.json", &[("secret", &self.secret), ("device_id", &self.id)]).await
    }

    pub(crate) async fn messages(&self, sandbox: &Sandbox) -> Vec<Value> {
        let reply = self.download(sandbox).await;
        assert_eq!((reply.status, &reply.json["status"]), (200, &Value::from(1)), "{reply:?}");
        reply.json["messages"].as_array().unwrap().clone()
    }

    pub(crate) async fn delete(&self, sandbox: &Sandbox, through: &str) -> Reply {
        let path = format!("/1/devices/{}/update_highest_message.json", self.id);
        post(sandbox, &path, &[("secret", &self.secret), ("message", through)]).await
    }

    pub(crate) async fn acknowledge(&self, sandbox: &Sandbox, receipt: &str) -> Reply {
        let path = format!("/1/receipts/{receipt}/acknowledge.json");
        post(sandbox, &path, &[("secret", &self.secret)]).await
    }

    pub(crate) fn login_line(&self) -> String {
        format!("login:{}:{}\n", self.id, self.secret)
    }

    /// A websocket whose login the sandbox has accepted.
    pub(crate) async fn listen(&self, sandbox: &Sandbox) -> Socket {
        let logins = sandbox.counters().socket_logins;
        let mut socket = Socket::open(sandbox).await;
        socket.send_frame(Message::text(self.login_line())).await;
        sandbox.until(|counters| counters.socket_logins > logins).await;
        socket
    }
}

/// A websocket.
pub(crate) struct Socket(WebSocketStream<reqwest::Upgraded>);

impl Socket {
    pub(crate) async fn open(sandbox: &Sandbox) -> Self {
        let response = Self::request(sandbox).await.unwrap();
        assert_eq!(response.status().as_u16(), 101);
        let wire = response.upgrade().await.unwrap();
        Self(WebSocketStream::from_raw_socket(wire, Role::Client, None).await)
    }

    /// Requests a websocket.
    pub(crate) async fn request(sandbox: &Sandbox) -> Result<reqwest::Response, reqwest::Error> {
        http()
            .get(sandbox.websocket_url().replace("ws:", "http:"))
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .send()
            .await
    }

    pub(crate) async fn send_frame(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// The next frame, or how the socket ended.
    pub(crate) async fn receive(&mut self) -> Received {
        match tokio::time::timeout(Duration::from_secs(20), self.0.next()).await {
            Err(_) => Received::Nothing,
            Ok(Some(Ok(Message::Binary(payload)))) => Received::Binary(payload.to_vec()),
            Ok(Some(Ok(Message::Text(text)))) => Received::Text(text.as_str().to_owned()),
            Ok(Some(Ok(Message::Close(_)))) => Received::Close,
            Ok(Some(Ok(other))) => Received::Control(other),
            Ok(None | Some(Err(_))) => Received::End,
        }
    }
}

/// What arrives on a websocket.
#[derive(Debug, PartialEq)]
pub(crate) enum Received {
    Binary(Vec<u8>),
    Text(String),
    Control(Message),
    /// A close frame.
    Close,
    /// The end of the stream without a close frame.
    End,
    /// Nothing in 20 seconds.
    Nothing,
}

impl Received {
    pub(crate) fn frame(payload: &[u8]) -> Self {
        Self::Binary(payload.to_vec())
    }
}
