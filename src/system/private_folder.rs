//! Folders that only this user can enter.
//!
//! Invariant: a folder that is created here is private from its first moment on.

use std::fs::DirBuilder;
use std::io;
use std::path::Path;

/// Creates a folder and those above it where they are missing; a folder that exists is left as it is.
pub fn create(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Creates a folder like [`create`], and makes one that exists private. An error when it belongs to another user.
pub fn ensure(path: &Path) -> io::Result<()> {
    create(path)?;
    #[cfg(unix)]
    {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::{MetadataExt, PermissionsExt};

        let found = path.metadata()?;
        if found.uid() != rustix::process::geteuid().as_raw() {
            let cause = format!("{} belongs to another user", path.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, cause));
        }
        if found.mode() & 0o077 != 0 {
            set_permissions(path, Permissions::from_mode(0o700))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, chown};

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
        if rustix::process::geteuid().is_root() {
            chown(&folder, Some(12_345), None).unwrap();
            let problem = ensure(&folder).unwrap_err().to_string();
            assert!(problem.ends_with("a/b belongs to another user"), "{problem}");
        }
    }
}
