//! The widgets of each page.
//!
//! Invariant: a page is one heading, at most two sentences and one thing to do; an error stands below the field it is about.

use std::rc::Rc;

use adw::prelude::*;

use crate::app::sign_in::Answer;
use crate::domain::account::{DeviceName, Secret};
use crate::domain::settings::Emergency;
use crate::window::environment::link_button;
use crate::window::model::setup::{self, Page};
use crate::window::words::tr;
use crate::window::{accessible, fields};

/// The widest a page becomes.
const WIDTH: i32 = 460;

/// What a page calls when it is done.
pub(super) enum Done {
    /// Email and password.
    Account(String, Secret),
    /// An answer to the question.
    Answer(Answer),
}

type Finish = Rc<dyn Fn(Done)>;

/// A page being put together.
pub(super) struct Sheet {
    pub(super) all: gtk::ScrolledWindow,
    content: gtk::Box,
    /// What has the focus first.
    pub(super) first: Option<gtk::Widget>,
}

impl Sheet {
    pub(super) fn new(icon: Option<&str>, title: &str, text: &str) -> Self {
        let content = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(18).build();
        content.set_valign(gtk::Align::Center);
        content.add_css_class("sheet");
        if let Some(icon) = icon {
            content.append(&gtk::Image::builder().icon_name(icon).pixel_size(96).build());
        }
        content.append(&centred(title, "title-1"));
        if !text.is_empty() {
            content.append(&centred(text, "body"));
        }
        let clamp = adw::Clamp::builder().maximum_size(WIDTH).child(&content).build();
        let all =
            gtk::ScrolledWindow::builder().hscrollbar_policy(gtk::PolicyType::Never).child(&clamp).build();
        all.set_vexpand(true);
        Self { all, content, first: None }
    }

    pub(super) fn add(&self, widget: &impl IsA<gtk::Widget>) {
        self.content.append(widget);
    }

    /// The button that most people press.
    pub(super) fn main_button(&self, words: &str) -> gtk::Button {
        let button = gtk::Button::builder().label(words).halign(gtk::Align::Center).build();
        button.set_css_classes(&["pill", "suggested-action"]);
        self.content.append(&button);
        button
    }

    /// A button for what is done less often.
    pub(super) fn other_button(&self, words: &str) -> gtk::Button {
        let button = gtk::Button::builder().label(words).halign(gtk::Align::Center).build();
        button.add_css_class("pill");
        self.content.append(&button);
        button
    }

    /// A line for what is wrong.
    fn error(&self, words: Option<&str>) -> gtk::Label {
        let label = gtk::Label::builder().wrap(true).xalign(0.0).css_classes(["error"]).build();
        label.set_text(words.unwrap_or_default());
        label.set_visible(words.is_some());
        self.content.append(&label);
        label
    }
}

fn centred(words: &str, style: &str) -> gtk::Label {
    let label = gtk::Label::builder().label(words).wrap(true).justify(gtk::Justification::Center).build();
    label.add_css_class(style);
    label
}

/// The page for a question.
pub(super) fn of(page: &Page, presence_is_known: bool, finish: impl Fn(Done) + 'static) -> Sheet {
    let finish: Finish = Rc::new(finish);
    match page {
        Page::Account { email, error } => account(email, error.as_deref(), finish),
        Page::Code { error } => code(error.as_deref(), finish),
        Page::Emergencies { now } => emergencies(*now, presence_is_known, finish),
        Page::Name { proposed, error } => name(proposed, error.as_deref(), finish),
        Page::Taken { words, consequence, is_ours } => taken(words, consequence, *is_ours, &finish),
        Page::Again { why } => again(why, &finish),
    }
}

