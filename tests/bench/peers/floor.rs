//! What no receiver on this machine can be faster than: one request for the same answer on an open connection, one durable commit,
//! and one bare call to the notification server.
//!
//! Invariant: each part is done once for every message of the programs, so that a busy machine slows all of them down.

use std::collections::HashMap;
use std::fs;
use std::time::Instant;

use reqwest::Certificate;
use rusqlite::Connection;
use tempfile::TempDir;
use zbus::zvariant::Value;

use crate::session::Session;
use crate::support::notification_server::connect;

pub(crate) struct Floor {
    client: reqwest::Client,
    url: String,
    bus: zbus::Connection,
    log: Connection,
    _folder: TempDir,
}

impl Floor {
    pub(crate) async fn of(session: &Session) -> Self {
        // A device whose message is never deleted, so that every answer is that of one message.
        let (secret, device) = session.sandbox.add_device("floor");
        session.send_to(&device, super::TEXT);
        let certificates = Certificate::from_pem_bundle(&fs::read(session.certificates()).unwrap()).unwrap();
        let client = reqwest::Client::builder().tls_certs_only(certificates).no_proxy().build().unwrap();
        let url = format!(
            "https://localhost:{}/1/messages.json?secret={secret}&device_id={device}",
            session.port()
        );
        let folder = tempfile::tempdir().unwrap();
        let log = Connection::open(folder.path().join("bare.db")).unwrap();
        log.pragma_update(None, "journal_mode", "WAL").unwrap();
        log.execute_batch("PRAGMA synchronous = FULL; CREATE TABLE t (x)").unwrap();
        let bus = connect(session.bus.address()).await;
        let floor = Self { client, url, bus, log, _folder: folder };
        floor.once(session).await;
        floor
    }

    /// In milliseconds.
    pub(crate) async fn once(&self, session: &Session) -> f64 {
        let start = Instant::now();
        let body = self
            .client
            .get(&self.url)
            .send()
            .await
            .unwrap()
            .error_for_status()
            .unwrap()
            .bytes()
            .await
            .unwrap();
        self.log.execute("INSERT INTO t VALUES (?)", [&body[..]]).unwrap();
        let hints: HashMap<&str, Value<'_>> = HashMap::new();
        let arguments = ("Bare", 0_u32, "", "title", super::TEXT, Vec::<&str>::new(), hints, -1_i32);
        let name = "org.freedesktop.Notifications";
        let call = self.bus.call_method(
            Some(name),
            "/org/freedesktop/Notifications",
            Some(name),
            "Notify",
            &arguments,
        );
        let (answer, _shown) = tokio::join!(call, session.desktop.next_shown());
        let span = start.elapsed();
        answer.unwrap();
        span.as_secs_f64() * 1e3
    }
}
