//! The cache in a real folder.

use std::io::ErrorKind;

use tempfile::{TempDir, tempdir};

use super::*;
use crate::domain::media::MediaName;

const NOW: i64 = 1_800_000_000;

/// A PNG of one pixel.
const PIXEL: &[u8] = b"\x89PNG\x0d\x0a\x1a\x0a\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\x0aIDATx\x9cc\xf8\x0f\0\x01\x01\x01\0\xb18\xf6\x14\0\0\0\0IEND\xaeB`\x82";

fn icon(name: &str) -> MediaFile {
    MediaFile { kind: Kind::Icon, name: MediaName::new(name).unwrap() }
}

fn cache() -> (TempDir, Cache) {
    let base = tempdir().unwrap();
    let cache = Cache::new(base.path().join("not/made/yet"));
    (base, cache)
}

fn names(cache: &Cache) -> Vec<String> {
    let entries = fs::read_dir(cache.folder_of(Kind::Icon)).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_saved_file_is_found() {
    let (_base, cache) = cache();
    assert_eq!(cache.find(&icon("a")), None);
    let path = cache.save(&icon("a"), PIXEL, NOW).unwrap();
    assert_eq!(path, cache.folder.join("icons/a.png"));
    assert_eq!(cache.find(&icon("a")), Some(CachedFile { path: path.clone(), confirmed: NOW }));
    assert_eq!(fs::read(&path).unwrap(), PIXEL);
    assert_eq!(names(&cache), ["a.png"], "no other file is left");

    cache.confirm(&icon("a"), NOW + 9).unwrap();
    assert_eq!(cache.find(&icon("a")), Some(CachedFile { path, confirmed: NOW + 9 }));
    assert_eq!(cache.find(&MediaFile { kind: Kind::Sound, ..icon("a") }), None);
}

#[test]
fn a_file_of_another_format_is_not_saved() {
    let (_base, cache) = cache();
    assert!(matches!(cache.save(&icon("a"), b"<html>", NOW), Err(CacheError::InvalidFormat("not a PNG"))));
    assert!(!cache.folder.exists());
    cache.save(&icon("a"), PIXEL, NOW).unwrap();
    let half = &PIXEL[..PIXEL.len() - 20];
    assert!(matches!(cache.save(&icon("a"), half, NOW), Err(CacheError::InvalidFormat("an incomplete PNG"))));
    assert!(cache.find(&icon("a")).is_some());
}

#[test]
fn a_damaged_file_is_not_found_until_it_is_saved_again() {
    let (_base, cache) = cache();
    let path = cache.save(&icon("a"), PIXEL, NOW).unwrap();
    assert!(cache.find(&icon("a")).is_some());
    for damaged in [&b""[..], &PIXEL[..40], b"<html>", &vec![0; 3 << 20]] {
        fs::write(&path, damaged).unwrap();
        assert_eq!(cache.find(&icon("a")), None);
        assert_eq!(Cache::new(cache.folder.clone()).find(&icon("a")), None);
        cache.save(&icon("a"), PIXEL, NOW).unwrap();
        assert!(cache.find(&icon("a")).is_some());
    }
    fs::remove_dir_all(&cache.folder).unwrap();
    assert_eq!(cache.find(&icon("a")), None);
    cache.save(&icon("a"), PIXEL, NOW).unwrap();
    assert!(cache.find(&icon("a")).is_some());
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let (base, cache) = cache();
    let path = cache.save(&icon("a"), PIXEL, NOW).unwrap();
    let elsewhere = base.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    assert_eq!(cache.find(&icon("a")), None);
    cache.save(&icon("a"), PIXEL, NOW).unwrap();
    assert!(cache.find(&icon("a")).is_some() && elsewhere.symlink_metadata().unwrap().is_file());
}

#[test]
fn a_folder_that_cannot_be_created_is_an_error() {
    let base = tempdir().unwrap();
    fs::write(base.path().join("file"), "").unwrap();
    let cache = Cache::new(base.path().join("file"));
    let Err(CacheError::Folder(error)) = cache.save(&icon("a"), PIXEL, NOW) else { panic!("it is a file") };
    assert!(matches!(error.kind(), ErrorKind::NotADirectory | ErrorKind::AlreadyExists), "{error}");
    assert_eq!(cache.find(&icon("a")), None);
    assert!(cache.confirm(&icon("a"), NOW).is_err());
}

#[test]
fn the_oldest_and_the_unfinished_files_are_deleted_first() {
    let (_base, cache) = cache();
    cache.save(&icon("newest"), PIXEL, NOW + 9_000).unwrap();
    let folder = cache.folder_of(Kind::Icon);
    fs::write(folder.join(".unfinished-x"), "half").unwrap();
    fs::create_dir(folder.join("folder")).unwrap();
    for number in 0..MAX_FILES {
        let path = folder.join(format!("{number:03}.png"));
        fs::write(&path, PIXEL).unwrap();
        let number = i64::try_from(number).unwrap();
        File::options().write(true).open(path).unwrap().set_modified(system_time(NOW + number)).unwrap();
    }
    cache.prune(Kind::Icon);
    let left = names(&cache);
    assert_eq!(left.len(), MAX_FILES + 1, "with the folder");
    assert_eq!((left[0].as_str(), left[left.len() - 1].as_str()), ("001.png", "newest.png"));

    fs::write(folder.join("large.png"), vec![0; usize::try_from(MAX_BYTES).unwrap()]).unwrap();
    let large = File::options().write(true).open(folder.join("large.png")).unwrap();
    large.set_modified(system_time(NOW + 8_000)).unwrap();
    // Windows keeps the name of an open file.
    drop(large);
    cache.prune(Kind::Icon);
    assert_eq!(names(&cache), ["folder", "newest.png"]);
}
