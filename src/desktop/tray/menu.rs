//! The menu as `tray-icon` wants it.
//!
//! Invariant: a line carries its meaning with it, so a click on a menu that is out of date does what was read,
//! never what has moved there since.

use tray_icon::menu::{CheckMenuItem, IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};

use super::Entry;
use super::meaning::id;

/// The menu with these lines, from the top.
pub(super) fn menu(entries: &[Entry]) -> Menu {
    let menu = Menu::new();
    for entry in entries {
        // A menu that is not shown yet takes every line.
        drop(menu.append(line(entry).as_ref()));
    }
    menu
}

fn line(entry: &Entry) -> Box<dyn IsMenuItem> {
    match entry {
        Entry::Label(text) => Box::new(MenuItem::new(verbatim(text), false, None)),
        Entry::Item(text, choice) => Box::new(MenuItem::with_id(id(*choice), verbatim(text), true, None)),
        Entry::Check { label, on, choice } => {
            Box::new(CheckMenuItem::with_id(id(*choice), verbatim(label), true, *on, None))
        }
        Entry::Submenu(text, entries) => {
            let submenu = Submenu::new(verbatim(text), true);
            for entry in entries {
                drop(submenu.append(line(entry).as_ref()));
            }
            Box::new(submenu)
        }
        Entry::Separator => Box::new(PredefinedMenuItem::separator()),
    }
}

/// A single `&` would underline the letter after it.
fn verbatim(text: &str) -> String {
    text.replace('&', "&&")
}
