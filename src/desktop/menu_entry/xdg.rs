//! Puts this program into the menu of applications, with a desktop entry and an icon in the user's folders.
//!
//! Invariant: only an entry that was created here is changed or removed.
//!
//! The folders: <https://specifications.freedesktop.org/menu-spec/latest/> and
//! <https://specifications.freedesktop.org/icon-theme-spec/latest/>.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::error::Error;
use crate::desktop::autostart::command_line;
use crate::system::{atomic_file, clock, own_path, private_folder};

/// The entry that packages install. Its `Exec` needs the program on `PATH`, which on some desktops does not include
/// `~/.cargo/bin`.
const ENTRY: &str = include_str!("../../../packaging/linux/handover.desktop");
const ICON: &[u8] = include_bytes!("../../../assets/handover.svg");

/// The key that marks an entry as ours.
const MARK: &str = "X-Handover-Installed=true";

/// The two files.
struct Files {
    data: PathBuf,
    entry: PathBuf,
    theme: PathBuf,
    icon: PathBuf,
}

impl Files {
    fn of_user() -> Result<Self, Error> {
        Ok(Self::in_folder(&dirs::data_dir().ok_or(Error::NoFolder)?))
    }

    fn in_folder(data: &Path) -> Self {
        let theme = data.join("icons/hicolor");
        Self {
            data: data.to_owned(),
            entry: data.join("applications/handover.desktop"),
            icon: theme.join("scalable/apps/handover.svg"),
            theme,
        }
    }
}

/// Installs the files for this program; returns their paths.
pub fn install() -> Result<[PathBuf; 2], Error> {
    let program = own_path::find().map_err(|_| Error::Program)?;
    install_in(Files::of_user()?, &program)
}

fn install_in(files: Files, program: &Path) -> Result<[PathBuf; 2], Error> {
    let exec = command_line(program, &[]).ok_or(Error::Program)?;
    let entry = ENTRY
        .replace("Exec=handover\n", &format!("Exec={exec}\n{MARK}\n"))
        .replace("Exec=handover ", &format!("Exec={exec} "));
    if is_ours(&files.entry)? == Some(false) {
        return Err(Error::Foreign(files.entry));
    }
    write(&files.icon, ICON)?;
    write(&files.entry, entry.as_bytes())?;
    touch(&files.theme);
    Ok([files.entry, files.icon])
}

/// Removes the files; returns those that were there.
pub fn remove() -> Result<Vec<PathBuf>, Error> {
    remove_from(Files::of_user()?)
}

fn remove_from(files: Files) -> Result<Vec<PathBuf>, Error> {
    let mut removed = Vec::new();
    // The icon belongs to the entry.
    if is_ours(&files.entry)? == Some(false) {
        return Err(Error::Foreign(files.entry));
    }
    for path in [files.entry, files.icon] {
        let outcome = fs::remove_file(&path);
        remove_empty_folders(&path, &files.data);
        match outcome {
            Ok(()) => removed.push(path),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Error::File(path, error)),
        }
    }
    if !removed.is_empty() {
        touch(&files.theme);
    }
    Ok(removed)
}

/// Removes the empty folders that a file was in, up to `data`, which stays.
fn remove_empty_folders(file: &Path, data: &Path) {
    for folder in file.ancestors().skip(1).take_while(|folder| *folder != data) {
        // A folder that contains anything cannot be removed, nor can those above it.
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

/// Whether an entry was created here; `None` if there is none.
fn is_ours(entry: &Path) -> Result<Option<bool>, Error> {
    match fs::read(entry) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).lines().any(|line| line == MARK))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::File(entry.to_owned(), error)),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    private_folder::create(atomic_file::folder_of(path))
        .and_then(|()| atomic_file::replace(path, bytes))
        .map_err(|error| Error::File(path.to_owned(), error))
}

/// Invalidates the theme's cache, which is used only while it is newer than the theme's folder. Otherwise the icon
/// might not appear before the next login.
fn touch(theme: &Path) {
    let now = UNIX_EPOCH + Duration::from_secs(u64::try_from(clock::unix()).unwrap_or_default());
    drop(File::open(theme).and_then(|folder| folder.set_modified(now)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_the_user_is_neither_changed_nor_removed() {
        let folder = tempfile::tempdir().unwrap();
        let files = || Files::in_folder(folder.path());
        let program = Path::new("/home/ann/my bin/handover");
        let [entry, icon] = install_in(files(), program).unwrap();
        let text = fs::read_to_string(&entry).unwrap();
        assert!(text.contains("\nExec=\"/home/ann/my bin/handover\"\nX-Handover-Installed=true\n"), "{text}");
        assert!(text.contains("\nExec=\"/home/ann/my bin/handover\" pause\n"), "the actions too: {text}");
        assert!(!text.contains("Exec=handover"), "{text}");
        assert_eq!(fs::read(&icon).unwrap(), ICON);
        install_in(files(), program).unwrap();
        assert_eq!(remove_from(files()).unwrap(), [entry.clone(), icon.clone()]);
        assert_eq!(remove_from(files()).unwrap(), Vec::<PathBuf>::new());

        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "the folders were made for the files");

        fs::create_dir_all(entry.parent().unwrap()).unwrap();
        fs::write(&entry, "[Desktop Entry]\nExec=mine\n").unwrap();
        assert!(matches!(install_in(files(), program), Err(Error::Foreign(_))));
        assert!(matches!(remove_from(files()), Err(Error::Foreign(_))));
        assert!(entry.exists() && !icon.exists());
    }
}
