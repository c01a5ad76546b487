//! Folders that only this user can enter, and files in them.
//!
//! Invariant: a folder or file is private as soon as it exists, whatever the umask.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

use super::os;

/// Creates a folder and its missing parents; an existing folder is left as it is.
pub fn create(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent() {
        create(above)?;
    }
    let mut builder = DirBuilder::new();
    os::for_private_folders(&mut builder);
    match builder.create(path) {
        Ok(()) => os::make_folder_private(path),
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Creates a folder like [`create`] where other users may write too, and makes an existing one private. Fails if it is
/// a link or belongs to another user.
pub fn ensure_in_shared_place(path: &Path) -> io::Result<()> {
    if let Some(above) = path.parent() {
        create(above)?;
    }
    if path.symlink_metadata().is_err() {
        create(path)?;
    }
    check(path)?;
    ensure(path)
}

/// Checks that a folder, if it exists, is not a link and belongs to this user, so that no other user controls its
/// content.
pub fn check(path: &Path) -> io::Result<()> {
    let refused =
        |why| Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{} {why}", path.display())));
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_symlink() => refused("is a link, which another user may have made"),
        Ok(found) if !found.is_dir() => refused("is not a folder"),
        Ok(found) if !os::is_own(&found) => refused("belongs to another user"),
        Ok(_) => Ok(()),
    }
}

/// Creates a folder like [`create`], and makes an existing one private. Fails if it belongs to another user.
pub fn ensure(path: &Path) -> io::Result<()> {
    create(path)?;
    let found = path.metadata()?;
    if !os::is_own(&found) {
        let cause = format!("{} belongs to another user", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, cause));
    }
    if os::is_open_to_others(&found) { os::make_folder_private(path) } else { Ok(()) }
}

/// Opens a file for writing without truncating it; creates a missing one for its owner only. Fails if it is a link.
pub fn open_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    os::for_private_files(&mut options);
    os::without_following_links(&mut options);
    let file = options.open(path)?;
    os::make_file_private(&file)?;
    Ok(file)
}

/// Creates a file for its owner alone; an error when it exists, or a link does.
pub fn create_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    os::for_private_files(&mut options);
    let file = options.open(path)?;
    os::make_file_private(&file)?;
    Ok(file)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn only_its_owner_can_enter_a_private_folder() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("a/b");
        ensure(&folder).unwrap();
        assert_eq!((mode(&folder), mode(&base.path().join("a"))), (0o700, 0o700));

        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        create(&folder).unwrap();
        assert_eq!(mode(&folder), 0o755);
        ensure(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);

        fs::write(base.path().join("file"), "").unwrap();
        assert!(ensure(&base.path().join("file")).is_err());

        // Only root can give a folder away.
        let is_refused = |path| ensure_in_shared_place(path).is_err() && check(path).is_err();
        if rustix::process::geteuid().is_root() {
            chown(&folder, Some(12_345), None).unwrap();
            let problem = ensure(&folder).unwrap_err().to_string();
            assert!(problem.ends_with("a/b belongs to another user"), "{problem}");
            assert!(is_refused(&folder));
        }
        assert!(is_refused(&base.path().join("file")));
    }

    #[test]
    fn a_link_in_a_shared_place_is_refused_and_its_target_is_left_alone() {
        let base = tempfile::tempdir().unwrap();
        let (theirs, link) = (base.path().join("theirs"), base.path().join("link"));
        fs::create_dir(&theirs).unwrap();
        fs::set_permissions(&theirs, fs::Permissions::from_mode(0o755)).unwrap();
        symlink(&theirs, &link).unwrap();
        for _ in 0..2 {
            let problem = ensure_in_shared_place(&link).unwrap_err().to_string();
            assert!(problem.ends_with("link is a link, which another user may have made"), "{problem}");
            assert!(check(&link).is_err());
        }
        assert_eq!(mode(&theirs), 0o755);
        fs::remove_dir(&theirs).unwrap();
        assert!(ensure_in_shared_place(&link).is_err(), "even if it leads nowhere");
        let folder = base.path().join("a/b");
        assert!(check(&folder).is_ok());
        ensure_in_shared_place(&folder).unwrap();
        assert!(check(&folder).is_ok() && mode(&folder) == 0o700);
    }
}
