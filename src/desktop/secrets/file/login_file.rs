//! Stores the login in a file that only its owner can read.
//!
//! Invariant: the file contains the old login or the new one, even after a crash; a file that another user could have
//! read or written is never read; and a file that cannot be read is replaced only by a new login.

use std::fs;
use std::future::{Future, ready};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::key_file::KeyFile;
use super::private_file::{Content, PrivateFile};
use crate::desktop::secrets::stored_login;
use crate::domain::account::{Credentials, Secret};
use crate::domain::sending::SecretName;
use crate::ports::{SecretProblem, SecretProblemKind, SecretStore};

const LOGIN: Content = Content { name: "the login", remedy: "sign in again" };
const SIGN_IN: &str = "sign in again with `handover setup`, which replaces the file";

/// Stores the login in one file.
#[derive(Clone, Debug)]
pub struct FileSecrets {
    file: PrivateFile,
}

impl FileSecrets {
    /// A store in this file, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { file: PrivateFile::new(path, LOGIN) }
    }

    /// Its path.
    pub(in crate::desktop::secrets) fn path(&self) -> &Path {
        &self.file.path
    }

    /// Whether there is one, readable or not.
    pub(in crate::desktop::secrets) fn exists(&self) -> bool {
        self.path().exists()
    }

    /// When the login was saved, in unix seconds; `None` if there is none or the time is unknown.
    pub(in crate::desktop::secrets) fn saved(&self) -> Option<u64> {
        let saved = fs::metadata(self.path()).and_then(|file| file.modified()).ok()?;
        saved.duration_since(UNIX_EPOCH).ok().map(|age| age.as_secs())
    }

    fn read(&self) -> Result<Option<Credentials>, SecretProblem> {
        let Some(json) = self.file.read()? else { return Ok(None) };
        stored_login::from_json(&json).map(Some).map_err(|damage| self.file.problem("read", &damage, SIGN_IN))
    }

    fn write(&self, credentials: &Credentials) -> Result<(), SecretProblem> {
        let json = stored_login::to_json(credentials).map_err(|error| SecretProblem {
            kind: SecretProblemKind::Failed,
            message: format!("the login cannot be saved: {error}"),
            hint: SIGN_IN.to_owned(),
        })?;
        self.file.write(json.expose())
    }
}

impl SecretStore for FileSecrets {
    fn load(&self) -> impl Future<Output = Result<Option<Credentials>, SecretProblem>> + Send {
        ready(self.read())
    }

    fn save(&self, credentials: &Credentials) -> impl Future<Output = Result<(), SecretProblem>> + Send {
        ready(self.write(credentials))
    }

    fn forget(&self) -> impl Future<Output = Result<(), SecretProblem>> + Send {
        ready(self.file.remove().map(drop))
    }

    fn encryption_key(&self) -> impl Future<Output = Result<Option<Secret>, SecretProblem>> + Send {
        ready(KeyFile::beside(self.path(), &SecretName::EncryptionKey).read())
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
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
    async fn a_login_can_be_saved_loaded_and_removed() {
        let (_base, secrets) = saved().await;
        assert_eq!(secrets.load().await, Ok(Some(credentials(SECRET))));
        secrets.save(&credentials("another")).await.unwrap();
        assert_eq!(secrets.load().await, Ok(Some(credentials("another"))));
        secrets.forget().await.unwrap();
        assert_eq!(secrets.load().await, Ok(None));
        secrets.forget().await.unwrap();
    }

    #[tokio::test]
    async fn without_a_file_or_a_folder_there_is_no_login() {
        let base = tempfile::tempdir().unwrap();
        let secrets = FileSecrets::new(base.path().join("none/credentials.json"));
        assert_eq!(secrets.load().await, Ok(None));
        secrets.forget().await.unwrap();
    }

    #[tokio::test]
    async fn the_file_is_private_and_no_temporary_file_is_left() {
        let (_base, secrets) = saved().await;
        assert_eq!((mode(&secrets.file.path), mode(secrets.file.folder())), (0o600, 0o700));
        secrets.save(&credentials("another")).await.unwrap();
        assert_eq!(fs::read_dir(secrets.file.folder()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_file_that_others_can_access_is_refused() {
        let (_base, secrets) = saved().await;
        for bits in [0o640, 0o620, 0o604, 0o602, 0o610] {
            set_mode(&secrets.file.path, bits);
            let problem = secrets.load().await.unwrap_err();
            let path = secrets.file.path.display();
            assert_eq!(
                problem.message,
                format!("the login cannot be read: {path}: other users can read or write it")
            );
            assert_eq!(problem.hint, format!("run `chmod 600 {path}`, or sign in again"));
        }
        set_mode(&secrets.file.path, 0o400);
        assert_eq!(secrets.load().await, Ok(Some(credentials(SECRET))));
        // Only root can give a file away.
        if rustix::process::geteuid().is_root() {
            chown(&secrets.file.path, Some(12_345), None).unwrap();
            let problem = secrets.load().await.unwrap_err();
            assert!(problem.message.ends_with("credentials.json: it belongs to another user"), "{problem}");
        }
    }

    #[tokio::test]
    async fn the_error_for_a_damaged_file_does_not_quote_it_and_keeps_it() {
        let (_base, secrets) = saved().await;
        let whole = fs::read_to_string(&secrets.file.path).unwrap();
        for damaged in [
            String::new(),
            whole.replace('}', ""),
            whole.replace("1764000000", &format!("\"{SECRET}\"")),
            whole.replace("\"d1\"", "\"a:b\""),
            format!("\"{SECRET}\""),
            "null".to_owned(),
        ] {
            fs::write(&secrets.file.path, &damaged).unwrap();
            let problem = secrets.load().await.unwrap_err();
            assert!(problem.message.contains(&secrets.file.path.display().to_string()), "{problem}");
            assert!(problem.hint.contains("handover setup"), "{}", problem.hint);
            assert!(!format!("{problem:?}").contains(SECRET), "{problem:?}");
            assert_eq!(fs::read_to_string(&secrets.file.path).unwrap(), damaged);
        }
        fs::write(&secrets.file.path, [0xff, 0xfe]).unwrap();
        assert!(secrets.load().await.unwrap_err().message.contains("it is damaged"));
        secrets.save(&credentials(SECRET)).await.unwrap();
        assert_eq!(secrets.load().await, Ok(Some(credentials(SECRET))));
    }

    #[tokio::test]
    async fn a_failure_to_save_keeps_the_old_login() {
        let (base, secrets) = saved().await;
        let below_a_file = FileSecrets::new(secrets.file.path.join("credentials.json"));
        let problem = below_a_file.save(&credentials("another")).await.unwrap_err();
        assert!(problem.message.starts_with("the login cannot be saved: "), "{problem}");
        assert!(below_a_file.load().await.is_err());
        assert_eq!(secrets.load().await, Ok(Some(credentials(SECRET))));
        let is_folder = FileSecrets::new(base.path().join("handover"));
        assert!(is_folder.save(&credentials(SECRET)).await.is_err());
        assert!(is_folder.load().await.is_err());
    }
}
