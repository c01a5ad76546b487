//! What can be done with the messages that are selected.
//!
//! Invariant: a deletion can be undone for some seconds, and is carried out when the window closes earlier.

use std::rc::Rc;

use adw::prelude::*;
use gtk::glib;

use super::detail::allowed;
use super::page::{Deletion, MessagesPage, Wanted, with};
use crate::app::{Problem, history};
use crate::control::Command;
use crate::domain::text::capitalized;
use crate::window::environment;
use crate::window::model::banner::Action;
use crate::window::model::feed::{Feed, Hidden};
use crate::window::words::{count, fill, tr};

/// How long a deletion can be undone, in seconds.
const UNDO: u32 = 8;

impl MessagesPage {
    pub(super) fn mark_unread(self: &Rc<Self>) {
        let (page, seqs) = (Rc::clone(self), self.list.selected());
        glib::spawn_future_local(async move {
            let named = seqs.clone();
            let marked = page.services.run(async move |context| history::mark_unread(&context, &named).await);
            match marked.await {
                Ok(Err(problem)) => page.report(&problem),
                Ok(Ok(())) | Err(_) => page.update(&seqs),
            }
        });
    }

    pub(super) fn copy(self: &Rc<Self>) {
        if self.detail.copy() {
            self.parts.toasts.add_toast(adw::Toast::new(tr("Copied")));
        }
    }

