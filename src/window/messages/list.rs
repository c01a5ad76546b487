//! The list of messages on the screen.
//!
//! Invariant: a row has no button, so the keyboard reaches the list in one step; everything that can be done is in the detail
//! pane, the menu and on keys.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use adw::prelude::*;
use gtk::{gdk, glib};
use jiff::tz::TimeZone;

use super::list_model::MessageList;
use crate::app::context::Context;
use crate::app::time_format;
use crate::domain::media::MediaName;
use crate::domain::message::{Priority, Seq};
use crate::system::clock;
use crate::window::accessible;
use crate::window::model::row::{EmergencyState, Row};
use crate::window::words::tr;

/// The width and height of an icon.
const ICON: i32 = 36;

/// The list, and what is on the screen of it.
pub(super) struct List {
    pub(super) view: gtk::ListView,
    pub(super) selection: gtk::MultiSelection,
    pub(super) model: MessageList,
    rows: Rc<Rows>,
}

/// The rows that are on the screen.
struct Rows {
    model: MessageList,
    /// Borrowed only for a moment: GTK may set up and tear down rows whenever a widget changes.
    bound: RefCell<HashMap<gtk::ListItem, Rc<Widgets>>>,
    icons: Icons,
    /// Called with the number of a row that is not in memory.
    missing: Box<dyn Fn(Seq)>,
}

impl List {
    pub(super) fn new(icons: Icons, missing: impl Fn(Seq) + 'static) -> Self {
        let model = MessageList::new();
        let selection = gtk::MultiSelection::new(Some(model.clone()));
        let rows = Rc::new(Rows {
            model: model.clone(),
            bound: RefCell::default(),
            icons,
            missing: Box::new(missing),
        });
        let view = gtk::ListView::new(Some(selection.clone()), Some(factory(&rows)));
        view.add_css_class("navigation-sidebar");
        view.add_css_class("messages");
        accessible::name(&view, tr("Messages"));
        Self { view, selection, model, rows }
    }

    /// Shows again what is on the screen; the icons are looked for again.
    pub(super) fn refresh(&self) {
        self.rows.icons.forget_missing();
        self.rows.refresh(|_seq| true);
    }

    /// Looks again for icons that the daemon had not fetched.
    pub(super) fn refresh_icons(&self) {
        if self.rows.icons.forget_missing() {
            self.rows.refresh(|_seq| true);
        }
    }

    /// Shows some rows again.
    pub(super) fn refresh_rows(&self, seqs: &[Seq]) {
        self.rows.refresh(|seq| seqs.contains(&seq));
    }

    /// The rows that are selected, from top to bottom.
    pub(super) fn selected(&self) -> Vec<Seq> {
        let chosen = self.selection.selection();
        let Some((rest, first)) = gtk::BitsetIter::init_first(&chosen) else { return Vec::new() };
        self.model.with(|feed| {
            let positions = std::iter::once(first).chain(rest);
            positions.filter_map(|position| feed.seq_at(usize::try_from(position).ok()?)).collect()
        })
    }

    /// How many rows are selected.
    pub(super) fn selected_count(&self) -> usize {
        usize::try_from(self.selection.selection().size()).unwrap_or(usize::MAX)
    }

    /// The row that is selected, if it is one.
    pub(super) fn only_selected(&self) -> Option<Seq> {
        let chosen = self.selection.selection();
        (chosen.size() == 1).then(|| self.model.seq_at(chosen.minimum()))?
    }

    /// Replaces what the list does when the user selects everything: it knows only the rows that were reached.
    pub(super) fn on_select_all(&self, select: impl Fn() + 'static) {
        let keys = gtk::ShortcutController::new();
        keys.set_propagation_phase(gtk::PropagationPhase::Capture);
        let action = gtk::CallbackAction::new(move |_, _| {
            select();
            glib::Propagation::Stop
        });
        let trigger = gtk::ShortcutTrigger::parse_string("<Control>a|<Control>slash");
        keys.add_shortcut(gtk::Shortcut::new(trigger, Some(action)));
        self.view.add_controller(keys);
    }

    /// Shows the first row.
    pub(super) fn scroll_to_top(&self) {
        if self.selection.n_items() > 0 {
            // The action fails only without rows.
            drop(self.view.activate_action("list.scroll-to-item", Some(&0_u32.to_variant())));
        }
    }
}