fn account(email: &str, error: Option<&str>, finish: Finish) -> Sheet {
    let mut sheet = Sheet::new(
        None,
        tr("Your Pushover account"),
        tr("The password is sent to Pushover once and never saved."),
    );
    let email_row = adw::EntryRow::builder().title(tr("Email address")).text(email).build();
    email_row.set_input_purpose(gtk::InputPurpose::Email);
    let password_row = adw::PasswordEntryRow::builder().title(tr("Password")).build();
    fields::name(&email_row, tr("Email address"));
    fields::name(&password_row, tr("Password"));
    name_buttons(password_row.upcast_ref(), tr("Show the password"));
    let boxed = boxed(&[email_row.upcast_ref(), password_row.upcast_ref()]);
    sheet.add(&boxed);
    let error = sheet.error(error);
    if error.is_visible() {
        password_row.add_css_class("error");
    }
    let button = sheet.main_button(tr("Sign in"));
    let send = {
        let (email_row, password_row) = (email_row.clone(), password_row.clone());
        Rc::new(move || {
            let (email, password) = (email_row.text(), password_row.text());
            let missing = setup::account_error(&email, &password);
            show_error(&error, missing);
            if missing.is_none() {
                finish(Done::Account(email.to_string(), Secret::new(password.to_string())));
            } else if password.is_empty() && email.contains('@') {
                password_row.grab_focus();
            } else {
                email_row.grab_focus();
            }
        })
    };
    let next = password_row.clone();
    email_row.connect_entry_activated(move |_| {
        next.grab_focus();
    });
    let clicked = Rc::clone(&send);
    button.connect_clicked(move |_| clicked());
    password_row.connect_entry_activated(move |_| send());
    let link = link_button("https://pushover.net/login/forgot_password", tr("Forgot your password?"));
    sheet.add(&link);
    sheet.first = Some(if email.is_empty() { email_row.upcast() } else { password_row.upcast() });
    sheet
}

fn code(error: Option<&str>, finish: Finish) -> Sheet {
    let mut sheet = Sheet::new(
        None,
        tr("Two-factor code"),
        tr("Enter the six digits that your authenticator app shows."),
    );
    let row = adw::EntryRow::builder().title(tr("Code")).input_purpose(gtk::InputPurpose::Digits).build();
    fields::name(&row, tr("Two-factor code"));
    sheet.add(&boxed(&[row.upcast_ref()]));
    let error = sheet.error(error);
    let button = sheet.main_button(tr("Continue"));
    let back = sheet.other_button(tr("Back"));
    let send = {
        let (row, finish) = (row.clone(), Rc::clone(&finish));
        Rc::new(move || {
            let (digits, _) = setup::code(&row.text());
            if !digits.is_empty() {
                finish(Done::Answer(Answer::Code(digits)));
            }
        })
    };
    let complete = Rc::clone(&send);
    row.connect_changed(move |row| {
        error.set_visible(false);
        if setup::code(&row.text()).1 {
            complete();
        }
    });
    let clicked = Rc::clone(&send);
    button.connect_clicked(move |_| clicked());
    row.connect_entry_activated(move |_| send());
    back.connect_clicked(move |_| finish(Done::Answer(Answer::Back)));
    sheet.first = Some(row.upcast());
    sheet
}

fn emergencies(now: Emergency, presence_is_known: bool, finish: Finish) -> Sheet {
    let mut sheet = Sheet::new(
        None,
        tr("When an emergency arrives"),
        tr(
            "An emergency sounds an alarm on every device until somebody acknowledges it. Handover can do that for you; \
            the alarm then stops everywhere, also on your phone.",
        ),
    );
    let group = adw::PreferencesGroup::new();
    let chosen = Rc::new(std::cell::Cell::new(now));
    let mut first: Option<gtk::CheckButton> = None;
    for (value, title, sentence) in setup::emergencies(presence_is_known) {
        let check = gtk::CheckButton::builder().active(value == now).valign(gtk::Align::Center).build();
        check.set_group(first.as_ref());
        accessible::name(&check, title);
        let row =
            adw::ActionRow::builder().title(title).subtitle(sentence).activatable_widget(&check).build();
        row.add_prefix(&check);
        group.add(&row);
        let chosen = Rc::clone(&chosen);
        check.connect_toggled(move |check| {
            if check.is_active() {
                chosen.set(value);
            }
        });
        if value == now {
            sheet.first = Some(check.clone().upcast());
        }
        first.get_or_insert(check);
    }
    sheet.add(&group);
    let button = sheet.main_button(tr("Continue"));
    button.connect_clicked(move |_| finish(Done::Answer(Answer::Emergencies(chosen.get()))));
    sheet
}

