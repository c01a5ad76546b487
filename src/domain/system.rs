//! Describes errors of the operating system in words for the user.
//!
//! Invariant: common errors are described without error numbers and without programmers' terms.

use std::io::{self, ErrorKind};

const WORDS: [(ErrorKind, &str); 17] = [
    (ErrorKind::AddrInUse, "another program uses it"),
    (ErrorKind::AddrNotAvailable, "this computer has no such address"),
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
    let said = of_system.unwrap_or(&said);
    let mut letters = said.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_errors_have_plain_words() {
        assert_eq!(in_words(&io::Error::from_raw_os_error(111)), "the connection was refused");
        assert_eq!(in_words(&io::Error::from_raw_os_error(98)), "another program uses it");
        assert_eq!(in_words(&ErrorKind::NotFound.into()), "it does not exist");
        let with_path =
            io::Error::new(ErrorKind::StorageFull, "No space left on device (os error 28) at path x");
        assert_eq!(in_words(&with_path), "the disk is full");
    }

    #[test]
    fn rare_errors_keep_their_words_without_the_number() {
        assert_eq!(in_words(&io::Error::from_raw_os_error(24)), "too many open files");
        assert_eq!(in_words(&io::Error::other("It said so")), "It said so");
    }
}
