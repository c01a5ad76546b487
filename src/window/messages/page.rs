//! Puts the list, the detail pane and the line at the top together, and keeps them up to date.
//!
//! Invariant: one list is read at a time; what belongs to an earlier filter is dropped.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use adw::prelude::*;
use gtk::glib;

use super::detail::Detail;
use super::filters::Filters;
use super::list::{Icons, List};
use super::parts::Parts;
use crate::app::Problem;
use crate::app::history;
use crate::control::{Command, Event};
use crate::domain::message::Seq;
use crate::system::clock;
use crate::window::model::banner::{Banner, Daemon};
use crate::window::model::feed::Hidden;
use crate::window::model::filter::Filter;
use crate::window::model::first_message::can_send_test;
use crate::window::services::{News, Services};
use crate::window::stack::{is_shown, show_only};
use crate::window::words::tr;

/// What the page asks of the window around it.
pub(in crate::window) enum Wanted {
    /// Sign in.
    SignIn,
    /// Start the daemon.
    Start,
    /// The status, for the title.
    Sentence(String),
}

/// The page.
pub(in crate::window) struct MessagesPage {
    pub(in crate::window) parts: Parts,
    pub(super) services: Services,
    pub(super) list: List,
    pub(super) filters: Rc<Filters>,
    pub(super) detail: Rc<Detail>,
    pub(super) banner: RefCell<Banner>,
    pub(super) list_number: Cell<u64>,
    pub(super) is_paging: Cell<bool>,
    /// Why the messages cannot be read.
    pub(super) unreadable: RefCell<Option<Problem>>,
    /// The name of this device, once the daemon said it.
    device: RefCell<Option<String>>,
    service_ahead: Cell<i64>,
    pub(super) missing: RefCell<Vec<Seq>>,
    pub(super) deletions: RefCell<Vec<Deletion>>,
    pub(super) wanted: Box<dyn Fn(Wanted)>,
}

/// Messages that are deleted unless the user undoes it.
pub(super) struct Deletion {
    pub(super) toast: adw::Toast,
    /// What is deleted: the rows and the other copies of the emergencies among them.
    pub(super) seqs: Vec<Seq>,
    pub(super) hidden: Hidden,
    /// The list that they were taken from.
    pub(super) list: u64,
}

impl MessagesPage {
    pub(in crate::window) fn new(services: Services, wanted: impl Fn(Wanted) + 'static) -> Rc<Self> {
        let context = (*services.context).clone();
        let page = Rc::new_cyclic(|page: &Weak<Self>| {
            let [one, two, three, four] = [(); 4].map(|()| Weak::clone(page));
            let list =
                List::new(Icons::new(context.clone()), move |seq| with(&one, |page| page.fill_in(seq)));
            let schemes = context.settings.open_links.clone();
            let detail = Detail::new(Icons::new(context), schemes, move |address| {
                with(&two, |page| page.follow_link(address));
            });
            let filters =
                Filters::new(move || with(&three, Self::reload), move || with(&four, Self::offer_apps));
            Self {
                parts: Parts::new(&list.view, &detail.stack, &filters.button),
                services,
                list,
                filters,
                detail,
                banner: RefCell::default(),
                list_number: Cell::default(),
                is_paging: Cell::default(),
                unreadable: RefCell::default(),
                device: RefCell::default(),
                service_ahead: Cell::default(),
                missing: RefCell::default(),
                deletions: RefCell::default(),
                wanted: Box::new(wanted),
            }
        });
        page.connect();
        page.reload();
        page
    }

