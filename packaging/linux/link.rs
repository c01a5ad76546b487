//! Sets the linker options of a release for Linux with glibc.
//!
//! Invariant: the options only save memory; if something is unknown, the program is linked as usual.
#![expect(clippy::print_stdout, reason = "cargo reads the standard output of a build script")]

use std::env;
use std::process::Command;

/// The first glibc that reads compact relocations (RELR). A program with them does not start on an older glibc.
const READS_RELR: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=packaging/linux/link.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|set| set == value);
    let is_glibc = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    let is_for_here = env::var_os("HOST") == env::var_os("TARGET");
    // packaging/build sets it for a program that has to start on older systems, which zig links.
    println!("cargo::rerun-if-env-changed=HANDOVER_GLIBC");
    let is_for_older = env::var_os("HANDOVER_GLIBC").is_some();
    if !is_glibc || !is_for_here || is_for_older || !is("PROFILE", "release") {
        return;
    }
    if glibc().is_some_and(|version| version >= READS_RELR) {
        // This makes the file 0.39 MB smaller, all of which would be read at the start and stay in memory.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    // The unwinder is linked statically: it needs 0.1 MB less memory than the library, and makes the file 0.02 MB larger.
    println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
}

/// The glibc version of this computer; like the library's symbols, it decides on which systems the program starts.
fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let (major, minor) = said.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}