fn name(proposed: &str, error: Option<&str>, finish: Finish) -> Sheet {
    let mut sheet = Sheet::new(
        None,
        tr("Name this computer"),
        tr("Senders can address this computer by its name. Letters, digits, _ and -, at most 25."),
    );
    let row = adw::EntryRow::builder().title(tr("Name")).text(proposed).build();
    fields::name(&row, tr("Name of this computer"));
    sheet.add(&boxed(&[row.upcast_ref()]));
    let error = sheet.error(error);
    let button = sheet.main_button(tr("Continue"));
    let send = {
        let row = row.clone();
        Rc::new(move || {
            if let Some(name) = DeviceName::new(&row.text()) {
                finish(Done::Answer(Answer::Name(name)));
            }
        })
    };
    let sends = button.clone();
    row.connect_changed(move |row| {
        let wrong = setup::name_error(&row.text());
        show_error(&error, wrong.as_deref());
        if wrong.is_some() {
            row.add_css_class("error");
        } else {
            row.remove_css_class("error");
        }
        sends.set_sensitive(DeviceName::new(&row.text()).is_some());
    });
    let clicked = Rc::clone(&send);
    button.connect_clicked(move |_| clicked());
    row.connect_entry_activated(move |_| send());
    sheet.first = Some(row.upcast());
    sheet
}

fn taken(words: &str, consequence: &str, is_ours: bool, finish: &Finish) -> Sheet {
    let mut sheet = Sheet::new(None, tr("This name is taken"), words);
    let (other, take) = if is_ours {
        let take = sheet.main_button(consequence);
        (sheet.other_button(tr("Choose another name")), take)
    } else {
        let other = sheet.main_button(tr("Choose another name"));
        (other, sheet.other_button(consequence))
    };
    sheet.first = Some(if is_ours { take.clone() } else { other.clone() }.upcast());
    let back = Rc::clone(finish);
    other.connect_clicked(move |_| back(Done::Answer(Answer::Back)));
    let finish = Rc::clone(finish);
    take.connect_clicked(move |_| finish(Done::Answer(Answer::TakeOver)));
    sheet
}

fn again(why: &str, finish: &Finish) -> Sheet {
    let mut sheet = Sheet::new(Some("network-error-symbolic"), tr("That did not work"), why);
    let retry = sheet.main_button(tr("Try again"));
    let back = sheet.other_button(tr("Change what I typed"));
    sheet.first = Some(retry.clone().upcast());
    let again = Rc::clone(finish);
    retry.connect_clicked(move |_| again(Done::Answer(Answer::Again)));
    let finish = Rc::clone(finish);
    back.connect_clicked(move |_| finish(Done::Answer(Answer::Back)));
    sheet
}

fn boxed(rows: &[&gtk::Widget]) -> gtk::ListBox {
    let list =
        gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).css_classes(["boxed-list"]).build();
    for row in rows {
        list.append(*row);
    }
    list
}

/// Names the buttons within a widget, which show only a picture.
fn name_buttons(widget: &gtk::Widget, words: &str) {
    let mut child = widget.first_child();
    while let Some(inner) = child {
        if inner.is::<gtk::Button>() {
            accessible::name(&inner, words);
        }
        name_buttons(&inner, words);
        child = inner.next_sibling();
    }
}

fn show_error(label: &gtk::Label, words: Option<&str>) {
    label.set_text(words.unwrap_or_default());
    label.set_visible(words.is_some());
}

/// A page that waits, with a button to cancel.
pub(super) fn waiting(words: &str) -> (Sheet, gtk::Button) {
    let mut sheet = Sheet::new(None, words, "");
    let spinner = gtk::Spinner::builder().spinning(true).width_request(48).height_request(48).build();
    sheet.add(&spinner);
    let cancel = sheet.other_button(tr("Cancel"));
    sheet.first = Some(cancel.clone().upcast());
    (sheet, cancel)
}

/// A row with a switch.
pub(super) fn switch_row(title: &str, sentence: &str, is_on: bool) -> (adw::ActionRow, gtk::Switch) {
    let switch = gtk::Switch::builder().active(is_on).valign(gtk::Align::Center).build();
    accessible::name(&switch, title);
    let row = adw::ActionRow::builder().title(title).subtitle(sentence).activatable_widget(&switch).build();
    row.add_suffix(&switch);
    (row, switch)
}

/// Reports what went wrong at the end.
pub(super) fn failed(message: &str, hint: Option<&str>) -> (Sheet, gtk::Button) {
    let mut sheet = Sheet::new(Some("dialog-error-symbolic"), tr("That did not work"), message);
    if let Some(hint) = hint {
        sheet.add(&centred(hint, "dim-label"));
    }
    let button = sheet.main_button(tr("Start again"));
    sheet.first = Some(button.clone().upcast());
    (sheet, button)
}

/// A sentence that needs nothing to be done.
pub(super) fn note(words: &str) -> gtk::Label {
    centred(words, "dim-label")
}
