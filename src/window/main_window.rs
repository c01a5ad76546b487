//! The window: its pages, its menu and its keys.
//!
//! Invariant: closing it carries out what can still be undone, and stops nothing else.

use std::cell::{Cell, OnceCell};
use std::path::PathBuf;
use std::rc::{Rc, Weak};

use adw::prelude::*;
use gtk::{gio, glib};

use super::messages::{MessagesPage, Wanted};
use super::services::Services;
use super::setup::SetupPage;
use super::stack::{is_shown, show_only};
use super::words::{fill, tr};
use super::{about, accessible, doctor, environment, preferences};
use crate::app::history::Query;
use crate::app::installation::start::start_daemon;
use crate::control::{Command, Until};
use crate::system::clock;

/// A page of the window, or a window above it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Page {
    /// The messages; the pages for signing in where nobody is signed in.
    #[default]
    Messages,
    /// The pages for signing in.
    Setup,
    /// The settings.
    Preferences,
    /// The checks.
    Doctor,
}

/// What the window shows.
pub(super) struct MainWindow {
    pub(super) window: adw::ApplicationWindow,
    messages: Rc<MessagesPage>,
    /// Made when it is needed, because most starts do not need it.
    setup: OnceCell<Rc<SetupPage>>,
    pages: gtk::Stack,
    services: Services,
    may_close: Cell<bool>,
}

impl MainWindow {
    pub(super) fn new(application: &adw::Application, services: &Services) -> Rc<Self> {
        let (width, height, is_maximized) = saved_size();
        let window = adw::ApplicationWindow::builder().application(application).title("Handover").build();
        window.set_default_size(width, height);
        window.set_icon_name(Some("handover"));
        if is_maximized {
            window.maximize();
        }
        let main = Rc::new_cyclic(|main: &Weak<Self>| {
            let weak = Weak::clone(main);
            let messages = MessagesPage::new(services.clone(), move |wanted| {
                if let Some(main) = weak.upgrade() {
                    main.do_wanted(wanted);
                }
            });
            let pages = gtk::Stack::new();
            pages.add_named(&messages.parts.toasts, Some("messages"));
            Self {
                window,
                messages,
                setup: OnceCell::new(),
                pages,
                services: services.clone(),
                may_close: Cell::new(false),
            }
        });
        show_only(&main.pages, "messages");
        main.window.set_content(Some(&main.pages));
        main.add_menus();
        main.add_actions();
        main.follow();
        main.connect_close();
        main.window.connect_is_active_notify(glib::clone!(
            #[weak]
            main,
            move |window| {
                if window.is_active() {
                    main.messages.refresh();
                }
            }
        ));
        main
    }

    /// Shows a page and brings the window to the front.
    pub(super) fn show(self: &Rc<Self>, page: Page) {
        self.window.present();
        match page {
            Page::Messages => self.show_messages_or_setup(),
            Page::Setup => self.show_setup(),
            Page::Preferences => preferences::open(&self.window, &self.services),
            Page::Doctor => doctor::open(&self.window, &self.services),
        }
    }

    fn show_setup(self: &Rc<Self>) {
        if is_shown(&self.pages, "setup") {
            return;
        }
        let setup = self.setup.get_or_init(|| {
            let main = Rc::downgrade(self);
            let setup = SetupPage::new(self.services.clone(), move || {
                if let Some(main) = main.upgrade() {
                    show_only(&main.pages, "messages");
                }
            });
            self.pages.add_named(&setup.content, Some("setup"));
            setup
        });
        setup.welcome();
        show_only(&self.pages, "setup");
    }

    /// Without a login the window begins with signing in.
    fn show_messages_or_setup(self: &Rc<Self>) {
        let place = self.services.run(async move |context| context.place_of_login().await);
        let main = Rc::clone(self);
        glib::spawn_future_local(async move {
            if !matches!(place.await, Ok(Ok(None))) {
                return;
            }
            // Messages are shown without a login, too.
            let any = Query { limit: 1, ..Query::default() };
            let newest = main.services.read(move |log| log.page(&any)).await;
            if newest.is_ok_and(|newest| newest.is_empty()) {
                main.show_setup();
            }
        });
    }

