//! Fields for text, which libadwaita 1.2 shows to the eye only.
//!
//! Invariant: a screen reader knows the name of every field and whether it has the focus.

use adw::prelude::*;

use super::accessible;

/// Names the field in a row.
pub(super) fn name(row: &impl IsA<gtk::Editable>, words: &str) {
    if let Some(field) = row.delegate().and_then(|field| field.dynamic_cast::<gtk::Widget>().ok()) {
        field.set_property("accessible-role", gtk::AccessibleRole::TextBox);
        accessible::name(&field, words);
    }
}
