//! The list of messages as the toolkit asks for it: numbers of rows, made into objects only where they are looked at.
//!
//! Invariant: every change of the feed is reported, so positions are the same on both sides.

use std::cell::RefCell;

use gtk::gio;
use gtk::glib::{self, prelude::*, subclass::prelude::*};
use gtk::prelude::ListModelExt;
use gtk::subclass::prelude::ListModelImpl;

use crate::domain::message::Seq;
use crate::window::model::feed::{Feed, Splice};

mod imp {
    use super::{Cast, Feed, ListModelImpl, ObjectImpl, ObjectSubclass, RefCell, StaticType, gio, glib};

    #[derive(Default)]
    pub(in crate::window::messages) struct MessageList {
        pub(super) feed: RefCell<Feed>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for MessageList {
        const NAME: &'static str = "HandoverMessageList";
        type Type = super::MessageList;
        type Interfaces = (gio::ListModel,);
    }

    impl ObjectImpl for MessageList {}

    impl ListModelImpl for MessageList {
        fn item_type(&self) -> glib::Type {
            glib::BoxedAnyObject::static_type()
        }

        fn n_items(&self) -> u32 {
            u32::try_from(self.feed.borrow().len()).unwrap_or(u32::MAX)
        }

        fn item(&self, position: u32) -> Option<glib::Object> {
            let seq = self.feed.borrow().seq_at(usize::try_from(position).ok()?)?;
            Some(glib::BoxedAnyObject::new(seq).upcast())
        }
    }
}

glib::wrapper! {
    /// The list.
    pub(super) struct MessageList(ObjectSubclass<imp::MessageList>) @implements gio::ListModel;
}

impl MessageList {
    pub(super) fn new() -> Self {
        glib::Object::new()
    }

    /// Reads the feed.
    pub(super) fn with<T>(&self, read: impl FnOnce(&Feed) -> T) -> T {
        read(&self.imp().feed.borrow())
    }

    /// Changes the feed, and reports what changed.
    pub(super) fn change<S: IntoIterator<Item = Splice>>(&self, change: impl FnOnce(&mut Feed) -> S) {
        let splices: Vec<Splice> = change(&mut self.imp().feed.borrow_mut()).into_iter().collect();
        match splices.as_slice() {
            [] => {}
            [splice] => self.report(splice),
            // Each is right only for the list as it was between them.
            several => {
                let removed: usize = several.iter().map(|splice| splice.removed).sum();
                let added: usize = several.iter().map(|splice| splice.added).sum();
                let now = self.with(Feed::len);
                let first = several.iter().map(|splice| splice.position).min().unwrap_or_default();
                let before = (now + removed).saturating_sub(added);
                self.report(&Splice {
                    position: first,
                    removed: before.saturating_sub(first),
                    added: now.saturating_sub(first),
                });
            }
        }
    }

    fn report(&self, splice: &Splice) {
        let [position, removed, added] =
            [splice.position, splice.removed, splice.added].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        if removed > 0 || added > 0 {
            self.items_changed(position, removed, added);
        }
    }

    /// The number of the row at a position.
    pub(super) fn seq_at(&self, position: u32) -> Option<Seq> {
        self.with(|feed| feed.seq_at(usize::try_from(position).ok()?))
    }
}
