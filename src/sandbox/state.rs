//! The account of the sandbox: logins, devices, their queues and the applications that send.
//!
//! Invariant: plain and synchronous; it knows no socket, and the time is told by the clock it was given.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::Rejection;
use super::item::{Content, Item, Sent};
use super::receipts::Receipt;
use super::switches::{ErrorShape, Licence, Order, Repeat, Switches, TakenName};
use super::token;

/// The sandbox's memory.
#[derive(Debug)]
pub(super) struct State {
    pub(super) clock: fn() -> i64,
    pub(super) switches: Switches,
    pub(super) owner: Owner,
    pub(super) apps: Vec<App>,
    pub(super) receipts: BTreeMap<String, Receipt>,
    pub(super) quota: Quota,
    logins: Vec<String>,
    devices: Vec<Device>,
    last_id: u64,
    last_small_id: u64,
    created: i64,
}

/// Whose account it is.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) email: String,
    pub(super) password: String,
    pub(super) two_factor: Option<String>,
    pub(super) user_key: String,
    pub(super) group_key: String,
}

/// An application that may send.
#[derive(Clone, Debug)]
pub(super) struct App {
    pub(super) token: String,
    pub(super) name: String,
    pub(super) icon: String,
    pub(super) aid: u64,
}

#[derive(Debug)]
struct Device {
    id: String,
    name: String,
    secret: String,
    enabled: bool,
    queue: Vec<Item>,
}

/// How many messages were sent in the month that ends at a moment, unix seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quota {
    pub(super) used: u64,
    pub(super) ends: i64,
}

/// A device that was registered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Registered {
    pub(super) id: String,
    /// The id the name had before, now invalid.
    pub(super) replaced: Option<String>,
}

impl State {
    pub(super) fn new(clock: fn() -> i64, owner: Owner) -> Self {
        Self {
            clock,
            switches: Switches::default(),
            owner,
            apps: Vec::new(),
            receipts: BTreeMap::new(),
            quota: Quota::default(),
            logins: Vec::new(),
            devices: Vec::new(),
            last_id: 0,
            // The welcome message of old samples is number 2.
            last_small_id: 1,
            created: clock(),
        }
    }

    pub(super) fn now(&self) -> i64 {
        (self.clock)()
    }

