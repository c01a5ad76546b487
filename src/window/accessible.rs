//! Names for a screen reader, for what shows none in words.
//!
//! Invariant: the calls that gtk4-rs does not offer are unsafe code; everything else is safe.

use gtk::glib::translate::{IntoGlib, ToGlibPtr};
use gtk::glib::{self, prelude::*};

/// Gives a widget a name.
pub(super) fn name(widget: &impl IsA<gtk::Widget>, name: &str) {
    set(widget.as_ref(), gtk::AccessibleProperty::Label, name);
}

/// Gives the parent of a widget a name, without a reference to the parent: since GTK 4.12, a row that is bound belongs to no one yet,
/// and a reference by gtk4-rs would become its only one, so that the row would be freed (gtk4-rs issue 1560).
#[expect(unsafe_code, reason = "gtk4-rs has no way to look at an object without a reference")]
pub(super) fn name_parent(widget: &impl IsA<gtk::Widget>, name: &str) {
    // SAFETY: the widget lives until the call returns, and with it its parent, which may be null.
    let parent = unsafe { gtk::ffi::gtk_widget_get_parent(widget.as_ref().to_glib_none().0) };
    if !parent.is_null() {
        update(parent, gtk::AccessibleProperty::Label, name);
    }
}

fn set(widget: &gtk::Widget, property: gtk::AccessibleProperty, text: &str) {
    update(ToGlibPtr::<*mut gtk::ffi::GtkWidget>::to_glib_none(widget).0, property, text);
}

#[expect(
    unsafe_code,
    reason = "the function exists since GTK 4.0, but gtk4-rs offers it only with the feature for GTK 4.10"
)]
fn update(widget: *mut gtk::ffi::GtkWidget, property: gtk::AccessibleProperty, text: &str) {
    unsafe extern "C" {
        fn gtk_accessible_update_property_value(
            accessible: *mut gtk::ffi::GtkAccessible,
            count: std::ffi::c_int,
            properties: *mut gtk::ffi::GtkAccessibleProperty,
            values: *const glib::gobject_ffi::GValue,
        );
    }
    let mut property = property.into_glib();
    let value = text.to_value();
    // SAFETY: the callers pass a widget, which is an accessible, and it and both arrays of one element live until the call returns;
    // GTK copies the value.
    unsafe {
        gtk_accessible_update_property_value(widget.cast(), 1, &raw mut property, value.to_glib_none().0);
    }
}
