//! Checks whether a folder is writable, how much free space it has, and whether it is on a network file system.
//!
//! Invariant: it leaves nothing behind.

use std::io::{self, Write};
use std::path::Path;

use crate::system::os;

/// Writes a temporary file in a folder, or in the one where that would be created; returns the free bytes there.
pub fn free_bytes_if_writable(folder: &Path) -> io::Result<u64> {
    let folder = existing(folder);
    let mut file = tempfile::tempfile_in(folder)?;
    // A full disk still accepts an empty file.
    file.write_all(&[0; 4096])?;
    file.sync_all()?;
    os::free_bytes(folder)
}

/// The type of the network file system that a folder is on; `None` for a local disk.
#[cfg(target_os = "linux")]
pub fn network_file_system(folder: &Path) -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    network_type(&mounts, &existing(folder).canonicalize().ok()?)
}

/// Unknown, so there is no reason to warn.
#[cfg(not(target_os = "linux"))]
pub fn network_file_system(_folder: &Path) -> Option<String> {
    None
}

/// File systems whose files are on another computer.
#[cfg(target_os = "linux")]
const NETWORK: &[&str] = &[
    "9p",
    "afs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "fuse.afpfs",
    "fuse.ceph-fuse",
    "fuse.davfs2",
    "fuse.gcsfuse",
    "fuse.glusterfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.smbnetfs",
    "fuse.sshfs",
    "gfs2",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "orangefs",
    "smb3",
    "smbfs",
];

/// What `/proc/self/mountinfo` (`proc_pid_mountinfo(5)`) says of the mount that a path is on.
#[cfg(target_os = "linux")]
fn network_type(mounts: &str, path: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        let (mount, file_system) = line.split_once(" - ")?;
        let point = mount.split(' ').nth(4)?;
        let point = ["\\040", "\\011", "\\012", "\\134"]
            .iter()
            .zip([" ", "\t", "\n", "\\"])
            .fold(point.to_owned(), |point, (code, letter)| point.replace(code, letter));
        let kind = file_system.split(' ').next()?;
        path.starts_with(&point).then_some((Path::new(&point).components().count(), kind.to_owned()))
    });
    // Of several mounts at the same path, the last one hides the others.
    let (_, kind) = mounts.max_by_key(|(depth, _)| *depth)?;
    NETWORK.contains(&kind.as_str()).then_some(kind)
}

/// The folder, or its closest parent that exists. It may be a file; then writing fails.
fn existing(folder: &Path) -> &Path {
    folder.ancestors().find(|above| above.symlink_metadata().is_ok()).unwrap_or(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_left_as_it_was() {
        let base = tempfile::tempdir().unwrap();
        for folder in ["", "not/made/yet"] {
            assert!(free_bytes_if_writable(&base.path().join(folder)).unwrap() > 0, "{folder:?}");
            assert_eq!(base.path().read_dir().unwrap().count(), 0, "{folder:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_on_another_computer_is_recognised() {
        let mounts = "\
            22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
            30 22 0:45 / /home rw,relatime shared:9 master:2 - nfs4 server:/home rw,vers=4.2\n\
            31 30 0:46 / /home/local rw - btrfs /dev/vdb rw\n\
            32 22 0:47 / /mnt/my\\040files rw,nosuid - fuse.sshfs me@server: rw\n\
            33 22 0:48 / /srv rw - cifs //server/srv rw\n\
            34 22 254:1 / /srv rw - xfs /dev/vdc rw\n";
        for (path, expected) in [
            ("/", None),
            ("/homes", None),
            ("/home", Some("nfs4")),
            ("/home/me/.local/share", Some("nfs4")),
            ("/home/local/share", None),
            ("/mnt/my files/handover", Some("fuse.sshfs")),
            ("/srv/x", None),
        ] {
            assert_eq!(network_type(mounts, Path::new(path)).as_deref(), expected, "{path}");
        }
        assert_eq!(network_type("", Path::new("/")), None);
    }

    #[test]
    fn a_file_in_place_of_a_folder_is_an_error() {
        let base = tempfile::tempdir().unwrap();
        let file = base.path().join("file");
        std::fs::write(&file, "").unwrap();
        for folder in [file.clone(), file.join("below")] {
            let error = free_bytes_if_writable(&folder).unwrap_err();
            // Windows says only that there is no such folder.
            let expected = [io::ErrorKind::NotADirectory, io::ErrorKind::NotFound];
            assert!(expected.contains(&error.kind()), "{folder:?}: {error}");
        }
    }
}
