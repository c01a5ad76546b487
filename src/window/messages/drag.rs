//! Dragging a link out of the window.
//!
//! Invariant: only an address that may be opened leaves the window.

use adw::prelude::*;
use gtk::{gdk, glib};

/// Lets the user drag the address that `address` returns when the drag begins.
pub(super) fn offer(widget: &impl IsA<gtk::Widget>, address: impl Fn() -> Option<String> + 'static) {
    let source = gtk::DragSource::builder().actions(gdk::DragAction::COPY | gdk::DragAction::LINK).build();
    source.connect_prepare(move |_, _, _| {
        let address = address()?;
        let line = [&address, "\r\n"].concat();
        let list =
            gdk::ContentProvider::for_bytes("text/uri-list", &glib::Bytes::from_owned(line.into_bytes()));
        let text = gdk::ContentProvider::for_value(&address.to_value());
        Some(gdk::ContentProvider::new_union(&[list, text]))
    });
    widget.add_controller(source);
}
