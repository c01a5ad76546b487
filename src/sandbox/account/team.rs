//! What an organisation manages through the API: its team, subscriptions to its application, and prepaid licences.
//!
//! Invariant: a licence is assigned only while there are credits.

use std::collections::BTreeMap;

use crate::sandbox::protocol::Rejection;
use crate::sandbox::switches::ErrorShape;

/// The licences that a sandbox starts with.
const CREDITS: u64 = 5;

/// The team and what belongs to it.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Team {
    pub(in crate::sandbox) token: String,
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) members: Vec<TeamMember>,
    /// The code of the only subscription.
    pub(in crate::sandbox) subscription: String,
    /// Each subscribed user key, with the user and the device.
    pub(in crate::sandbox) subscribed: BTreeMap<String, (String, Option<String>)>,
    pub(in crate::sandbox) credits: u64,
}

/// A member of the team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct TeamMember {
    pub(in crate::sandbox) email: String,
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) is_admin: bool,
    pub(in crate::sandbox) group: Option<String>,
}

impl Default for Team {
    fn default() -> Self {
        Self {
            token: "tSandbox0000000000000000000001".to_owned(),
            name: "Sandbox".to_owned(),
            members: Vec::new(),
            subscription: "Sandbox-000000000000001".to_owned(),
            subscribed: BTreeMap::new(),
            credits: CREDITS,
        }
    }
}

impl Team {
    /// Adds a member.
    pub(in crate::sandbox) fn add(&mut self, member: TeamMember) -> Result<(), Rejection> {
        if !is_email(&member.email) {
            return Err(Rejection::of("email", "is not a valid e-mail address").with("email", "invalid"));
        }
        if self.members.iter().any(|other| other.email.eq_ignore_ascii_case(&member.email)) {
            let text = "user is already a member of this team";
            return Err(Rejection::new(text).with("email", "already a member"));
        }
        self.members.push(member);
        Ok(())
    }

    /// Removes a member.
    pub(in crate::sandbox) fn remove(&mut self, email: &str) -> Result<(), Rejection> {
        let before = self.members.len();
        self.members.retain(|member| !member.email.eq_ignore_ascii_case(email));
        if self.members.len() == before {
            return Err(Rejection::new("user is not a member of this team").with("email", "not found"));
        }
        Ok(())
    }

    /// Takes one licence from the credits.
    pub(in crate::sandbox) fn take_licence(&mut self) -> Result<(), Rejection> {
        let out = || Rejection::of("token", "is out of available license credits").shaped(ErrorShape::Object);
        self.credits = self.credits.checked_sub(1).ok_or_else(out)?;
        Ok(())
    }
}

/// Whether this looks like an e-mail address.
pub(in crate::sandbox) fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
}
