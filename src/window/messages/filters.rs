//! The menu that limits the list.
//!
//! Invariant: what it shows is the filter in use; choosing something changes the filter and calls `changed`.

use std::cell::RefCell;
use std::rc::Rc;

use adw::prelude::*;
use gtk::glib;

use crate::window::accessible;
use crate::window::model::filter::{Filter, Period, PriorityChoice};
use crate::window::words::tr;

/// The menu.
pub(super) struct Filters {
    pub(super) button: gtk::MenuButton,
    filter: RefCell<Filter>,
    unread: gtk::CheckButton,
    apps: gtk::DropDown,
    names: RefCell<Vec<String>>,
    priority: gtk::DropDown,
    period: gtk::DropDown,
    changed: Box<dyn Fn()>,
    is_showing: std::cell::Cell<bool>,
}

impl Filters {
    /// `opened` is called when the menu opens: then the applications are needed.
    pub(super) fn new(changed: impl Fn() + 'static, opened: impl Fn() + 'static) -> Rc<Self> {
        let words = |all: Vec<&str>| gtk::DropDown::from_strings(&all);
        let priority = words(PriorityChoice::ALL.iter().map(|choice| choice.words()).collect());
        let period = words(Period::ALL.iter().map(|choice| choice.words()).collect());
        let apps = words(vec![tr("Any application")]);
        let unread = gtk::CheckButton::with_mnemonic(tr("_Unread only"));
        accessible::name(&unread, tr("Unread only"));
        let grid = gtk::Grid::builder().row_spacing(8).column_spacing(16).build();
        let rows: [(&str, &gtk::Widget); 3] = [
            (tr("A_pplication"), apps.upcast_ref()),
            (tr("P_riority"), priority.upcast_ref()),
            (tr("_Time"), period.upcast_ref()),
        ];
        grid.attach(&unread, 0, 0, 2, 1);
        for (line, (words, widget)) in (1..).zip(rows) {
            let label =
                gtk::Label::builder().label(words).use_underline(true).xalign(0.0).hexpand(true).build();
            label.set_mnemonic_widget(Some(widget));
            grid.attach(&label, 0, line, 1, 1);
            grid.attach(widget, 1, line, 1, 1);
        }
        let reset = gtk::Button::builder().label(tr("Clear filters")).build();
        let content = gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).build();
        for margin in ["margin-top", "margin-bottom", "margin-start", "margin-end"] {
            content.set_property(margin, 12);
        }
        content.append(&grid);
        content.append(&reset);
        let popover = gtk::Popover::builder().child(&content).build();
        let button = gtk::MenuButton::builder().popover(&popover).label(tr("Filter")).build();
        accessible::name(&button, tr("Filter"));
        button.set_tooltip_text(Some(tr("Show only some of the messages")));
        let filters = Rc::new(Self {
            button,
            filter: RefCell::default(),
            unread,
            apps,
            names: RefCell::default(),
            priority,
            period,
            changed: Box::new(changed),
            is_showing: std::cell::Cell::new(false),
        });
        popover.connect_show(move |_| opened());
        reset.connect_clicked(glib::clone!(
            #[weak]
            filters,
            move |_| filters.set(Filter { search: filters.filter().search, ..Filter::default() })
        ));
        filters.unread.connect_toggled(glib::clone!(
            #[weak]
            filters,
            move |_| filters.read()
        ));
        for choice in [&filters.apps, &filters.priority, &filters.period] {
            choice.connect_selected_notify(glib::clone!(
                #[weak]
                filters,
                move |_| filters.read()
            ));
        }
        filters
    }

    /// The filter in use.
    pub(super) fn filter(&self) -> Filter {
        self.filter.borrow().clone()
    }

    /// Uses a filter.
    pub(super) fn set(&self, filter: Filter) {
        self.is_showing.set(true);
        self.unread.set_active(filter.unread);
        let app = self.names.borrow().iter().position(|name| Some(name) == filter.app.as_ref());
        self.apps.set_selected(app.and_then(|app| u32::try_from(app + 1).ok()).unwrap_or(0));
        self.priority.set_selected(position(&PriorityChoice::ALL, &filter.priority));
        self.period.set_selected(position(&Period::ALL, &filter.period));
        self.is_showing.set(false);
        self.use_filter(filter);
    }

    /// Searches for words, besides the choices here.
    pub(super) fn search(&self, words: &str) {
        let filter = Filter { search: words.to_owned(), ..self.filter() };
        self.use_filter(filter);
    }

    /// Offers these applications.
    pub(super) fn offer(&self, names: Vec<String>) {
        let chosen = self.filter().app;
        let mut names = names;
        if let Some(chosen) = &chosen
            && !names.contains(chosen)
        {
            names.push(chosen.clone());
        }
        if *self.names.borrow() == names {
            return;
        }
        self.is_showing.set(true);
        let words: Vec<&str> =
            std::iter::once(tr("Any application")).chain(names.iter().map(String::as_str)).collect();
        self.apps.set_model(Some(&gtk::StringList::new(&words)));
        let selected = chosen.and_then(|chosen| names.iter().position(|name| *name == chosen));
        self.apps.set_selected(selected.and_then(|at| u32::try_from(at + 1).ok()).unwrap_or(0));
        self.names.replace(names);
        self.is_showing.set(false);
    }

    fn read(&self) {
        if self.is_showing.get() {
            return;
        }
        let chosen = |dropdown: &gtk::DropDown| usize::try_from(dropdown.selected()).unwrap_or_default();
        let app = chosen(&self.apps).checked_sub(1);
        let filter = Filter {
            search: self.filter().search,
            app: app.and_then(|app| self.names.borrow().get(app).cloned()),
            unread: self.unread.is_active(),
            priority: PriorityChoice::ALL.get(chosen(&self.priority)).copied().unwrap_or_default(),
            period: Period::ALL.get(chosen(&self.period)).copied().unwrap_or_default(),
        };
        self.use_filter(filter);
    }

    fn use_filter(&self, filter: Filter) {
        if *self.filter.borrow() == filter {
            return;
        }
        if filter.has_choices() {
            self.button.add_css_class("suggested-action");
        } else {
            self.button.remove_css_class("suggested-action");
        }
        self.filter.replace(filter);
        (self.changed)();
    }
}

fn position<T: PartialEq>(all: &[T], chosen: &T) -> u32 {
    let position = all.iter().position(|choice| choice == chosen).unwrap_or_default();
    u32::try_from(position).unwrap_or_default()
}
