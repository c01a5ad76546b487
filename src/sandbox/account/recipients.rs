//! Whom a key of a user, a group or a subscription stands for.
//!
//! Invariant: a device gets a message once, however many of the recipients it belongs to.

use super::group::{Group, Member};
use super::state::State;
use crate::sandbox::protocol::Rejection;

/// A user, and the names of those of their devices that are meant; none means all.
struct Recipient {
    user: String,
    devices: Vec<String>,
}

impl State {
    /// The devices that a message to these keys goes to; `None` when a key is unknown. `devices` is for one user only.
    pub(in crate::sandbox) fn devices_for(&self, keys: &[&str], devices: &[&str]) -> Option<Vec<String>> {
        let mut recipients = Vec::new();
        for key in keys {
            recipients.extend(self.recipients(key)?);
        }
        if let ([key], [recipient]) = (keys, recipients.as_mut_slice())
            && recipient.devices.is_empty()
            && recipient.user == *key
        {
            recipient.devices = devices.iter().map(|name| (*name).to_owned()).collect();
        }
        // A name that none of the user's devices has is ignored.
        for recipient in &mut recipients {
            let names = self.device_names(&recipient.user);
            recipient.devices.retain(|name| names.contains(name));
        }
        let is_meant = |user: &str, name: &String| {
            recipients.iter().any(|recipient| {
                recipient.user == user && (recipient.devices.is_empty() || recipient.devices.contains(name))
            })
        };
        let meant = self.enabled().filter(|device| is_meant(&device.user, &device.name));
        Some(meant.map(|device| device.id.clone()).collect())
    }

    fn recipients(&self, key: &str) -> Option<Vec<Recipient>> {
        if self.account(key).is_some() {
            return Some(vec![Recipient { user: key.to_owned(), devices: Vec::new() }]);
        }
        if let Some((user, device)) = self.team.subscribed.get(key) {
            let devices = device.iter().cloned().collect();
            return Some(vec![Recipient { user: user.clone(), devices }]);
        }
        let group = self.groups.iter().find(|group| group.key == key)?;
        let members = group.members.iter().filter(|member| !member.is_disabled);
        let recipients = members.map(|member| Recipient {
            user: member.user.clone(),
            devices: Some(member.device.clone()).filter(|device| !device.is_empty()).into_iter().collect(),
        });
        Some(recipients.collect())
    }

    /// Creates a group; returns its key.
    pub(in crate::sandbox) fn create_group(&mut self, name: &str) -> String {
        let key = format!("g{}", self.keys.key(29));
        self.groups.push(Group { key: key.clone(), name: name.to_owned(), members: Vec::new() });
        key
    }

    /// The group with a key.
    pub(in crate::sandbox) fn group(&mut self, key: &str) -> Result<&mut Group, Rejection> {
        let found = self.groups.iter_mut().find(|group| group.key == key);
        found.ok_or_else(|| {
            let text = "group not found or you are not authorized to edit it";
            Rejection::new(text).with("group", "not found")
        })
    }

    /// Adds a user, or a device of a user, to a group.
    pub(in crate::sandbox) fn add_member(&mut self, group: &str, member: Member) -> Result<(), Rejection> {
        let is_known = self.account(&member.user).is_some();
        let has_device = self.device_names(&member.user).contains(&member.device);
        let group = self.group(group)?;
        if !is_known {
            return Err(Rejection::new("user key is invalid").with("user", "invalid"));
        }
        if !member.device.is_empty() && !has_device {
            let text = "device name is not valid for this user";
            return Err(Rejection::new(text).with("device", "invalid for this user"));
        }
        if group.members.iter().any(|other| other.user == member.user && other.device == member.device) {
            let text = "user is already a member of this group";
            return Err(Rejection::new(text).with("user", "already a member"));
        }
        group.members.push(member);
        Ok(())
    }

    /// Subscribes a user, or one device of theirs; returns the subscribed user key.
    pub(in crate::sandbox) fn subscribe(
        &mut self,
        user: &str,
        device: Option<String>,
    ) -> Result<String, Rejection> {
        if self.account(user).is_none() {
            let text = "user key is not valid for any active user";
            return Err(Rejection::new(text).with("user", "is not a valid user"));
        }
        let subscriber = (user.to_owned(), device);
        if let Some((key, _)) = self.team.subscribed.iter().find(|(_, other)| **other == subscriber) {
            return Ok(key.clone());
        }
        let key = format!("s{}", self.keys.key(29));
        self.team.subscribed.insert(key.clone(), subscriber);
        Ok(key)
    }
}
