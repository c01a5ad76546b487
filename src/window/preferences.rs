//! The window with the settings.
//!
//! Invariant: a choice is written into the file at once, and shown as refused if the file did not take it; a file with a
//! mistake is shown with its line and never changed.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use adw::prelude::*;
use gtk::{gio, glib};

use super::accessible;
use super::model::choices::{self, Choice};
use super::services::Services;
use super::words::tr;
use crate::app::autostart;
use crate::app::preferences::{self, Change};
use crate::domain::settings::Settings;
use crate::domain::text::capitalized;

/// Opens it above a window.
pub(super) fn open(parent: &impl IsA<gtk::Window>, services: &Services) {
    let window =
        adw::PreferencesWindow::builder().transient_for(parent).modal(true).title(tr("Preferences")).build();
    window.set_default_size(640, 620);
    let path: Rc<Path> = services.context.paths.settings.clone().into();
    let (settings, mistake) = match preferences::read(&services.context) {
        Ok(settings) => (settings, None),
        Err(problem) => (Settings::default(), Some(problem)),
    };
    let is_usable = mistake.is_none();
    let editor = Rc::new(Editor { window: window.downgrade(), path });

    let general = page("preferences-system-notifications-symbolic", tr("Notifications"));
    if let Some(problem) = mistake {
        let group = adw::PreferencesGroup::new();
        let row = adw::ActionRow::builder().title(escaped(&capitalized(&problem.message))).build();
        row.set_subtitle(&escaped(problem.hint.as_deref().unwrap_or_default()));
        row.add_prefix(&gtk::Image::from_icon_name("dialog-warning-symbolic"));
        row.add_suffix(&open_file(&editor));
        group.add(&row);
        general.add(&group);
    }
    let notifications = group(tr("Notifications and sound"), "");
    for choice in [choices::sound(&settings), choices::backlog(&settings), choices::dismissing(&settings)] {
        notifications.add(&editor.choice(choice, is_usable));
    }
    let emergencies = group(tr("Emergencies"), "");
    emergencies.add(&editor.choice(choices::emergency(&settings), is_usable));
    let pause = group(tr("Pause"), "");
    pause.add(&editor.choice(choices::break_through(&settings), is_usable));
    let start = group(tr("Start"), "");
    start.add(&at_login(&editor));
    for part in [&notifications, &emergencies, &pause, &start] {
        general.add(part);
    }

    let privacy = page("security-high-symbolic", tr("Privacy"));
    let storage = group(tr("Storage"), "");
    storage.add(&editor.choice(choices::keep(&settings), is_usable));
    storage.add(&editor.choice(choices::secret_store(&settings), is_usable));
    let links = group(tr("Links"), tr("Only links that begin with one of these are opened."));
    links.add(&editor.text(
        tr("Schemes, separated by commas"),
        &settings.open_links.join(", "),
        is_usable,
        |text| {
            let schemes = text.split(',').map(|scheme| scheme.trim().to_owned());
            Change::OpenLinks(schemes.filter(|scheme| !scheme.is_empty()).collect())
        },
    ));
    privacy.add(&storage);
    privacy.add(&links);

    let advanced = page("applications-engineering-symbolic", tr("Advanced"));
    let device = group(tr("This computer"), tr("A new name is used the next time you sign in."));
    let name = settings.device_name.as_ref().map(ToString::to_string).unwrap_or_default();
    device.add(&editor.text(
        tr("Device name; empty is the name of the computer"),
        &name,
        is_usable,
        |text| Change::DeviceName(text.to_owned()),
    ));
    let file = group(
        tr("Settings file"),
        tr("It can hold more than this window shows, such as a program to run for each message."),
    );
    let row = adw::ActionRow::builder().title("config.toml").build();
    row.set_subtitle(&escaped(&services.context.paths.settings.display().to_string()));
    row.add_suffix(&open_file(&editor));
    file.add(&row);
    advanced.add(&device);
    advanced.add(&file);

    for page in [&general, &privacy, &advanced] {
        window.add(page);
    }
    window.present();
}

/// Writes changes and says why one was refused.
struct Editor {
    window: glib::WeakRef<adw::PreferencesWindow>,
    path: Rc<Path>,
}

