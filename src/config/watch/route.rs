//! What to watch to follow a file: folders, and the entries in them that lead to the file.
//!
//! Invariant: of every path on the way only the innermost folder that exists is watched, and the one around it if a link leads
//! from there. Every access to a file in a watched folder wakes this process, and the folders further out are busy ones:
//! `~/.config`, the home folder. That one of those is moved is not seen.

use std::path::{Path, PathBuf};

/// How many folders of a path are watched for a link in them.
const INNERMOST: usize = 2;

/// The folders to watch, the innermost first, and the entries that matter in them; all without links in their paths.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) folders: Vec<PathBuf>,
    pub(super) entries: Vec<PathBuf>,
}

impl Route {
    /// The route to an absolute path as far as it exists, and to whatever a link on it leads to.
    pub(super) fn to(file: &Path) -> Self {
        let mut route = Self { folders: Vec::new(), entries: Vec::new() };
        let mut paths = vec![file.to_owned()];
        while let Some(path) = paths.pop() {
            let existing = path
                .ancestors()
                .filter_map(|path| Some((path.parent()?.canonicalize().ok()?, path.file_name()?)));
            for (level, (folder, name)) in existing.enumerate() {
                let entry = folder.join(name);
                let target = entry.read_link().ok();
                let is_watched = level == 0 || (level < INNERMOST && target.is_some());
                if !route.entries.contains(&entry) {
                    paths.extend(target.map(|target| folder.join(target)));
                    route.entries.push(entry);
                }
                if is_watched && !route.folders.contains(&folder) {
                    route.folders.push(folder);
                }
            }
        }
        route
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// The watched folders below a folder.
    fn watched(folder: &Path, path: &str) -> Vec<String> {
        let folder = folder.canonicalize().unwrap();
        let route = Route::to(&folder.join(path));
        let below = route.folders.iter().filter_map(|watched| watched.strip_prefix(&folder).ok());
        below.map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn folders_are_watched_as_far_as_they_exist_and_behind_links() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let path = "config/handover/config.toml";
        assert_eq!(watched(here, path), [""]);
        fs::create_dir(here.join("config")).unwrap();
        assert_eq!(watched(here, path), ["config"]);
        fs::create_dir(here.join("config/handover")).unwrap();
        assert_eq!(watched(here, path), ["config/handover"]);
        fs::write(here.join(path), "").unwrap();
        assert_eq!(watched(here, path), ["config/handover"]);
        // A link to a file, also to one that is gone.
        fs::remove_file(here.join(path)).unwrap();
        symlink("../../dots/h.toml", here.join(path)).unwrap();
        assert_eq!(watched(here, path), ["config/handover", ""]);
        fs::create_dir(here.join("dots")).unwrap();
        assert_eq!(watched(here, path), ["config/handover", "dots"]);
        // A link to a folder.
        fs::rename(here.join("dots"), here.join("real")).unwrap();
        symlink(here.canonicalize().unwrap().join("real"), here.join("dots")).unwrap();
        assert_eq!(watched(here, path), ["config/handover", "real", ""]);
    }

    #[test]
    fn links_that_lead_nowhere_end() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        symlink("round", here.join("round")).unwrap();
        symlink("deeper/deeper", here.join("deeper")).unwrap();
        assert_eq!(watched(here, "round/config.toml"), [""]);
        assert_eq!(watched(here, "deeper/config.toml"), [""]);
    }
}
