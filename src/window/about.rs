//! The window about this program, and the one with the keys.
//!
//! Invariant: it says that the client is unofficial.

use adw::prelude::*;
use gtk::glib;

use super::environment;
use super::words::tr;

const LIBRARIES: &str = "GTK and libadwaita are used under the LGPL 2.1 or later. SQLite is in the public domain. The Rust \
    libraries are used under the MIT, Apache 2.0, BSD, ISC, Zlib, MPL 2.0 and Unicode licences; `cargo tree` in the source \
    lists them.";

/// The keys, and what they do.
fn keys() -> [(&'static str, Vec<(&'static str, &'static str)>); 2] {
    let messages = vec![
        (tr("Search"), "<Control>f"),
        (tr("Select all"), "<Control>a"),
        (tr("Delete"), "Delete"),
        (tr("Mark as unread"), "<Control>u"),
        (tr("Copy the message"), "<Control><Shift>c"),
        (tr("Acknowledge"), "<Control>Return"),
        (tr("Check for messages"), "F5"),
    ];
    let general = vec![
        (tr("Preferences"), "<Control>comma"),
        (tr("Main menu"), "F10"),
        (tr("Keyboard shortcuts"), "<Control>question"),
        (tr("Close the window; messages still arrive"), "<Control>q"),
    ];
    [(tr("Messages"), messages), (tr("General"), general)]
}

/// Opens the window about this program.
pub(super) fn open(parent: &impl IsA<gtk::Window>) {
    let about = adw::AboutWindow::builder()
        .transient_for(parent)
        .modal(true)
        .application_name("Handover")
        .application_icon("handover")
        .version(env!("CARGO_PKG_VERSION"))
        .comments(tr(
            "Receives Pushover messages and loses none.\n\nAn unofficial client: not made, endorsed or supported by \
             Pushover, LLC. “Pushover” is a trademark of Pushover, LLC.",
        ))
        .license_type(gtk::License::MitX11)
        .support_url("https://support.pushover.net")
        .build();
    about.add_link(tr("Your account at pushover.net"), "https://pushover.net");
    about.add_legal_section(tr("Libraries"), None, gtk::License::Custom, Some(LIBRARIES));
    about.connect_activate_link(|about, address| {
        environment::open_elsewhere(about, address, || {});
        true
    });
    about.present();
}

/// Opens the window with the keys.
pub(super) fn open_shortcuts(parent: &impl IsA<gtk::Window>) {
    let section: gtk::ShortcutsSection =
        glib::Object::builder().property("section-name", "shortcuts").property("visible", true).build();
    for (title, keys) in keys() {
        let group: gtk::ShortcutsGroup = glib::Object::builder().property("title", title).build();
        for (title, key) in keys {
            let shortcut: gtk::ShortcutsShortcut =
                glib::Object::builder().property("title", title).property("accelerator", key).build();
            group.append(&shortcut);
        }
        section.append(&group);
    }
    let window: gtk::ShortcutsWindow = glib::Object::builder().property("modal", true).build();
    window.set_child(Some(&section));
    window.set_transient_for(Some(parent));
    window.present();
}
