//! Reads the list from the message log, a page at a time, and keeps it up to date.
//!
//! Invariant: what was read for an earlier list is dropped, and a change never moves what is being read.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use adw::prelude::*;
use gtk::glib;

use super::page::{MessagesPage, with};
use crate::domain::message::{Entry, Seq};
use crate::window::model::feed::Feed;
use crate::window::model::filter::{FIRST_PAGE, PAGE};
use crate::window::model::row::Row;

/// How close to the end of the list the next page is read, in heights of the list. The toolkit makes widgets for rows far outside
/// of what is visible, so the rows it requests do not show how far the user has scrolled.
const AHEAD: f64 = 1.5;

impl MessagesPage {
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
            page.read_ahead();
        });
    }

    /// Reads the beginning of the list again, and leaves the rest as it is.
    pub(super) fn read_again(self: &Rc<Self>) {
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
    pub(super) fn read_ahead(self: &Rc<Self>) {
        let place = self.parts.list_scroll.vadjustment();
        let is_near = place.upper() - place.value() - place.page_size() < place.page_size() * AHEAD;
        let (is_empty, is_complete, last) =
            self.list.model.with(|feed| (feed.is_empty(), feed.is_complete(), feed.last()));
        if !(is_near || is_empty) || is_complete || last.is_none() || self.is_paging.replace(true) {
            return;
        }
        let (number, query) = (self.list_number.get(), self.filters.filter().query(last, PAGE, self.unix()));
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            let read = page.services.read_for(number, move |log| log.page(&query)).await;
            if page.services.is_latest(number) {
                page.is_paging.set(false);
            }
            if let Ok(Some(entries)) = read {
                let (rows, is_complete) = page.rows(&entries, PAGE);
                page.list.model.change(|feed| [feed.append(rows, is_complete)]);
                page.show_emptiness();
                // All of them may be about to be deleted.
                if page.list.model.with(Feed::is_empty) {
                    page.read_ahead();
                }
            }
        });
    }

    /// Selects every message that matches the filter, also those that were not reached yet.
    pub(in crate::window) fn select_all(self: &Rc<Self>) {
        let (is_complete, last) = self.list.model.with(|feed| (feed.is_complete(), feed.last()));
        if is_complete {
            self.list.selection.select_all();
            return;
        }
        let query = self.filters.filter().query(last, usize::MAX, self.unix());
        let (number, page) = (self.list_number.get(), Rc::clone(self));
        glib::spawn_future_local(async move {
            match page.services.read_for(number, move |log| log.seqs(&query)).await {
                Ok(Some(seqs)) => {
                    page.list.model.change(|feed| [feed.reach(seqs)]);
                    page.list.selection.select_all();
                }
                Ok(None) => {}
                Err(problem) => page.report(&problem),
            }
        });
    }

    /// A row appeared that is not in memory: reads it with its neighbours.
    pub(super) fn fill_in(self: &Rc<Self>, seq: Seq) {
        self.missing.borrow_mut().push(seq);
        if self.missing.borrow().len() > 1 {
            return;
        }
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            // The other rows that appear with it are collected first.
            glib::timeout_future(Duration::ZERO).await;
            let missing = page.missing.take();
            let newest = missing.iter().max().map(|seq| Seq(seq.0 + 1));
            let query = page.filters.filter().query(newest, PAGE, page.unix());
            let (list, wanted) = (page.list_number.get(), missing.clone());
            let read = page.services.read_for(list, move |log| {
                let mut entries = log.page(&query)?;
                // A row stays in the list when it no longer matches the filter.
                let end = entries.last().filter(|_| entries.len() == PAGE).map(|entry| entry.seq);
                let found: BTreeSet<Seq> = entries.iter().map(|entry| entry.seq).collect();
                for seq in wanted.into_iter().filter(|seq| Some(*seq) > end && !found.contains(seq)) {
                    entries.extend(log.entry(seq)?);
                }
                Ok((entries, end))
            });
            if let Ok(Some((entries, end))) = read.await {
                let (rows, _) = page.rows(&entries, PAGE);
                page.list.model.change(|feed| {
                    feed.refill(rows);
                    // What is not in the message log was deleted.
                    let is_gone = |seq: &&Seq| Some(**seq) > end && feed.row(**seq).is_none();
                    let gone: Vec<Seq> = missing.iter().filter(is_gone).copied().collect();
                    gone.into_iter().filter_map(|seq| feed.remove(seq)).collect::<Vec<_>>()
                });
                page.list.refresh_rows(&missing);
            }
        });
    }

    /// A message was recorded.
    pub(super) fn insert(self: &Rc<Self>, seq: Seq) {
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

    /// Something about messages changed.
    pub(super) fn update(self: &Rc<Self>, seqs: &[Seq]) {
        // The other rows are read when they appear.
        let known: Vec<Seq> = self
            .list
            .model
            .with(|feed| seqs.iter().copied().filter(|seq| feed.row(*seq).is_some()).collect());
        if known.is_empty() {
            return;
        }
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            let read = page.services.read(move |log| {
                let mut entries = Vec::new();
                for seq in known {
                    entries.extend(log.entry(seq)?);
                }
                Ok(entries)
            });
            if let Ok(entries) = read.await {
                page.show_changed(&entries);
            }
        });
    }

    fn show_changed(&self, entries: &[Entry]) {
        let unix = self.unix();
        self.list.model.change(|feed| {
            for entry in entries {
                feed.update(Row::of(entry, unix));
            }
            None
        });
        let seqs: Vec<Seq> = entries.iter().map(|entry| entry.seq).collect();
        self.list.refresh_rows(&seqs);
        let shown = self.detail.entry();
        if let Some(entry) =
            entries.iter().find(|entry| shown.as_ref().is_some_and(|shown| shown.seq == entry.seq))
        {
            self.detail.show(entry, unix);
        }
    }

    /// A message was deleted.
    pub(super) fn remove(self: &Rc<Self>, seq: Seq) {
        let mut is_listed = false;
        self.list.model.change(|feed| {
            let splice = feed.remove(seq);
            is_listed = splice.is_some();
            splice
        });
        for deletion in &mut *self.deletions.borrow_mut() {
            deletion.seqs.retain(|other| *other != seq);
        }
        if is_listed {
            self.show_emptiness();
            self.selection_changed();
            self.read_ahead();
        }
    }
}
