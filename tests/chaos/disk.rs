//! A small disk of its own for the message log, which can be full or read-only.
//!
//! Invariant: it needs the right to mount, as root or in a user namespace (`unshare --map-root-user --mount`), and is gone when
//! its value is dropped.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Enough for the message log of a run, with its write-ahead log.
const SIZE: &str = "size=64m,mode=700";

/// How often to try to make the disk read-only.
const ATTEMPTS: usize = 20;

pub(crate) struct Disk {
    folder: PathBuf,
    is_read_only: bool,
}

impl Disk {
    /// Mounts an empty disk on a folder; `None` if this process may not.
    pub(crate) fn mount(folder: &Path) -> Option<Self> {
        let path = folder.to_str()?;
        is_done("mount", &["-t", "tmpfs", "-o", SIZE, "handover-chaos", path])
            .then(|| Self { folder: folder.to_owned(), is_read_only: false })
    }

    /// Uses all the space that is left.
    pub(crate) fn fill(&self) {
        // It cannot be filled while it is read-only.
        let Ok(mut file) = File::create(self.filler()) else { return };
        let block = vec![0; 1 << 20];
        while file.write_all(&block).is_ok() {}
    }

    /// Lets every file that is opened from now on be read only.
    pub(crate) fn make_read_only(&mut self) {
        let path = self.folder.to_str().expect("a path in UTF-8");
        for _ in 0..ATTEMPTS {
            if self.is_read_only || !is_done("mount", &["--bind", path, path]) {
                return;
            }
            self.is_read_only = is_done("mount", &["-o", "remount,bind,ro", path]);
            // A program opened a file for writing in between.
            if !self.is_read_only {
                self.unmount();
            }
        }
    }

    /// Makes the disk writable, with space left.
    pub(crate) fn restore(&mut self) {
        if std::mem::take(&mut self.is_read_only) {
            self.unmount();
        }
        // It is there only if the disk was full.
        drop(fs::remove_file(self.filler()));
    }

    fn filler(&self) -> PathBuf {
        self.folder.join("filler")
    }

    fn unmount(&self) {
        is_done("umount", &["--lazy", self.folder.to_str().expect("a path in UTF-8")]);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.restore();
        self.unmount();
    }
}

fn is_done(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    let status = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