    /// A session secret for the right answers.
    pub(super) fn log_in(
        &mut self,
        email: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<String, Rejection> {
        if !email.eq_ignore_ascii_case(&self.owner.email) || password != self.owner.password {
            return Err(Rejection::plain(self.switches.wrong_password_text.clone()));
        }
        match (&self.owner.two_factor, code) {
            (Some(_), None | Some("")) => {
                let text = "two factor auth required";
                Err(Rejection::plain(text).status(412).with("totp", text))
            }
            (Some(right), Some(code)) if right != code => {
                Err(Rejection::of("twofa", "is invalid").status(self.switches.wrong_code_status))
            }
            _ => Ok(self.fresh_login()),
        }
    }

    /// A session secret without any question.
    pub(super) fn fresh_login(&mut self) -> String {
        let secret = token::key(60);
        self.logins.push(secret.clone());
        secret
    }

    /// Makes all session secrets invalid.
    pub(super) fn revoke_logins(&mut self) {
        self.logins.clear();
    }

    /// Registers a device, taking the name over if that is asked for.
    pub(super) fn register(
        &mut self,
        secret: &str,
        name: &str,
        force: bool,
    ) -> Result<Registered, Rejection> {
        let object = |field, text| Rejection::of(field, text).shaped(ErrorShape::Object);
        self.check_login(secret).map_err(|rejection| rejection.shaped(ErrorShape::Object))?;
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
        Ok(self.enlist(secret, name))
    }

    /// Registers a device without any question; an enabled one of that name gets a new id and keeps its queue.
    pub(super) fn enlist(&mut self, secret: &str, name: &str) -> Registered {
        let id = token::key(40).to_ascii_lowercase();
        if let Some(device) = self.devices.iter_mut().find(|device| device.enabled && device.name == name) {
            let replaced = std::mem::replace(&mut device.id, id.clone());
            secret.clone_into(&mut device.secret);
            for receipt in self.receipts.values_mut() {
                receipt.readdress(&replaced, &id);
            }
            return Registered { id, replaced: Some(replaced) };
        }
        let mut queue = Vec::new();
        if self.switches.welcome {
            queue.push(Item { id: self.next_id(), content: Content::Sent(Arc::new(self.welcome())) });
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

    /// Takes a device out of service, as its owner can on the web site; false when there is no such device.
    pub(super) fn disable(&mut self, id: &str) -> bool {
        let device = self.devices.iter_mut().find(|device| device.id == id && device.enabled);
        device.map(|device| device.enabled = false).is_some()
    }

    /// Whether a login may use a device.
    pub(super) fn admit(&self, secret: &str, id: &str) -> Result<(), Rejection> {
        self.check_login(secret)?;
        if !self.enabled().any(|device| device.id == id) {
            let status = self.switches.rejected_login_status;
            return Err(Rejection::of("device", "is not valid or is disabled").status(status));
        }
        Ok(())
    }

    /// Everything in a device's queue, with what the service says of user and device.
    pub(super) fn download(&mut self, secret: &str, id: &str) -> Result<Value, Rejection> {
        self.admit(secret, id)?;
        let licence = self.switches.licence;
        if licence == Licence::Refused {
            return Err(Rejection::plain("your account is not licensed for desktop clients"));
        }
        let (now, keep_expired) = (self.now(), self.switches.keep_expired);
        let (switches, receipts) = (&self.switches, &self.receipts);
        let Some(device) = self.devices.iter_mut().find(|device| device.id == id) else {
            return Err(Rejection::of("device", "is not valid or is disabled"));
        };
        if !keep_expired {
            device.queue.retain(|item| !item.is_over(now));
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

    /// Deletes everything up to and including a number from a device's queue.
    pub(super) fn delete_through(&mut self, secret: &str, id: &str, through: u64) -> Result<(), Rejection> {
        self.admit(secret, id)?;
        if let Some(device) = self.devices.iter_mut().find(|device| device.id == id) {
            device.queue.retain(|item| item.id > through);
        }
        Ok(())
    }

    /// Puts a message into the queues of the devices named, or of all if none of them is there; each with the
    /// message's number there.
    pub(super) fn queue(&mut self, sent: &Arc<Sent>, names: &[&str]) -> Vec<(String, u64)> {
        let chosen: Vec<String> = self
            .enabled()
            .filter(|device| names.contains(&device.name.as_str()))
            .map(|device| device.id.clone())
            .collect();
        let ids = if chosen.is_empty() { self.device_ids() } else { chosen };
        ids.into_iter()
            .map(|device| {
                let id = self.next_id();
                self.push(&device, Item { id, content: Content::Sent(Arc::clone(sent)) });
                (device, id)
            })
            .collect()
    }

    /// Puts a message into a queue once more, as the switches want it; false when the device is gone.
    pub(super) fn queue_again(&mut self, sent: &Arc<Sent>, device: &str, first: u64) -> bool {
        let again = match self.switches.repeat_id {
            Repeat::New => self.next_id(),
            Repeat::Same => first,
        };
        self.push(device, Item { id: again, content: Content::Sent(Arc::clone(sent)) })
    }

    /// Puts JSON into a device's queue as it is; the number it can be deleted by, `None` without such a device.
    ///
    /// An object without any `id` gets one; an `id` that is no number stays, and the item a number of its own.
    pub(super) fn inject(&mut self, device: &str, mut item: Value) -> Option<u64> {
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

    /// The ids of the enabled devices, in the order of their registration.
    pub(super) fn device_ids(&self) -> Vec<String> {
        self.enabled().map(|device| device.id.clone()).collect()
    }

    /// The names of the enabled devices.
    pub(super) fn device_names(&self) -> Vec<String> {
        self.enabled().map(|device| device.name.clone()).collect()
    }

    /// The name of the device that registered with a login, empty when none did.
    pub(super) fn device_of(&self, secret: &str) -> Result<String, Rejection> {
        self.check_login(secret)?;
        let device = self.devices.iter().rev().find(|device| device.secret == secret);
        Ok(device.map(|device| device.name.clone()).unwrap_or_default())
    }

    /// The numbers in a device's queue, ascending in time.
    pub(super) fn queued(&self, device: &str) -> Vec<u64> {
        let device = self.devices.iter().find(|found| found.id == device);
        device.map(|device| device.queue.iter().map(|item| item.id).collect()).unwrap_or_default()
    }

    /// The next number, as ids, umids and application ids are drawn from.
    pub(super) fn next_id(&mut self) -> u64 {
        if self.switches.small_ids {
            self.last_small_id += 1;
            return self.last_small_id;
        }
        // The magnitude of the service's ids: 380698969174458372 was sent at 1631773893, a factor of 2^27.8.
        let earliest = u64::try_from(self.now()).unwrap_or_default().max(1 << 26) << 28;
        self.last_id = (self.last_id + 1).max(earliest);
        self.last_id
    }

    fn check_login(&self, secret: &str) -> Result<(), Rejection> {
        let is_known = self.logins.iter().any(|login| login == secret);
        let refused = || Rejection::of("secret", "is invalid").status(self.switches.rejected_login_status);
        is_known.then_some(()).ok_or_else(refused)
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

    fn welcome(&self) -> Sent {
        let now = self.now();
        Sent {
            umid: 1,
            app: "Pushover".to_owned(),
            aid: 1,
            icon: "pushover".to_owned(),
            title: Some("Welcome to Pushover!".to_owned()),
            message: "Your device is now able to receive notifications. This one comes from a sandbox."
                .to_owned(),
            date: now,
            queued: now,
            ..Sent::default()
        }
    }
}
