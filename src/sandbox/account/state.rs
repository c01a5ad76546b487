//! Everything the sandbox knows: accounts, sessions, applications, the quota, and the source of ids.
//!
//! Invariant: new ids ascend, so that deleting up to an id never deletes a later message.

use std::collections::BTreeMap;

use super::device::Device;
use super::group::Group;
use super::quota::Quota;
use super::receipt::Receipt;
use super::sent::SentMessages;
use super::team::Team;
use crate::sandbox::ids::Keys;
use crate::sandbox::protocol::Rejection;
use crate::sandbox::switches::Switches;

/// The time from which the ids of a sandbox with fixed ids are made.
const FIXED_TIME: i64 = 1_700_000_000;

/// Everything the sandbox knows.
#[derive(Debug)]
pub(in crate::sandbox) struct State {
    pub(in crate::sandbox) clock: fn() -> i64,
    pub(in crate::sandbox) switches: Switches,
    /// The first one is the default.
    pub(in crate::sandbox) accounts: Vec<Account>,
    pub(in crate::sandbox) apps: Vec<App>,
    pub(in crate::sandbox) groups: Vec<Group>,
    pub(in crate::sandbox) team: Team,
    pub(in crate::sandbox) receipts: BTreeMap<String, Receipt>,
    pub(super) quota: Quota,
    pub(in crate::sandbox) sent: SentMessages,
    pub(in crate::sandbox) keys: Keys,
    pub(super) devices: Vec<Device>,
    pub(super) created: i64,
    /// The valid session secrets, each with the user key.
    sessions: BTreeMap<String, String>,
    has_fixed_ids: bool,
    last_id: u64,
    last_small_id: u64,
}

/// A user.
#[derive(Clone, Debug, Default)]
pub(in crate::sandbox) struct Account {
    pub(in crate::sandbox) email: String,
    pub(in crate::sandbox) password: String,
    pub(in crate::sandbox) two_factor: Option<String>,
    pub(in crate::sandbox) user_key: String,
}

/// An application that may send.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct App {
    pub(in crate::sandbox) token: String,
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) icon: String,
    pub(in crate::sandbox) aid: u64,
}

impl State {
    pub(in crate::sandbox) fn new(clock: fn() -> i64, has_fixed_ids: bool, switches: Switches) -> Self {
        Self {
            clock,
            switches,
            accounts: Vec::new(),
            apps: Vec::new(),
            groups: Vec::new(),
            team: Team::default(),
            receipts: BTreeMap::new(),
            quota: Quota::default(),
            sent: SentMessages::default(),
            keys: Keys::new(has_fixed_ids),
            devices: Vec::new(),
            created: clock(),
            sessions: BTreeMap::new(),
            has_fixed_ids,
            last_id: 0,
            // The id of the welcome message in old samples is 2.
            last_small_id: 1,
        }
    }

    pub(in crate::sandbox) fn now(&self) -> i64 {
        (self.clock)().saturating_add(self.switches.clock_ahead)
    }

    /// The account with a user key.
    pub(in crate::sandbox) fn account(&self, user_key: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.user_key == user_key)
    }

    /// The user key of the default account.
    pub(in crate::sandbox) fn first_user(&self) -> String {
        self.accounts.first().map(|account| account.user_key.clone()).unwrap_or_default()
    }

    /// Adds an application; it gets a token unless it has one.
    pub(in crate::sandbox) fn add_app(&mut self, name: &str, icon: &str, token: Option<String>) -> String {
        let token = token.unwrap_or_else(|| self.keys.key(30));
        let aid = self.next_id();
        self.apps.retain(|app| app.token != token);
        self.apps.push(App { token: token.clone(), name: name.to_owned(), icon: icon.to_owned(), aid });
        token
    }

    /// Checks email, password and code; returns a new session secret and the user key.
    pub(in crate::sandbox) fn log_in(
        &mut self,
        email: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<(String, String), Rejection> {
        let known =
            |account: &&Account| email.eq_ignore_ascii_case(&account.email) && password == account.password;
        let Some(account) = self.accounts.iter().find(known) else {
            return Err(Rejection::new(self.switches.wrong_password_text.clone()));
        };
        match (&account.two_factor, code) {
            (Some(_), None | Some("")) => {
                let text = "two factor auth required";
                Err(Rejection::new(text).status(412).with("totp", text))
            }
            (Some(right), Some(code)) if right != code => {
                Err(Rejection::of("twofa", "is invalid").status(self.switches.wrong_code_status))
            }
            _ => {
                let user = account.user_key.clone();
                Ok((self.new_session(&user), user))
            }
        }
    }

    /// A new session secret, without any check.
    pub(in crate::sandbox) fn new_session(&mut self, user: &str) -> String {
        let secret = self.keys.key(60);
        self.sessions.insert(secret.clone(), user.to_owned());
        secret
    }

    /// Makes all session secrets invalid.
    pub(in crate::sandbox) fn revoke_sessions(&mut self) {
        self.sessions.clear();
    }

    /// The user key of a session.
    pub(super) fn user_of_session(&self, secret: &str) -> Result<&str, Rejection> {
        let rejection = || Rejection::of("secret", "is invalid").status(self.switches.rejected_login_status);
        self.sessions.get(secret).map(String::as_str).ok_or_else(rejection)
    }

    /// Whether this is a key that the sandbox has given out, and that only it accepts.
    pub(in crate::sandbox) fn is_own_key(&self, key: &str) -> bool {
        self.apps.iter().any(|app| app.token == key)
            || self.account(key).is_some()
            || self.groups.iter().any(|group| group.key == key)
            || self.team.token == key
            || self.team.subscribed.contains_key(key)
    }

    /// The quota of the current month.
    pub(in crate::sandbox) fn quota(&self) -> Quota {
        self.quota.at(self.now())
    }

    /// How many messages may still be sent this month.
    pub(in crate::sandbox) fn remaining(&self) -> u64 {
        self.switches.monthly_limit.saturating_sub(self.quota().used)
    }

    /// Decides how many messages may still be sent this month; never more than the limit.
    pub(in crate::sandbox) fn set_remaining(&mut self, remaining: u64) {
        let used = self.switches.monthly_limit.saturating_sub(remaining);
        self.quota = Quota { used, ..self.quota() };
    }

    /// Counts a message.
    pub(in crate::sandbox) fn count_message(&mut self) {
        let quota = self.quota();
        self.quota = Quota { used: quota.used + 1, ..quota };
    }

    /// The next id, for items, messages and applications.
    pub(in crate::sandbox) fn next_id(&mut self) -> u64 {
        if self.switches.small_ids {
            self.last_small_id += 1;
            return self.last_small_id;
        }
        // The magnitude of the service's ids: 380698969174458372 was sent at 1631773893, a factor of 2^27.8.
        let time = if self.has_fixed_ids { FIXED_TIME } else { self.now() };
        let earliest = u64::try_from(time).unwrap_or_default().max(1 << 26) << 28;
        self.last_id = (self.last_id + 1).max(earliest);
        self.last_id
    }
}
