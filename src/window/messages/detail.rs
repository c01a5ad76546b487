//! The pane with the whole message.
//!
//! Invariant: it shows one message, or how many are selected, or nothing; a link is opened only if its scheme is allowed.

use std::cell::RefCell;
use std::rc::Rc;

use adw::prelude::*;
use gtk::{gdk, glib};
use jiff::tz::TimeZone;

use super::drag;
use super::list::{Icons, exact_time};
use crate::app::time_format;
use crate::domain::message::Entry;
use crate::domain::text::{capitalized, scheme_of, without_unsafe_fields};
use crate::system::clock;
use crate::window::model::markup::{Link, Markup, markup};
use crate::window::model::row::{EmergencyState, Row, priority_word};
use crate::window::stack::show_only;
use crate::window::words::{count, fill, tr};

/// The longest text that is laid out, in characters: the service accepts an eighth of it, and laying out ten times as much
/// takes seconds. Copying takes all of it.
const LONGEST: usize = 8_000;

/// The widest a line of text becomes.
const WIDTH: i32 = 720;

/// The pane.
pub(super) struct Detail {
    pub(super) stack: gtk::Stack,
    pub(super) acknowledge: gtk::Button,
    pub(super) open: gtk::Button,
    scroll: gtk::ScrolledWindow,
    avatar: adw::Avatar,
    title: gtk::Label,
    meta: gtk::Label,
    state: gtk::Label,
    problem: gtk::Label,
    body: gtk::Label,
    several: adw::StatusPage,
    entry: RefCell<Option<Entry>>,
    /// The letters of the text that are links, and their addresses.
    links: RefCell<Vec<Link>>,
    icons: Icons,
}

impl Detail {
    /// `follow` is called with the address of a link that was chosen; links of these schemes can be dragged.
    pub(super) fn new(icons: Icons, schemes: Vec<String>, follow: impl Fn(&str) + 'static) -> Rc<Self> {
        let label = |styles: &[&str]| {
            let label =
                gtk::Label::builder().xalign(0.0).wrap(true).wrap_mode(gtk::pango::WrapMode::WordChar);
            label.selectable(true).css_classes(styles.to_vec()).build()
        };
        let avatar = adw::Avatar::builder().size(48).show_initials(true).valign(gtk::Align::Start).build();
        let (title, meta, state) = (label(&["title-2"]), label(&["dim-label"]), label(&["heading"]));
        let (problem, body) = (label(&["warning"]), label(&["body", "message-text"]));
        let acknowledge = gtk::Button::builder().label(tr("Acknowledge")).build();
        acknowledge.set_css_classes(&["pill", "destructive-action"]);
        let open = gtk::Button::builder().label(tr("Open link")).build();
        open.set_css_classes(&["pill", "suggested-action"]);
        let heading =
            gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(4).hexpand(true).build();
        heading.append(&title);
        heading.append(&meta);
        heading.append(&state);
        let top = gtk::Box::builder().spacing(14).build();
        top.append(&avatar);
        top.append(&heading);
        let buttons = gtk::Box::builder().spacing(12).halign(gtk::Align::Start).build();
        buttons.append(&acknowledge);
        buttons.append(&open);
        let content = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(18).build();
        content.set_css_classes(&["message"]);
        content.append(&top);
        content.append(&problem);
        content.append(&body);
        content.append(&buttons);
        let clamp = adw::Clamp::builder().maximum_size(WIDTH).child(&content).build();
        let scroll =
            gtk::ScrolledWindow::builder().hscrollbar_policy(gtk::PolicyType::Never).child(&clamp).build();
        scroll.set_vexpand(true);
        let none = adw::StatusPage::builder().icon_name("mail-read-symbolic").build();
        none.set_title(tr("No message selected"));
        let several = adw::StatusPage::builder().icon_name("edit-select-all-symbolic").build();
        let stack = gtk::Stack::new();
        stack.add_named(&none, Some("none"));
        stack.add_named(&scroll, Some("one"));
        stack.add_named(&several, Some("several"));
        show_only(&stack, "none");
        body.connect_activate_link(move |_, address| {
            follow(address);
            glib::Propagation::Stop
        });
        let entry = RefCell::default();
        let detail = Rc::new(Self {
            stack,
            acknowledge,
            open,
            scroll,
            avatar,
            title,
            meta,
            state,
            problem,
            body,
            several,
            entry,
            links: RefCell::default(),
            icons,
        });
        detail.offer_links(schemes);
        detail
    }

