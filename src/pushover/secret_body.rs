//! What is sent with a secret in it.
//!
//! Invariant: it is wiped from memory after it was sent. The copies that the HTTP client and TLS make on the way are not.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Body, RequestBuilder};
use tokio_tungstenite::tungstenite::Bytes;

use crate::domain::account::Secret;

/// The request with a form as its body.
pub(super) fn with_form(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    // Three bytes for each at most: a text that has to move would leave a copy behind.
    let size = fields.iter().map(|(name, value)| 3 * (name.len() + value.len()) + 2).sum();
    let mut form = form_urlencoded::Serializer::new(String::with_capacity(size));
    form.extend_pairs(fields);
    let form = bytes(Secret::new(form.finish()));
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from(form))
}

/// The bytes of a secret text.
pub(super) fn bytes(secret: Secret) -> Bytes {
    Bytes::from_owner(SecretBytes(secret))
}

struct SecretBytes(Secret);

impl AsRef<[u8]> for SecretBytes {
    fn as_ref(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_encoded_and_can_be_sent_again() {
        let request = reqwest::Client::new().post("http://127.0.0.1/");
        let request = with_form(request, &[("secret", "a&b=c é"), ("os", "O")]);
        let again = request.try_clone().unwrap().build().unwrap();
        for request in [request.build().unwrap(), again] {
            let body = request.body().and_then(Body::as_bytes).unwrap();
            assert_eq!(body, b"secret=a%26b%3Dc+%C3%A9&os=O");
            assert_eq!(request.headers()[CONTENT_TYPE], "application/x-www-form-urlencoded");
        }
    }
}
