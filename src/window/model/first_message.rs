//! How to send oneself the first message.
//!
//! Invariant: the command contains no token and no key: their places are marked for the user to fill in.

use crate::app::send::test_message;
use crate::domain::settings::Settings;

/// The page of the account, which has the user key and the email address that messages can be sent to.
pub const ACCOUNT: &str = "https://pushover.net";

/// A command that sends a message, to this device if its name is known. Each option is on a line of its own.
pub fn curl(api: &str, device: Option<&str>) -> String {
    let mut fields = vec!["token=APP_TOKEN".to_owned(), "user=USER_KEY".to_owned()];
    fields.extend(device.map(|device| ["device=", device].concat()));
    fields.push("message=Hello".to_owned());
    let fields: Vec<String> = fields.iter().map(|field| ["--form-string ", field].concat()).collect();
    ["curl ", &fields.join(" \\\n  "), " \\\n  ", api.trim_end_matches('/'), "/1/messages.json"].concat()
}

/// Whether the daemon can send a test message: the settings say who sends to whom.
pub fn can_send_test(settings: &Settings) -> bool {
    test_message::is_possible(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_this_device_and_no_secret() {
        assert_eq!(
            curl("https://api.pushover.net/", Some("desk")),
            "curl --form-string token=APP_TOKEN \\\n  --form-string user=USER_KEY \\\n  --form-string device=desk \\\n  \
             --form-string message=Hello \\\n  https://api.pushover.net/1/messages.json"
        );
        assert!(!curl("https://api.pushover.net", None).contains("device="));
    }
}
