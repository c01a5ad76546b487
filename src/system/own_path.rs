//! Finds the path of this program, so that it can be started again.
//!
//! Invariant: the path is absolute, leads to this program, and stays valid after an update: a symbolic link is not resolved.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::programs;

/// The suffix that Linux adds to the path of a running program whose file was replaced or removed.
const REPLACED: &str = " (deleted)";

/// The program with the window, which starts, and has others start, the program beside it.
const WINDOW: &str = "handover-window";

/// The path of this program; in the window that of `handover`.
pub fn find() -> io::Result<PathBuf> {
    let file = existing(env::current_exe()?)?;
    if file.file_stem().is_some_and(|name| name == WINDOW) {
        let name = file.with_file_name("handover").with_extension(env::consts::EXE_EXTENSION);
        let beside = Some(name).filter(|file| file.is_file());
        return beside.or_else(|| programs::find("handover")).ok_or_else(|| ErrorKind::NotFound.into());
    }
    if let Some(image) = image_of(&file, env::var_os("APPDIR"), env::var_os("APPIMAGE")) {
        return Ok(image);
    }
    let called = env::args_os().next().unwrap_or_default();
    Ok(as_called(&called, env::var_os("PATH").unwrap_or_default().as_os_str(), &file).unwrap_or(file))
}

/// The file, or the one that replaced it in an update.
fn existing(file: PathBuf) -> io::Result<PathBuf> {
    if file.is_file() {
        return Ok(file);
    }
    let path = file.to_str().and_then(|path| path.strip_suffix(REPLACED)).map(PathBuf::from);
    path.filter(|path| path.is_file()).ok_or_else(|| ErrorKind::NotFound.into())
}

/// The `AppImage` that contains this program. The variables alone do not prove it: a terminal that is an `AppImage` passes
/// its own variables on to every program.
fn image_of(file: &Path, folder: Option<OsString>, image: Option<OsString>) -> Option<PathBuf> {
    let (folder, image) = (PathBuf::from(folder?), PathBuf::from(image?));
    (file.starts_with(folder) && image.is_absolute() && image.is_file()).then_some(image)
}

/// The path by which this program was started, if it leads to the same file.
fn as_called(called: &OsStr, search: &OsStr, file: &Path) -> Option<PathBuf> {
    let called = Path::new(called);
    let found = if called.components().count() > 1 {
        std::path::absolute(called).ok()?
    } else {
        programs::find_in(search, called)?
    };
    (found.is_absolute() && is_same_file(&found, file)).then_some(found)
}

/// Whether two paths lead to the same file.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        (Ok(_) | Err(_), _) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_is_not_resolved() {
        let base = tempfile::tempdir().unwrap();
        let [file, other] = ["version-1", "other"].map(|name| base.path().join(name));
        fs::write(&file, "").unwrap();
        fs::write(&other, "").unwrap();
        let bin = base.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let link = bin.join("handover");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let search = env::join_paths([&base.path().join("nothing"), &bin]).unwrap();
        let called = |name: &OsStr| as_called(name, &search, &file);
        assert_eq!(called("handover".as_ref()), Some(link.clone()));
        assert_eq!(called(link.as_os_str()), Some(link));
        assert_eq!(called(file.as_os_str()), Some(file.clone()));
        // The first argument of a program can be anything.
        for name in
            [other.as_os_str(), "other".as_ref(), "".as_ref(), "-handover".as_ref(), "./none".as_ref()]
        {
            assert_eq!(called(name), None, "{name:?}");
        }
    }

    #[test]
    fn after_an_update_the_new_file_is_used() {
        let base = tempfile::tempdir().unwrap();
        let file = base.path().join("handover");
        let replaced = base.path().join("handover (deleted)");
        assert_eq!(existing(replaced.clone()).unwrap_err().kind(), ErrorKind::NotFound);
        fs::write(&file, "").unwrap();
        assert_eq!(existing(replaced.clone()).unwrap(), file);
        fs::write(&replaced, "").unwrap();
        assert_eq!(existing(replaced.clone()).unwrap(), replaced);
    }

    #[test]
    fn an_image_is_used_only_for_a_program_inside_it() {
        let base = tempfile::tempdir().unwrap();
        let image = base.path().join("Handover.AppImage");
        fs::write(&image, "").unwrap();
        let of = |file: &str, image: &Path| {
            image_of(file.as_ref(), Some("/tmp/.mount_x".into()), Some(image.as_os_str().to_owned()))
        };
        assert_eq!(of("/tmp/.mount_x/usr/bin/handover", &image), Some(image.clone()));
        assert_eq!(of("/usr/bin/handover", &image), None);
        assert_eq!(of("/tmp/.mount_x/usr/bin/handover", &base.path().join("gone")), None);
        assert_eq!(image_of("/usr/bin/handover".as_ref(), None, None), None);
    }
}
