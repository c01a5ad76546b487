//! Keeps the login in a file that only its owner can read.
//!
//! Invariant: the file is whole at every moment, the old login or the new; it is never read when somebody
//! else could have read or written it, and never replaced but by a new login.

use std::fs::{self, File};
use std::future::{Future, ready};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::kept;
use crate::desktop::paths::private_folder;
use crate::domain::account::Credentials;
use crate::ports::{SecretFault, SecretProblem, SecretStore};

/// Keeps the login in one file.
#[derive(Clone, Debug)]
pub struct FileSecrets {
    path: PathBuf,
}

impl FileSecrets {
    /// A store in this file, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is one, readable or not.
    pub(super) fn is_there(&self) -> bool {
        self.path.exists()
    }

    /// When the login was saved, unix seconds; `None` when there is none, or nobody can tell.
    pub(super) fn saved(&self) -> Option<u64> {
        let saved = fs::metadata(&self.path).and_then(|file| file.modified()).ok()?;
        saved.duration_since(UNIX_EPOCH).ok().map(|age| age.as_secs())
    }

    fn read(&self) -> Result<Option<Credentials>, SecretProblem> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.problem("read", &error, CHECK_FOLDER)),
        };
        self.check_privacy(&file)?;
        let mut json = Vec::new();
        let size = (&file).take(kept::MAX_SIZE).read_to_end(&mut json);
        size.map_err(|error| self.problem("read", &error, CHECK_FOLDER))?;
        let credentials = kept::from_json(&json).map_err(|damage| self.problem("read", &damage, SIGN_IN))?;
        Ok(Some(credentials))
    }

    #[cfg(unix)]
    fn check_privacy(&self, file: &File) -> Result<(), SecretProblem> {
        use std::os::unix::fs::MetadataExt;

        let found = file.metadata().map_err(|error| self.problem("read", &error, CHECK_FOLDER))?;
        if found.uid() != rustix::process::geteuid().as_raw() {
            return Err(self.problem(
                "read",
                &"it belongs to another user",
                "move it away and sign in again",
            ));
        }
        if found.mode() & 0o077 != 0 {
            let hint = format!("run `chmod 600 {}`, or sign in again", shell_word(&self.path));
            return Err(self.problem("read", &"others can read or write it", &hint));
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn check_privacy(&self, _file: &File) -> Result<(), SecretProblem> {
        Ok(())
    }

    fn write(&self, credentials: &Credentials) -> io::Result<()> {
        let folder = self.folder();
        private_folder(folder)?;
        let json = kept::to_json(credentials)?;
        // Made 0600 from the start, in the same folder, so that the rename is one step.
        let mut file = tempfile::Builder::new().prefix(".credentials-").tempfile_in(folder)?;
        file.write_all(json.expose().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        // The rename is durable only when the folder is.
        File::open(folder)?.sync_all()
    }

    fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Ok(()) => File::open(self.folder())?.sync_all(),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    fn problem(&self, verb: &str, cause: &dyn std::fmt::Display, hint: &str) -> SecretProblem {
        SecretProblem {
            fault: SecretFault::Failed,
            message: format!("the login cannot be {verb}: {}: {cause}", self.path.display()),
            hint: hint.to_owned(),
        }
    }
}

const CHECK_FOLDER: &str = "see to the folder and the disk it is on";
const SIGN_IN: &str = "sign in again with `handover setup`, which replaces the file";

impl SecretStore for FileSecrets {
    fn load(&self) -> impl Future<Output = Result<Option<Credentials>, SecretProblem>> + Send {
        ready(self.read())
    }

    fn save(&self, credentials: &Credentials) -> impl Future<Output = Result<(), SecretProblem>> + Send {
        ready(self.write(credentials).map_err(|error| self.problem("saved", &error, CHECK_FOLDER)))
    }

    fn forget(&self) -> impl Future<Output = Result<(), SecretProblem>> + Send {
        ready(self.remove().map_err(|error| self.problem("removed", &error, CHECK_FOLDER)))
    }
}

/// The path as one word of a shell command.
fn shell_word(path: &Path) -> String {
    let word = path.display().to_string();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-".contains(letter);
    if word.chars().all(is_plain) { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown};

    use tempfile::TempDir;

    use super::*;
    use crate::domain::account::{DeviceId, DeviceName, Secret};

    const SECRET: &str = "hunter2-hunter2";

    fn credentials(secret: &str) -> Credentials {
        Credentials {
            secret: Secret::new(secret),
            device_id: DeviceId::new("d1").unwrap(),
            device_name: DeviceName::new("desk").unwrap(),
            registered: 1_764_000_000,
        }
    }

    async fn saved() -> (TempDir, FileSecrets) {
        let base = tempfile::tempdir().unwrap();
        let secrets = FileSecrets::new(base.path().join("handover/credentials.json"));
        secrets.save(&credentials(SECRET)).await.unwrap();
        (base, secrets)
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn a_login_comes_back_and_can_be_forgotten() {
        let (_base, secrets) = saved().await;
        assert_eq!(secrets.load().await, Ok(Some(credentials(SECRET))));
        secrets.save(&credentials("another")).await.unwrap();
        assert_eq!(secrets.load().await, Ok(Some(credentials("another"))));
        secrets.forget().await.unwrap();
        assert_eq!(secrets.load().await, Ok(None));
        secrets.forget().await.unwrap();
    }

    #[tokio::test]
    async fn nobody_is_signed_in_without_a_file_or_a_folder() {
        let base = tempfile::tempdir().unwrap();
        let secrets = FileSecrets::new(base.path().join("none/credentials.json"));
        assert_eq!(secrets.load().await, Ok(None));
        secrets.forget().await.unwrap();
    }

    #[tokio::test]
    async fn the_file_is_its_owners_alone_and_nothing_is_left_beside_it() {
        let (_base, secrets) = saved().await;
        assert_eq!((mode(&secrets.path), mode(secrets.folder())), (0o600, 0o700));
        secrets.save(&credentials("another")).await.unwrap();
        assert_eq!(fs::read_dir(secrets.folder()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_file_that_others_could_touch_is_refused() {
        let (_base, secrets) = saved().await;
        for bits in [0o640, 0o620, 0o604, 0o602, 0o610] {
            set_mode(&secrets.path, bits);
            let problem = secrets.load().await.unwrap_err();
            let path = secrets.path.display();
            assert_eq!(
                problem.message,
                format!("the login cannot be read: {path}: others can read or write it")
            );
            assert_eq!(problem.hint, format!("run `chmod 600 {path}`, or sign in again"));
        }
        set_mode(&secrets.path, 0o400);
        assert_eq!(secrets.load().await, Ok(Some(credentials(SECRET))));
        // Only root can give a file away.
        if rustix::process::geteuid().is_root() {
            chown(&secrets.path, Some(12_345), None).unwrap();
            let problem = secrets.load().await.unwrap_err();
            assert!(problem.message.ends_with("credentials.json: it belongs to another user"), "{problem}");
        }
    }

    #[tokio::test]
    async fn a_damaged_file_is_an_error_that_keeps_the_file_and_the_secret() {
        let (_base, secrets) = saved().await;
        let whole = fs::read_to_string(&secrets.path).unwrap();
        for damaged in [
            String::new(),
            whole.replace('}', ""),
            whole.replace("1764000000", &format!("\"{SECRET}\"")),
            whole.replace("\"d1\"", "\"a:b\""),
            format!("\"{SECRET}\""),
            "null".to_owned(),
        ] {
            fs::write(&secrets.path, &damaged).unwrap();
            let problem = secrets.load().await.unwrap_err();
            assert!(problem.message.contains(&secrets.path.display().to_string()), "{problem}");
            assert!(problem.hint.contains("handover setup"), "{}", problem.hint);
            assert!(!format!("{problem:?}").contains(SECRET), "{problem:?}");
            assert_eq!(fs::read_to_string(&secrets.path).unwrap(), damaged);
        }
        fs::write(&secrets.path, [0xff, 0xfe]).unwrap();
        assert!(secrets.load().await.unwrap_err().message.contains("it is damaged"));
        secrets.save(&credentials(SECRET)).await.unwrap();
        assert_eq!(secrets.load().await, Ok(Some(credentials(SECRET))));
    }

    #[tokio::test]
    async fn a_login_that_cannot_be_kept_is_an_error_that_leaves_the_old_one() {
        let (base, secrets) = saved().await;
        let below_a_file = FileSecrets::new(secrets.path.join("credentials.json"));
        let problem = below_a_file.save(&credentials("another")).await.unwrap_err();
        assert!(problem.message.starts_with("the login cannot be saved: "), "{problem}");
        assert!(below_a_file.load().await.is_err());
        assert_eq!(secrets.load().await, Ok(Some(credentials(SECRET))));
        let is_folder = FileSecrets::new(base.path().join("handover"));
        assert!(is_folder.save(&credentials(SECRET)).await.is_err());
        assert!(is_folder.load().await.is_err());
    }

    #[test]
    fn a_path_is_one_word_of_the_hint() {
        assert_eq!(shell_word(Path::new("/home/a.b/c-d_e")), "/home/a.b/c-d_e");
        assert_eq!(shell_word(Path::new("/home/a b/it's")), r"'/home/a b/it'\''s'");
    }
}
