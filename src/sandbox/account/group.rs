//! A delivery group and its members.
//!
//! Invariant: a member is changed or removed only if it is one.

use serde_json::{Value, json};

use crate::sandbox::protocol::Rejection;

/// A delivery group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct Group {
    pub(in crate::sandbox) key: String,
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) members: Vec<Member>,
}

/// A member of a group: a user, or one device of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct Member {
    pub(in crate::sandbox) user: String,
    /// Empty for all devices of the user.
    pub(in crate::sandbox) device: String,
    pub(in crate::sandbox) memo: String,
    pub(in crate::sandbox) is_disabled: bool,
}

impl Group {
    /// The members that are this user, and this device if one is named.
    pub(in crate::sandbox) fn members_of(
        &mut self,
        user: &str,
        device: Option<&str>,
    ) -> Result<Vec<&mut Member>, Rejection> {
        let found: Vec<&mut Member> = self
            .members
            .iter_mut()
            .filter(|member| member.user == user && device.is_none_or(|device| member.device == device))
            .collect();
        if found.is_empty() {
            return Err(Rejection::new("user is not a member of this group").with("user", "invalid"));
        }
        Ok(found)
    }

    /// Removes a user, or one device of theirs.
    pub(in crate::sandbox) fn remove(&mut self, user: &str, device: Option<&str>) -> Result<(), Rejection> {
        self.members_of(user, device)?;
        self.members
            .retain(|member| member.user != user || device.is_some_and(|device| member.device != device));
        Ok(())
    }

    /// As `GET /1/groups/{group}.json` shows it.
    pub(in crate::sandbox) fn json(&self) -> Value {
        let members = self.members.iter().map(|member| {
            json!({
                "user": member.user,
                "device": member.device,
                "memo": member.memo,
                "disabled": member.is_disabled,
            })
        });
        json!({"name": self.name, "users": members.collect::<Vec<_>>()})
    }
}