    pub(super) fn acknowledge(self: &Rc<Self>) {
        let Some(entry) = self.detail.entry() else { return };
        self.detail.acknowledge.set_sensitive(false);
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            let asked = page.services.ask(Command::acknowledge(entry.message.id)).await;
            page.detail.acknowledge.set_sensitive(true);
            match asked {
                Ok(done) => page.say(&capitalized(&done)),
                Err(problem) => page.report(&problem),
            }
            page.update(&[entry.seq]);
        });
    }

    /// Opens the message's own link.
    pub(super) fn open_link(self: &Rc<Self>) {
        let link = self.detail.entry().and_then(|entry| entry.message.url);
        if let Some(link) = link {
            self.follow_link(&link);
        }
    }

    pub(super) fn follow_link(self: &Rc<Self>, address: &str) {
        match allowed(address, &self.services.context.settings.open_links) {
            Ok(address) => {
                let page = Rc::downgrade(self);
                environment::open_elsewhere(&self.parts.content, &address, move || {
                    with(&page, |page| page.say(tr("No program opens this link.")));
                });
            }
            Err(why) => self.say(&why),
        }
    }

    /// Removes the selected messages from the list, and deletes them once that can no longer be undone.
    pub(super) fn delete(self: &Rc<Self>) {
        let (page, selected) = (Rc::clone(self), self.list.selected());
        if selected.is_empty() {
            return;
        }
        glib::spawn_future_local(async move {
            let named = selected.clone();
            let seqs = match page.services.read(move |log| log.with_copies(&named)).await {
                Ok(seqs) => seqs,
                Err(problem) => return page.report(&problem),
            };
            let position = page.list.model.with(|feed| feed.position(*selected.first()?));
            let mut hidden = Hidden::default();
            page.list.model.change(|feed| {
                let (rows, splice) = feed.hide(&selected);
                hidden = rows;
                splice
            });
            page.select_after_deletion(position);
            page.show_emptiness();
            page.read_ahead();
            let words = count(selected.len(), "{count} message deleted", "{count} messages deleted");
            let toast = adw::Toast::builder().title(&words).button_label(tr("Undo")).timeout(UNDO).build();
            let deletion = Deletion { toast: toast.clone(), seqs, hidden, list: page.list_number.get() };
            page.deletions.borrow_mut().push(deletion);
            let weak = Rc::downgrade(&page);
            toast.connect_button_clicked(move |toast| with(&weak, |page| page.undo(toast)));
            let weak = Rc::downgrade(&page);
            toast.connect_dismissed(move |toast| with(&weak, |page| page.delete_for_good(toast)));
            page.parts.toasts.add_toast(toast);
        });
    }

    /// The next message takes the place of the deleted one.
    fn select_after_deletion(self: &Rc<Self>, position: Option<usize>) {
        let last = self.list.model.with(Feed::len).checked_sub(1);
        if let (Some(position), Some(last)) = (position, last)
            && self.list.selected().is_empty()
            && !self.parts.content.is_folded()
        {
            self.list.selection.select_item(u32::try_from(position.min(last)).unwrap_or_default(), true);
        } else {
            self.parts.content.navigate(adw::NavigationDirection::Back);
        }
        self.selection_changed();
    }

    fn taken(&self, toast: &adw::Toast) -> Option<Deletion> {
        let mut deletions = self.deletions.borrow_mut();
        let at = deletions.iter().position(|deletion| deletion.toast == *toast)?;
        Some(deletions.remove(at))
    }

    fn undo(self: &Rc<Self>, toast: &adw::Toast) {
        if let Some(deletion) = self.taken(toast) {
            self.put_back(deletion);
        }
    }

    /// Puts rows back into the list. In another list they may not belong.
    fn put_back(self: &Rc<Self>, Deletion { hidden, list, .. }: Deletion) {
        let is_same_list = list == self.list_number.get();
        self.list.model.change(|feed| {
            if is_same_list {
                feed.unhide(hidden)
            } else {
                feed.forget(&hidden);
                None
            }
        });
        self.show_emptiness();
        if !is_same_list {
            self.reload();
        }
    }

    fn delete_for_good(self: &Rc<Self>, toast: &adw::Toast) {
        let Some(deletion) = self.taken(toast) else { return };
        let page = Rc::clone(self);
        glib::spawn_future_local(async move { page.carry_out(deletion).await });
    }

    async fn carry_out(self: &Rc<Self>, deletion: Deletion) {
        let seqs = deletion.seqs.clone();
        let deleted = self.services.run(async move |context| history::delete(&context, &seqs).await);
        if let Ok(Err(problem)) = deleted.await {
            // Some may be deleted: the message log says which.
            self.list.model.change(|feed| {
                feed.forget(&deletion.hidden);
                None
            });
            self.reload();
            self.report(&problem);
        }
    }

    /// Deletes what can still be undone: the window closes.
    pub(in crate::window) async fn finish_deletions(self: &Rc<Self>) {
        let deletions = self.deletions.take();
        for deletion in deletions {
            self.carry_out(deletion).await;
        }
    }

    /// Whether there is anything that has to be carried out before the window closes.
    pub(in crate::window) fn has_deletions(&self) -> bool {
        !self.deletions.borrow().is_empty()
    }

    /// Does what the button at the top says.
    pub(super) fn act(self: &Rc<Self>) {
        let Some(action) = self.banner.borrow().action else { return };
        let command = match action {
            Action::SignIn => return (self.wanted)(Wanted::SignIn),
            Action::Start => return (self.wanted)(Wanted::Start),
            Action::TakeBack => Command::TakeBack,
            Action::Resume => Command::Resume,
            Action::TryAgain => Command::Sync,
        };
        self.ask(command);
    }

    /// Asks the daemon for something and shows its reply.
    pub(in crate::window) fn ask(self: &Rc<Self>, command: Command) {
        self.parts.status_line.button.set_sensitive(false);
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            let asked = page.services.ask(command).await;
            page.parts.status_line.button.set_sensitive(true);
            match asked {
                Ok(done) => page.say(&capitalized(&done)),
                Err(problem) => page.report(&problem),
            }
        });
    }

    /// Shows a sentence for a few seconds.
    pub(in crate::window) fn say(&self, words: &str) {
        self.parts.toasts.add_toast(adw::Toast::new(&glib::markup_escape_text(words)));
    }

    /// Shows a problem for a few seconds.
    pub(in crate::window) fn report(&self, problem: &Problem) {
        let words = match &problem.hint {
            Some(hint) => fill("{problem}; {hint}", &[("problem", &problem.message), ("hint", hint)]),
            None => problem.message.clone(),
        };
        self.say(&capitalized(&words));
    }
}
