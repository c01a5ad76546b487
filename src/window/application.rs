//! The program: its arguments, its one instance, and what it does without a display.
//!
//! Invariant: a second start raises the window of the first and ends; without a display it says so in one line.

use std::cell::RefCell;
use std::io::{self, Write};
use std::process::ExitCode;
use std::rc::Rc;

use adw::prelude::*;
use gtk::{gdk, gio, glib};

use super::environment;
use super::main_window::{MainWindow, Page};
use super::services::Services;
use super::words::tr;
use crate::app::Problem;
use crate::app::context::Context;

/// The name on the session bus; the desktop entry has the same.
const ID: &str = "io.github.handover.Window";

const HELP: &str = "\
Usage: handover-window [messages|setup|preferences|doctor]

Shows the messages of Handover, an unofficial client for Pushover. The other words open that page instead.

      --help     Print help
      --version  Print version
";

/// The page that a word on the command line asks for, and the command that does the same on a terminal.
fn page_of_word(word: &str) -> Option<(Page, &'static str)> {
    Some(match word {
        "messages" => (Page::Messages, "handover messages"),
        "setup" => (Page::Setup, "handover setup"),
        "preferences" => (Page::Preferences, "man handover-config"),
        "doctor" => (Page::Doctor, "handover doctor"),
        _ => return None,
    })
}

/// Runs the program.
pub fn run() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let command = match words.as_slice() {
        // The session bus starts it with this option, and says afterwards what to show.
        [] | ["--gapplication-service"] => "handover messages",
        ["--help" | "-h"] => return print(HELP),
        ["--version" | "-V"] => return print(concat!("handover-window ", env!("CARGO_PKG_VERSION"), "\n")),
        [word] if page_of_word(word).is_some() => page_of_word(word).map_or("", |(_, command)| command),
        [word, ..] => {
            fail(&format!("error: unknown page: {word}\nhint: one of messages, setup, preferences, doctor"));
            return ExitCode::from(2);
        }
    };
    environment::prepare();
    // The name by which a desktop finds the icon, also of the windows above the first.
    glib::set_prgname(Some(ID));
    if gtk::init().is_err() || gdk::Display::default().is_none() {
        fail(&format!(
            "error: the window cannot be shown: there is no display\nhint: use `{command}` instead"
        ));
        return ExitCode::FAILURE;
    }
    let application = adw::Application::builder()
        .application_id(ID)
        .flags(gio::ApplicationFlags::HANDLES_COMMAND_LINE)
        .build();
    let window: Rc<RefCell<Option<Rc<MainWindow>>>> = Rc::default();
    application.connect_activate({
        let window = Rc::clone(&window);
        move |application| {
            if let Err(problem) = show(application, &window, Page::Messages) {
                fail(&problem.in_lines());
            }
        }
    });
    application.connect_startup(|application| {
        load_style();
        for (action, keys) in SHORTCUTS {
            application.set_accels_for_action(action, keys);
        }
    });
    application.connect_command_line(move |application, line| {
        let word = line.arguments().get(1).and_then(|word| page_of_word(word.to_str()?));
        let page = word.map_or(Page::Messages, |(page, _)| page);
        match show(application, &window, page) {
            Ok(()) => glib::ExitCode::SUCCESS,
            Err(problem) => {
                fail(&problem.in_lines());
                glib::ExitCode::FAILURE
            }
        }
    });
    let code = application.run();
    ExitCode::from(code.get())
}

const SHORTCUTS: [(&str, &[&str]); 9] = [
    ("win.unread", &["<Control>u"]),
    ("win.copy", &["<Control><Shift>c"]),
    ("win.acknowledge", &["<Control>Return"]),
    ("win.preferences", &["<Control>comma"]),
    ("win.find", &["<Control>f"]),
    ("win.sync", &["F5"]),
    ("win.close", &["<Control>q", "<Control>w"]),
    ("win.delete", &["Delete"]),
    ("win.shortcuts", &["<Control>question", "F1"]),
];

/// Shows a page of the one window.
fn show(
    application: &adw::Application,
    window: &RefCell<Option<Rc<MainWindow>>>,
    page: Page,
) -> Result<(), Problem> {
    let known = window.borrow().clone();
    let shown = match known {
        Some(shown) => shown,
        None => open(application)?,
    };
    shown.show(page);
    window.replace(Some(shown));
    Ok(())
}

fn open(application: &adw::Application) -> Result<Rc<MainWindow>, Problem> {
    let (context, _settings) = Context::with_any_settings()?;
    let services = Services::start(context)
        .map_err(|error| Problem::of_system("the window cannot be opened", &error))?;
    Ok(MainWindow::new(application, &services))
}

fn load_style() {
    let style = gtk::CssProvider::new();
    let load = {
        let style = style.clone();
        move |manager: &adw::StyleManager| {
            let contrast = if manager.is_high_contrast() { include_str!("contrast.css") } else { "" };
            style.load_from_data(&[include_str!("style.css"), contrast].concat());
        }
    };
    let manager = adw::StyleManager::default();
    load(&manager);
    manager.connect_high_contrast_notify(load);
    if let Some(display) = gdk::Display::default() {
        gtk::style_context_add_provider_for_display(
            &display,
            &style,
            gtk::STYLE_PROVIDER_PRIORITY_APPLICATION,
        );
    }
    glib::set_application_name(tr("Handover"));
    gtk::Window::set_default_icon_name("handover");
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn fail(text: &str) {
    // Without standard error nobody can read it.
    drop(writeln!(io::stderr(), "{text}"));
}
