//! What is shown where the list has no rows.
//!
//! Invariant: it always says what to do next.

use adw::prelude::*;
use gtk::glib;

use crate::app::Problem;
use crate::domain::text::capitalized;
use crate::window::model::first_message::{ACCOUNT, curl};
use crate::window::words::{fill, tr};

/// The page in place of the list.
pub(super) struct Empty {
    pub(super) page: adw::StatusPage,
    pub(super) clear_filters: gtk::Button,
    pub(super) copy_command: gtk::Button,
    pub(super) send_test: gtk::Button,
    ways: gtk::Box,
    command: gtk::Label,
}

impl Empty {
    pub(super) fn new() -> Self {
        let pill = |words: &str| {
            let button = gtk::Button::builder().label(words).halign(gtk::Align::Center).build();
            button.add_css_class("pill");
            button
        };
        let clear_filters = pill(tr("Clear filters"));
        let send_test = pill(tr("Send a test message"));
        let copy_command = pill(tr("Copy the command"));
        let command =
            gtk::Label::builder().wrap(true).wrap_mode(gtk::pango::WrapMode::WordChar).xalign(0.0).build();
        command.set_css_classes(&["monospace", "command"]);
        command.set_selectable(true);
        let ways = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).build();
        ways.append(&send_test);
        ways.append(&command);
        ways.append(&copy_command);
        let all = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).build();
        all.append(&clear_filters);
        all.append(&ways);
        let page = adw::StatusPage::builder().vexpand(true).child(&all).build();
        page.add_css_class("compact");
        Self { page, clear_filters, copy_command, send_test, ways, command }
    }

    /// Nothing matches the filters.
    pub(super) fn show_no_match(&self) {
        self.page.set_icon_name(Some("system-search-symbolic"));
        self.page.set_title(tr("No matching messages"));
        self.page.set_description(Some(tr("Try other words or fewer filters.")));
        self.clear_filters.set_visible(true);
        self.ways.set_visible(false);
    }

    /// There is no message yet: says how to send one to this device.
    pub(super) fn show_no_messages(&self, api: &str, device: Option<&str>, can_send_test: bool) {
        self.page.set_icon_name(Some("mail-unread-symbolic"));
        self.page.set_title(tr("No messages yet"));
        let link = ["<a href=\"", ACCOUNT, "\">pushover.net</a>"].concat();
        self.page.set_description(Some(&fill(
            "Your page at {pushover.net} has a form to send one, your user key, and an email address whose mail arrives as \
             messages. With the key and the token of an application, a command can send one, too:",
            &[("pushover.net", &link)],
        )));
        self.command.set_text(&curl(api, device));
        self.send_test.set_visible(can_send_test);
        self.clear_filters.set_visible(false);
        self.ways.set_visible(true);
    }

    /// The messages cannot be read.
    pub(super) fn show_problem(&self, problem: &Problem) {
        self.page.set_icon_name(Some("dialog-error-symbolic"));
        self.page.set_title(tr("The messages cannot be read"));
        let sentences = [Some(&problem.message), problem.hint.as_ref()].into_iter().flatten();
        let sentences: Vec<String> =
            sentences.map(|sentence| glib::markup_escape_text(&capitalized(sentence)).into()).collect();
        self.page.set_description(Some(&sentences.join("\n")));
        self.clear_filters.set_visible(false);
        self.ways.set_visible(false);
    }

    /// Copies the command.
    pub(super) fn copy(&self) {
        self.command.clipboard().set_text(&self.command.text());
    }
}
