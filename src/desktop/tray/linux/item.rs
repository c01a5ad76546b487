//! The icon that panels read, through the `ksni` crate.
//!
//! Invariant: a line of the menu carries its choice, so a click on an outdated menu does what its text said.
//!
//! `tray-icon` uses `ksni` on Linux too, but with a second runtime beside tokio and four threads.

use std::env;
use std::path::Path;
use std::sync::Arc;

use ksni::menu::{CheckmarkItem, StandardItem, SubMenu};
use ksni::{Handle, MenuItem, ToolTip, Tray, TrayMethods};

use crate::desktop::picture::Picture;
use crate::desktop::tray::artwork::pictures;
use crate::desktop::tray::view::{Choice, Entry, Icon, TrayView};
use crate::domain::notification::ActivationToken;

/// The id by which panels remember the position of the icon.
const ID: &str = "handover";

/// Called for each choice of the user, with what the desktop gave out for what it opens.
pub(super) type OnChoice = Arc<dyn Fn(Choice, Option<ActivationToken>) + Send + Sync>;

/// The status notifier item.
pub(super) struct Item {
    view: TrayView,
    /// In every size, the smallest first.
    pictures: Vec<ksni::Icon>,
    on_choice: OnChoice,
}

impl Item {
    /// Puts it on the session bus, where a panel finds it as soon as one runs.
    pub(super) async fn spawn(view: TrayView, on_choice: OnChoice) -> Result<Handle<Self>, ksni::Error> {
        let pictures = pictures_of(view.icon);
        let item = Self { view, pictures, on_choice };
        item.assume_sni_available(true).disable_dbus_name(is_sandboxed()).spawn().await
    }

    /// Shows another view; `ksni` sends panels the differences.
    pub(super) fn show(&mut self, view: TrayView) {
        if view.icon != self.view.icon {
            self.pictures = pictures_of(view.icon);
        }
        self.view = view;
    }

    /// Hands on what the user chose. A panel may send the token after the click; the click does not wait for it.
    fn choose(&self, choice: Choice) {
        let token = ksni::current_xdg_activation_token();
        (self.on_choice)(choice, token.as_deref().and_then(ActivationToken::new));
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
        self.choose(Choice::Show);
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        self.pictures.clone()
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            icon_pixmap: self.pictures.last().cloned().into_iter().collect(),
            title: self.title(),
            description: without_markup(&self.view.tooltip),
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
    Box::new(move |item| item.choose(choice))
}

/// A single `_` would underline the letter after it.
fn verbatim(text: &str) -> String {
    text.replace('_', "__")
}

/// Plasma reads a tooltip as markup, as the specification allows. An error message of a server may contain these two
/// characters.
fn without_markup(tooltip: &str) -> String {
    tooltip.replace('<', "‹").replace('>', "›")
}

fn pictures_of(icon: Icon) -> Vec<ksni::Icon> {
    pictures(icon).into_iter().filter_map(argb).collect()
}

/// The picture in the order of the specification: opacity, red, green, blue.
fn argb(mut picture: Picture) -> Option<ksni::Icon> {
    for pixel in picture.rgba.as_chunks_mut::<4>().0 {
        pixel.rotate_right(1);
    }
    let (width, height) = (picture.width.try_into().ok()?, picture.height.try_into().ok()?);
    Some(ksni::Icon { width, height, data: picture.rgba })
}

/// Whether this is a Flatpak or a snap, which may own no other name on the bus than that of its package.
fn is_sandboxed() -> bool {
    Path::new("/.flatpak-info").exists() || env::var_os("SNAP").is_some()
}
