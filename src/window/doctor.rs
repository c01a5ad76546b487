//! The window that checks everything receiving depends on.
//!
//! Invariant: it changes nothing; what can be copied contains no secret.

use std::cell::RefCell;
use std::rc::Rc;

use adw::prelude::*;
use gtk::glib;

use super::accessible;
use super::model::report::{report, summary};
use super::services::Services;
use super::stack::show_only;
use super::words::tr;
use crate::app::context::Context;
use crate::app::doctor::{Check, Outcome, examine};
use crate::domain::text::capitalized;

/// Opens it above a window.
pub(super) fn open(parent: &impl IsA<gtk::Window>, services: &Services) {
    let window = adw::Window::builder().transient_for(parent).title(tr("Check")).build();
    window.set_default_size(600, 640);
    let again =
        gtk::Button::builder().icon_name("view-refresh-symbolic").tooltip_text(tr("Check again")).build();
    accessible::name(&again, tr("Check again"));
    let copy = gtk::Button::builder().label(tr("Copy for a bug report")).sensitive(false).build();
    let header = adw::HeaderBar::builder().title_widget(&adw::WindowTitle::new(tr("Check"), "")).build();
    header.pack_start(&again);
    header.pack_end(&copy);
    let spinner = gtk::Spinner::builder().spinning(true).width_request(48).height_request(48).build();
    spinner.set_halign(gtk::Align::Center);
    spinner.set_valign(gtk::Align::Center);
    let page = adw::PreferencesPage::new();
    let stack = gtk::Stack::builder().vexpand(true).build();
    stack.add_named(&spinner, Some("wait"));
    stack.add_named(&page, Some("checks"));
    let toasts = adw::ToastOverlay::new();
    toasts.set_child(Some(&stack));
    let content = gtk::Box::builder().orientation(gtk::Orientation::Vertical).build();
    content.append(&header);
    content.append(&toasts);
    window.set_content(Some(&content));
    let doctor =
        Rc::new(Doctor { services: services.clone(), again, copy, page, stack, shown: RefCell::default() });
    let examined = Rc::downgrade(&doctor);
    doctor.again.connect_clicked(move |_| {
        if let Some(doctor) = examined.upgrade() {
            doctor.examine();
        }
    });
    let copied = Rc::clone(&doctor);
    doctor.copy.connect_clicked(move |button| {
        button.clipboard().set_text(&copied.report());
        toasts.add_toast(adw::Toast::new(tr("Copied")));
    });
    doctor.examine();
    window.present();
}

struct Doctor {
    services: Services,
    again: gtk::Button,
    copy: gtk::Button,
    page: adw::PreferencesPage,
    stack: gtk::Stack,
    shown: RefCell<Option<(adw::PreferencesGroup, Vec<Check>)>>,
}

impl Doctor {
    fn examine(self: &Rc<Self>) {
        show_only(&self.stack, "wait");
        self.again.set_sensitive(false);
        self.copy.set_sensitive(false);
        let examined = self.services.run(async move |_context| {
            let (context, settings) = Context::with_any_settings()?;
            Ok(examine(&context, settings).await)
        });
        let doctor = Rc::clone(self);
        glib::spawn_future_local(async move {
            let checks: Result<Vec<Check>, crate::app::Problem> =
                examined.await.unwrap_or_else(|_| Ok(Vec::new()));
            match checks {
                Ok(checks) => doctor.show(checks),
                Err(problem) => doctor.show(vec![Check {
                    name: "settings",
                    outcome: Outcome::Failed,
                    message: problem.message,
                    hint: problem.hint,
                }]),
            }
        });
    }

    fn show(&self, checks: Vec<Check>) {
        let group = adw::PreferencesGroup::builder().title(summary(&checks)).build();
        for check in &checks {
            group.add(&row(check));
        }
        self.page.add(&group);
        if let Some((before, _)) = self.shown.replace(Some((group, checks))) {
            self.page.remove(&before);
        }
        show_only(&self.stack, "checks");
        self.again.set_sensitive(true);
        self.copy.set_sensitive(true);
    }

    fn report(&self) -> String {
        let desktop = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_else(|_| "unknown desktop".to_owned());
        let home = glib::home_dir();
        let shown = self.shown.borrow();
        report(shown.as_ref().map_or(&[], |(_, checks)| checks.as_slice()), &desktop, home.to_str())
    }
}

fn row(check: &Check) -> adw::ActionRow {
    let (icon, style, words) = match check.outcome {
        Outcome::Ok => ("emblem-ok-symbolic", "success", tr("ok")),
        Outcome::Warning => ("dialog-warning-symbolic", "warning", tr("warning")),
        Outcome::Failed => ("dialog-error-symbolic", "error", tr("failed")),
    };
    let image = gtk::Image::builder().icon_name(icon).css_classes([style]).tooltip_text(words).build();
    accessible::name(&image, words);
    let hint = check.hint.as_ref().map(|hint| format!("\n{}", capitalized(hint))).unwrap_or_default();
    let row = adw::ActionRow::builder().title(name(check)).build();
    row.set_subtitle(&glib::markup_escape_text(&format!("{}{hint}", capitalized(&check.message))));
    row.add_prefix(&image);
    row
}

/// The check's name as a heading.
fn name(check: &Check) -> String {
    match check.name {
        "api" => tr("Service").to_owned(),
        "e2ee" => tr("Encryption").to_owned(),
        name => capitalized(name),
    }
}
