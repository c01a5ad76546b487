//! What the user's session starts at login: the XDG autostart entry, and a systemd unit beside it.
//!
//! Invariant: an entry is whole at every moment, the old one or the new; without our mark it is never changed, and a
//! unit is only looked at.
//!
//! The folder and its rules: <https://specifications.freedesktop.org/autostart-spec/latest/>.

use std::env;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::iter;
use std::path::{Path, PathBuf};

use super::entry::{self, Entry};
use super::{Autostart, Error, is_same_file};

/// The units that the session of a user pulls in.
const TARGETS: [&str; 2] = ["graphical-session.target.wants", "default.target.wants"];

const UNIT: &str = "handover.service";

/// Where systemd looks for the units of every user (systemd.unit(5), "User Unit Search Path").
const GLOBAL_UNITS: [&str; 4] =
    ["/etc/systemd/user", "/run/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user"];

/// A user's session.
#[derive(Debug)]
pub(super) struct Session {
    /// The entry, there or not.
    entry: PathBuf,
    /// Where the user's systemd units are.
    units: PathBuf,
    /// Where those are that are for every user, as `systemctl --global` enables them.
    global_units: Vec<PathBuf>,
}

impl Session {
    /// The session of this user, by the environment.
    pub(super) fn of_user() -> Result<Self, Error> {
        let session = Self::in_folder(&dirs::config_dir().ok_or(Error::NoFolder)?);
        Ok(Self { global_units: GLOBAL_UNITS.map(PathBuf::from).into(), ..session })
    }

    /// The session that is described below this folder.
    fn in_folder(config: &Path) -> Self {
        Self {
            entry: config.join("autostart/handover.desktop"),
            units: config.join("systemd/user"),
            global_units: Vec::new(),
        }
    }

    /// How it stands with this program.
    pub(super) fn status(&self, program: &Path) -> Result<Autostart, Error> {
        let standing = match self.read()? {
            None => Autostart::Off,
            Some((_, entry)) => standing(&entry, program),
        };
        Ok(match (standing, self.enabled_unit()) {
            (Autostart::Off | Autostart::Overruled | Autostart::Gone(_), Some(unit)) => {
                Autostart::ByUnit(unit)
            }
            (standing, _) => standing,
        })
    }

    /// Starts this program from now on, unless something does already.
    pub(super) fn switch_on(&self, program: &Path) -> Result<(), Error> {
        let text = entry::text(program).ok_or_else(|| Error::Unwritable(program.to_owned()))?;
        match (self.read()?, self.status(program)?) {
            (_, Autostart::ByUnit(_)) => Ok(()),
            (Some((there, _)), _) if there == text => Ok(()),
            (Some((_, Entry { is_ours: false, .. })), Autostart::On) => Ok(()),
            (Some((_, Entry { is_ours: false, .. })), _) => Err(Error::Foreign(self.entry.clone())),
            (Some(_) | None, _) => write(&self.entry, text.as_bytes()).map_err(|error| self.failed(error)),
        }
    }

    /// Removes the entry.
    pub(super) fn switch_off(&self) -> Result<(), Error> {
        match self.read()? {
            Some((_, Entry { is_ours: true, .. })) => {
                fs::remove_file(&self.entry).map_err(|error| self.failed(error))?;
            }
            Some((_, Entry { is_off: false, .. })) => return Err(Error::Foreign(self.entry.clone())),
            Some(_) | None => {}
        }
        self.enabled_unit().map_or(Ok(()), |unit| Err(Error::Unit(unit)))
    }

    /// The unit that is enabled, if one is and leads somewhere.
    pub(super) fn enabled_unit(&self) -> Option<PathBuf> {
        // Masked: whatever starts it for everybody does not for this user.
        if fs::read_link(self.units.join(UNIT)).is_ok_and(|file| file == Path::new("/dev/null")) {
            return None;
        }
        iter::once(&self.units)
            .chain(&self.global_units)
            .flat_map(|units| TARGETS.map(|target| units.join(target).join(UNIT)))
            .find(|unit| unit.exists())
    }

    /// The text of the entry, and what it says; `None` when there is none.
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

/// What an entry means for this program.
fn standing(entry: &Entry, program: &Path) -> Autostart {
    let Some(named) = &entry.program else { return Autostart::Off };
    if entry.is_off {
        return Autostart::Overruled;
    }
    match found(named) {
        None => Autostart::Gone(named.clone()),
        // Whoever wrote another entry may start it by way of a shell, or anything else.
        Some(found) if entry.is_ours && !is_same_file(&found, program) => Autostart::Other(found),
        Some(_) => Autostart::On,
    }
}

/// The file of a program that an entry names.
fn found(named: &Path) -> Option<PathBuf> {
    if named.is_absolute() {
        return named.is_file().then(|| named.to_owned());
    }
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(named)).find(|path| path.is_file())
}

