//! The event loop that shows the icon.
//!
//! Invariant: [`run`] returns when the views end.

use std::sync::{Arc, mpsc};
use std::thread;

use winit::application::ApplicationHandler;
use winit::event::WindowEvent;
use winit::event_loop::{ActiveEventLoop, EventLoop};
use winit::window::WindowId;

use super::icon::{self, SystemIcon};
use super::system;
use crate::desktop::tray::view::{Choice, TrayView};
use crate::domain::notification::ActivationToken;

/// Shows each view it receives, until the sender is dropped. Call it on the main thread, outside of any async runtime,
/// and once in a process. `on_choice` is called on any thread for each choice of the user; there are no tokens here.
pub fn run(
    views: mpsc::Receiver<TrayView>,
    on_choice: impl Fn(Choice, Option<ActivationToken>) + Send + Sync + 'static,
) {
    let on_choice = Arc::new(on_choice);
    let mut builder = EventLoop::with_user_event();
    system::without_a_window(&mut builder);
    let event_loop = match builder.build() {
        Ok(event_loop) => event_loop,
        Err(error) => {
            tracing::warn!("the tray icon cannot be shown: {error}");
            return views.into_iter().for_each(drop);
        }
    };
    let (sender, turn) = (event_loop.create_proxy(), event_loop.create_proxy());
    icon::listen(move |choice| {
        on_choice(choice, None);
        if let Choice::Autostart(_) = choice {
            // It fails once the event loop has ended.
            drop(turn.send_event(TrayCommand::ResetMenu));
        }
    });
    thread::spawn(move || {
        for view in views {
            drop(sender.send_event(TrayCommand::Show(view)));
        }
        drop(sender.send_event(TrayCommand::End));
    });
    if let Err(error) = event_loop.run_app(&mut App { shown: None }) {
        tracing::warn!("the tray icon is gone: {error}");
    }
}

/// A command to the event loop.
enum TrayCommand {
    Show(TrayView),
    /// The system toggled a check mark, which may be wrong.
    ResetMenu,
    End,
}

/// The state of the event loop.
struct App {
    shown: Option<SystemIcon>,
}

impl ApplicationHandler<TrayCommand> for App {
    fn resumed(&mut self, _: &ActiveEventLoop) {}

    fn window_event(&mut self, _: &ActiveEventLoop, _: WindowId, _: WindowEvent) {}

    fn user_event(&mut self, event_loop: &ActiveEventLoop, command: TrayCommand) {
        let outcome = match (command, &mut self.shown) {
            (TrayCommand::Show(view), Some(shown)) => shown.show(view),
            // macOS needs the event loop to run before the icon is created.
            (TrayCommand::Show(view), None) => SystemIcon::new(view).map(|shown| self.shown = Some(shown)),
            (TrayCommand::ResetMenu, shown) => {
                shown.iter().for_each(SystemIcon::show_menu_again);
                Ok(())
            }
            (TrayCommand::End, _) => {
                event_loop.exit();
                Ok(())
            }
        };
        if let Err(error) = outcome {
            tracing::warn!("the tray icon cannot be shown: {error}");
            self.shown = None;
        }
    }
}
