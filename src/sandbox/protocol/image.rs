//! The types of images.
//!
//! Invariant: the content decides, not what its sender says.

/// The type of an image, going by its first bytes.
pub(in crate::sandbox) fn image_type(bytes: &[u8]) -> Option<&'static str> {
    let types: [(&[u8], &str); 4] = [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"RIFF", "image/webp"),
    ];
    types.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, content_type)| *content_type)
}
