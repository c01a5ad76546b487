//! What `tests/proof` asks for.
//!
//! Invariant: everything has a default, so that `cargo test --test chaos -- --ignored` runs too.

use std::env;
use std::str::FromStr;
use std::time::Duration;

use crate::script::Size;

/// The variables of the environment, without `HANDOVER_CHAOS_`.
#[derive(Clone, Debug)]
pub(crate) struct Parameters {
    /// `SEEDS`: a number, or the first and the last as in `1-10`.
    pub(crate) seeds: Vec<u64>,
    /// `LIVES` and `MESSAGES` of each seed, `RECOVERY_EVERY`.
    pub(crate) size: Size,
    /// `JOBS`: how many seeds run at once.
    pub(crate) jobs: usize,
    /// `DISK`: whether to mount disks that can be full or read-only.
    pub(crate) with_disk: bool,
}

impl Parameters {
    pub(crate) fn from_environment() -> Self {
        let seeds: String = variable("SEEDS", "1".to_owned());
        let (first, last) = seeds.split_once('-').unwrap_or((&seeds, &seeds));
        let number = |text: &str| text.parse::<u64>().expect("HANDOVER_CHAOS_SEEDS is `7` or `1-10`");
        Self {
            seeds: (number(first)..=number(last)).collect(),
            size: Size {
                lives: variable("LIVES", 100),
                messages: variable("MESSAGES", 10),
                recovery_every: variable("RECOVERY_EVERY", 20),
                silence: false,
            },
            jobs: variable("JOBS", 2),
            with_disk: variable("DISK", 0) == 1,
        }
    }

    /// The size of the script of a seed: one in ten waits for a silent connection.
    pub(crate) fn size_of(&self, seed: u64) -> Size {
        Size { silence: seed.is_multiple_of(10), ..self.size }
    }
}

/// `SOAK`: for how many seconds the load lasts.
pub(crate) fn soak() -> Duration {
    Duration::from_secs(variable("SOAK", 60))
}

fn variable<T: FromStr>(name: &str, default: T) -> T {
    match env::var(format!("HANDOVER_CHAOS_{name}")) {
        Ok(text) => text.parse().ok().unwrap_or_else(|| panic!("HANDOVER_CHAOS_{name} is not valid: {text}")),
        Err(_) => default,
    }
}
