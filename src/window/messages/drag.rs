//! Dragging a link out of the window.
//!
//! Invariant: only an address that may be opened leaves the window.

use adw::prelude::*;
use gtk::{gdk, glib};

/// Lets the user drag the address that `address` returns for the place in the widget where the drag begins.
pub(super) fn offer(widget: &impl IsA<gtk::Widget>, address: impl Fn(f64, f64) -> Option<String> + 'static) {
    let source = gtk::DragSource::builder().actions(gdk::DragAction::COPY | gdk::DragAction::LINK).build();
    // A label in the widget would take every drag for a selection otherwise.
    source.set_propagation_phase(gtk::PropagationPhase::Capture);
    source.connect_prepare(move |_, x, y| {
        let address = address(x, y)?;
        let line = [&address, "\r\n"].concat();
        let list =
            gdk::ContentProvider::for_bytes("text/uri-list", &glib::Bytes::from_owned(line.into_bytes()));
        let text = gdk::ContentProvider::for_value(&address.to_value());
        Some(gdk::ContentProvider::new_union(&[list, text]))
    });
    widget.add_controller(source);
}

/// The index of the letter at a place in a widget that contains the label, in bytes; GTK does not say which link is there.
pub(super) fn letter_at(label: &gtk::Label, widget: &gtk::Widget, x: f64, y: f64) -> Option<usize> {
    let (x, y) = widget.translate_coordinates(label, x, y)?;
    let (left, top) = label.layout_offsets();
    #[expect(clippy::cast_possible_truncation, reason = "a place on the screen is a small number")]
    let in_layout =
        |place: f64, offset: i32| ((place - f64::from(offset)) * f64::from(gtk::pango::SCALE)) as i32;
    let (is_inside, index, _) = label.layout().xy_to_index(in_layout(x, left), in_layout(y, top));
    usize::try_from(index).ok().filter(|_| is_inside && label.contains(x, y))
}
