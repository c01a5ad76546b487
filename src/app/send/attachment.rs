//! Reads a picture that is sent with a message.
//!
//! Invariant: no more of a file is read than may be sent.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::app::Problem;
use crate::domain::sending::{ATTACHMENT, Attachment, picture_type};

/// Reads a picture from a file.
pub(super) fn read(path: &Path) -> Result<Attachment, Problem> {
    let what = format!("the attachment {} cannot be sent", path.display());
    let unreadable = |error| Problem::of_system(&what, &error);
    let file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let most = u64::try_from(ATTACHMENT).unwrap_or(u64::MAX);
    let too_large = |size: u64| Problem::new(&what, format!("it has {size} bytes, at most {ATTACHMENT}"));
    if size > most {
        return Err(too_large(size));
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > ATTACHMENT {
        return Err(too_large(most + 1));
    }
    let Some(media_type) = picture_type(&bytes) else {
        return Err(Problem::new(&what, "it is not a picture")
            .hint("the service takes PNG, JPEG, GIF, BMP, WebP and HEIC"));
    };
    Ok(Attachment { media_type, bytes })
}
