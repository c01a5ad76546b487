//! What GTK reads from the environment: how the window is drawn.
//!
//! Invariant: programs that the window starts do not inherit what is set here.

use std::env;
use std::ffi::OsString;
use std::sync::OnceLock;

use gtk::{gio, prelude::*};

/// The variables that were set here.
static SET: OnceLock<Vec<&'static str>> = OnceLock::new();

/// Sets what GTK reads. This has to be called before there is a second thread.
#[expect(unsafe_code, reason = "GTK reads these settings only from the environment")]
pub(super) fn prepare() {
    let set = missing(gtk::minor_version(), env::var_os::<&str>);
    for (name, value) in &set {
        // SAFETY: no other thread runs that could read the environment at the same time.
        unsafe { env::set_var(name, value) };
    }
    // It is called once.
    drop(SET.set(set.into_iter().map(|(name, _)| name).collect()));
}

/// The variables to set for a minor version of GTK 4.
fn missing(
    minor_version: u32,
    get: impl Fn(&'static str) -> Option<OsString>,
) -> Vec<(&'static str, OsString)> {
    let mut missing = Vec::new();
    // Loading an OpenGL driver takes 40 MB, which a list of texts is not worth, unless the user chose a renderer.
    let renderer = get("GSK_RENDERER");
    let wants_other = renderer.as_ref().is_some_and(|renderer| renderer != "cairo");
    if wants_other || ["GDK_DEBUG", "GDK_DISABLE"].iter().any(|name| get(name).is_some()) {
        return missing;
    }
    // Since GTK 4.16 another variable has this meaning, and the older one causes a warning.
    missing.push(if minor_version < 16 {
        ("GDK_DEBUG", "gl-disable".into())
    } else {
        ("GDK_DISABLE", "gl,vulkan".into())
    });
    if renderer.is_none() {
        missing.push(("GSK_RENDERER", "cairo".into()));
    }
    missing
}

/// The variables that programs started from here must not inherit.
pub(super) fn variables() -> &'static [&'static str] {
    SET.get().map_or(&[], Vec::as_slice)
}

/// Opens an address with the program for it, above a window; `failed` is called if there is none.
pub(super) fn open_elsewhere(window: &impl IsA<gtk::Widget>, address: &str, failed: impl FnOnce() + 'static) {
    let context = window.display().app_launch_context();
    for name in variables() {
        context.unsetenv(name);
    }
    gio::AppInfo::launch_default_for_uri_async(address, Some(&context), gio::Cancellable::NONE, |opened| {
        if opened.is_err() {
            failed();
        }
    });
}

/// A link that looks like one.
pub(super) fn link_button(address: &str, words: &str) -> gtk::LinkButton {
    let button = gtk::LinkButton::with_label(address, words);
    button.connect_activate_link(|button| {
        open_elsewhere(button, &button.uri(), || {});
        gtk::glib::Propagation::Stop
    });
    button
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing_beside(minor_version: u32, there: &[(&str, &str)]) -> Vec<(&'static str, String)> {
        let get = |name| there.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        let missing = missing(minor_version, get);
        missing.into_iter().map(|(name, value)| (name, value.into_string().unwrap())).collect()
    }

    fn set(name: &'static str, value: &str) -> (&'static str, String) {
        (name, value.to_owned())
    }

    #[test]
    fn it_is_drawn_without_opengl_unless_the_user_chose_a_renderer() {
        let cairo = set("GSK_RENDERER", "cairo");
        assert_eq!(missing_beside(8, &[]), [set("GDK_DEBUG", "gl-disable"), cairo.clone()]);
        assert_eq!(missing_beside(16, &[]), [set("GDK_DISABLE", "gl,vulkan"), cairo]);
        assert_eq!(missing_beside(8, &[("GSK_RENDERER", "cairo")]), [set("GDK_DEBUG", "gl-disable")]);
        assert_eq!(missing_beside(8, &[("GSK_RENDERER", "gl")]), []);
        assert_eq!(missing_beside(8, &[("GDK_DEBUG", "events")]), []);
    }
}
