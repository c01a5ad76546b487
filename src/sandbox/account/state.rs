//! The account of the sandbox: sessions, devices, their queues and the applications that send.
//!
//! Invariant: new ids ascend, so that deleting up to an id never deletes a later message.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::message::{Content, Item, Message};
use super::receipt::Receipt;
use crate::sandbox::ids;
use crate::sandbox::protocol::Rejection;
use crate::sandbox::switches::{ErrorShape, Licence, Order, Repeat, Switches, TakenName};

/// Everything the sandbox knows.
#[derive(Debug)]
pub(in crate::sandbox) struct State {
    pub(in crate::sandbox) clock: fn() -> i64,
    pub(in crate::sandbox) switches: Switches,
    pub(in crate::sandbox) owner: Owner,
    pub(in crate::sandbox) apps: Vec<App>,
    pub(in crate::sandbox) receipts: BTreeMap<String, Receipt>,
    pub(in crate::sandbox) quota: Quota,
    /// The valid session secrets.
    sessions: Vec<String>,
    devices: Vec<Device>,
    last_id: u64,
    last_small_id: u64,
    created: i64,
}

/// The owner of the account.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Owner {
    pub(in crate::sandbox) email: String,
    pub(in crate::sandbox) password: String,
    pub(in crate::sandbox) two_factor: Option<String>,
    pub(in crate::sandbox) user_key: String,
    pub(in crate::sandbox) group_key: String,
}

/// An application that may send.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct App {
    pub(in crate::sandbox) token: String,
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) icon: String,
    pub(in crate::sandbox) aid: u64,
}

#[derive(Debug)]
struct Device {
    id: String,
    name: String,
    secret: String,
    enabled: bool,
    queue: Vec<Item>,
}

/// How many messages were sent in the month that ends at this time, unix seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::sandbox) struct Quota {
    pub(in crate::sandbox) used: u64,
    pub(in crate::sandbox) ends: i64,
}

/// The result of a registration.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct Registered {
    pub(in crate::sandbox) id: String,
    /// The previous id of a device of this name, now invalid.
    pub(in crate::sandbox) replaced: Option<String>,
}

impl State {
    pub(in crate::sandbox) fn new(clock: fn() -> i64, owner: Owner) -> Self {
        Self {
            clock,
            switches: Switches::default(),
            owner,
            apps: Vec::new(),
            receipts: BTreeMap::new(),
            quota: Quota::default(),
            sessions: Vec::new(),
            devices: Vec::new(),
            last_id: 0,
            // The id of the welcome message in old samples is 2.
            last_small_id: 1,
            created: clock(),
        }
    }

    pub(in crate::sandbox) fn now(&self) -> i64 {
        (self.clock)().saturating_add(self.switches.clock_ahead)
    }

    /// Checks email, password and code; returns a new session secret.
    pub(in crate::sandbox) fn log_in(
        &mut self,
        email: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<String, Rejection> {
        if !email.eq_ignore_ascii_case(&self.owner.email) || password != self.owner.password {
            return Err(Rejection::new(self.switches.wrong_password_text.clone()));
        }
        match (&self.owner.two_factor, code) {
            (Some(_), None | Some("")) => {
                let text = "two factor auth required";
                Err(Rejection::new(text).status(412).with("totp", text))
            }
            (Some(right), Some(code)) if right != code => {
                Err(Rejection::of("twofa", "is invalid").status(self.switches.wrong_code_status))
            }
            _ => Ok(self.new_session()),
        }
    }

    /// A new session secret, without any check.
    pub(in crate::sandbox) fn new_session(&mut self) -> String {
        let secret = ids::key(60);
        self.sessions.push(secret.clone());
        secret
    }

    /// Makes all session secrets invalid.
    pub(in crate::sandbox) fn revoke_sessions(&mut self) {
        self.sessions.clear();
    }

    /// Registers a device; `force` takes the name over.
    pub(in crate::sandbox) fn register(
        &mut self,
        secret: &str,
        name: &str,
        force: bool,
    ) -> Result<Registered, Rejection> {
        let object = |field, text| Rejection::of(field, text).shaped(ErrorShape::Object);
        self.check_session(secret).map_err(|rejection| rejection.shaped(ErrorShape::Object))?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !(1..=25).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(object("name", "is invalid"));
        }
        let is_taken = self.enabled().any(|device| device.name == name);
        if is_taken && !force && self.switches.taken_name == TakenName::Refused {
            return Err(object("name", "has already been taken"));
        }
        if !is_taken && self.enabled().count() >= self.switches.max_devices {
            let text = "you have reached the maximum number of devices";
            return Err(object("", text).with("message", text));
        }
        Ok(self.add_device(secret, name))
    }

