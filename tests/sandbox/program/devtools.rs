//! A headless Chromium, driven over its debugging protocol.
//!
//! Invariant: an error that the page logs fails the test that drives it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Far longer than anything here takes, even on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A browser with one page.
pub(super) struct Browser {
    child: Child,
    socket: WebSocketStream<TcpStream>,
    session: Option<String>,
    last_id: u64,
    _profile: TempDir,
}

impl Browser {
    /// Starts Chromium; `None`, which is printed, if there is none.
    pub(super) async fn start() -> Option<Self> {
        let profile = tempfile::tempdir().unwrap();
        let child = Command::new("chromium")
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-proxy-server"])
            .args(["--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = child else {
            eprintln!("skipped: there is no chromium; `tests/run` installs it");
            return None;
        };
        let (port, path) = address(profile.path()).await;
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let url = format!("ws://127.0.0.1:{port}{path}");
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
        let mut browser = Self { child, socket, session: None, last_id: 0, _profile: profile };
        let target = browser.command("Target.createTarget", json!({"url": "about:blank"})).await;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.command("Target.attachToTarget", attach).await;
        browser.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.command(domain, json!({})).await;
        }
        Some(browser)
    }

    /// Opens an address, and waits until its script is connected.
    pub(super) async fn open(&mut self, url: &str) {
        self.command("Page.navigate", json!({"url": url})).await;
        self.until("document.getElementById('connection')?.textContent === 'live'").await;
    }

    /// The size of the window, and whether its user likes it dark.
    pub(super) async fn set_window(&mut self, width: u32, height: u32, is_dark: bool) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.command("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.command("Emulation.setEmulatedMedia", features).await;
    }

    /// The value of an expression.
    pub(super) async fn value(&mut self, expression: &str) -> Value {
        let ask = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let reply = self.command("Runtime.evaluate", ask).await;
        assert!(reply.get("exceptionDetails").is_none(), "{expression}: {reply}");
        reply["result"]["value"].clone()
    }

    /// Waits until a condition holds on the page.
    pub(super) async fn until(&mut self, condition: &str) {
        let wait = format!(
            "new Promise((done) => {{ const look = () => {{ if ({condition}) done(true); else setTimeout(look, 20); }}; look(); }})"
        );
        let ask = json!({"expression": wait, "awaitPromise": true, "returnByValue": true});
        // A navigation ends the wait; then it starts again on the new page.
        let all =
            async { while self.command("Runtime.evaluate", ask.clone()).await["result"]["value"] != true {} };
        assert!(tokio::time::timeout(TIMEOUT, all).await.is_ok(), "{condition}");
    }

    /// Presses a key.
    pub(super) async fn press(&mut self, key: &str) {
        let (text, code) = match key {
            "Enter" => ("\r", 13),
            " " => (" ", 32),
            "Tab" => ("", 9),
            other => panic!("{other} is not known here"),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = json!(text);
            }
            self.command("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Presses Tab until an element that fits a selector has the focus.
    pub(super) async fn tab_to(&mut self, selector: &str) {
        let condition = format!("document.activeElement.matches({})", json!(selector));
        for _ in 0..100 {
            self.press("Tab").await;
            if self.value(&condition).await == true {
                return;
            }
        }
        panic!("{selector} is not reached with Tab");
    }

    /// Saves a picture of the window.
    pub(super) async fn screenshot(&mut self, name: &str) {
        let picture = self.command("Page.captureScreenshot", json!({"format": "png"})).await;
        let bytes =
            base64::engine::general_purpose::STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/sandbox-page"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }

    async fn command(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let mut command = json!({"id": self.last_id, "method": method, "params": params});
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(command.to_string())).await.unwrap();
        loop {
            let reply =
                tokio::time::timeout(TIMEOUT, self.socket.next()).await.expect(method).unwrap().unwrap();
            let Ok(reply) = serde_json::from_str::<Value>(reply.to_text().unwrap_or_default()) else {
                continue;
            };
            let is_logged_error =
                reply["method"] == "Log.entryAdded" && reply["params"]["entry"]["level"] == "error";
            assert!(!is_logged_error && reply["method"] != "Runtime.exceptionThrown", "{reply}");
            if reply["id"] == self.last_id {
                return reply["result"].clone();
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The port and the path that Chromium writes into its profile once it listens.
async fn address(profile: &Path) -> (u16, String) {
    let file = profile.join("DevToolsActivePort");
    let found = async {
        loop {
            let text = fs::read_to_string(&file).unwrap_or_default();
            if let Some((port, path)) = text.split_once('\n')
                && !path.is_empty()
            {
                return (port.parse().unwrap(), path.trim().to_owned());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(TIMEOUT, found).await.expect("chromium starts")
}