    fn connect(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        let on = |act: fn(&Rc<Self>)| {
            let weak = Weak::clone(&weak);
            move || with(&weak, act)
        };
        let place = self.parts.list_scroll.vadjustment();
        let (scrolled, grown) = (on(Self::read_ahead), on(Self::read_ahead));
        place.connect_value_changed(move |_| scrolled());
        place.connect_changed(move |_| grown());
        let selected = on(Self::selection_changed);
        self.list.selection.connect_selection_changed(move |_, _, _| selected());
        let all = on(Self::select_all);
        self.list.on_select_all(all);
        let shown = on(Self::show_selected_pane);
        self.list.view.connect_activate(move |_, _| shown());
        let searched = on(|page| page.filters.search(&page.parts.search.text()));
        self.parts.search.connect_search_changed(move |_| searched());
        let left = on(|page| {
            page.list.view.grab_focus();
        });
        self.parts.search.connect_stop_search(move |search| {
            search.set_text("");
            left();
        });
        let entered = on(|page| {
            page.list.view.grab_focus();
        });
        self.parts.search.connect_activate(move |_| entered());
        let cleared = on(|page| {
            page.parts.search.set_text("");
            page.filters.set(Filter::default());
        });
        self.parts.empty.clear_filters.connect_clicked(move |_| cleared());
        let copied = on(|page| {
            page.parts.empty.copy();
            page.say(tr("Copied"));
        });
        self.parts.empty.copy_command.connect_clicked(move |_| copied());
        let tested = on(|page| page.ask(Command::SendTest));
        self.parts.empty.send_test.connect_clicked(move |_| tested());
        let act = on(Self::act);
        self.parts.status_line.button.connect_clicked(move |_| act());
        let acknowledge = on(Self::acknowledge);
        self.detail.acknowledge.connect_clicked(move |_| acknowledge());
        let open = on(Self::open_link);
        self.detail.open.connect_clicked(move |_| open());
        let Parts { copy, unread, delete, .. } = &self.parts;
        let act = on(Self::copy);
        copy.connect_clicked(move |_| act());
        let act = on(Self::mark_unread);
        unread.connect_clicked(move |_| act());
        let act = on(Self::delete);
        delete.connect_clicked(move |_| act());
        let recolour = on(|page| page.detail.show_text());
        adw::StyleManager::default().connect_dark_notify(move |_| recolour());
    }

    /// The time by the service's clock.
    pub(super) fn unix(&self) -> i64 {
        clock::unix().saturating_add(self.service_ahead.get())
    }

    /// Takes news from the daemon.
    pub(in crate::window) fn hear(self: &Rc<Self>, news: News) {
        match news {
            News::ServiceAhead(ahead) => self.service_ahead.set(ahead),
            News::Daemon(daemon) => self.show_daemon(&daemon),
            News::Missed => self.read_again(),
            News::Event(Event::Recorded(message)) => self.insert(Seq(message.row)),
            News::Event(Event::Deleted(message)) => self.remove(Seq(message.row)),
            News::Event(Event::Shown(message)) => {
                // By then its icon was fetched.
                self.list.refresh_icons();
                self.update(&[Seq(message.row)]);
            }
            News::Event(
                Event::Read(message)
                | Event::Unread(message)
                | Event::Acknowledged(message)
                | Event::Expired(message),
            ) => self.update(&[Seq(message.row)]),
            News::Event(
                Event::Status(_) | Event::Missed { .. } | Event::AllDeleted { .. } | Event::Unknown,
            ) => {}
        }
    }

    fn show_daemon(&self, daemon: &Daemon) {
        if let Daemon::Running(status) = daemon
            && *self.device.borrow() != status.device
        {
            self.device.replace(status.device.clone());
            if is_shown(&self.parts.list_stack, "empty") {
                self.show_emptiness();
            }
        }
        let banner = Banner::of(daemon);
        if *self.banner.borrow() == banner {
            return;
        }
        self.parts.status_line.show(&banner);
        self.parts.set_status(if banner.is_shown() { "" } else { &banner.sentence });
        (self.wanted)(Wanted::Sentence(banner.sentence.clone()));
        self.banner.replace(banner);
    }

