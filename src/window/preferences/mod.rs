//! The window with the settings.
//!
//! Invariant: it shows everything that the settings file holds, except secrets; a file with a mistake is shown with its line and
//! never changed.

mod editor;

use std::rc::Rc;

use adw::prelude::*;
use gtk::glib;

use self::editor::Editor;
use super::accessible;
use super::model::choices;
use super::model::sections::{self, Line};
use super::services::Services;
use super::words::tr;
use crate::app::Problem;
use crate::app::autostart;
use crate::app::preferences::{self, Change};
use crate::domain::settings::Settings;
use crate::domain::text::capitalized;

/// Opens it above a window.
pub(super) fn open(parent: &impl IsA<gtk::Window>, services: &Services) {
    let window =
        adw::PreferencesWindow::builder().transient_for(parent).modal(true).title(tr("Preferences")).build();
    window.set_default_size(720, 620);
    let (settings, mistake) = match preferences::read(&services.context) {
        Ok(settings) => (settings, None),
        Err(problem) => (Settings::default(), Some(problem)),
    };
    let editor = Rc::new(Editor {
        window: window.downgrade(),
        path: services.context.paths.settings.clone().into(),
        is_usable: mistake.is_none(),
    });
    if let Some(problem) = &mistake {
        // Nothing else is shown: the values of a file that cannot be read are not known.
        window.add(&page("dialog-warning-symbolic", tr("Settings"), &[mistake_group(&editor, problem)]));
    } else {
        let lines = preferences::lines_of_rules(&services.context);
        window.add(&notifications(&editor, &settings));
        window.add(&privacy(&editor, &settings));
        window.add(&rules(&editor, sections::rules(&settings, &lines)));
        window.add(&sending(&editor, &settings));
        window.add(&advanced(&editor, &settings));
    }
    window.present();
}

fn notifications(editor: &Rc<Editor>, settings: &Settings) -> adw::PreferencesPage {
    let shown = group(tr("Notifications and sound"), "");
    for choice in [choices::sound(settings), choices::backlog(settings), choices::dismissing(settings)] {
        shown.add(&editor.choice(choice));
    }
    let emergencies = group(tr("Emergencies"), "");
    emergencies.add(&editor.choice(choices::emergency(settings)));
    let pause = group(tr("Pause"), "");
    pause.add(&editor.choice(choices::break_through(settings)));
    let start = group(tr("Start"), "");
    start.add(&at_login(editor));
    page(
        "preferences-system-notifications-symbolic",
        tr("Notifications"),
        &[shown, emergencies, pause, start],
    )
}

fn privacy(editor: &Rc<Editor>, settings: &Settings) -> adw::PreferencesPage {
    let storage = group(tr("Storage"), "");
    storage.add(&editor.choice(choices::keep(settings)));
    storage.add(&editor.choice(choices::secret_store(settings)));
    let links = group(tr("Links"), tr("Only links that begin with one of these are opened."));
    links.add(&editor.text(tr("Schemes, separated by commas"), &settings.open_links.join(", "), |text| {
        let schemes = text.split(',').map(|scheme| scheme.trim().to_owned());
        Ok(Change::OpenLinks(schemes.filter(|scheme| !scheme.is_empty()).collect()))
    }));
    let encryption = group(
        tr("Encryption"),
        tr(
            "Messages that are encrypted end to end are read with a key. `handover setup key` saves it; a program can print it \
            instead.",
        ),
    );
    encryption.add(&editor.command(
        tr("Program that prints the key"),
        &settings.encryption.key_command,
        Change::KeyCommand,
    ));
    page("security-high-symbolic", tr("Privacy"), &[storage, links, encryption])
}

fn rules(editor: &Rc<Editor>, lines: Vec<Line>) -> adw::PreferencesPage {
    let sentence = tr(
        "Rules change how messages are shown, and are tried from top to bottom. They are written in the settings file.",
    );
    let rules = listed(tr("Rules"), sentence, lines, tr("There are no rules."));
    rules.set_header_suffix(Some(&editor.open_file()));
    page("view-list-symbolic", tr("Rules"), &[rules])
}

