//! The icon on Linux: what a panel may ask of it, through the `ksni` crate.
//!
//! Invariant: a line of the menu carries its meaning with it, so a click on a menu that is out of date does what was
//! read, never what has moved there since.
//!
//! Not through `tray-icon`, which has `ksni` under it as well: there it brings a second runtime beside tokio, with
//! four threads.

use std::env;
use std::path::Path;
use std::sync::Arc;

use ksni::menu::{CheckmarkItem, StandardItem, SubMenu};
use ksni::{Handle, MenuItem, ToolTip, Tray, TrayMethods};

use super::artwork::picture;
use super::{Choice, Entry, Icon, TrayView};

/// What panels know the icon by, and remember its place with.
const ID: &str = "handover";

/// Told of what the user picks.
pub(super) type Chosen = Arc<dyn Fn(Choice) + Send + Sync>;

/// What is in the tray.
pub(super) struct Item {
    view: TrayView,
    picture: Vec<ksni::Icon>,
    chosen: Chosen,
}

impl Item {
    /// Puts it on the session bus, where panels find it, now or once there is one.
    pub(super) async fn spawn(view: TrayView, chosen: Chosen) -> Result<Handle<Self>, ksni::Error> {
        let picture = pixels(view.icon);
        let item = Self { view, picture, chosen };
        item.assume_sni_available(true).disable_dbus_name(is_sandboxed()).spawn().await
    }

    /// Shows another view. Panels are told of what is different.
    pub(super) fn show(&mut self, view: TrayView) {
        if view.icon != self.view.icon {
            self.picture = pixels(view.icon);
        }
        self.view = view;
    }
}

impl Tray for Item {
    fn id(&self) -> String {
        ID.to_owned()
    }

    fn title(&self) -> String {
        "Handover".to_owned()
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        (self.chosen)(Choice::Show);
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        self.picture.clone()
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            icon_pixmap: self.picture.clone(),
            title: self.title(),
            description: unmarked(&self.view.tooltip),
            ..ToolTip::default()
        }
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        self.view.menu.iter().map(line).collect()
    }
}

fn line(entry: &Entry) -> MenuItem<Item> {
    match entry {
        Entry::Label(text) => {
            StandardItem { label: verbatim(text), enabled: false, ..StandardItem::default() }.into()
        }
        Entry::Item(text, choice) => {
            StandardItem { label: verbatim(text), activate: choosing(*choice), ..StandardItem::default() }
                .into()
        }
        Entry::Check { label, on, choice } => CheckmarkItem {
            label: verbatim(label),
            checked: *on,
            activate: choosing(*choice),
            ..CheckmarkItem::default()
        }
        .into(),
        Entry::Submenu(text, entries) => {
            let submenu = entries.iter().map(line).collect();
            SubMenu { label: verbatim(text), submenu, ..SubMenu::default() }.into()
        }
        Entry::Separator => MenuItem::Separator,
    }
}

fn choosing(choice: Choice) -> Box<dyn Fn(&mut Item) + Send> {
    Box::new(move |item| (item.chosen)(choice))
}

/// A single `_` would underline the letter after it.
fn verbatim(text: &str) -> String {
    text.replace('_', "__")
}

/// A tooltip may hold markup by the specification of the status notifier item, and Plasma reads it so. Nobody
/// needs these two in a tooltip, and a server's words may have them.
fn unmarked(tooltip: &str) -> String {
    tooltip.replace('<', "‹").replace('>', "›")
}

/// The picture as the specification wants it: opacity, red, green, blue.
fn pixels(icon: Icon) -> Vec<ksni::Icon> {
    let Some(mut picture) = picture(icon) else { return Vec::new() };
    for pixel in picture.rgba.as_chunks_mut::<4>().0 {
        pixel.rotate_right(1);
    }
    let (Ok(width), Ok(height)) = (picture.width.try_into(), picture.height.try_into()) else {
        return Vec::new();
    };
    vec![ksni::Icon { width, height, data: picture.rgba }]
}

/// Whether this runs where a program may own no name on the bus but its own, a Flatpak or a snap.
fn is_sandboxed() -> bool {
    Path::new("/.flatpak-info").exists() || env::var_os("SNAP").is_some()
}