    pub(super) fn show_emptiness(&self) {
        // An empty list that goes on is about to be read.
        let (is_empty, is_complete) = self.list.model.with(|feed| (feed.is_empty(), feed.is_complete()));
        if !is_empty || (!is_complete && self.unreadable.borrow().is_none()) {
            show_only(&self.parts.list_stack, "list");
            return;
        }
        if let Some(problem) = &*self.unreadable.borrow() {
            self.parts.empty.show_problem(problem);
        } else if self.filters.filter().is_active() {
            self.parts.empty.show_no_match();
        } else {
            let can_send_test = can_send_test(&self.services.context.settings);
            let api = self.services.context.servers.api().as_str();
            self.parts.empty.show_no_messages(api, self.device.borrow().as_deref(), can_send_test);
        }
        show_only(&self.parts.list_stack, "empty");
    }

    /// Rows that were read before stay on the screen.
    pub(super) fn show_unreadable(&self, problem: Problem) {
        self.unreadable.replace(Some(problem));
        self.show_emptiness();
    }

    fn offer_apps(self: &Rc<Self>) {
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            if let Ok(names) = page.services.read(history::LogReader::apps).await {
                page.filters.offer(names);
            }
        });
    }

    /// Shows what is selected now.
    pub(super) fn selection_changed(self: &Rc<Self>) {
        let (count, only) = (self.list.selected_count(), self.list.only_selected());
        let Parts { copy, unread, delete, .. } = &self.parts;
        copy.set_sensitive(only.is_some());
        unread.set_sensitive(count > 0);
        delete.set_sensitive(count > 0);
        match only {
            Some(seq) if self.detail.entry().is_some_and(|entry| entry.seq == seq) => {}
            Some(seq) => self.open(seq),
            None if count == 0 => self.detail.clear(),
            None => self.detail.show_several(count),
        }
    }

    /// Reads and shows a whole message, and marks it as read.
    fn open(self: &Rc<Self>, seq: Seq) {
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            let entry = match page.services.read(move |log| log.entry(seq)).await {
                Ok(Some(entry)) => entry,
                Ok(None) => return page.detail.clear(),
                Err(problem) => return page.report(&problem),
            };
            // Another may have been selected meanwhile.
            if page.list.only_selected() != Some(seq) {
                return;
            }
            page.detail.show(&entry, page.unix());
            if entry.read.is_none() {
                page.mark_read(vec![seq]).await;
            }
        });
    }

    /// On a narrow window, shows the message instead of the list.
    fn show_selected_pane(self: &Rc<Self>) {
        self.parts.content.navigate(adw::NavigationDirection::Forward);
    }

    async fn mark_read(self: &Rc<Self>, seqs: Vec<Seq>) {
        let marked = self.services.run(async move |context| history::mark_rows_read(&context, &seqs).await);
        if let Ok(Err(problem)) = marked.await {
            self.report(&problem);
        }
    }

    /// Moves the focus to the search field.
    pub(in crate::window) fn find(&self) {
        self.parts.content.navigate(adw::NavigationDirection::Back);
        self.parts.search.grab_focus();
    }

    /// Deletes what is selected.
    pub(in crate::window) fn delete_selected(self: &Rc<Self>) {
        self.delete();
    }

    /// Marks what is selected as unread.
    pub(in crate::window) fn mark_unread_selected(self: &Rc<Self>) {
        self.mark_unread();
    }

    /// Copies the message that is shown.
    pub(in crate::window) fn copy_selected(self: &Rc<Self>) {
        self.copy();
    }

    /// Acknowledges the emergency that is shown.
    pub(in crate::window) fn acknowledge_selected(self: &Rc<Self>) {
        if self.detail.acknowledge.is_visible() {
            self.acknowledge();
        }
    }

    /// Shows the rows again, because their times may have other words now.
    pub(in crate::window) fn refresh(&self) {
        self.list.refresh();
    }
}

pub(super) fn with<T>(weak: &Weak<MessagesPage>, act: impl FnOnce(&Rc<MessagesPage>) -> T) {
    if let Some(page) = weak.upgrade() {
        act(&page);
    }
}
