//! Devices and their queues: registering, downloading, deleting.
//!
//! Invariant: a disabled device receives nothing, and its id is never valid again.

use std::sync::Arc;

use serde_json::{Value, json};

use super::device::Device;
use super::message::{Content, Item, Message};
use super::receipt::Receipt;
use super::sent::{Delivery, Sent};
use super::state::State;
use crate::sandbox::protocol::Rejection;
use crate::sandbox::switches::{ErrorShape, Licence, Order, Repeat, TakenName};

/// The result of a registration.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct Registered {
    pub(in crate::sandbox) id: String,
    /// The previous id of a device of this name, now invalid.
    pub(in crate::sandbox) replaced: Option<String>,
}

impl State {
    /// Registers a device; `force` takes the name over.
    pub(in crate::sandbox) fn register(
        &mut self,
        secret: &str,
        name: &str,
        force: bool,
    ) -> Result<Registered, Rejection> {
        let object = |field, text| Rejection::of(field, text).shaped(ErrorShape::Object);
        let user = self.user_of_session(secret).map_err(|rejection| rejection.shaped(ErrorShape::Object))?;
        let user = user.to_owned();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !(1..=25).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(object("name", "is invalid"));
        }
        let names = self.device_names(&user);
        let is_taken = names.iter().any(|taken| taken == name);
        if is_taken && !force && self.switches.taken_name == TakenName::Refused {
            return Err(object("name", "has already been taken"));
        }
        if !is_taken && names.len() >= self.switches.max_devices {
            let text = "you have reached the maximum number of devices";
            return Err(object("", text).with("message", text));
        }
        Ok(self.add_device(&user, secret, name))
    }

    /// Registers a device without any check. An enabled one of that name gets a new id and keeps its queue.
    pub(in crate::sandbox) fn add_device(&mut self, user: &str, secret: &str, name: &str) -> Registered {
        let id = self.keys.key(40).to_ascii_lowercase();
        let same = |device: &&mut Device| device.enabled && device.user == user && device.name == name;
        if let Some(device) = self.devices.iter_mut().find(same) {
            let replaced = std::mem::replace(&mut device.id, id.clone());
            secret.clone_into(&mut device.secret);
            for receipt in self.receipts.values_mut() {
                receipt.replace_device(&replaced, &id);
            }
            self.sent.replace_device(&replaced, &id);
            return Registered { id, replaced: Some(replaced) };
        }
        let mut queue = Vec::new();
        if self.switches.welcome {
            queue.push(Item { id: self.next_id(), content: Content::Message(Arc::new(self.welcome())) });
        }
        self.devices.push(Device {
            id: id.clone(),
            name: name.to_owned(),
            user: user.to_owned(),
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
        let user = self.user_of_session(secret)?;
        if !self.enabled().any(|device| device.id == id && device.user == user) {
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
        let owner = self.accounts.iter().find(|account| account.user_key == device.user);
        let mut body = json!({
            "messages": messages,
            "user": {
                "quiet_hours": switches.quiet_hours,
                "quick_quiet_until": switches.quick_quiet_until,
                "is_android_licensed": true,
                "is_ios_licensed": false,
                "is_desktop_licensed": licence == Licence::Owned,
                "email": owner.map(|owner| &owner.email),
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

    /// Adds a message to the queues of devices; returns each device with the message's id there.
    pub(in crate::sandbox) fn queue(
        &mut self,
        message: &Arc<Message>,
        devices: Vec<String>,
    ) -> Vec<(String, u64)> {
        devices
            .into_iter()
            .map(|device| {
                let id = self.next_id();
                self.push(&device, Item { id, content: Content::Message(Arc::clone(message)) });
                (device, id)
            })
            .collect()
    }

    /// Adds a message to a queue again, with the id that the switches demand; that id, unless the device is gone.
    pub(super) fn queue_again(&mut self, message: &Arc<Message>, device: &str, first: u64) -> Option<u64> {
        let id = match self.switches.repeat_id {
            Repeat::New => self.next_id(),
            Repeat::Same => first,
        };
        self.push(device, Item { id, content: Content::Message(Arc::clone(message)) }).then_some(id)
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

    /// All devices, in the order of registration.
    pub(in crate::sandbox) fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// The ids of the enabled devices, in the order of registration.
    pub(in crate::sandbox) fn device_ids(&self) -> Vec<String> {
        self.enabled().map(|device| device.id.clone()).collect()
    }

    /// The names of a user's enabled devices.
    pub(in crate::sandbox) fn device_names(&self, user: &str) -> Vec<String> {
        self.enabled().filter(|device| device.user == user).map(|device| device.name.clone()).collect()
    }

    /// The user of a session, and the name of the device that registered with it; the name is empty when none did.
    pub(in crate::sandbox) fn device_of(&self, secret: &str) -> Result<(String, String), Rejection> {
        let user = self.user_of_session(secret)?.to_owned();
        let device = self.devices.iter().rev().find(|device| device.secret == secret);
        Ok((user, device.map(|device| device.name.clone()).unwrap_or_default()))
    }

    /// The names of the devices that a message went to, and whether each has deleted every copy of it.
    pub(in crate::sandbox) fn deliveries<'a>(&'a self, sent: &'a Sent) -> Vec<(&'a str, bool)> {
        let delivery = |delivery: &'a Delivery| {
            let device = self.devices.iter().find(|device| device.id == delivery.device)?;
            let is_queued = device.queue.iter().any(|item| delivery.ids.contains(&item.id));
            Some((device.name.as_str(), !is_queued))
        };
        sent.deliveries.iter().filter_map(delivery).collect()
    }

    /// The ids in a device's queue, oldest first.
    pub(in crate::sandbox) fn queued(&self, device: &str) -> Vec<u64> {
        let device = self.devices.iter().find(|found| found.id == device);
        device.map(|device| device.queue.iter().map(|item| item.id).collect()).unwrap_or_default()
    }

    pub(super) fn enabled(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(|device| device.enabled)
    }

    fn push(&mut self, device: &str, item: Item) -> bool {
        let Some(device) = self.devices.iter_mut().find(|found| found.id == device && found.enabled) else {
            return false;
        };
        device.queue.retain(|queued| queued.id != item.id);
        device.queue.push(item);
        true
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
