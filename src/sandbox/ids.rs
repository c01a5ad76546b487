//! Random keys and ids in the formats of the service.
//!
//! Invariant: none of them is a security measure.

use fastrand::Rng;

/// Makes keys: session secrets, device ids, receipts, tokens.
#[derive(Debug)]
pub(super) struct Keys(Rng);

impl Keys {
    /// Different keys in every run, or the same ones if they are to be fixed.
    pub(super) fn new(are_fixed: bool) -> Self {
        Self(if are_fixed { Rng::with_seed(0) } else { Rng::new() })
    }

    /// Random letters and digits.
    pub(super) fn key(&mut self, length: usize) -> String {
        std::iter::repeat_with(|| self.0.alphanumeric()).take(length).collect()
    }
}

/// A random version 4 UUID.
pub(super) fn uuid() -> String {
    let bits = fastrand::u128(..);
    let bits = (bits & !(0xf << 76) | (0x4 << 76)) & !(0x3 << 62) | (0x2 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        bits >> 96,
        (bits >> 80) & 0xffff,
        (bits >> 64) & 0xffff,
        (bits >> 48) & 0xffff,
        bits & 0xffff_ffff_ffff
    )
}

/// A 64-bit FNV-1a hash, for colours and fingerprints that are the same in every run.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_uuids_have_the_documented_format() {
        let key = Keys::new(false).key(30);
        assert!(key.len() == 30 && key.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        for _ in 0..100 {
            let id = uuid();
            assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
            let bytes = id.as_bytes();
            assert!(bytes[14] == b'4' && b"89ab".contains(&bytes[19]), "{id}");
        }
        assert_ne!(uuid(), uuid());
    }

    #[test]
    fn fixed_keys_are_the_same_in_every_run() {
        assert_eq!(Keys::new(true).key(30), Keys::new(true).key(30));
        assert_ne!(Keys::new(false).key(30), Keys::new(false).key(30));
    }
}
