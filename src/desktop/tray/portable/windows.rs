//! The notification area of Windows.
//!
//! Invariant: a left click is a choice of its own, and the right one opens the menu.

use tray_icon::TrayIconBuilder;
use winit::event_loop::EventLoopBuilder;

/// A click opens the menu only with the right button.
pub(super) const CLICK_IS_MENU: bool = false;

/// A program without a window is not in the task bar.
pub(super) fn without_a_window<Event: 'static>(_builder: &mut EventLoopBuilder<Event>) {}

/// The title names the icon in the settings of the task bar.
pub(super) fn titled(builder: TrayIconBuilder) -> TrayIconBuilder {
    builder.with_title("Handover")
}
