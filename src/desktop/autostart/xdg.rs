//! The XDG autostart entry of the user's session, and a systemd unit that may replace it.
//!
//! Invariant: an entry without our mark is never changed, and a unit is only read.
//!
//! The folder and its rules: <https://specifications.freedesktop.org/autostart-spec/latest/>.

use std::fs;
use std::io::{self, ErrorKind};
use std::iter;
use std::path::{Path, PathBuf};

use super::background_portal;
use super::entry::{self, Entry};
use super::state::{Autostart, Error};
use crate::system::own_path::is_same_file;
use crate::system::{atomic_file, private_folder, programs};

/// The targets that start units with the session of a user.
const TARGETS: [&str; 2] = ["graphical-session.target.wants", "default.target.wants"];

const UNIT: &str = "handover.service";

/// The folders of the units for every user (systemd.unit(5), "User Unit Search Path").
const GLOBAL_UNITS: [&str; 4] =
    ["/etc/systemd/user", "/run/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user"];

/// A user's session.
#[derive(Debug)]
pub(super) struct Session {
    /// The entry, which need not exist.
    entry: PathBuf,
    /// The folder of the user's systemd units.
    units: PathBuf,
    /// The folders of the units for every user, which `systemctl --global` enables.
    global_units: Vec<PathBuf>,
    /// What has to agree first, in a Flatpak.
    portal: Option<fn(on: bool) -> Result<(), Error>>,
}

impl Session {
    /// The session of this user, from the environment.
    pub(super) fn of_user() -> Result<Self, Error> {
        let session = Self::in_folder(&dirs::config_dir().ok_or(Error::NoFolder)?);
        let portal: Option<fn(bool) -> Result<(), Error>> =
            background_portal::is_needed().then_some(background_portal::switch);
        Ok(Self { global_units: GLOBAL_UNITS.map(PathBuf::from).into(), portal, ..session })
    }

    /// The session with this configuration folder.
    fn in_folder(config: &Path) -> Self {
        Self {
            entry: config.join("autostart/handover.desktop"),
            units: config.join("systemd/user"),
            global_units: Vec::new(),
            portal: None,
        }
    }

    /// Whether this program starts.
    pub(super) fn status(&self, program: &Path) -> Result<Autostart, Error> {
        let status = match self.read()? {
            None => Autostart::Off,
            Some((_, entry)) => status_of(&entry, program),
        };
        Ok(match (status, self.enabled_unit()) {
            (Autostart::Off | Autostart::Disabled | Autostart::Missing(_), Some(unit)) => {
                Autostart::ByUnit(unit)
            }
            (status, _) => status,
        })
    }

    /// Starts this program at login from now on, unless a unit or another entry already does.
    pub(super) fn switch_on(&self, program: &Path) -> Result<(), Error> {
        let text = entry::text(program).ok_or_else(|| Error::Unwritable(program.to_owned()))?;
        match (self.read()?, self.status(program)?) {
            (_, Autostart::ByUnit(_)) => Ok(()),
            (Some((there, _)), _) if there == text => Ok(()),
            (Some((_, Entry { is_ours: false, .. })), Autostart::On) => Ok(()),
            (Some((_, Entry { is_ours: false, .. })), _) => Err(Error::Foreign(self.entry.clone())),
            (Some(_) | None, _) => {
                self.portal.map_or(Ok(()), |switch| switch(true))?;
                write(&self.entry, text.as_bytes()).map_err(|error| self.failed(error))
            }
        }
    }

    /// Removes the entry.
    pub(super) fn switch_off(&self) -> Result<(), Error> {
        match self.read()? {
            Some((_, Entry { is_ours: true, .. })) => {
                self.portal.map_or(Ok(()), |switch| switch(false))?;
                fs::remove_file(&self.entry).map_err(|error| self.failed(error))?;
                // It may have been made for this entry; a folder with other files in it stays.
                drop(self.entry.parent().map(fs::remove_dir));
            }
            Some((_, Entry { is_off: false, .. })) => return Err(Error::Foreign(self.entry.clone())),
            Some(_) | None => {}
        }
        self.enabled_unit().map_or(Ok(()), |unit| Err(Error::Unit(unit)))
    }

    /// The enabled unit, if there is one and its file exists.
    pub(super) fn enabled_unit(&self) -> Option<PathBuf> {
        // The user masked it: a unit for every user does not start for this one.
        if fs::read_link(self.units.join(UNIT)).is_ok_and(|file| file == Path::new("/dev/null")) {
            return None;
        }
        iter::once(&self.units)
            .chain(&self.global_units)
            .flat_map(|units| TARGETS.map(|target| units.join(target).join(UNIT)))
            .find(|unit| unit.exists())
    }

