//! The line at the top with the status.
//!
//! Invariant: it shows a [`Banner`] and nothing else.

use adw::prelude::*;

use crate::window::model::banner::{Action, Banner, Urgency};

/// The line.
pub(super) struct StatusLine {
    pub(super) frame: gtk::Box,
    icon: gtk::Image,
    sentence: gtk::Label,
    details: gtk::Label,
    pub(super) button: gtk::Button,
}

impl StatusLine {
    pub(super) fn new() -> Self {
        let icon = gtk::Image::builder()
            .accessible_role(gtk::AccessibleRole::Presentation)
            .valign(gtk::Align::Start)
            .margin_top(2)
            .build();
        let label = |style: &str| {
            let label =
                gtk::Label::builder().xalign(0.0).wrap(true).wrap_mode(gtk::pango::WrapMode::WordChar);
            label.css_classes([style]).hexpand(true).build()
        };
        let (sentence, details) = (label("heading"), label("body"));
        let button = gtk::Button::builder().valign(gtk::Align::Center).build();
        let words =
            gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(2).hexpand(true).build();
        words.append(&sentence);
        words.append(&details);
        let frame = gtk::Box::builder().spacing(12).css_classes(["status-line"]).build();
        frame.append(&icon);
        frame.append(&words);
        frame.append(&button);
        frame.set_visible(false);
        Self { frame, icon, sentence, details, button }
    }

    pub(super) fn show(&self, banner: &Banner) {
        self.frame.set_visible(banner.is_shown());
        self.sentence.set_text(&banner.sentence);
        self.details.set_text(&banner.details.join("\n"));
        self.details.set_visible(!banner.details.is_empty());
        self.button.set_visible(banner.action.is_some());
        self.button.set_label(banner.action.map_or("", Action::words));
        let (icon, style) = match banner.urgency {
            Urgency::None | Urgency::Notice => ("dialog-information-symbolic", "status-notice"),
            Urgency::Warning => ("dialog-warning-symbolic", "status-warning"),
        };
        self.icon.set_icon_name(Some(icon));
        self.frame.set_css_classes(&["status-line", style]);
    }
}
