//! Shows that each rule about paths finds a violation in a made-up source, and none in a valid one.

use crate::{rules, source};

const MANIFEST: &str = "
    [package]
    name = \"handover\"
    [dependencies]
    axum = \"1\"
    clap = \"1\"
    html5gum = \"1\"
    reqwest = { version = \"1\" }
    rusqlite = \"1\"
    serde = \"1\"
    tokio = \"1\"
    tokio-tungstenite = \"1\"
    tracing = \"1\"
    [target.'cfg(target_os = \"linux\")'.dependencies]
    zbus = \"1\"
    [dev-dependencies]
    proptest = \"1\"
    [lints.rust]
    unsafe_code = \"deny\"
";

/// The violations in a made-up source.
fn found(path: &str, text: &str) -> Vec<String> {
    let source = source::read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    rules::violations(&crate::module(path).unwrap_or_default(), &source, &rules::crates(MANIFEST))
}

#[test]
fn crates_are_read_from_every_section_of_the_manifest() {
    let expected = [
        "axum",
        "clap",
        "html5gum",
        "proptest",
        "reqwest",
        "rusqlite",
        "serde",
        "tokio",
        "tokio_tungstenite",
        "tracing",
        "zbus",
    ];
    assert_eq!(rules::crates(MANIFEST), expected);
}

#[test]
fn an_import_that_goes_up_or_sideways_is_found() {
    for (path, text, violation) in [
        ("src/domain/text.rs", "use crate::engine::link;", "domain may not name engine"),
        (
            "src/engine/link.rs",
            "use crate::{\n  domain::text,\n  ports::{self, Notifier},\n};",
            "engine may not name ports",
        ),
        ("src/engine/link.rs", "fn f() { crate::store::Store::open() }", "engine may not name store"),
        ("src/engine/mod.rs", "use super::app::receive as r;", "engine may not name app"),
        ("src/engine/link.rs", "use super::super::store;", "engine may not name store"),
        ("src/engine/link.rs", "mod tests { use super::super::super::store; }", "engine may not name store"),
        (
            "src/engine/link.rs",
            "mod tests { mod a {} fn f() { super::super::super::cli::run() } }",
            "engine may not name cli",
        ),
        ("src/ports.rs", "use crate::engine::link::Signal;", "ports may not name engine"),
        ("src/ports.rs", "use super::store;", "ports may not name store"),
        ("src/store/mod.rs", "use crate::engine::inbox::Known;", "store may not name engine"),
        ("src/store/tests/mod.rs", "use crate::sandbox;", "store may not name sandbox"),
        ("src/config.rs", "pub use crate::desktop::paths;", "config may not name desktop"),
        ("src/control/server.rs", "type A = Vec<crate::app::App>;", "control may not name app"),
        (
            "src/desktop/tray/linux.rs",
            "use crate::domain::{self, status::Status}; use crate::config;",
            "desktop may not name config",
        ),
        ("src/sandbox/mod.rs", "use crate::pushover::wire;", "sandbox may not name pushover"),
        ("src/pushover/rest.rs", "use crate::sandbox::Sandbox;", "pushover may not name sandbox"),
        ("src/pushover/socket.rs", "use crate::engine::inbox;", "pushover may not name engine::inbox"),
        (
            "src/pushover/socket.rs",
            "use crate::engine::{link::Signal, fetch};",
            "pushover may not name engine::fetch",
        ),
        ("src/pushover/socket.rs", "use crate::engine;", "pushover may not name engine"),
        ("src/app/mod.rs", "use crate::cli::output;", "app may not name cli"),
        ("src/cli/status.rs", "use crate::engine::link;", "cli may not name engine"),
        ("src/cli/status.rs", "use crate::store::Store;", "cli may not name store"),
        ("src/window/mod.rs", "use crate::cli;", "window may not name cli"),
        ("src/main.rs", "fn main() { handover::daemon::run() }", "main may not name daemon"),
        ("src/store/mod.rs", "use crate::*;", "store may not name everything"),
        ("src/config.rs", "use super::{*};", "config may not name everything"),
        ("src/domain/text.rs", "use crate as package;", "domain may not name everything"),
        (
            "src/domain/text.rs",
            "#[path = \"../store/mod.rs\"] mod store;",
            "a module may not be moved by an attribute",
        ),
        ("src/attic/mod.rs", "", "attic is not a layer"),
    ] {
        assert_eq!(found(path, text), [violation], "{text}");
    }
}

#[test]
fn a_crate_in_the_wrong_layer_is_found() {
    for (path, text, violation) in [
        ("src/domain/text.rs", "use serde::Serialize;", "domain may not name serde"),
        ("src/domain/text.rs", "#[derive(serde::Serialize)] struct A;", "domain may not name serde"),
        (
            "src/engine/link.rs",
            "async fn f() { ::tokio::task::yield_now().await }",
            "engine may not name tokio",
        ),
        ("src/engine/link.rs", "use {std::fmt, tracing::info};", "engine may not name tracing"),
        ("src/engine/link.rs", "use html5gum::Tokenizer;", "engine may not name html5gum"),
        ("src/ports.rs", "use zbus;", "ports may not name zbus"),
        ("src/ports.rs", "extern crate tokio as t;", "ports may not name tokio"),
        ("src/app/receive.rs", "fn f(e: rusqlite::Error) {}", "app may not name rusqlite"),
        ("src/app/receive.rs", "use reqwest::{Client, Url};", "app may not name reqwest"),
        (
            "src/sandbox/mod.rs",
            "use tokio_tungstenite::connect_async;",
            "sandbox may not name tokio_tungstenite",
        ),
        ("src/pushover/rest.rs", "use axum::Router;", "pushover may not name axum"),
        ("src/control/server.rs", "use zbus::Connection;", "control may not name zbus"),
        ("src/app/mod.rs", "use clap::Parser;", "app may not name clap"),
        ("src/app/mod.rs", "fn f() { println!(\"{}\", 1) }", "app may not print"),
        ("src/sandbox/mod.rs", "fn f() { std::eprint!(\"{}\", 1) }", "sandbox may not print"),
        ("src/main.rs", "fn main() { print!(\"\") }", "main may not print"),
    ] {
        assert_eq!(found(path, text), [violation], "{text}");
    }
}

#[test]
fn allowed_paths_are_not_found() {
    for (path, text) in [
        (
            "src/domain/text.rs",
            "use std::fmt; use super::account::Secret; use html5gum::Token; use secrecy::SecretString;",
        ),
        ("src/domain/mod.rs", "pub(crate) mod text; pub(in crate::domain) fn f() { self::text::g() }"),
        (
            "src/engine/link.rs",
            "use crate::domain::text::Text; mod tests { use super::*; use super::super::fetch; use proptest::prelude::*; }",
        ),
        (
            "src/pushover/socket.rs",
            "use crate::engine::link::{self, Signal}; use reqwest::Client; use crate::ports;",
        ),
        (
            "src/store/mod.rs",
            "use rusqlite::{self, Connection}; use crate::domain; mod tests { mod deep { use super::super::Store; } }",
        ),
        (
            "src/app/mod.rs",
            "use crate::{config, control, desktop, domain, engine, ports, pushover, sandbox, store}; use tokio::task;",
        ),
        ("src/cli/mod.rs", "use crate::app; use crate::sandbox; use clap::Parser; fn f() { println!() }"),
        ("src/desktop/tray/linux.rs", "use zbus::proxy; use super::super::paths; use super::Tray;"),
        ("src/lib.rs", "pub mod store; pub mod app;"),
        ("src/main.rs", "use std::process::ExitCode; fn main() -> ExitCode { handover::cli::main() }"),
        // Text that only looks like imports.
        (
            "src/domain/text.rs",
            "/// See [`crate::store::Store`].\n// use crate::store;\n/* use /* crate::app */ tokio::x; */ struct A;",
        ),
        (
            "src/domain/text.rs",
            r##"const A: &str = "use crate::store; \" tokio::x"; const B: &str = r#"crate::app " tokio::x"#; const C: &[u8] = br"tokio::x\"; "##,
        ),
        (
            "src/domain/text.rs",
            "fn f<'a>(quote: char, text: &'a str) -> bool { quote == '\"' || quote == '\\'' } // \" tokio::x",
        ),
        (
            "src/domain/text.rs",
            "fn f(tokio: u8, clap: A) -> u8 { let serde = tokio; serde.rusqlite(clap.zbus) }",
        ),
        ("src/domain/text.rs", "use super::tokio::x; fn f() { module::tokio::x() } fn print() {}"),
    ] {
        assert_eq!(found(path, text), [""; 0], "{text}");
    }
}
