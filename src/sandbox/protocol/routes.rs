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
    Send,
    Validate,
    Limits,
    Sounds,
    Poll {
        receipt: String,
    },
    Cancel {
        receipt: String,
    },
    CancelByTag {
        tag: String,
    },
    /// `OPTIONS` for any path: a browser checks what a web page may request.
    Preflight,
    Unknown,
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
            ["1", "users", "validate.json"] if post => Self::Validate,
            ["1", "devices.json"] if post => Self::Devices,
            ["1", "devices", device, "update_highest_message.json"] if post => {
                Self::Delete { device: decoded(device) }
            }
            ["1", "messages.json"] if get => Self::Download,
            ["1", "messages.json"] if post => Self::Send,
            ["1", "receipts", receipt, "acknowledge.json"] if post => {
                Self::Acknowledge { receipt: decoded(receipt) }
            }
            ["1", "receipts", receipt, "cancel.json"] if post => Self::Cancel { receipt: decoded(receipt) },
            ["1", "receipts", "cancel_by_tag", tag] if post => {
                tag.strip_suffix(".json").map_or(Self::Unknown, |tag| Self::CancelByTag { tag: decoded(tag) })
            }
            ["1", "receipts", receipt] if get => receipt
                .strip_suffix(".json")
                .map_or(Self::Unknown, |receipt| Self::Poll { receipt: decoded(receipt) }),
            ["1", "apps", "limits.json"] if get => Self::Limits,
            ["1", "sounds.json"] if get => Self::Sounds,
            ["icons", file] if get => Self::Icon { file: decoded(file) },
            ["sounds", file] if get => Self::Sound { file: decoded(file) },
            ["push"] if get => Self::Socket,
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
            Self::Send => Endpoint::Send,
            Self::Validate
            | Self::Limits
            | Self::Sounds
            | Self::Poll { .. }
            | Self::Cancel { .. }
            | Self::CancelByTag { .. }
            | Self::Preflight
            | Self::Unknown => Endpoint::Other,
        }
    }
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
        assert_eq!((get("/1/messages.json"), post("/1/messages.json")), (Route::Download, Route::Send));
        assert_eq!(get("/1/users/login.json"), Route::Unknown);
        assert_eq!(post("//1//users///validate.json"), Route::Validate);
        assert_eq!(Route::of(&Method::OPTIONS, "/1/messages.json"), Route::Preflight);
        assert_eq!(post("/1/devices/d1/update_highest_message.json"), Route::Delete { device: "d1".into() });
        assert_eq!(post("/1/receipts/cancel_by_tag/a%20b.json"), Route::CancelByTag { tag: "a b".into() });
        assert_eq!(post("/1/receipts/r/acknowledge.json"), Route::Acknowledge { receipt: "r".into() });
        assert_eq!(get("/1/receipts/r.json"), Route::Poll { receipt: "r".into() });
        for path in ["/", "", "/1/messages", "/1/messages.json/", "/2/messages.json", "/1/receipts/r"] {
            assert_eq!(get(path), Route::Unknown, "{path}");
        }
    }
}