/// Puts the text in the place of the file in one step. A link stays a link.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let path = match path.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound => path.to_owned(),
        found => found?,
    };
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    // Desktops read what ends in .desktop; what a crash leaves of this is not for them.
    let mut file = tempfile::Builder::new().prefix(".handover-").tempfile_in(folder)?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    File::open(folder)?.sync_all()
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
    fn on_and_off_as_often_as_one_likes() {
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
            assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
        }
    }

    #[test]
    fn what_is_right_already_is_not_written_again() {
        use std::os::unix::fs::MetadataExt;

        let user = User::new();
        user.switch_on().unwrap();
        let before = fs::metadata(&user.session.entry).unwrap().ino();
        user.switch_on().unwrap();
        assert_eq!(fs::metadata(&user.session.entry).unwrap().ino(), before);
    }

    #[test]
    fn a_program_that_moved_is_found_out_and_mended() {
        let user = User::new();
        let moved = user.folder.path().join("moved handover");
        user.session.switch_on(&moved).unwrap();
        assert_eq!(user.status(), Autostart::Other(moved.clone()));
        fs::remove_file(&moved).unwrap();
        assert_eq!(user.status(), Autostart::Gone(moved));
        user.switch_on().unwrap();
        assert_eq!(user.status(), Autostart::On);
    }

    #[test]
    fn a_link_to_the_program_is_the_program() {
        let user = User::new();
        let link = user.folder.path().join("link");
        symlink(user.program(), &link).unwrap();
        user.session.switch_on(&link).unwrap();
        assert!(user.entry().contains("/link run "));
        assert_eq!(user.status(), Autostart::On);
    }

    #[test]
    fn what_the_desktop_switched_off_is_switched_on_again_only_by_the_user() {
        let user = User::new();
        user.switch_on().unwrap();
        user.write(&format!("{}Hidden=true\n", user.entry()));
        assert_eq!(user.status(), Autostart::Overruled);
        user.switch_on().unwrap();
        assert_eq!(user.status(), Autostart::On);
        user.write(&user.entry().replace("enabled=true", "enabled=false"));
        assert_eq!(user.status(), Autostart::Overruled);
        user.session.switch_off().unwrap();
        assert_eq!(user.status(), Autostart::Off);
    }

    #[test]
    fn an_entry_of_somebody_else_is_left_as_it_is() {
        let user = User::new();
        for (text, status, on, off) in [
            ("[Desktop Entry]\nExec=sh -c handover\n", Autostart::On, true, false),
            (
                "[Desktop Entry]\nExec=/gone/handover\n",
                Autostart::Gone("/gone/handover".into()),
                false,
                false,
            ),
            ("[Desktop Entry]\nExec=sh\nHidden=true\n", Autostart::Overruled, false, true),
            ("", Autostart::Off, false, false),
        ] {
            user.write(text);
            assert_eq!(user.status(), status, "{text}");
            let is_foreign = |outcome: Result<(), Error>| match outcome {
                Ok(()) => false,
                Err(error) => {
                    let expected = format!("{} was not made by Handover", user.session.entry.display());
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
    fn a_unit_counts_as_on_and_is_only_looked_at() {
        for target in TARGETS {
            let user = User::new();
            let unit = user.enable_unit(target);
            assert_eq!(user.status(), Autostart::ByUnit(unit.clone()));
            user.switch_on().unwrap();
            assert!(!user.session.entry.exists(), "one of the two is enough");
            let said = user.session.switch_off().unwrap_err().to_string();
            assert_eq!(said, format!("the systemd unit {} starts it", unit.display()));

            // A unit whose file was removed is enabled in name only.
            fs::remove_file(user.program()).unwrap();
            assert_eq!(user.status(), Autostart::Off);
        }
        let user = User::new();
        user.switch_on().unwrap();
        let unit = user.enable_unit(TARGETS[0]);
        assert_eq!((user.status(), user.session.enabled_unit()), (Autostart::On, Some(unit)));
        user.session.switch_off().unwrap_err();
        assert!(!user.session.entry.exists(), "what was made here is gone all the same");
    }

    #[test]
    fn a_unit_that_is_enabled_for_everybody_counts_unless_the_user_masked_it() {
        let mut user = User::new();
        let everybody = user.folder.path().join("etc");
        user.session.global_units = vec![user.folder.path().join("none"), everybody.clone()];
        assert_eq!(user.status(), Autostart::Off);
        let unit = everybody.join("graphical-session.target.wants/handover.service");
        fs::create_dir_all(unit.parent().unwrap()).unwrap();
        symlink(user.program(), &unit).unwrap();
        assert_eq!(user.status(), Autostart::ByUnit(unit.clone()));
        let said = user.session.switch_off().unwrap_err().to_string();
        assert_eq!(said, format!("the systemd unit {} starts it", unit.display()));
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
        let said = user.session.status(&user.program()).unwrap_err().to_string();
        assert!(said.starts_with(&format!("{}: ", user.session.entry.display())), "{said}");
    }
}
