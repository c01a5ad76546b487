//! Which method and path belong to which endpoint.
//!
//! Invariant: no other file knows the paths of the service.

use axum::http::Method;

use crate::sandbox::faults::Endpoint;

/// An endpoint, with the parameters in its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Route {
    Login,
    Devices,
    Download,
    Delete {
        device: String,
    },
    Acknowledge {
        receipt: String,
    },
    Socket,
    Icon {
        file: String,
    },
    Sound {
        file: String,
    },
    /// An endpoint for senders.
    Sending(SendingRoute),
    /// `OPTIONS` for any path: a browser checks what a web page may request.
    Preflight,
    Unknown,
}

/// An endpoint for senders and organisations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum SendingRoute {
    Send,
    Validate,
    Limits,
    Sounds,
    Poll { receipt: String },
    Cancel { receipt: String },
    CancelByTag { tag: String },
    Glances,
    Migrate,
    Credits,
    AssignLicence,
    Groups,
    CreateGroup,
    Group { group: String },
    ChangeGroup { group: String, change: GroupChange },
    Team,
    AddToTeam,
    RemoveFromTeam,
}

/// What is done to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum GroupChange {
    Add,
    Remove,
    Enable,
    Disable,
    Rename,
}

impl Route {
    /// The route of a request. The service reads `//` as `/`, and some senders rely on that.
    pub(in crate::sandbox) fn of(method: &Method, path: &str) -> Self {
        if method == Method::OPTIONS {
            return Self::Preflight;
        }
        if path.ends_with('/') {
            return Self::Unknown;
        }
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let get = method == Method::GET;
        let post = method == Method::POST;
        match segments.as_slice() {
            ["1", "users", "login.json"] if post => Self::Login,
            ["1", "devices.json"] if post => Self::Devices,
            ["1", "devices", device, "update_highest_message.json"] if post => {
                Self::Delete { device: decoded(device) }
            }
            ["1", "messages.json"] if get => Self::Download,
            ["1", "receipts", receipt, "acknowledge.json"] if post => {
                Self::Acknowledge { receipt: decoded(receipt) }
            }
            ["icons", file] if get => Self::Icon { file: decoded(file) },
            ["sounds", file] if get => Self::Sound { file: decoded(file) },
            ["push"] if get => Self::Socket,
            ["1", rest @ ..] if get => SendingRoute::of_get(rest).map_or(Self::Unknown, Self::Sending),
            ["1", rest @ ..] if post => SendingRoute::of_post(rest).map_or(Self::Unknown, Self::Sending),
            _ => Self::Unknown,
        }
    }

    pub(in crate::sandbox) fn endpoint(&self) -> Endpoint {
        match self {
            Self::Login => Endpoint::Login,
            Self::Devices => Endpoint::Devices,
            Self::Download => Endpoint::Download,
            Self::Delete { .. } => Endpoint::Delete,
            Self::Acknowledge { .. } => Endpoint::Acknowledge,
            Self::Socket => Endpoint::Socket,
            Self::Icon { .. } => Endpoint::Icon,
            Self::Sound { .. } => Endpoint::Sound,
            Self::Sending(SendingRoute::Send) => Endpoint::Send,
            Self::Sending(_) | Self::Preflight | Self::Unknown => Endpoint::Other,
        }
    }
}

impl SendingRoute {
    fn of_get(path: &[&str]) -> Option<Self> {
        Some(match path {
            ["apps", "limits.json"] => Self::Limits,
            ["sounds.json"] => Self::Sounds,
            ["receipts", file] => Self::Poll { receipt: stem(file)? },
            ["licenses.json"] => Self::Credits,
            ["groups.json"] => Self::Groups,
            ["groups", file] => Self::Group { group: stem(file)? },
            ["teams.json"] => Self::Team,
            _ => return None,
        })
    }

    fn of_post(path: &[&str]) -> Option<Self> {
        Some(match path {
            ["messages.json"] => Self::Send,
            ["users", "validate.json"] => Self::Validate,
            ["receipts", receipt, "cancel.json"] => Self::Cancel { receipt: decoded(receipt) },
            ["receipts", "cancel_by_tag", file] => Self::CancelByTag { tag: stem(file)? },
            ["glances.json"] => Self::Glances,
            ["subscriptions", "migrate.json"] => Self::Migrate,
            ["licenses", "assign.json"] => Self::AssignLicence,
            ["groups.json"] => Self::CreateGroup,
            ["groups", group, file] => {
                Self::ChangeGroup { group: decoded(group), change: GroupChange::of(file)? }
            }
            ["teams", "add_user.json"] => Self::AddToTeam,
            ["teams", "remove_user.json"] => Self::RemoveFromTeam,
            _ => return None,
        })
    }
}

impl GroupChange {
    fn of(file: &str) -> Option<Self> {
        Some(match file {
            "add_user.json" => Self::Add,
            // Older clients use the second name, which the service still accepts.
            "remove_user.json" | "delete_user.json" => Self::Remove,
            "enable_user.json" => Self::Enable,
            "disable_user.json" => Self::Disable,
            "rename.json" => Self::Rename,
            _ => return None,
        })
    }
}

/// The name of a JSON file.
fn stem(file: &str) -> Option<String> {
    file.strip_suffix(".json").map(decoded)
}

fn decoded(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_a_method_and_a_path() {
        let post = |path| Route::of(&Method::POST, path);
        let get = |path| Route::of(&Method::GET, path);
        let sending = Route::Sending;
        assert_eq!(get("/1/messages.json"), Route::Download);
        assert_eq!(post("/1/messages.json"), sending(SendingRoute::Send));
        assert_eq!(get("/1/users/login.json"), Route::Unknown);
        assert_eq!(post("//1//users///validate.json"), sending(SendingRoute::Validate));
        assert_eq!(Route::of(&Method::OPTIONS, "/1/messages.json"), Route::Preflight);
        assert_eq!(post("/1/devices/d1/update_highest_message.json"), Route::Delete { device: "d1".into() });
        assert_eq!(
            post("/1/receipts/cancel_by_tag/a%20b.json"),
            sending(SendingRoute::CancelByTag { tag: "a b".into() })
        );
        assert_eq!(post("/1/receipts/r/acknowledge.json"), Route::Acknowledge { receipt: "r".into() });
        assert_eq!(get("/1/receipts/r.json"), sending(SendingRoute::Poll { receipt: "r".into() }));
        let removal = SendingRoute::ChangeGroup { group: "g".into(), change: GroupChange::Remove };
        assert_eq!(post("/1/groups/g/delete_user.json"), sending(removal));
        for path in ["/", "", "/1", "/1/messages", "/1/messages.json/", "/2/messages.json", "/1/receipts/r"] {
            assert_eq!(get(path), Route::Unknown, "{path}");
        }
    }
}
