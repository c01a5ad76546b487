//! The last page: the first message arrives.
//!
//! Invariant: it shows the newest message of the message log, whoever sent it.

use std::rc::Rc;

use adw::prelude::*;
use gtk::glib;

use super::pages::{self, Sheet};
use crate::app::history::Query;
use crate::app::preferences;
use crate::control::Command;
use crate::domain::text::capitalized;
use crate::system::clock;
use crate::window::environment::link_button;
use crate::window::model::first_message::{ACCOUNT, can_send_test};
use crate::window::model::row::Row;
use crate::window::services::Services;
use crate::window::words::{fill, tr};

/// The part of the page that waits for a message.
pub(super) struct Arrival {
    services: Services,
    row: adw::ActionRow,
    spinner: gtk::Spinner,
}

impl Arrival {
    /// The page, with the status in words; `open` shows the messages.
    pub(super) fn page(services: &Services, status: &str, open: impl Fn() + 'static) -> (Sheet, Rc<Self>) {
        let mut sheet = Sheet::new(Some("emblem-ok-symbolic"), tr("Handover is ready"), status);
        let row = adw::ActionRow::builder().title(tr("Waiting for the first message…")).build();
        row.set_title_lines(1);
        row.set_subtitle_lines(2);
        let spinner = gtk::Spinner::builder().spinning(true).build();
        row.add_prefix(&spinner);
        let group = adw::PreferencesGroup::new();
        group.add(&row);
        sheet.add(&group);
        let show = sheet.main_button(tr("Show messages"));
        show.connect_clicked(move |_| open());
        sheet.first = Some(show.upcast());
        add_test(&sheet, services);
        let arrival = Rc::new(Self { services: services.clone(), row, spinner });
        arrival.look();
        (sheet, arrival)
    }

    /// Shows the newest message, if there is one.
    pub(super) fn look(self: &Rc<Self>) {
        let arrival = Rc::clone(self);
        glib::spawn_future_local(async move {
            let newest = Query { limit: 1, each_emergency_once: true, ..Query::default() };
            let read = arrival.services.read(move |log| {
                log.reopen();
                log.page(&newest)
            });
            let Some(entry) = read.await.ok().and_then(|entries| entries.into_iter().next()) else { return };
            let row = Row::of(&entry, clock::unix());
            arrival.spinner.set_visible(false);
            arrival
                .row
                .set_title(&glib::markup_escape_text(&fill("It works: {title}", &[("title", &row.title)])));
            arrival.row.set_subtitle(&glib::markup_escape_text(&row.preview));
        });
    }
}

/// A button that sends a test message where the settings say who sends to whom, else a link to the form of the web site.
fn add_test(sheet: &Sheet, services: &Services) {
    if !preferences::read(&services.context).is_ok_and(|settings| can_send_test(&settings)) {
        sheet.add(&link_button(ACCOUNT, tr("Send a test message at pushover.net")));
        return;
    }
    let test = sheet.other_button(tr("Send a test message"));
    let said = pages::note("");
    sheet.add(&said);
    let services = services.clone();
    test.connect_clicked(move |test| {
        let (services, test, said) = (services.clone(), test.clone(), said.clone());
        test.set_sensitive(false);
        glib::spawn_future_local(async move {
            let asked = services.ask(Command::SendTest).await;
            test.set_sensitive(true);
            said.set_text(&match asked {
                Ok(done) => capitalized(&done),
                Err(problem) => [Some(problem.message), problem.hint]
                    .into_iter()
                    .flatten()
                    .map(|words| capitalized(&words))
                    .collect::<Vec<_>>()
                    .join("\n"),
            });
        });
    });
}