    fn add_menus(&self) {
        let menu = gio::Menu::new();
        let section = |entries: &[(&'static str, &str)]| {
            let section = gio::Menu::new();
            for (words, action) in entries {
                section.append(Some(words), Some(action));
            }
            section
        };
        menu.append_section(
            None,
            &section(&[(tr("_Check for messages"), "win.sync"), (tr("Mark all as _read"), "win.read-all")]),
        );
        menu.append_section(
            None,
            &section(&[(tr("_Keyboard shortcuts"), "win.shortcuts"), (tr("_About Handover"), "win.about")]),
        );
        menu.append_section(
            None,
            &section(&[
                (tr("_Preferences"), "win.preferences"),
                (tr("C_heck Handover"), "win.doctor"),
                (tr("S_ign in again"), "win.sign-in"),
            ]),
        );
        let button = gtk::MenuButton::builder()
            .icon_name("open-menu-symbolic")
            .menu_model(&menu)
            .primary(true)
            .build();
        button.set_tooltip_text(Some(tr("Main menu")));
        accessible::name(&button, tr("Main menu"));
        let pauses = gio::Menu::new();
        pauses.append_section(
            Some(tr("Pause notifications")),
            &section(&[
                (tr("For 30 minutes"), "win.pause(1800)"),
                (tr("For 1 hour"), "win.pause(3600)"),
                (tr("For 4 hours"), "win.pause(14400)"),
                (tr("Until resumed"), "win.pause(0)"),
            ]),
        );
        pauses.append_section(None, &section(&[(tr("Resume now"), "win.resume")]));
        let pause = gtk::MenuButton::builder().icon_name("alarm-symbolic").menu_model(&pauses).build();
        pause.set_tooltip_text(Some(tr("Pause notifications")));
        accessible::name(&pause, tr("Pause notifications"));
        self.messages.parts.list_header.pack_start(&pause);
        self.messages.parts.list_header.pack_end(&button);
    }

    fn add_actions(self: &Rc<Self>) {
        let add = |name: &str, act: fn(&Rc<Self>)| {
            let action = gio::SimpleAction::new(name, None);
            let main = Rc::downgrade(self);
            action.connect_activate(move |_, _| {
                if let Some(main) = main.upgrade() {
                    act(&main);
                }
            });
            self.window.add_action(&action);
        };
        add("preferences", |main| preferences::open(&main.window, &main.services));
        add("doctor", |main| doctor::open(&main.window, &main.services));
        add("sign-in", Self::show_setup);
        add("about", |main| about::open(&main.window));
        add("shortcuts", |main| about::open_shortcuts(&main.window));
        add("unread", |main| main.messages.mark_unread_selected());
        add("copy", |main| main.messages.copy_selected());
        add("acknowledge", |main| main.messages.acknowledge_selected());
        add("find", |main| main.messages.find());
        add("select-all", |main| main.messages.select_all());
        add("delete", |main| main.messages.delete_selected());
        add("sync", |main| main.messages.ask(Command::Sync));
        add("resume", |main| main.messages.ask(Command::Resume));
        add("read-all", |main| main.messages.ask(Command::mark_all_read()));
        add("close", |main| main.window.close());
        let pause = gio::SimpleAction::new("pause", Some(&i32::static_variant_type()));
        let main = Rc::downgrade(self);
        pause.connect_activate(move |_, seconds| {
            let (Some(main), Some(seconds)) = (main.upgrade(), seconds.and_then(glib::Variant::get::<i32>))
            else {
                return;
            };
            let until = match seconds {
                0 => Until::Word("forever".to_owned()),
                seconds => Until::Time(clock::unix().saturating_add(seconds.into())),
            };
            main.messages.ask(Command::Pause { until });
        });
        self.window.add_action(&pause);
    }

    fn follow(self: &Rc<Self>) {
        let mut news = self.services.follow();
        let main = Rc::downgrade(self);
        glib::spawn_future_local(async move {
            while let Some(item) = news.recv().await {
                let Some(main) = main.upgrade() else { return };
                if let Some(setup) = main.setup.get() {
                    setup.hear(&item);
                }
                main.messages.hear(item);
            }
        });
    }

    fn connect_close(self: &Rc<Self>) {
        let main = Rc::downgrade(self);
        self.window.connect_close_request(move |window| {
            let Some(main) = main.upgrade() else { return glib::Propagation::Proceed };
            save_size(window);
            if main.may_close.get() || !main.messages.has_deletions() {
                return glib::Propagation::Proceed;
            }
            window.set_visible(false);
            glib::spawn_future_local(async move {
                main.messages.finish_deletions().await;
                // It may have been shown again in the meantime.
                if !main.window.is_visible() {
                    main.may_close.set(true);
                    main.window.close();
                }
            });
            glib::Propagation::Stop
        });
    }

    fn start_daemon(self: &Rc<Self>) {
        let started =
            self.services.run(async move |context| start_daemon(&context, environment::variables()).await);
        let main = Rc::clone(self);
        glib::spawn_future_local(async move {
            if let Ok(Err(problem)) = started.await {
                main.messages.report(&problem);
            }
        });
    }

    fn do_wanted(self: &Rc<Self>, wanted: Wanted) {
        match wanted {
            Wanted::Sentence(sentence) => {
                self.window.set_title(Some(&fill("Handover: {status}", &[("status", &sentence)])));
            }
            Wanted::SignIn => self.show_setup(),
            Wanted::Start => self.start_daemon(),
        }
    }
}

/// The file in which the size is remembered.
fn state_file() -> PathBuf {
    glib::user_data_dir().join("handover/window.ini")
}

const GROUP: &str = "window";

fn saved_size() -> (i32, i32, bool) {
    let saved = glib::KeyFile::new();
    // Without the file the sizes below are right.
    drop(saved.load_from_file(state_file(), glib::KeyFileFlags::NONE));
    let number =
        |key: &str, default: i32| saved.integer(GROUP, key).ok().filter(|n| *n > 200).unwrap_or(default);
    (number("width", 1000), number("height", 680), saved.boolean(GROUP, "maximized").unwrap_or(false))
}

fn save_size(window: &adw::ApplicationWindow) {
    let saved = glib::KeyFile::new();
    let (width, height) = window.default_size();
    saved.set_integer(GROUP, "width", width);
    saved.set_integer(GROUP, "height", height);
    saved.set_boolean(GROUP, "maximized", window.is_maximized());
    // Where it cannot be written the window has its usual size next time.
    drop(saved.save_to_file(state_file()));
}
