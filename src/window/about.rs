//! The window about this program, and the one with the keys.
//!
//! Invariant: it says that the client is unofficial.

use adw::prelude::*;

use super::words::tr;

const LIBRARIES: &str = "GTK and libadwaita are used under the LGPL 2.1 or later. SQLite is in the public domain. The Rust \
    libraries are used under the MIT, Apache 2.0, BSD, ISC, Zlib, MPL 2.0 and Unicode licences; `cargo tree` in the source \
    lists them.";

const SHORTCUTS: &str = r#"
<interface>
  <object class="GtkShortcutsWindow" id="help_overlay">
    <property name="modal">1</property>
    <child>
      <object class="GtkShortcutsSection">
        <property name="section-name">shortcuts</property>
        <child>
          <object class="GtkShortcutsGroup">
            <property name="title">Messages</property>
            <child><object class="GtkShortcutsShortcut"><property name="title">Search</property><property name="accelerator">&lt;Control&gt;f</property></object></child>
            <child><object class="GtkShortcutsShortcut"><property name="title">Select all</property><property name="accelerator">&lt;Control&gt;a</property></object></child>
            <child><object class="GtkShortcutsShortcut"><property name="title">Delete</property><property name="accelerator">Delete</property></object></child>
            <child><object class="GtkShortcutsShortcut"><property name="title">Mark as unread</property><property name="accelerator">&lt;Control&gt;u</property></object></child>
            <child><object class="GtkShortcutsShortcut"><property name="title">Copy the message</property><property name="accelerator">&lt;Control&gt;&lt;Shift&gt;c</property></object></child>
            <child><object class="GtkShortcutsShortcut"><property name="title">Acknowledge</property><property name="accelerator">&lt;Control&gt;Return</property></object></child>
            <child><object class="GtkShortcutsShortcut"><property name="title">Check for messages</property><property name="accelerator">F5</property></object></child>
          </object>
        </child>
        <child>
          <object class="GtkShortcutsGroup">
            <property name="title">General</property>
            <child><object class="GtkShortcutsShortcut"><property name="title">Preferences</property><property name="accelerator">&lt;Control&gt;comma</property></object></child>
            <child><object class="GtkShortcutsShortcut"><property name="title">Main menu</property><property name="accelerator">F10</property></object></child>
            <child><object class="GtkShortcutsShortcut"><property name="title">Close the window; messages still arrive</property><property name="accelerator">&lt;Control&gt;q</property></object></child>
          </object>
        </child>
      </object>
    </child>
  </object>
</interface>
"#;

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
    about.present();
}

/// The window with the keys.
pub(super) fn shortcuts() -> Option<gtk::ShortcutsWindow> {
    gtk::Builder::from_string(SHORTCUTS).object("help_overlay")
}
