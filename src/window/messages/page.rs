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
use crate::domain::message::{Entry, Seq};
use crate::system::clock;
use crate::window::model::banner::{Banner, Daemon};
use crate::window::model::feed::Feed;
use crate::window::model::filter::{FIRST_PAGE, Filter, PAGE};
use crate::window::model::first_message::can_send_test;
use crate::window::model::row::Row;
use crate::window::services::{News, Services};
use crate::window::stack::{is_shown, show_only};
use crate::window::words::tr;

/// How close to the end of the list the next page is read, in heights of the list. The toolkit makes widgets for rows far outside
/// of what is visible, so the rows it requests do not show how far the user has scrolled.
const AHEAD: f64 = 1.5;

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
    list_number: Cell<u64>,
    is_paging: Cell<bool>,
    /// Why the messages cannot be read.
    unreadable: RefCell<Option<Problem>>,
    /// The name of this device, once the daemon said it.
    device: RefCell<Option<String>>,
    service_ahead: Cell<i64>,
    missing: RefCell<Vec<Seq>>,
    pub(super) deletions: RefCell<Vec<Deletion>>,
    pub(super) wanted: Box<dyn Fn(Wanted)>,
}

/// Messages that are deleted unless the user undoes it.
pub(super) struct Deletion {
    pub(super) toast: adw::Toast,
    pub(super) seqs: Vec<Seq>,
    pub(super) rows: Vec<Row>,
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
    fn unix(&self) -> i64 {
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
            News::Event(
                Event::Read(message)
                | Event::Unread(message)
                | Event::Shown(message)
                | Event::Acknowledged(message)
                | Event::Expired(message),
            ) => self.update(Seq(message.row)),
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
        self.parts.title.set_subtitle(if banner.is_shown() { "" } else { &banner.sentence });
        (self.wanted)(Wanted::Sentence(banner.sentence.clone()));
        self.banner.replace(banner);
    }

