//! Hands notices to a function: for a place without a notification server, such as a demo on a terminal.
//!
//! Invariant: a notice is always taken, and nothing ever comes back from it.

use std::future::{pending, ready};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::domain::notice::{Notice, NoticeEvent, NoticeId};
use crate::ports::{NotShown, Notifier};

/// Shows a notice by printing it.
pub struct PrintedNotifier {
    print: Box<dyn Fn(&Notice) + Send + Sync>,
    latest: AtomicU32,
}

impl PrintedNotifier {
    /// A notifier that calls `print` for each notice.
    pub fn new(print: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        Self { print: Box::new(print), latest: AtomicU32::new(0) }
    }
}

impl Notifier for PrintedNotifier {
    fn show(&self, notice: &Notice) -> impl Future<Output = Result<NoticeId, NotShown>> + Send {
        (self.print)(notice);
        let id = self.latest.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        ready(Ok(NoticeId(id)))
    }

    fn close(&self, _id: NoticeId) -> impl Future<Output = ()> + Send {
        ready(())
    }

    fn next_event(&self) -> impl Future<Output = NoticeEvent> + Send {
        pending()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn every_notice_is_printed_under_an_id_of_its_own() {
        let printed = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&printed);
        let notifier = PrintedNotifier::new(move |notice| lines.lock().unwrap().push(notice.title.clone()));
        let one = notifier.show(&Notice::about_handover("one", "")).await.unwrap();
        let two = notifier.show(&Notice::about_handover("two", "")).await.unwrap();
        assert!(two > one);
        assert_eq!(*printed.lock().unwrap(), ["one", "two"]);
    }
}
