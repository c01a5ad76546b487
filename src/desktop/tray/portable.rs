//! The tray on macOS and Windows: an icon of the system's own, in an event loop on the main thread.
//!
//! Invariant: [`run`] returns when the views end. Untested: written against the documentation of `tray-icon` and
//! `winit` and type-checked for both systems, but never run on either.

use std::sync::mpsc;
use std::thread;

use winit::application::ApplicationHandler;
use winit::event::WindowEvent;
use winit::event_loop::{ActiveEventLoop, EventLoop};
use winit::window::WindowId;

use super::icon::{self, Shown};
use super::{Choice, TrayView};

/// See [`super::run`].
pub(super) fn run(views: mpsc::Receiver<TrayView>, chosen: impl Fn(Choice) + Clone + Send + Sync + 'static) {
    let event_loop = match event_loop() {
        Ok(event_loop) => event_loop,
        Err(error) => {
            tracing::warn!("no icon in the tray: {error}");
            return views.into_iter().for_each(drop);
        }
    };
    let (sender, turn) = (event_loop.create_proxy(), event_loop.create_proxy());
    icon::listen(move |choice| {
        chosen(choice);
        if let Choice::Autostart(_) = choice {
            // Without an event loop nothing is shown any more, here and below.
            drop(turn.send_event(TrayCommand::MenuAgain));
        }
    });
    thread::spawn(move || {
        for view in views {
            drop(sender.send_event(TrayCommand::Show(view)));
        }
        drop(sender.send_event(TrayCommand::End));
    });
    if let Err(error) = event_loop.run_app(&mut Keeper { shown: None }) {
        tracing::warn!("no icon in the tray any more: {error}");
    }
}

/// What the event loop is asked to do.
enum TrayCommand {
    Show(TrayView),
    /// A check mark turned over by itself, as it does when it is clicked.
    MenuAgain,
    End,
}

/// The loop that this thread runs; on macOS as a program that is in the menu bar and not in the dock.
fn event_loop() -> Result<EventLoop<TrayCommand>, winit::error::EventLoopError> {
    let mut builder = EventLoop::with_user_event();
    #[cfg(target_os = "macos")]
    {
        use winit::platform::macos::{ActivationPolicy, EventLoopBuilderExtMacOS};
        builder.with_activation_policy(ActivationPolicy::Accessory);
    }
    builder.build()
}

/// Keeps the icon true.
struct Keeper {
    shown: Option<Shown>,
}

impl ApplicationHandler<TrayCommand> for Keeper {
    fn resumed(&mut self, _: &ActiveEventLoop) {}

    fn window_event(&mut self, _: &ActiveEventLoop, _: WindowId, _: WindowEvent) {}

    fn user_event(&mut self, event_loop: &ActiveEventLoop, command: TrayCommand) {
        let outcome = match (command, &mut self.shown) {
            (TrayCommand::Show(view), Some(shown)) => shown.show(view),
            // macOS wants it made in a loop that runs, as this one does.
            (TrayCommand::Show(view), None) => Shown::new(view).map(|shown| self.shown = Some(shown)),
            (TrayCommand::MenuAgain, shown) => {
                shown.iter().for_each(Shown::show_menu_again);
                Ok(())
            }
            (TrayCommand::End, _) => {
                event_loop.exit();
                Ok(())
            }
        };
        if let Err(error) = outcome {
            tracing::warn!("no icon in the tray: {error}");
            self.shown = None;
        }
    }
}