impl Rows {
    fn refresh(&self, wanted: impl Fn(Seq) -> bool) {
        let bound: Vec<_> =
            self.bound.borrow().iter().map(|(item, row)| (item.clone(), Rc::clone(row))).collect();
        for (item, widgets) in bound {
            if let Some(seq) = seq_of(&item).filter(|seq| wanted(*seq)) {
                self.show(seq, &widgets);
            }
        }
    }

    fn show(&self, seq: Seq, widgets: &Widgets) {
        if let Some(row) = self.model.with(|feed| feed.row(seq).cloned()) {
            widgets.show(&row, &self.icons);
        } else {
            widgets.clear();
            (self.missing)(seq);
        }
    }
}

fn factory(rows: &Rc<Rows>) -> gtk::SignalListItemFactory {
    let factory = gtk::SignalListItemFactory::new();
    let shown = Rc::downgrade(rows);
    factory.connect_setup(move |_, item| {
        let (Some(rows), Some(item)) = (shown.upgrade(), item.downcast_ref::<gtk::ListItem>()) else {
            return;
        };
        let widgets = Rc::new(Widgets::new());
        item.set_child(Some(&widgets.all));
        rows.bound.borrow_mut().insert(item.clone(), widgets);
    });
    let shown = Rc::downgrade(rows);
    factory.connect_bind(move |_, item| {
        let (Some(rows), Some(item)) = (shown.upgrade(), item.downcast_ref::<gtk::ListItem>()) else {
            return;
        };
        let widgets = rows.bound.borrow().get(item).cloned();
        if let (Some(seq), Some(widgets)) = (seq_of(item), widgets) {
            rows.show(seq, &widgets);
        }
    });
    let shown = Rc::downgrade(rows);
    factory.connect_teardown(move |_, item| {
        let (Some(rows), Some(item)) = (shown.upgrade(), item.downcast_ref::<gtk::ListItem>()) else {
            return;
        };
        let widgets = rows.bound.borrow_mut().remove(item);
        drop(widgets);
    });
    factory
}

fn seq_of(item: &gtk::ListItem) -> Option<Seq> {
    let object = item.item()?.downcast::<glib::BoxedAnyObject>().ok()?;
    let seq = *object.borrow::<Seq>();
    Some(seq)
}

/// The parts of a row.
struct Widgets {
    all: gtk::Box,
    avatar: adw::Avatar,
    dot: gtk::Image,
    title: gtk::Label,
    time: gtk::Label,
    second: gtk::Box,
    app: gtk::Label,
    badge: gtk::Label,
    badge_style: Cell<&'static str>,
    preview: gtk::Label,
    /// When the message was sent: the tooltip is made of it when it is needed, because setting one asks the X server where the
    /// mouse is.
    sent: Rc<Cell<i64>>,
}

impl Widgets {
    fn new() -> Self {
        let line = |style: &[&str]| {
            let label = gtk::Label::builder().xalign(0.0).ellipsize(gtk::pango::EllipsizeMode::End);
            label.single_line_mode(true).hexpand(true).css_classes(style.to_vec()).build()
        };
        let avatar = adw::Avatar::builder().size(ICON).show_initials(true).valign(gtk::Align::Start).build();
        let dot = gtk::Image::builder()
            .accessible_role(gtk::AccessibleRole::Presentation)
            .icon_name("media-record-symbolic")
            .pixel_size(10)
            .build();
        dot.add_css_class("unread-dot");
        let title = line(&["title"]);
        let time = gtk::Label::builder().css_classes(["caption", "dim-label"]).build();
        let app = line(&["caption", "dim-label"]);
        let badge = gtk::Label::builder().css_classes(["badge", "caption"]).build();
        let preview = line(&["caption"]);
        let row = |children: &[&gtk::Widget]| {
            let row = gtk::Box::builder().spacing(6).build();
            for child in children {
                row.append(*child);
            }
            row
        };
        let first = row(&[dot.upcast_ref(), title.upcast_ref(), time.upcast_ref()]);
        let second = row(&[app.upcast_ref(), badge.upcast_ref()]);
        let words =
            gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(2).hexpand(true).build();
        words.append(&first);
        words.append(&second);
        words.append(&preview);
        let all = gtk::Box::builder().spacing(10).margin_top(8).margin_bottom(8).build();
        all.append(&avatar);
        all.append(&words);
        time.set_has_tooltip(true);
        let sent: Rc<Cell<i64>> = Rc::default();
        let hovered = Rc::clone(&sent);
        time.connect_query_tooltip(move |_, _, _, _, tooltip| {
            tooltip.set_text(exact_time(hovered.get()).as_deref());
            true
        });
        Self {
            all,
            avatar,
            dot,
            title,
            time,
            second,
            app,
            badge,
            badge_style: Cell::default(),
            preview,
            sent,
        }
    }

