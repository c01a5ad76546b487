//! Runs every example of the library against the sandbox.
//!
//! Invariant: what runs here is the file that is shown, not a copy.
#![cfg(target_os = "linux")]
#![allow(
    clippy::allow_attributes,
    dead_code,
    unreachable_pub,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "the examples are programs for readers; their `main` is not called here"
)]

#[cfg(test)]
#[path = "../../examples/acknowledge.rs"]
mod acknowledge;
#[cfg(test)]
#[path = "../../examples/listen.rs"]
mod listen;
#[cfg(test)]
#[path = "../../examples/outstanding.rs"]
mod outstanding;
#[cfg(test)]
#[path = "../../examples/poll.rs"]
mod poll;
#[cfg(test)]
#[path = "../../examples/send.rs"]
mod send;
#[cfg(test)]
#[path = "../../examples/sign_in.rs"]
mod sign_in;
#[cfg(test)]
#[path = "../../examples/without_tokio.rs"]
mod without_tokio;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use handover::domain::account::{Credentials, DeviceId, DeviceName, Secret};
    use handover::pushover::Servers;
    use handover::sandbox::{Options, Sandbox};
    use handover::system::clock;

    use crate::{acknowledge, listen, outstanding, poll, send, sign_in, without_tokio};

    async fn sandbox() -> (Sandbox, Servers, Credentials) {
        let sandbox = Sandbox::start(Options::new(clock::unix)).await.unwrap();
        let servers = Servers::new(&sandbox.api_url(), &sandbox.websocket_url()).unwrap();
        let (secret, device) = sandbox.add_device("desk");
        let login = Credentials {
            secret: Secret::new(secret),
            device_id: DeviceId::new(&device).unwrap(),
            device_name: DeviceName::new("desk").unwrap(),
            registered: 0,
        };
        (sandbox, servers, login)
    }

    #[tokio::test]
    async fn signing_in_writes_the_login() {
        let (sandbox, servers, _) = sandbox().await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("login.json");
        let account = sandbox.account();
        let login = sign_in::run(servers, &account.email, &account.password, &file).await.unwrap();
        let written = std::fs::read_to_string(&file).unwrap();
        assert!(written.contains(login.device_id.as_str()), "{written}");
        assert_eq!(sandbox.devices().len(), 2);
    }

    #[tokio::test]
    async fn what_is_outstanding_is_printed_and_deleted() {
        let (sandbox, servers, login) = sandbox().await;
        sandbox.send(&[("message", "one")]);
        sandbox.send(&[("message", "two")]);
        let texts = outstanding::run(servers.clone(), &login).await.unwrap();
        assert_eq!(&texts[texts.len() - 2..], ["one", "two"]);
        assert!(outstanding::run(servers, &login).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn polling_calls_back_once_for_each_message() {
        let (sandbox, servers, login) = sandbox().await;
        sandbox.send(&[("message", "one")]);
        let mut texts = Vec::new();
        let callback = |text: String| {
            if text == "one" {
                sandbox.send(&[("message", "two")]);
            }
            texts.push(text);
            texts.last().is_some_and(|text| text != "two")
        };
        poll::run(servers, &login, Duration::from_millis(1), callback).await.unwrap();
        assert_eq!(texts.iter().filter(|text| *text == "one").count(), 1);
    }

    #[tokio::test]
    async fn listening_calls_back_on_each_message() {
        let (sandbox, servers, login) = sandbox().await;
        sandbox.send(&[("message", "before")]);
        let mut texts = Vec::new();
        let callback = |message: &handover::domain::message::Message| {
            if message.body == "before" {
                sandbox.send(&[("message", "live")]);
            }
            texts.push(message.body.clone());
            message.body != "live"
        };
        listen::run(servers, &login, callback).await.unwrap();
        assert_eq!(&texts[texts.len() - 2..], ["before", "live"]);
        assert!(sandbox.queue(sandbox.devices()[0].as_str()).is_empty());
    }

    #[tokio::test]
    async fn emergencies_are_acknowledged() {
        let (sandbox, servers, login) = sandbox().await;
        let sent =
            sandbox.send(&[("message", "fire"), ("priority", "2"), ("retry", "60"), ("expire", "600")]);
        assert_eq!(acknowledge::run(servers.clone(), &login).await.unwrap(), 1);
        assert!(sandbox.is_acknowledged(sent["receipt"].as_str().unwrap()));
        assert_eq!(acknowledge::run(servers, &login).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn sending_returns_a_receipt() {
        let (sandbox, servers, _) = sandbox().await;
        let account = sandbox.account();
        let accepted =
            send::run(servers.clone(), &account.app_token, &account.user_key, "water").await.unwrap();
        assert!(accepted.receipt.is_some());
        assert_eq!(sandbox.counters().sent, 1);
        let long = "x".repeat(1025);
        let error = send::run(servers, &account.app_token, &account.user_key, &long).await.unwrap_err();
        assert!(error.to_string().starts_with("the message is too long: 1025 characters"), "{error}");
    }

    #[tokio::test]
    async fn the_engine_needs_no_tokio() {
        let (sandbox, servers, login) = sandbox().await;
        let api = servers.api().clone();
        let address = format!("127.0.0.1:{}", api.port().unwrap());
        let (device, secret) = (login.device_id.as_str().to_owned(), login.secret.expose().to_owned());
        let (downloaded, mut downloads) = tokio::sync::mpsc::unbounded_channel();
        let running = std::thread::spawn(move || {
            let callback = |body: &str| {
                downloaded.send(body.to_owned()).unwrap();
                !body.contains("live")
            };
            without_tokio::run(&address, &device, &secret, callback).map_err(|error| error.to_string())
        });
        // The first download follows the connection; the second the signal.
        downloads.recv().await.unwrap();
        sandbox.send(&[("message", "live")]);
        while let Some(body) = downloads.recv().await {
            if body.contains("live") {
                break;
            }
        }
        let ended = tokio::task::spawn_blocking(move || running.join()).await.unwrap();
        assert_eq!(ended.unwrap(), Ok(()));
    }
}