    /// The message's own link can be dragged, and those in its text.
    fn offer_links(self: &Rc<Self>, schemes: Vec<String>) {
        let (of_text, detail) = (schemes.clone(), Rc::downgrade(self));
        drag::offer(&self.open, move |_, _| {
            let entry = detail.upgrade()?.entry()?;
            allowed(&entry.message.url?, &schemes).ok()
        });
        let detail = Rc::downgrade(self);
        drag::offer(&self.scroll, move |x, y| {
            let detail = detail.upgrade()?;
            let letter = drag::letter_at(&detail.body, detail.scroll.upcast_ref(), x, y)?;
            let links = detail.links.borrow();
            let (_, address) = links.iter().find(|(letters, _)| letters.contains(&letter))?;
            allowed(address, &of_text).ok()
        });
    }

    /// The message that is shown.
    pub(super) fn entry(&self) -> Option<Entry> {
        self.entry.borrow().clone()
    }

    /// Shows a message at this time of the service. The same message again keeps its place on the screen.
    pub(super) fn show(&self, entry: &Entry, unix: i64) {
        let previous = self.entry.replace(Some(entry.clone()));
        let is_other = previous.as_ref().is_none_or(|previous| previous.seq != entry.seq);
        let is_same_text = previous.is_some_and(|previous| previous.message == entry.message && !is_other);
        let (row, message) = (Row::of(entry, unix), &entry.message);
        if !is_same_text {
            self.avatar.set_text(Some(&row.app));
            self.avatar.set_custom_image(row.icon.as_ref().and_then(|icon| self.icons.find(icon)).as_ref());
            self.title.set_text(&row.title);
            self.show_text();
        }
        self.meta.set_text(&meta(entry, &row));
        let state = row.emergency.map(|state| fill("Emergency, {state}", &[("state", state.words())]));
        self.state.set_visible(state.is_some());
        self.state.set_text(state.as_deref().unwrap_or_default());
        self.state.set_css_classes(match row.emergency {
            Some(EmergencyState::Open) => &["heading", "error"],
            _ => &["heading", "dim-label"],
        });
        self.problem.set_visible(message.problem.is_some());
        self.problem.set_text(&message.problem.as_deref().map(capitalized).unwrap_or_default());
        self.acknowledge.set_visible(row.emergency == Some(EmergencyState::Open));
        let link = message.url.as_deref().filter(|_| !message.encrypted);
        self.open.set_visible(link.is_some());
        let words = message.url_title.as_deref().filter(|title| !title.trim().is_empty());
        self.open.set_label(&words.map_or_else(|| tr("Open link").to_owned(), str::to_owned));
        self.open.set_tooltip_text(link);
        if is_other {
            self.scroll.vadjustment().set_value(0.0);
        }
        show_only(&self.stack, "one");
    }

    /// Renders the text for the light or dark background of now.
    pub(super) fn show_text(&self) {
        if let Some(entry) = &*self.entry.borrow() {
            let is_dark = adw::StyleManager::default().is_dark();
            let Markup { text, links } = markup(&entry.message.text().shortened(LONGEST), is_dark);
            self.body.set_markup(&text);
            self.links.replace(links);
        }
    }

    /// Shows how many are selected.
    pub(super) fn show_several(&self, number: usize) {
        self.entry.replace(None);
        let words = count(number, "{count} message selected", "{count} messages selected");
        self.several.set_title(&words);
        show_only(&self.stack, "several");
    }

    /// Shows nothing.
    pub(super) fn clear(&self) {
        self.entry.replace(None);
        show_only(&self.stack, "none");
    }

    /// Copies the text, with the addresses of its links.
    pub(super) fn copy(&self) -> bool {
        let (Some(entry), Some(display)) = (self.entry(), gdk::Display::default()) else { return false };
        let message = &entry.message;
        let parts = [message.heading().to_owned(), message.text().spelled_out(), link_of(&entry)];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.trim().is_empty()).collect();
        display.clipboard().set_text(&parts.join("\n"));
        true
    }
}

fn link_of(entry: &Entry) -> String {
    entry.message.url.as_deref().filter(|_| !entry.message.encrypted).unwrap_or_default().to_owned()
}

fn meta(entry: &Entry, row: &Row) -> String {
    let (unix, zone) = (clock::unix(), TimeZone::system());
    let mut parts = Vec::new();
    if row.app != row.title {
        parts.push(row.app.clone());
    }
    parts.extend(exact_time(row.time));
    parts.extend(priority_word(row.priority).filter(|_| row.emergency.is_none()).map(capitalized));
    parts.extend(time_format::repeats(entry, unix, &zone));
    parts.join(" · ")
}

/// The address of a link that may be opened; the error says why it may not.
pub(super) fn allowed(address: &str, schemes: &[String]) -> Result<String, String> {
    match scheme_of(address) {
        Some(scheme) if schemes.contains(&scheme) => Ok(without_unsafe_fields(address).into_owned()),
        Some(scheme) => Err(fill(
            "Links that begin with {scheme}: are not opened. The preferences, under Privacy, can allow them.",
            &[("scheme", &scheme)],
        )),
        None => Err(tr("This link is not a complete address.").to_owned()),
    }
}
