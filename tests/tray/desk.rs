//! A user at a desktop with a panel, with helpers that run the program.
//!
//! Invariant: all of it belongs to the test and ends with it.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::harness::Harness;
use crate::support::panel::{Item, Panel};
use crate::support::process::Running;

/// A harness with a panel on its bus.
pub(crate) struct Desk {
    pub(crate) harness: Harness,
    pub(crate) panel: Panel,
}

impl Desk {
    /// A desk whose user is signed in as `desk`, with these settings; no daemon runs.
    pub(crate) async fn with(settings: &str) -> Self {
        let harness = Harness::signed_in().await;
        // An empty file would be reported.
        if !settings.is_empty() {
            harness.user.settings(settings);
        }
        let panel = Panel::start(harness.bus.address()).await;
        Self { harness, panel }
    }

    /// Starts the daemon and waits until it is connected and its icon says so.
    pub(crate) async fn connected(&mut self) -> (Running, Item) {
        let daemon = self.harness.connected().await;
        let item = self.panel.next_item().await;
        item.until("it is connected", |look| look.tooltip.contains("Connected as desk")).await;
        (daemon, item)
    }

    /// The messages as JSON, once one of them has this text.
    pub(crate) async fn message(&self, text: &str) -> Value {
        let messages = self.harness.user.messages().await;
        messages.into_iter().find(|message| message["text"] == text).expect("the message is listed")
    }

    /// Puts a program on the user's path that records its arguments, one per line; returns the file with the record.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        let noted = self.harness.user.path(name);
        let script = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > {0}.new\nmv {0}.new {0}\n", noted.display());
        self.harness.user.install(name, &script);
        noted
    }

    /// Waits until a program ran; returns its arguments.
    pub(crate) async fn ran(&self, noted: &PathBuf) -> String {
        // Status replies in between give it time to start.
        self.harness.until_status("the program runs", |_| noted.exists()).await;
        fs::read_to_string(noted).expect("what it noted")
    }
}