impl Editor {
    /// Writes a change; whether the file took it.
    fn write(&self, change: &Change) -> bool {
        let Err(problem) = preferences::change(&self.path, change) else { return true };
        self.say(&capitalized(&problem.message));
        false
    }

    fn say(&self, words: &str) {
        if let Some(window) = self.window.upgrade() {
            window.add_toast(adw::Toast::new(&escaped(words)));
        }
    }

    fn choice(self: &Rc<Self>, choice: Choice, is_usable: bool) -> adw::ComboRow {
        let words: Vec<&str> = choice.values.iter().map(|(words, _)| words.as_str()).collect();
        let row = adw::ComboRow::builder().title(tr(choice.title)).subtitle(tr(choice.sentence)).build();
        row.set_model(Some(&gtk::StringList::new(&words)));
        row.set_selected(u32::try_from(choice.selected).unwrap_or_default());
        row.set_sensitive(is_usable);
        let (editor, selected) = (Rc::clone(self), Cell::new(choice.selected));
        row.connect_selected_notify(move |row| {
            let now = usize::try_from(row.selected()).unwrap_or_default();
            let Some((_, change)) = choice.values.get(now).filter(|_| now != selected.get()) else { return };
            if editor.write(change) {
                selected.set(now);
            } else {
                row.set_selected(u32::try_from(selected.get()).unwrap_or_default());
            }
        });
        row
    }

    fn text(
        self: &Rc<Self>,
        title: &str,
        text: &str,
        is_usable: bool,
        change: impl Fn(&str) -> Change + 'static,
    ) -> adw::EntryRow {
        let row = adw::EntryRow::builder().title(title).text(text).show_apply_button(true).build();
        if let Some(field) = row.delegate().and_then(|field| field.dynamic_cast::<gtk::Widget>().ok()) {
            accessible::name(&field, title);
        }
        row.set_sensitive(is_usable);
        let editor = Rc::clone(self);
        row.connect_apply(move |row| {
            if editor.write(&change(&row.text())) {
                row.remove_css_class("error");
            } else {
                row.add_css_class("error");
            }
        });
        row
    }
}

fn at_login(editor: &Rc<Editor>) -> adw::ActionRow {
    let status = autostart::status();
    let is_on = status.as_ref().is_ok_and(autostart::Autostart::is_on);
    let switch = gtk::Switch::builder().active(is_on).valign(gtk::Align::Center).build();
    accessible::name(&switch, tr("Start at login"));
    let row = adw::ActionRow::builder().title(tr("Start at login")).activatable_widget(&switch).build();
    row.set_subtitle(&escaped(
        &status.map_or_else(|problem| problem.message, |status| autostart::sentence(&status)),
    ));
    row.add_suffix(&switch);
    let editor = Rc::clone(editor);
    let shown = row.downgrade();
    switch.connect_state_set(move |_, wanted| {
        let switched = if wanted { autostart::switch_on() } else { autostart::switch_off() };
        if let Err(problem) = switched {
            editor.say(&capitalized(&problem.message));
            return glib::Propagation::Stop;
        }
        if let (Some(row), Ok(status)) = (shown.upgrade(), autostart::status()) {
            row.set_subtitle(&escaped(&autostart::sentence(&status)));
        }
        glib::Propagation::Proceed
    });
    row
}

fn open_file(editor: &Rc<Editor>) -> gtk::Button {
    let button = gtk::Button::builder().label(tr("Open file")).valign(gtk::Align::Center).build();
    let editor = Rc::clone(editor);
    button.connect_clicked(move |_| {
        // A missing file cannot be opened; an empty one means the defaults.
        if !editor.path.exists() && !editor.write(&Change::DismissMarksRead(None)) {
            return;
        }
        let address = gio::File::for_path(&editor.path).uri();
        gtk::show_uri(editor.window.upgrade().as_ref(), &address, gtk::gdk::CURRENT_TIME);
    });
    button
}

fn page(icon: &str, title: &str) -> adw::PreferencesPage {
    adw::PreferencesPage::builder().icon_name(icon).title(title).build()
}

fn group(title: &str, sentence: &str) -> adw::PreferencesGroup {
    adw::PreferencesGroup::builder().title(title).description(sentence).build()
}

fn escaped(words: &str) -> String {
    glib::markup_escape_text(words).into()
}