    /// Registers a device without any check. An enabled one of that name gets a new id and keeps its queue.
    pub(in crate::sandbox) fn add_device(&mut self, secret: &str, name: &str) -> Registered {
        let id = ids::key(40).to_ascii_lowercase();
        if let Some(device) = self.devices.iter_mut().find(|device| device.enabled && device.name == name) {
            let replaced = std::mem::replace(&mut device.id, id.clone());
            secret.clone_into(&mut device.secret);
            for receipt in self.receipts.values_mut() {
                receipt.replace_device(&replaced, &id);
            }
            return Registered { id, replaced: Some(replaced) };
        }
        let mut queue = Vec::new();
        if self.switches.welcome {
            queue.push(Item { id: self.next_id(), content: Content::Message(Arc::new(self.welcome())) });
        }
        self.devices.push(Device {
            id: id.clone(),
            name: name.to_owned(),
            secret: secret.to_owned(),
            enabled: true,
            queue,
        });
        Registered { id, replaced: None }
    }

    /// Disables a device, as its owner can on the web site; false when there is no such device.
    pub(in crate::sandbox) fn disable(&mut self, id: &str) -> bool {
        let device = self.devices.iter_mut().find(|device| device.id == id && device.enabled);
        device.map(|device| device.enabled = false).is_some()
    }

    /// Checks that a session secret is valid and the device enabled.
    pub(in crate::sandbox) fn authorize(&self, secret: &str, id: &str) -> Result<(), Rejection> {
        self.check_session(secret)?;
        if !self.enabled().any(|device| device.id == id) {
            let status = self.switches.rejected_login_status;
            return Err(Rejection::of("device", "is not valid or is disabled").status(status));
        }
        Ok(())
    }

    /// The reply to a download: the device's queue, and what the service says about user and device.
    pub(in crate::sandbox) fn download(&mut self, secret: &str, id: &str) -> Result<Value, Rejection> {
        self.authorize(secret, id)?;
        let licence = self.switches.licence;
        if licence == Licence::Refused {
            return Err(Rejection::new("your account is not licensed for desktop clients"));
        }
        let (now, keep_expired) = (self.now(), self.switches.keep_expired);
        let (switches, receipts) = (&self.switches, &self.receipts);
        let Some(device) = self.devices.iter_mut().find(|device| device.id == id) else {
            return Err(Rejection::of("device", "is not valid or is disabled"));
        };
        if !keep_expired {
            device.queue.retain(|item| !item.has_expired(now));
        }
        let is_acknowledged = |item: &Item| {
            item.receipt().and_then(|receipt| receipts.get(receipt)).is_some_and(Receipt::is_acknowledged)
        };
        let mut messages: Vec<Value> =
            device.queue.iter().map(|item| item.json(is_acknowledged(item), switches)).collect();
        match switches.order {
            Order::Sent => {}
            Order::Reversed => messages.reverse(),
            Order::Shuffled => fastrand::shuffle(&mut messages),
        }
        if licence == Licence::Emptied {
            messages.clear();
        }
        let mut body = json!({
            "messages": messages,
            "user": {
                "quiet_hours": switches.quiet_hours,
                "quick_quiet_until": switches.quick_quiet_until,
                "is_android_licensed": true,
                "is_ios_licensed": false,
                "is_desktop_licensed": licence == Licence::Owned,
                "email": self.owner.email,
                "created_at": self.created,
                "show_team_ad": "1",
            },
            "device": {
                "name": device.name,
                "encryption_enabled": false,
                "default_sound": switches.default_sound.name,
                "always_use_default_sound": switches.default_sound.always,
                "default_high_priority_sound": switches.default_high_priority_sound.name,
                "always_use_default_high_priority_sound": switches.default_high_priority_sound.always,
                "dismissal_sync_enabled": false,
            },
        });
        if switches.unknown_keys
            && let Some(body) = body.as_object_mut()
        {
            body.insert("from_the_future".to_owned(), json!([{}]));
        }
        Ok(body)
    }

    /// Deletes everything up to and including an id from a device's queue.
    pub(in crate::sandbox) fn delete_through(
        &mut self,
        secret: &str,
        id: &str,
        through: u64,
    ) -> Result<(), Rejection> {
        self.authorize(secret, id)?;
        if let Some(device) = self.devices.iter_mut().find(|device| device.id == id) {
            device.queue.retain(|item| item.id > through);
        }
        Ok(())
    }