    /// Reads the list anew.
    pub(in crate::window) fn reload(self: &Rc<Self>) {
        let list = self.services.new_list();
        self.list_number.set(list);
        self.is_paging.set(true);
        let query = self.filters.filter().query(None, FIRST_PAGE, self.unix());
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            let read = page.services.read_for(list, move |log| log.page(&query)).await;
            let entries = match read {
                Ok(Some(entries)) => entries,
                Ok(None) => return,
                Err(problem) => return page.show_unreadable(problem),
            };
            page.is_paging.set(false);
            page.unreadable.take();
            let (rows, is_complete) = page.rows(&entries, FIRST_PAGE);
            page.list.model.change(|feed| [feed.replace(rows, is_complete)]);
            page.list.scroll_to_top();
            page.show_emptiness();
            page.selection_changed();
        });
    }

    /// Reads the beginning of the list again, and leaves the rest as it is.
    fn read_again(self: &Rc<Self>) {
        let (list, query) = (self.list_number.get(), self.filters.filter().query(None, PAGE, self.unix()));
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            let read = page.services.read_for(list, move |log| {
                log.reopen();
                log.page(&query)
            });
            let entries = match read.await {
                Ok(Some(entries)) => entries,
                Ok(None) => return,
                Err(problem) => return page.show_unreadable(problem),
            };
            page.unreadable.take();
            let (rows, is_complete) = page.rows(&entries, PAGE);
            page.keeping_place(|page| page.list.model.change(|feed| feed.merge(rows, is_complete)));
            page.list.refresh();
            page.show_emptiness();
        });
    }

    /// The rows of a page, and whether it is the last one: it has fewer than were asked for.
    fn rows(&self, entries: &[Entry], limit: usize) -> (Vec<Row>, bool) {
        let unix = self.unix();
        (entries.iter().map(|entry| Row::of(entry, unix)).collect(), entries.len() < limit)
    }

    /// Reads the next page if the end of the list is near.
    fn read_ahead(self: &Rc<Self>) {
        let place = self.parts.list_scroll.vadjustment();
        let is_near = place.upper() - place.value() - place.page_size() < place.page_size() * AHEAD;
        let (is_complete, last) = self.list.model.with(|feed| (feed.is_complete(), feed.last()));
        if !is_near || is_complete || last.is_none() || self.is_paging.replace(true) {
            return;
        }
        let (number, query) = (self.list_number.get(), self.filters.filter().query(last, PAGE, self.unix()));
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            let read = page.services.read_for(number, move |log| log.page(&query)).await;
            if let Ok(Some(entries)) = read {
                let (rows, is_complete) = page.rows(&entries, PAGE);
                page.list.model.change(|feed| [feed.append(rows, is_complete)]);
            }
            if page.services.is_latest(number) {
                page.is_paging.set(false);
            }
        });
    }

    /// A row appeared that is no longer in memory: reads it with its neighbours.
    fn fill_in(self: &Rc<Self>, seq: Seq) {
        self.missing.borrow_mut().push(seq);
        if self.missing.borrow().len() > 1 {
            return;
        }
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            // The other rows that appear with it are collected first.
            glib::timeout_future(std::time::Duration::ZERO).await;
            let missing = page.missing.take();
            let newest = missing.iter().max().map(|seq| Seq(seq.0 + 1));
            let query = page.filters.filter().query(newest, PAGE, page.unix());
            let list = page.list_number.get();
            if let Ok(Some(entries)) = page.services.read_for(list, move |log| log.page(&query)).await {
                let (rows, _) = page.rows(&entries, PAGE);
                page.list.model.change(|feed| {
                    feed.refill(rows);
                    None
                });
                page.list.refresh_rows(&missing);
            }
        });
    }

    /// A message was recorded.
    fn insert(self: &Rc<Self>, seq: Seq) {
        let (list, query) = (self.list_number.get(), self.filters.filter().query(None, PAGE, self.unix()));
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            let read = page.services.read_for(list, move |log| log.matching(&query, seq)).await;
            let Ok(Some(Some(entry))) = read else { return };
            let row = Row::of(&entry, page.unix());
            page.keeping_place(|page| page.list.model.change(|feed| feed.insert(row)));
            page.show_emptiness();
        });
    }

    /// Changes the list. At the top of it, new rows scroll into view; anywhere else, what is visible stays in place.
    fn keeping_place(self: &Rc<Self>, change: impl FnOnce(&Self)) {
        let is_at_top = self.parts.list_scroll.vadjustment().value() <= 0.0;
        change(self);
        if is_at_top {
            let page = Rc::downgrade(self);
            glib::idle_add_local_once(move || {
                with(&page, |page| page.parts.list_scroll.vadjustment().set_value(0.0));
            });
        }
    }

    /// Something about a message changed.
    pub(super) fn update(self: &Rc<Self>, seq: Seq) {
        let is_known = self.list.model.with(|feed| feed.row(seq).is_some());
        if !is_known {
            return;
        }
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            let Ok(Some(entry)) = page.services.read(move |log| log.entry(seq)).await else { return };
            page.show_changed(&entry);
        });
    }

    fn show_changed(&self, entry: &Entry) {
        let unix = self.unix();
        self.list.model.change(|feed| {
            feed.update(Row::of(entry, unix));
            None
        });
        self.list.refresh_rows(&[entry.seq]);
        if self.detail.entry().is_some_and(|shown| shown.seq == entry.seq) {
            self.detail.show(entry, unix);
        }
    }

    fn remove(self: &Rc<Self>, seq: Seq) {
        self.list.model.change(|feed| feed.remove(seq));
        self.deletions
            .borrow_mut()
            .iter_mut()
            .for_each(|deletion| deletion.seqs.retain(|other| *other != seq));
        self.show_emptiness();
        self.selection_changed();
    }

    pub(super) fn show_emptiness(&self) {
        if !self.list.model.with(Feed::is_empty) {
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
    fn show_unreadable(&self, problem: Problem) {
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
        let selected = self.list.selected();
        let Parts { copy, unread, delete, .. } = &self.parts;
        copy.set_sensitive(selected.len() == 1);
        unread.set_sensitive(!selected.is_empty());
        delete.set_sensitive(!selected.is_empty());
        match selected.as_slice() {
            [] => self.detail.clear(),
            [seq] if self.detail.entry().is_some_and(|entry| entry.seq == *seq) => {}
            [seq] => self.open(*seq),
            several => self.detail.show_several(several.len()),
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
            if page.list.selected() != [seq] {
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

    /// Whether the list shows any message.
    pub(in crate::window) fn has_messages(&self) -> bool {
        !self.list.model.with(Feed::is_empty)
    }

    /// Moves the focus to the search field.
    pub(in crate::window) fn find(&self) {
        self.parts.content.navigate(adw::NavigationDirection::Back);
        self.parts.search.grab_focus();
    }

    /// Selects all rows that were reached.
    pub(in crate::window) fn select_all(&self) {
        self.list.selection.select_all();
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