fn sending(editor: &Rc<Editor>, settings: &Settings) -> adw::PreferencesPage {
    let sentence = tr("What `handover send` and the local HTTP API use. `handover send setup` adds to it.");
    let applications = listed(
        tr("Applications"),
        sentence,
        sections::applications(settings),
        tr("There are no applications."),
    );
    applications.set_header_suffix(Some(&editor.open_file()));
    let recipients =
        listed(tr("Recipients"), "", sections::recipients(settings), tr("There are no recipients."));
    let templates = listed(tr("Templates"), "", sections::templates(settings), tr("There are no templates."));
    let http = listed(tr("HTTP API"), "", sections::http(settings), tr("It is off."));
    page("mail-send-symbolic", tr("Sending"), &[applications, recipients, templates, http])
}

fn advanced(editor: &Rc<Editor>, settings: &Settings) -> adw::PreferencesPage {
    let device = group(tr("This computer"), tr("A new name is used the next time you sign in."));
    let name = settings.device_name.as_ref().map(ToString::to_string).unwrap_or_default();
    device.add(&editor.text(tr("Device name; empty is the name of the computer"), &name, |text| {
        Ok(Change::DeviceName(text.to_owned()))
    }));
    let hook = group(
        tr("Program for each message"),
        tr(
            "It is started for each message that arrives, and reads the message as JSON from its standard input.",
        ),
    );
    hook.add(&editor.command(tr("Program and arguments"), &settings.hook.command, Change::HookCommand));
    hook.add(&editor.choice(choices::hook_priority(settings)));
    let file = group(tr("Settings file"), tr("Comments and the order of the settings are kept."));
    let row = adw::ActionRow::builder().title("config.toml").build();
    row.set_subtitle(&escaped(&editor.path.display().to_string()));
    row.add_suffix(&editor.open_file());
    file.add(&row);
    page("applications-engineering-symbolic", tr("Advanced"), &[device, hook, file])
}

/// What is wrong with the file, with a button that opens it.
fn mistake_group(editor: &Rc<Editor>, problem: &Problem) -> adw::PreferencesGroup {
    let group = adw::PreferencesGroup::new();
    let row = adw::ActionRow::builder().title(escaped(&capitalized(&problem.message))).build();
    row.set_subtitle(&escaped(&problem.hint.as_deref().map(capitalized).unwrap_or_default()));
    row.add_prefix(&warning());
    row.add_suffix(&editor.open_file());
    group.add(&row);
    group
}

fn listed(title: &str, sentence: &str, lines: Vec<Line>, none: &str) -> adw::PreferencesGroup {
    let group = group(title, sentence);
    if lines.is_empty() {
        let row = adw::ActionRow::builder().title(none).build();
        row.add_css_class("dim-label");
        group.add(&row);
    }
    for Line { title, sentence, problem } in lines {
        let row = adw::ActionRow::builder().title(escaped(&title)).build();
        let sentences =
            [Some(sentence), problem.clone()].into_iter().flatten().filter(|part| !part.is_empty());
        row.set_subtitle(&escaped(&sentences.collect::<Vec<_>>().join("\n")));
        if problem.is_some() {
            row.add_prefix(&warning());
        }
        group.add(&row);
    }
    group
}

fn warning() -> gtk::Image {
    let image = gtk::Image::builder().icon_name("dialog-warning-symbolic").css_classes(["warning"]).build();
    accessible::name(&image, tr("Warning"));
    image
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

fn page(icon: &str, title: &str, groups: &[adw::PreferencesGroup]) -> adw::PreferencesPage {
    let page = adw::PreferencesPage::builder().icon_name(icon).title(title).build();
    for group in groups {
        page.add(group);
    }
    page
}

fn group(title: &str, sentence: &str) -> adw::PreferencesGroup {
    adw::PreferencesGroup::builder().title(title).description(sentence).build()
}

fn escaped(words: &str) -> String {
    glib::markup_escape_text(words).into()
}
