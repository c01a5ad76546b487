//! The image attached to a message, as a file or in base64.
//!
//! Invariant: what is accepted is at most as large as the service allows.

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::sandbox::protocol::{Params, Rejection, image_type};
use crate::sandbox::switches::Switches;

/// The largest attachment in bytes, after decoding.
const LARGEST: usize = 5 << 20;

/// Reads the attachment, if there is one.
pub(super) fn read(params: &Params, switches: &Switches) -> Result<Option<Arc<[u8]>>, Rejection> {
    let rejected = |text: &str| Rejection::of("attachment", text).with("attachment", text);
    let (content_type, bytes): (&str, Arc<[u8]>) = match params.file("attachment") {
        // A form without a chosen file.
        Some(file) if file.bytes.is_empty() => return Ok(None),
        Some(file) => (&file.content_type, Arc::clone(&file.bytes)),
        None => {
            let Some(text) = params.filled("attachment_base64") else { return Ok(None) };
            let bytes = decoded(text).ok_or_else(|| rejected("is not valid base64"))?;
            (params.get("attachment_type").unwrap_or_default(), bytes.into())
        }
    };
    if bytes.len() > LARGEST {
        return Err(rejected("is too large, must be 5242880 bytes or less"));
    }
    if switches.attachments_need_a_type && !is_image(content_type, &bytes) {
        return Err(rejected("is not a supported image type"));
    }
    Ok(Some(bytes))
}

/// Whether it says that it is an image. Several libraries send a file without saying what it is; then its content decides.
fn is_image(content_type: &str, bytes: &[u8]) -> bool {
    let content_type = content_type.to_ascii_lowercase();
    content_type.starts_with("image/")
        || (matches!(content_type.as_str(), "" | "application/octet-stream") && image_type(bytes).is_some())
}

/// Padding is optional, and lines may be broken.
fn decoded(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    let letters: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64.decode(letters).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_may_be_broken_into_lines_and_lack_its_padding() {
        for (text, expected) in [("YQ==", "a"), ("YQ", "a"), ("YW\r\nJj", "abc")] {
            assert_eq!(decoded(text).unwrap(), expected.as_bytes(), "{text}");
        }
        assert!(decoded("a*b").is_none());
    }
}
