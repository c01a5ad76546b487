//! The icon on macOS and Windows, through the `tray-icon` crate.
//!
//! Invariant: only what differs from the view before is handed to the system.

use tray_icon::menu::MenuEvent;
use tray_icon::{BadIcon, MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};

use super::menu::menu;
use super::system;
use crate::desktop::tray::artwork::pictures;
use crate::desktop::tray::view::choice_id::choice;
use crate::desktop::tray::view::{Choice, Icon, TrayView};

/// The id by which panels remember the position of the icon.
const ID: &str = "handover";

/// An icon in the tray.
pub(super) struct SystemIcon {
    icon: TrayIcon,
    view: TrayView,
}

impl SystemIcon {
    /// Puts an icon into the tray.
    pub(super) fn new(view: TrayView) -> tray_icon::Result<Self> {
        let mut builder = system::titled(TrayIconBuilder::new())
            .with_id(ID)
            .with_tooltip(&view.tooltip)
            .with_menu(Box::new(menu(&view.menu)))
            .with_menu_on_left_click(system::CLICK_IS_MENU);
        if let Ok(image) = image(view.icon) {
            builder = builder.with_icon(image);
        }
        Ok(Self { icon: builder.build()?, view })
    }

    /// Shows another view.
    pub(super) fn show(&mut self, view: TrayView) -> tray_icon::Result<()> {
        if view.icon != self.view.icon {
            self.icon.set_icon(image(view.icon).ok())?;
        }
        if view.tooltip != self.view.tooltip {
            self.icon.set_tooltip(Some(&view.tooltip))?;
        }
        if view.menu != self.view.menu {
            self.icon.set_menu(Some(Box::new(menu(&view.menu))));
        }
        self.view = view;
        Ok(())
    }

    /// Shows the menu again: the system toggles a check mark when it is clicked.
    pub(super) fn show_menu_again(&self) {
        self.icon.set_menu(Some(Box::new(menu(&self.view.menu))));
    }
}

/// Calls `on_choice` for each choice of the user from now on; only once in a process.
pub(super) fn listen(on_choice: impl Fn(Choice) + Clone + Send + Sync + 'static) {
    let clicked = on_choice.clone();
    MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
        if let Some(choice) = choice(event.id().as_ref()) {
            on_choice(choice);
        }
    }));
    TrayIconEvent::set_event_handler(Some(move |event| {
        if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } =
            event
            && !system::CLICK_IS_MENU
        {
            clicked(Choice::Show);
        }
    }));
}

fn image(icon: Icon) -> Result<tray_icon::Icon, BadIcon> {
    let picture = pictures(icon).pop().unwrap_or_default();
    tray_icon::Icon::from_rgba(picture.rgba, picture.width, picture.height)
}