    /// Adds a message to the queues of the devices with these names, or of all devices if none has one of them; returns each
    /// device with the message's id there.
    pub(in crate::sandbox) fn queue(&mut self, message: &Arc<Message>, names: &[&str]) -> Vec<(String, u64)> {
        let chosen: Vec<String> = self
            .enabled()
            .filter(|device| names.contains(&device.name.as_str()))
            .map(|device| device.id.clone())
            .collect();
        let ids = if chosen.is_empty() { self.device_ids() } else { chosen };
        ids.into_iter()
            .map(|device| {
                let id = self.next_id();
                self.push(&device, Item { id, content: Content::Message(Arc::clone(message)) });
                (device, id)
            })
            .collect()
    }

    /// Adds a message to a queue again, with the id that the switches demand; false when the device is gone.
    pub(in crate::sandbox) fn queue_again(
        &mut self,
        message: &Arc<Message>,
        device: &str,
        first: u64,
    ) -> bool {
        let again = match self.switches.repeat_id {
            Repeat::New => self.next_id(),
            Repeat::Same => first,
        };
        self.push(device, Item { id: again, content: Content::Message(Arc::clone(message)) })
    }

    /// Adds JSON to a device's queue unchanged; returns the id it can be deleted by, `None` if there is no such device.
    ///
    /// An object without an `id` gets one. An `id` that is not a number is kept, and the deletion id differs from it.
    pub(in crate::sandbox) fn inject(&mut self, device: &str, mut item: Value) -> Option<u64> {
        let given = item
            .get("id_str")
            .and_then(Value::as_str)
            .and_then(|text| text.parse().ok())
            .or_else(|| item.get("id").and_then(Value::as_u64))
            .or_else(|| item.get("id").and_then(Value::as_str).and_then(|text| text.parse().ok()));
        let id = given.unwrap_or_else(|| self.next_id());
        if let Some(fields) = item.as_object_mut()
            && !fields.contains_key("id")
            && !fields.contains_key("id_str")
        {
            fields.insert("id".to_owned(), json!(id));
            fields.insert("id_str".to_owned(), json!(id.to_string()));
        }
        if let Some(receipt) = item.get("receipt").and_then(Value::as_str) {
            let receipt = receipt.to_owned();
            self.receipts.entry(receipt).or_default();
        }
        self.push(device, Item { id, content: Content::Raw(item) }).then_some(id)
    }

    /// The ids of the enabled devices, in the order of registration.
    pub(in crate::sandbox) fn device_ids(&self) -> Vec<String> {
        self.enabled().map(|device| device.id.clone()).collect()
    }

    /// The names of the enabled devices.
    pub(in crate::sandbox) fn device_names(&self) -> Vec<String> {
        self.enabled().map(|device| device.name.clone()).collect()
    }

    /// The name of the device that registered with a session secret; empty when none did.
    pub(in crate::sandbox) fn device_of(&self, secret: &str) -> Result<String, Rejection> {
        self.check_session(secret)?;
        let device = self.devices.iter().rev().find(|device| device.secret == secret);
        Ok(device.map(|device| device.name.clone()).unwrap_or_default())
    }

    /// The ids in a device's queue, oldest first.
    pub(in crate::sandbox) fn queued(&self, device: &str) -> Vec<u64> {
        let device = self.devices.iter().find(|found| found.id == device);
        device.map(|device| device.queue.iter().map(|item| item.id).collect()).unwrap_or_default()
    }

    /// The next id, for items, messages and applications.
    pub(in crate::sandbox) fn next_id(&mut self) -> u64 {
        if self.switches.small_ids {
            self.last_small_id += 1;
            return self.last_small_id;
        }
        // The magnitude of the service's ids: 380698969174458372 was sent at 1631773893, a factor of 2^27.8.
        let earliest = u64::try_from(self.now()).unwrap_or_default().max(1 << 26) << 28;
        self.last_id = (self.last_id + 1).max(earliest);
        self.last_id
    }

    fn check_session(&self, secret: &str) -> Result<(), Rejection> {
        let is_known = self.sessions.iter().any(|session| session == secret);
        let rejection = || Rejection::of("secret", "is invalid").status(self.switches.rejected_login_status);
        is_known.then_some(()).ok_or_else(rejection)
    }

    fn push(&mut self, device: &str, item: Item) -> bool {
        let Some(device) = self.devices.iter_mut().find(|found| found.id == device && found.enabled) else {
            return false;
        };
        device.queue.retain(|queued| queued.id != item.id);
        device.queue.push(item);
        true
    }

    fn enabled(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(|device| device.enabled)
    }

    fn welcome(&self) -> Message {
        let now = self.now();
        Message {
            umid: 1,
            app: "Pushover".to_owned(),
            aid: 1,
            icon: "pushover".to_owned(),
            title: Some("Welcome to Pushover!".to_owned()),
            text: "Your device is now able to receive notifications. This one comes from a sandbox."
                .to_owned(),
            date: now,
            queued: now,
            ..Message::default()
        }
    }
}
