//! Where the sandbox can be reached.
//!
//! Invariant: it is known before the first request, and does not change.

use std::path::PathBuf;

use serde_json::{Value, json};

/// Where the sandbox can be reached.
#[derive(Clone, Debug, Default)]
pub(in crate::sandbox) struct Addresses {
    /// The base address of the API.
    pub(in crate::sandbox) api: String,
    pub(in crate::sandbox) websocket: String,
    /// The page in a browser; with the token if there is one.
    pub(in crate::sandbox) page: String,
    /// The base address over TLS.
    pub(in crate::sandbox) tls: Option<String>,
    /// What to set `HTTPS_PROXY` to.
    pub(in crate::sandbox) proxy: Option<String>,
    /// The certificate of the authority.
    pub(in crate::sandbox) ca: Option<PathBuf>,
    /// That, and the certificates that this computer trusts.
    pub(in crate::sandbox) ca_bundle: Option<PathBuf>,
    /// What steering it and its proxy from another computer needs.
    pub(in crate::sandbox) token: Option<String>,
}

impl Addresses {
    /// Lines for a shell after which programs send here whatever address is fixed in them; `None` without the proxy.
    pub(in crate::sandbox) fn environment(&self) -> Option<String> {
        let (proxy, ca, bundle) = (self.proxy.as_ref()?, self.ca.as_ref()?, self.ca_bundle.as_ref()?);
        let (ca, bundle) = (ca.display(), bundle.display());
        Some(format!(
            "export HTTPS_PROXY={proxy} https_proxy={proxy}\n\
             export SSL_CERT_FILE={bundle} REQUESTS_CA_BUNDLE={bundle} CURL_CA_BUNDLE={bundle}\n\
             export NODE_EXTRA_CA_CERTS={ca} NODE_USE_ENV_PROXY=1"
        ))
    }

    pub(in crate::sandbox) fn json(&self) -> Value {
        json!({
            "api_url": self.api,
            "websocket_url": self.websocket,
            "page_url": self.page,
            "tls_url": self.tls,
            "proxy_url": self.proxy,
            "ca": self.ca,
            "ca_bundle": self.ca_bundle,
            "environment": self.environment(),
            "token": self.token,
        })
    }
}
