//! The way to a file, step by step, as the system goes it: through folders and links.
//!
//! Invariant: a place is told of before it is looked at, so whoever watches it from then on misses no change.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// As many links as Linux follows.
const LINKS: usize = 40;

/// A place on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// This name is looked up in this folder.
    Folder(&'a Path, &'a OsStr),
    /// This link is followed.
    Link(&'a Path),
}

/// Goes to an absolute path as far as it leads. The last folder that is told of holds the file, or is where
/// something is missing.
pub(super) fn go(path: &Path, mut meet: impl FnMut(Place<'_>)) {
    let mut here = PathBuf::new();
    let mut ahead = Vec::new();
    let mut links = 0;
    push(&mut ahead, path);
    while let Some(step) = ahead.pop() {
        let Step::Down(name) = step else {
            step.walk(&mut here);
            continue;
        };
        meet(Place::Folder(&here, &name));
        let next = here.join(&name);
        let Ok(found) = fs::symlink_metadata(&next) else { return };
        if found.is_symlink() {
            links += 1;
            meet(Place::Link(&next));
            let Ok(target) = fs::read_link(&next) else { return };
            if links > LINKS {
                return;
            }
            push(&mut ahead, &target);
        } else if found.is_dir() {
            here = next;
        } else {
            return;
        }
    }
}

enum Step {
    Start(OsString),
    Up,
    Down(OsString),
}

impl Step {
    /// A step that needs no looking.
    fn walk(self, here: &mut PathBuf) {
        match self {
            Self::Start(root) => here.push(root),
            Self::Up => drop(here.pop()),
            Self::Down(name) => here.push(name),
        }
    }
}

/// Puts the steps of a path before those that were ahead; an absolute one starts at the root.
fn push(ahead: &mut Vec<Step>, path: &Path) {
    ahead.extend(path.components().rev().filter_map(|component| match component {
        Component::CurDir => None,
        Component::Prefix(_) | Component::RootDir => Some(Step::Start(component.as_os_str().to_owned())),
        Component::ParentDir => Some(Step::Up),
        Component::Normal(name) => Some(Step::Down(name.to_owned())),
    }));
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// The way below a folder in words, without the way to that folder.
    fn way(folder: &Path, path: &str) -> Vec<String> {
        let folder = folder.canonicalize().unwrap();
        let mut places = Vec::new();
        go(&folder.join(path), |place| {
            let (met, name) = match place {
                Place::Folder(folder, name) => (folder, format!(" > {}", name.to_str().unwrap())),
                Place::Link(link) => (link, String::new()),
            };
            if let Ok(below) = met.strip_prefix(&folder) {
                places.push(format!("{}{name}", below.display()));
            }
        });
        places
    }

    #[test]
    fn every_folder_and_link_on_the_way_is_met() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        fs::create_dir_all(here.join("config/handover")).unwrap();
        fs::create_dir_all(here.join("dots/deep")).unwrap();
        let path = "config/handover/config.toml";
        let down = [" > config", "config > handover", "config/handover > config.toml"];
        assert_eq!(way(here, path), down);
        fs::write(here.join("dots/deep/h.toml"), "").unwrap();
        symlink("../../dots/./deep/h.toml", here.join(path)).unwrap();
        let on = ["config/handover/config.toml", " > dots", "dots > deep", "dots/deep > h.toml"];
        assert_eq!(way(here, path), [&down[..], &on].concat());
        // A link may be broken, or lead through another one, or to a place of its own.
        fs::remove_file(here.join("dots/deep/h.toml")).unwrap();
        assert_eq!(way(here, path), [&down[..], &on].concat());
        fs::rename(here.join("dots"), here.join("real")).unwrap();
        symlink(here.canonicalize().unwrap().join("real"), here.join("dots")).unwrap();
        let on = [
            "config/handover/config.toml",
            " > dots",
            "dots",
            " > real",
            "real > deep",
            "real/deep > h.toml",
        ];
        assert_eq!(way(here, path), [&down[..], &on].concat());
    }

    #[test]
    fn the_way_ends_where_something_is_missing_or_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        assert_eq!(way(here, "a/b/config.toml"), [" > a"]);
        fs::create_dir(here.join("a")).unwrap();
        assert_eq!(way(here, "a/b/config.toml"), [" > a", "a > b"]);
        fs::write(here.join("a/b"), "a file").unwrap();
        assert_eq!(way(here, "a/b/config.toml"), [" > a", "a > b"]);
        symlink("round", here.join("round")).unwrap();
        assert_eq!(way(here, "round/config.toml").len(), 2 * (LINKS + 1));
    }
}
