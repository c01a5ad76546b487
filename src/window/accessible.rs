//! Names for a screen reader, for what shows none in words.
//!
//! Invariant: the one call that gtk4-rs does not offer is unsafe code; everything else is safe.

use gtk::glib::translate::{IntoGlib, ToGlibPtr};
use gtk::glib::{self, prelude::*};

/// Gives a widget a name.
pub(super) fn name(widget: &impl IsA<gtk::Widget>, name: &str) {
    set(widget.as_ref(), gtk::AccessibleProperty::Label, name);
}

#[expect(
    unsafe_code,
    reason = "the function exists since GTK 4.0, but gtk4-rs offers it only with the feature for GTK 4.10"
)]
fn set(widget: &gtk::Widget, property: gtk::AccessibleProperty, text: &str) {
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
    // SAFETY: every widget is an accessible; both arrays have one element and live until the call returns; GTK copies the value.
    unsafe {
        gtk_accessible_update_property_value(
            ToGlibPtr::<*mut gtk::ffi::GtkWidget>::to_glib_none(widget).0.cast(),
            1,
            &raw mut property,
            value.to_glib_none().0,
        );
    }
}