    /// The text of the entry, and its content; `None` if there is none.
    fn read(&self) -> Result<Option<(String, Entry)>, Error> {
        match fs::read(&self.entry) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let entry = Entry::read(&text);
                Ok(Some((text, entry)))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::File(self.entry.clone(), error)
    }
}

/// The status by an entry.
fn status_of(entry: &Entry, program: &Path) -> Autostart {
    let Some(named) = &entry.program else { return Autostart::Off };
    if entry.is_off {
        return Autostart::Disabled;
    }
    match found(named) {
        None => Autostart::Missing(named.clone()),
        // Only our own entries name the program directly: others may use a shell.
        Some(found) if entry.is_ours && !is_same_file(&found, program) => Autostart::Other(found),
        Some(_) => Autostart::On,
    }
}

/// The file of a program that an entry names.
fn found(named: &Path) -> Option<PathBuf> {
    if named.is_absolute() {
        return named.is_file().then(|| named.to_owned());
    }
    programs::find(named)
}

/// Replaces the entry. A temporary file left by a crash would do no harm: desktops read only `.desktop` files.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    private_folder::create(atomic_file::folder_of(path))?;
    atomic_file::replace_in_place(path, text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A user's folder with two programs in it.
    struct User {
        folder: tempfile::TempDir,
        session: Session,
    }

    impl User {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            for name in ["handover", "moved handover"] {
                fs::write(folder.path().join(name), "").unwrap();
            }
            let session = Session::in_folder(&folder.path().join("config"));
            Self { folder, session }
        }

        fn program(&self) -> PathBuf {
            self.folder.path().join("handover")
        }

        fn status(&self) -> Autostart {
            self.session.status(&self.program()).unwrap()
        }

        fn switch_on(&self) -> Result<(), Error> {
            self.session.switch_on(&self.program())
        }

        fn entry(&self) -> String {
            fs::read_to_string(&self.session.entry).unwrap()
        }

        fn write(&self, text: &str) {
            fs::create_dir_all(self.session.entry.parent().unwrap()).unwrap();
            fs::write(&self.session.entry, text).unwrap();
        }

        fn enable_unit(&self, target: &str) -> PathBuf {
            let unit = self.session.units.join(target).join("handover.service");
            fs::create_dir_all(unit.parent().unwrap()).unwrap();
            symlink(self.program(), &unit).unwrap();
            unit
        }
    }

    #[test]
    fn switching_on_and_off_repeatedly_works() {
        let user = User::new();
        assert_eq!(user.status(), Autostart::Off);
        user.session.switch_off().unwrap();
        for _ in 0..2 {
            user.switch_on().unwrap();
            assert_eq!(user.status(), Autostart::On);
            assert_eq!(user.entry(), entry::text(&user.program()).unwrap());
        }
        let folder = user.session.entry.parent().unwrap();
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "nothing but the entry");
        for _ in 0..2 {
            user.session.switch_off().unwrap();
            assert_eq!(user.status(), Autostart::Off);
            assert!(!folder.exists(), "the folder was made for the entry");
        }
    }

    #[test]
    fn a_correct_entry_is_not_written_again() {
        use std::os::unix::fs::MetadataExt;

        let user = User::new();
        user.switch_on().unwrap();
        let before = fs::metadata(&user.session.entry).unwrap().ino();
        user.switch_on().unwrap();
        assert_eq!(fs::metadata(&user.session.entry).unwrap().ino(), before);
    }

    #[test]
    fn a_moved_program_is_detected_and_fixed() {
        let user = User::new();
        let moved = user.folder.path().join("moved handover");
        user.session.switch_on(&moved).unwrap();
        assert_eq!(user.status(), Autostart::Other(moved.clone()));
        fs::remove_file(&moved).unwrap();
        assert_eq!(user.status(), Autostart::Missing(moved));
        user.switch_on().unwrap();
        assert_eq!(user.status(), Autostart::On);
    }

    #[test]
    fn a_link_to_the_program_counts_as_the_program() {
        let user = User::new();
        let link = user.folder.path().join("link");
        symlink(user.program(), &link).unwrap();
        user.session.switch_on(&link).unwrap();
        assert!(user.entry().contains("/link run "));
        assert_eq!(user.status(), Autostart::On);
    }

    #[test]
    fn an_entry_that_the_desktop_switched_off_is_switched_on_only_by_the_user() {
        let user = User::new();
        user.switch_on().unwrap();
        user.write(&format!("{}Hidden=true\n", user.entry()));
        assert_eq!(user.status(), Autostart::Disabled);
        user.switch_on().unwrap();
        assert_eq!(user.status(), Autostart::On);
        user.write(&user.entry().replace("enabled=true", "enabled=false"));
        assert_eq!(user.status(), Autostart::Disabled);
        user.session.switch_off().unwrap();
        assert_eq!(user.status(), Autostart::Off);
    }

    #[test]
    fn an_entry_of_another_program_is_not_changed() {
        let user = User::new();
        for (text, status, on, off) in [
            ("[Desktop Entry]\nExec=sh -c handover\n", Autostart::On, true, false),
            (
                "[Desktop Entry]\nExec=/gone/handover\n",
                Autostart::Missing("/gone/handover".into()),
                false,
                false,
            ),
            ("[Desktop Entry]\nExec=sh\nHidden=true\n", Autostart::Disabled, false, true),
            ("", Autostart::Off, false, false),
        ] {
            user.write(text);
            assert_eq!(user.status(), status, "{text}");
            let is_foreign = |outcome: Result<(), Error>| match outcome {
                Ok(()) => false,
                Err(error) => {
                    let expected = format!("{} was not created by Handover", user.session.entry.display());
                    assert_eq!(error.to_string(), expected);
                    true
                }
            };
            assert_eq!(
                (is_foreign(user.switch_on()), is_foreign(user.session.switch_off())),
                (!on, !off),
                "{text}"
            );
            assert_eq!(user.entry(), text);
        }
    }

    #[test]
    fn a_unit_counts_as_on_and_is_not_changed() {
        for target in TARGETS {
            let user = User::new();
            let unit = user.enable_unit(target);
            assert_eq!(user.status(), Autostart::ByUnit(unit.clone()));
            user.switch_on().unwrap();
            assert!(!user.session.entry.exists(), "one of the two is enough");
            let message = user.session.switch_off().unwrap_err().to_string();
            assert_eq!(message, format!("the systemd unit {} starts it", unit.display()));

            // A unit whose file was removed is enabled in name only.
            fs::remove_file(user.program()).unwrap();
            assert_eq!(user.status(), Autostart::Off);
        }
        let user = User::new();
        user.switch_on().unwrap();
        let unit = user.enable_unit(TARGETS[0]);
        assert_eq!((user.status(), user.session.enabled_unit()), (Autostart::On, Some(unit)));
        user.session.switch_off().unwrap_err();
        assert!(!user.session.entry.exists(), "our own entry is still removed");
    }

    #[test]
    fn a_unit_for_every_user_counts_unless_the_user_masked_it() {
        let mut user = User::new();
        let everybody = user.folder.path().join("etc");
        user.session.global_units = vec![user.folder.path().join("none"), everybody.clone()];
        assert_eq!(user.status(), Autostart::Off);
        let unit = everybody.join("graphical-session.target.wants/handover.service");
        fs::create_dir_all(unit.parent().unwrap()).unwrap();
        symlink(user.program(), &unit).unwrap();
        assert_eq!(user.status(), Autostart::ByUnit(unit.clone()));
        let message = user.session.switch_off().unwrap_err().to_string();
        assert_eq!(message, format!("the systemd unit {} starts it", unit.display()));
        fs::create_dir_all(&user.session.units).unwrap();
        symlink("/dev/null", user.session.units.join("handover.service")).unwrap();
        assert_eq!(user.status(), Autostart::Off);
        user.session.switch_off().unwrap();
    }

    #[test]
    fn a_link_to_the_entry_stays_a_link() {
        let user = User::new();
        user.write("");
        let kept = user.folder.path().join("kept.desktop");
        fs::remove_file(&user.session.entry).unwrap();
        fs::write(&kept, entry::text("/old".as_ref()).unwrap()).unwrap();
        symlink(&kept, &user.session.entry).unwrap();
        user.switch_on().unwrap();
        assert_eq!(fs::read_to_string(&kept).unwrap(), entry::text(&user.program()).unwrap());
        assert!(user.session.entry.is_symlink());
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_an_error_with_its_path() {
        let user = User::new();
        fs::create_dir_all(&user.session.entry).unwrap();
        let message = user.session.status(&user.program()).unwrap_err().to_string();
        assert!(message.starts_with(&format!("{}: ", user.session.entry.display())), "{message}");
    }
}