    fn show(&self, row: &Row, icons: &Icons) {
        let (unix, zone) = (clock::unix(), TimeZone::system());
        if self.avatar.text().as_deref() != Some(&*row.app) {
            self.avatar.set_text(Some(&row.app));
        }
        self.avatar.set_custom_image(row.icon.as_ref().and_then(|icon| icons.find(icon)).as_ref());
        self.dot.set_visible(row.is_unread);
        self.title.set_text(&row.title);
        if row.is_unread {
            self.title.add_css_class("unread");
        } else {
            self.title.remove_css_class("unread");
        }
        self.time.set_text(&time_format::words(row.time, unix, &zone).unwrap_or_default());
        self.sent.set(row.time);
        self.app.set_text(if row.app == row.title { "" } else { &row.app });
        self.second.set_visible(row.app != row.title || row.has_badge());
        self.preview.set_text(&row.preview);
        self.show_badge(row);
        accessible::name_parent(&self.all, &row.spoken(unix, &zone));
    }

    fn show_badge(&self, row: &Row) {
        let (words, style) = match (row.priority, row.emergency) {
            (_, Some(EmergencyState::Open)) => (Some(tr("Not acknowledged")), "badge-emergency"),
            (_, Some(EmergencyState::Requested)) => (Some(tr("Acknowledging")), "badge-high"),
            (_, Some(EmergencyState::Acknowledged)) => (Some(tr("Acknowledged")), "badge-calm"),
            (Priority::Emergency, _) => (Some(tr("Emergency")), "badge-high"),
            (Priority::High, _) => (Some(tr("High")), "badge-high"),
            (Priority::Low | Priority::Lowest, _) => (Some(tr("Low")), "badge-calm"),
            (Priority::Normal, _) => (None, "badge-calm"),
        };
        self.badge.set_visible(words.is_some());
        self.badge.set_text(words.unwrap_or_default());
        // GTK computes the style again even if the classes are the same.
        if words.is_some() && self.badge_style.replace(style) != style {
            self.badge.set_css_classes(&["badge", "caption", style]);
        }
    }

    fn clear(&self) {
        for label in [&self.title, &self.time, &self.app, &self.preview] {
            label.set_text("");
        }
        self.avatar.set_custom_image(None::<&gdk::Texture>);
        self.dot.set_visible(false);
        self.badge.set_visible(false);
    }
}

/// The exact time in the user's way of writing it.
pub(super) fn exact_time(unix: i64) -> Option<String> {
    let time = glib::DateTime::from_unix_local(unix).ok()?;
    time.format("%c").ok().map(Into::into)
}

/// The applications' icons, as the daemon keeps them.
pub(super) struct Icons {
    context: Context,
    known: RefCell<HashMap<MediaName, Option<gdk::Texture>>>,
}

impl Icons {
    pub(super) fn new(context: Context) -> Self {
        Self { context, known: RefCell::default() }
    }

    /// An icon that the daemon has fetched.
    pub(super) fn find(&self, name: &MediaName) -> Option<gdk::Texture> {
        let mut known = self.known.borrow_mut();
        let load = || gdk::Texture::from_filename(self.context.icon(name)?).ok();
        known.entry(name.clone()).or_insert_with(load).clone()
    }

    /// Whether one was missing.
    fn forget_missing(&self) -> bool {
        let mut known = self.known.borrow_mut();
        let before = known.len();
        known.retain(|_name, texture| texture.is_some());
        known.len() < before
    }
}
