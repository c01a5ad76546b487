//! The menu bar of macOS.
//!
//! Invariant: the program is in the menu bar and not in the dock.

use tray_icon::TrayIconBuilder;
use winit::event_loop::EventLoopBuilder;
use winit::platform::macos::{ActivationPolicy, EventLoopBuilderExtMacOS};

/// A click on an icon in the menu bar opens its menu.
pub(super) const CLICK_IS_MENU: bool = true;

/// Keeps the program out of the dock.
pub(super) fn without_a_window<Event: 'static>(builder: &mut EventLoopBuilder<Event>) {
    builder.with_activation_policy(ActivationPolicy::Accessory);
}

/// The title would appear in the menu bar, beside the icon.
pub(super) fn titled(builder: TrayIconBuilder) -> TrayIconBuilder {
    builder
}
