//! What a sandbox begins with, and goes back to.
//!
//! Invariant: the predefined keys are the same in every sandbox, so that examples and scripts keep working.

use std::time::Duration;

use crate::sandbox::account::{Account, Group, Member, State};
use crate::sandbox::seed::Seed;
use crate::sandbox::switches::Switches;

/// The user key of every sandbox.
const USER_KEY: &str = "uSandbox0000000000000000000001";
/// The key of a group whose only member is this user.
const GROUP_KEY: &str = "gSandbox0000000000000000000001";
/// The token of the application that every sandbox has.
const APP_TOKEN: &str = "aSandbox0000000000000000000001";

/// What a sandbox begins with.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Initial {
    pub(in crate::sandbox) clock: fn() -> i64,
    pub(in crate::sandbox) email: String,
    pub(in crate::sandbox) password: String,
    pub(in crate::sandbox) two_factor: Option<String>,
    pub(in crate::sandbox) keep_alive: Duration,
    /// Whether secrets, ids and receipts are the same in every run.
    pub(in crate::sandbox) is_fixed: bool,
    /// What is added to the predefined account, application and group.
    pub(in crate::sandbox) seed: Seed,
}

impl Initial {
    /// The state with only what is predefined.
    pub(in crate::sandbox) fn state(&self) -> State {
        let mut state = State::new(self.clock, self.is_fixed, Switches::default());
        state.accounts.push(Account {
            email: self.email.clone(),
            password: self.password.clone(),
            two_factor: self.two_factor.clone(),
            user_key: USER_KEY.to_owned(),
        });
        state.add_app("Sandbox", "sandbox", Some(APP_TOKEN.to_owned()));
        let member = Member {
            user: USER_KEY.to_owned(),
            device: String::new(),
            memo: String::new(),
            is_disabled: false,
        };
        state.groups.push(Group {
            key: GROUP_KEY.to_owned(),
            name: "Sandbox".to_owned(),
            members: vec![member],
        });
        state
    }
}
