//! Shows that each rule about files, folders and circles finds a violation in a made-up tree.

use crate::circles::{Circle, File, circles};
use crate::{shape, source};

#[test]
fn a_file_without_documentation_or_too_long_is_found() {
    assert_eq!(shape::violations("// A comment.\n"), ["does not begin with //!"]);
    assert_eq!(shape::violations(&"//! A line.\n".repeat(500)), [""; 0]);
    assert_eq!(shape::violations(&"//! A line.\n".repeat(501)), ["has 501 lines, at most 500 are allowed"]);
}

#[test]
fn a_folder_with_too_many_files_is_found() {
    let mut files: Vec<String> = (0..12).map(|number| format!("src/app/file_{number}.rs")).collect();
    files.extend((0..12).map(|number| format!("src/app/doctor/file_{number}.rs")));
    let full = |files: &[String]| shape::full_folders(&files.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(full(&files), [""; 0]);
    files.push("src/app/mod.rs".to_owned());
    assert_eq!(full(&files), ["src/app: holds 13 files, at most 12 are allowed"]);
}

/// The shortest circle of each group that is found in made-up files.
fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    groups(files).into_iter().map(|circle| circle.shortest).collect()
}

fn groups(files: &[(&str, &str)]) -> Vec<Circle> {
    let file = |(path, text): &(&str, &str)| File {
        path: (*path).to_owned(),
        module: crate::module(path).unwrap(),
        source: source::read(text).unwrap(),
    };
    circles(&files.iter().map(file).collect::<Vec<_>>())
}

const ROOT: (&str, &str) =
    ("src/app/mod.rs", "mod a; mod b; mod c; pub use a::{A, help}; pub use b::B as Other;");

#[test]
fn siblings_that_import_each_other_are_found() {
    for (a, b) in [
        ("use super::b::B;", "use super::a::A;"),
        ("use crate::app::b;", "fn f() { crate::app::a::help() }"),
        ("use super::{b::{self, B}, c};", "use super::*; use crate::app; fn f() -> app::a::A {}"),
        // They import each other through the re-exports of `mod.rs`.
        ("use super::Other;", "use super::A;"),
        ("use crate::app; fn f() { g::<app::Other>() }", "use crate::app::A;"),
        ("fn f() { call!(1, super::b::g()) }", "#[derive(super::a::Make)] struct S;"),
        ("mod inner { use super::super::b::B; }", "impl super::A for S {}"),
        ("pub use super::b::B;", "use super::a::A;"),
    ] {
        let circle = ["src/app/a.rs", "src/app/b.rs", "src/app/a.rs"].map(str::to_owned);
        assert_eq!(found(&[ROOT, ("src/app/a.rs", a), ("src/app/b.rs", b)]), [circle], "{a} {b}");
    }
}

#[test]
fn a_circle_of_three_is_found_once_with_all_its_files() {
    let found = groups(&[
        ("src/lib.rs", "pub mod app;"),
        ROOT,
        ("src/app/a.rs", "use super::b::B; use super::c::C;"),
        ("src/app/b.rs", "use super::c::C;"),
        ("src/app/c.rs", "use super::a::A;"),
    ]);
    let [circle] = &found[..] else { panic!("{found:?}") };
    assert_eq!(circle.group.len(), 3, "{circle:?}");
    assert_eq!(circle.shortest, ["src/app/a.rs", "src/app/c.rs", "src/app/a.rs"]);
}

#[test]
fn a_circle_through_the_items_of_a_parent_is_found() {
    let files = [
        ("src/app/mod.rs", "mod a; use crate::app_two::Two; pub struct Own(Two);"),
        ("src/app/a.rs", "use super::Own; pub struct A;"),
        ("src/app_two.rs", "use crate::app::a::A; pub struct Two;"),
    ];
    let circle = ["src/app/a.rs", "src/app/mod.rs", "src/app_two.rs", "src/app/a.rs"].map(str::to_owned);
    assert_eq!(found(&files), [circle]);
}

#[test]
fn allowed_imports_are_not_found() {
    for (root, a, b) in [
        // The parent declares and re-exports; its children use each other in one direction.
        ("pub mod a; mod b; pub use b::B; pub(crate) use a::A;", "use super::B;", "use std::fmt;"),
        // The parent's own items are used, and it uses none of its children's items.
        ("mod a; mod b; pub struct Own;", "use super::Own;", "use super::{Own, a};"),
        // The parent uses its children, and they use what it defines.
        (
            "mod a; mod b; struct Own; fn f() { a::help(); b::help() }",
            "use super::{Own, b};",
            "use super::Own;",
        ),
        // Tests may use everything they test.
        ("mod a; mod b;", "#[cfg(test)] mod tests { use super::super::b::B; }", "use super::a::A;"),
        ("mod a; #[cfg(test)] mod b; struct Own; use a::A;", "struct A;", "use super::{Own, a};"),
        // The same name does not mean the same item.
        ("mod a; mod b;", "use std::b::B; struct A;", "use super::a::A; fn f(a: A) { a.b.a() }"),
    ] {
        let files = [("src/app/mod.rs", root), ("src/app/a.rs", a), ("src/app/b.rs", b)];
        assert_eq!(groups(&files), [], "{root} {a} {b}");
    }
}
