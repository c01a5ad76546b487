//! Describes errors of the operating system in words for the user.
//!
//! Invariant: common errors are described without error numbers and without programmers' terms.

use std::io::{self, ErrorKind};

const WORDS: [(ErrorKind, &str); 17] = [
    (ErrorKind::AddrNotAvailable, "this computer has no such address"),
    (ErrorKind::AddrInUse, "another program uses it"),
    (ErrorKind::AlreadyExists, "it already exists"),
    (ErrorKind::BrokenPipe, "the connection was cut off"),
    (ErrorKind::ConnectionAborted, "the connection was cut off"),
    (ErrorKind::ConnectionRefused, "the connection was refused"),
    (ErrorKind::ConnectionReset, "the connection was cut off"),
    (ErrorKind::HostUnreachable, "there is no network route to it"),
    (ErrorKind::IsADirectory, "it is a folder"),
    (ErrorKind::NetworkDown, "the network is down"),
    (ErrorKind::NetworkUnreachable, "there is no network route to it"),
    (ErrorKind::NotADirectory, "there is a file where a folder should be"),
    (ErrorKind::NotFound, "it does not exist"),
    (ErrorKind::PermissionDenied, "permission denied"),
    (ErrorKind::QuotaExceeded, "the disk is full"),
    (ErrorKind::ReadOnlyFilesystem, "it is read-only"),
    (ErrorKind::StorageFull, "the disk is full"),
];

/// What went wrong: the cause in `<what failed>: <cause>`.
pub fn in_words(error: &io::Error) -> String {
    let said = error.to_string();
    let of_system = said.split_once(" (os error ").map(|(words, _number)| words);
    if error.get_ref().is_some() && of_system.is_none() {
        // The error has a message of its own.
        return said;
    }
    if let Some((_, words)) = WORDS.iter().find(|(kind, _)| *kind == error.kind()) {
        return (*words).to_owned();
    }
    // Windows ends its sentences.
    let said = of_system.unwrap_or(&said).trim_end_matches('.');
    let mut letters = said.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ECONNREFUSED`, `EADDRINUSE` and `EMFILE`.
    #[cfg(target_os = "linux")]
    const COMMON: [(i32, &str); 2] = [(111, "the connection was refused"), (98, "another program uses it")];
    #[cfg(target_os = "linux")]
    const RARE: (i32, &str) = (24, "too many open files");

    #[cfg(target_os = "macos")]
    const COMMON: [(i32, &str); 2] = [(61, "the connection was refused"), (48, "another program uses it")];
    #[cfg(target_os = "macos")]
    const RARE: (i32, &str) = (24, "too many open files");

    /// `WSAECONNREFUSED`, `WSAEADDRINUSE` and `ERROR_SHARING_VIOLATION`.
    #[cfg(windows)]
    const COMMON: [(i32, &str); 2] =
        [(10_061, "the connection was refused"), (10_048, "another program uses it")];
    #[cfg(windows)]
    const RARE: (i32, &str) = (32, "sharing violation");

    #[test]
    fn common_errors_have_plain_words() {
        for (number, words) in COMMON {
            assert_eq!(in_words(&io::Error::from_raw_os_error(number)), words, "{number}");
        }
        assert_eq!(in_words(&ErrorKind::NotFound.into()), "it does not exist");
        let with_path =
            io::Error::new(ErrorKind::StorageFull, "No space left on device (os error 28) at path x");
        assert_eq!(in_words(&with_path), "the disk is full");
    }

    #[test]
    fn rare_errors_keep_their_words_without_the_number() {
        let (number, words) = RARE;
        assert_eq!(in_words(&io::Error::from_raw_os_error(number)), words);
        assert_eq!(in_words(&io::Error::other("It said so")), "It said so");
    }
}
