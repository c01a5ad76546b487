//! The menu for `tray-icon`.
//!
//! Invariant: a line carries its choice in its id, so a click on an outdated menu does what its text said.

use tray_icon::menu::{CheckMenuItem, IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};

use crate::desktop::tray::view::Entry;
use crate::desktop::tray::view::choice_id::id;

/// The menu with these lines, from the top.
pub(super) fn menu(entries: &[Entry]) -> Menu {
    let menu = Menu::new();
    for entry in entries {
        // It cannot fail before the menu is shown.
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
