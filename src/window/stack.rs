//! Shows one page of a stack, to the eye and to a screen reader.
//!
//! Invariant: the other pages are hidden. GTK 4.8 tells a screen reader about every page of a stack that is not.

use adw::prelude::*;

/// Shows the page with this name.
pub(super) fn show_only(stack: &gtk::Stack, name: &str) {
    let Some(shown) = stack.child_by_name(name) else { return };
    shown.set_visible(true);
    stack.set_visible_child(&shown);
    let mut child = stack.first_child();
    while let Some(page) = child {
        page.set_visible(page == shown);
        child = page.next_sibling();
    }
}

/// Whether this page is shown.
pub(super) fn is_shown(stack: &gtk::Stack, name: &str) -> bool {
    stack.visible_child_name().is_some_and(|shown| shown == name)
}
