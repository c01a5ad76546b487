//! A clock of the user's programs that can be set: a library that is loaded before the C library, `clock.c`.
//!
//! Invariant: only the time of day changes, as on a real computer; clocks that measure durations go on. This process keeps the
//! right time. Without a C compiler there is no such clock.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::support::user::User;

/// How far the clock of a user is ahead, in a file that the user's programs have mapped.
pub(crate) struct Clock(File);

impl Clock {
    /// Gives the programs that this user starts from now on a clock, which is right until it is set.
    pub(crate) fn of(user: &mut User) -> Option<Self> {
        let library = LIBRARY.as_deref()?;
        let path = user.path("clock");
        let clock = Self(File::create(&path).expect("make a file for the clock"));
        clock.set(0);
        user.set("LD_PRELOAD", library.to_str()?);
        user.set("HANDOVER_CHAOS_CLOCK", path.to_str()?);
        Some(clock)
    }

    /// Sets it, so that it is ahead by this many seconds.
    pub(crate) fn set(&self, ahead: i64) {
        // The file keeps its length, because it is mapped.
        self.0.write_all_at(&ahead.to_ne_bytes(), 0).expect("set the clock");
    }
}

/// The library, which is built once for each process; `None` without a C compiler.
static LIBRARY: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chaos/world/clock.c");
    let library =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chaos-clock-{}.so", std::process::id()));
    let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    let built = compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status();
    built.is_ok_and(|status| status.success()).then_some(library)
});
