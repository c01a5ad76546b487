//! Leads through the pages.
//!
//! Invariant: one sign-in runs at a time, and only the page of its latest question is shown.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use adw::prelude::*;
use gtk::glib;
use tokio::sync::{mpsc, oneshot};

use super::arrival::Arrival;
use super::front::{Front, Said};
use super::pages::{self, Done, Sheet};
use crate::app::Problem;
use crate::app::autostart::{self, Autostart};
use crate::app::context::Context;
use crate::app::installation::start::start_daemon;
use crate::app::sign_in::{self, Answer, SignedIn, Step};
use crate::control::{self, Command, Event};
use crate::domain::presence::UserPresence;
use crate::domain::text::capitalized;
use crate::window::environment::{self, link_button};
use crate::window::model::setup::{Conversation, Reaction};
use crate::window::services::{News, Services};
use crate::window::words::{fill, tr};

/// The pages.
pub(in crate::window) struct SetupPage {
    pub(in crate::window) content: gtk::Box,
    stack: gtk::Stack,
    services: Services,
    conversation: RefCell<Conversation>,
    answer: RefCell<Option<oneshot::Sender<Answer>>>,
    presence_is_known: Cell<bool>,
    /// Which sign-in runs; what belongs to an earlier one is dropped.
    run: Cell<u32>,
    /// The last page, while it is shown.
    arrival: RefCell<Option<Rc<Arrival>>>,
    /// What is shown once everything is done.
    show_messages: Box<dyn Fn()>,
}

impl SetupPage {
    pub(in crate::window) fn new(services: Services, show_messages: impl Fn() + 'static) -> Rc<Self> {
        let header = adw::HeaderBar::builder().title_widget(&adw::WindowTitle::new("Handover", "")).build();
        header.add_css_class("flat");
        let stack = gtk::Stack::builder().transition_type(gtk::StackTransitionType::SlideLeft).build();
        stack.set_vexpand(true);
        let content = gtk::Box::builder().orientation(gtk::Orientation::Vertical).build();
        content.append(&header);
        content.append(&stack);
        Rc::new(Self {
            content,
            stack,
            services,
            conversation: RefCell::default(),
            answer: RefCell::default(),
            presence_is_known: Cell::new(true),
            run: Cell::default(),
            arrival: RefCell::default(),
            show_messages: Box::new(show_messages),
        })
    }

    fn show(&self, sheet: &Sheet) {
        let before = self.stack.visible_child();
        self.stack.add_child(&sheet.all);
        self.stack.set_visible_child(&sheet.all);
        // The page before stays for as long as it slides away.
        if let Some(before) = before {
            let stack = self.stack.clone();
            glib::timeout_add_local_once(std::time::Duration::from_millis(400), move || {
                stack.remove(&before);
            });
        }
        if let Some(first) = &sheet.first {
            first.grab_focus();
        }
    }

    /// The first page: what this is and what it needs.
    pub(in crate::window) fn welcome(self: &Rc<Self>) {
        self.run.set(self.run.get() + 1);
        self.answer.replace(None);
        self.arrival.replace(None);
        let mut sheet = Sheet::new(
            Some("handover"),
            tr("Welcome to Handover"),
            tr(
                "Handover receives Pushover messages on this computer. It is an unofficial client: not made or supported by \
                Pushover, LLC.",
            ),
        );
        sheet.add(&pages::note(tr(
            "You need a Pushover account. A new computer is free for 30 days; after that the account needs a licence for \
             “Pushover for Desktop”.",
        )));
        let begin = sheet.main_button(tr("Sign in"));
        sheet.add(&link_button("https://pushover.net/signup", tr("Create an account")));
        sheet.first = Some(begin.clone().upcast());
        let weak = Rc::downgrade(self);
        begin.connect_clicked(move |_| with(&weak, Self::begin));
        self.show(&sheet);
    }

    fn begin(self: &Rc<Self>) {
        let run = self.run.get() + 1;
        self.run.set(run);
        self.conversation.replace(Conversation::new(self.services.context.email_before()));
        let (sender, mut said) = mpsc::unbounded_channel();
        let (presence, known) = oneshot::channel();
        let signing_in = self.services.run(async move |context| {
            let evidence = context.presence_evidence().await;
            // The window may have closed.
            let _ = presence.send(evidence.presence() != UserPresence::Unknown);
            let known = sign_in::known_answers(&context).await;
            sign_in::sign_in(&context.rest()?, known, &mut Front(sender)).await
        });
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            if let Ok(is_known) = known.await {
                page.presence_is_known.set(is_known);
            }
        });
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            while let Some(said) = said.recv().await {
                if page.run.get() != run {
                    return;
                }
                match said {
                    Said::Asks(question, answer) => page.ask(question, answer),
                    Said::Waits(step) => page.wait(match step {
                        Step::LogIn => tr("Signing in…"),
                        Step::Register => tr("Registering this computer…"),
                    }),
                }
            }
            let outcome = signing_in.await;
            if page.run.get() != run {
                return;
            }
            match outcome {
                Ok(Ok(signed_in)) => page.choose(signed_in),
                Ok(Err(problem)) => page.fail(&problem),
                Err(_cancelled) => page.welcome(),
            }
        });
    }

    fn ask(self: &Rc<Self>, question: sign_in::Question, answer: oneshot::Sender<Answer>) {
        let reaction = self.conversation.borrow_mut().question(question);
        let page = match reaction {
            Reaction::Answer(said) => return drop(answer.send(said)),
            Reaction::Show(page) => page,
        };
        self.answer.replace(Some(answer));
        let weak = Rc::downgrade(self);
        let sheet = pages::of(&page, self.presence_is_known.get(), move |done| {
            with(&weak, |setup| setup.answer(done));
        });
        self.show(&sheet);
    }

    fn answer(self: &Rc<Self>, done: Done) {
        let Some(sender) = self.answer.take() else { return };
        let answer = match done {
            Done::Account(email, password) => self.conversation.borrow_mut().account(&email, password),
            Done::Answer(answer) => answer,
        };
        drop(sender.send(answer));
    }

    fn wait(self: &Rc<Self>, words: &str) {
        let (sheet, cancel) = pages::waiting(words);
        let weak = Rc::downgrade(self);
        cancel.connect_clicked(move |_| with(&weak, Self::welcome));
        self.show(&sheet);
    }

    fn fail(self: &Rc<Self>, problem: &Problem) {
        let (sheet, again) = pages::failed(&problem.message, problem.hint.as_deref());
        let weak = Rc::downgrade(self);
        again.connect_clicked(move |_| with(&weak, Self::welcome));
        self.show(&sheet);
    }

    /// The last choice: whether to start at login.
    fn choose(self: &Rc<Self>, signed_in: SignedIn) {
        let mut sheet = Sheet::new(
            Some("emblem-ok-symbolic"),
            tr("Signed in"),
            &fill(
                "This computer is registered as {name}.",
                &[("name", signed_in.login.device_name.as_str())],
            ),
        );
        let group = adw::PreferencesGroup::new();
        let is_off = !matches!(autostart::status(), Ok(Autostart::Disabled | Autostart::Other(_)));
        let (row, at_login) = pages::switch_row(
            tr("Start at login"),
            tr("Messages then arrive without your having to open anything."),
            is_off,
        );
        group.add(&row);
        sheet.add(&group);
        sheet.add(&pages::note(tr(
            "The login is kept in your keyring or, without one, in a file that only you can read.",
        )));
        let start = sheet.main_button(tr("Start receiving"));
        sheet.first = Some(start.clone().upcast());
        let (weak, signed_in) = (Rc::downgrade(self), RefCell::new(Some(signed_in)));
        start.connect_clicked(move |_| {
            if let Some(signed_in) = signed_in.take() {
                with(&weak, |setup| setup.finish(signed_in, at_login.is_active()));
            }
        });
        self.show(&sheet);
    }

    fn finish(self: &Rc<Self>, signed_in: SignedIn, at_login: bool) {
        self.wait(tr("Connecting…"));
        let run = self.run.get();
        let again = signed_in.clone();
        let finished = self.services.run(async move |context| finish(&context, &signed_in, at_login).await);
        let page = Rc::clone(self);
        glib::spawn_future_local(async move {
            let outcome = finished.await;
            if page.run.get() != run {
                return;
            }
            match outcome {
                Ok(Ok(words)) => page.done(&words),
                // The device is registered, so the same login is tried again.
                Ok(Err(problem)) => {
                    let (sheet, retry) = pages::failed(&problem.message, problem.hint.as_deref());
                    retry.set_label(tr("Try again"));
                    let (weak, again) = (Rc::downgrade(&page), RefCell::new(Some(again)));
                    retry.connect_clicked(move |_| {
                        if let Some(signed_in) = again.take() {
                            with(&weak, |setup| setup.finish(signed_in, at_login));
                        }
                    });
                    page.show(&sheet);
                }
                Err(_cancelled) => page.welcome(),
            }
        });
    }

    fn done(self: &Rc<Self>, status: &str) {
        let weak = Rc::downgrade(self);
        let (sheet, arrival) =
            Arrival::page(&self.services, status, move || with(&weak, |setup| (setup.show_messages)()));
        self.arrival.replace(Some(arrival));
        self.show(&sheet);
    }

    /// Takes news from the daemon, for the page that waits for the first message.
    pub(in crate::window) fn hear(&self, news: &News) {
        if let News::Missed | News::Event(Event::Recorded(_)) = news
            && let Some(arrival) = &*self.arrival.borrow()
        {
            arrival.look();
        }
    }
}

/// Saves the login and the choices, and starts the daemon; returns the status in words.
async fn finish(context: &Context, signed_in: &SignedIn, at_login: bool) -> Result<String, Problem> {
    let mut context = context.clone();
    sign_in::save_login(&context, signed_in).await?;
    sign_in::save_choices(&mut context, signed_in.emergency, None)?;
    // That it does not start at login is no reason not to start it now; `doctor` says why.
    if at_login {
        drop(autostart::switch_on());
    }
    start_daemon(&context, environment::variables()).await?;
    match control::ask(&context.paths.socket, &Command::LoginChanged).await {
        // A daemon that has just started reads the login anyway.
        Ok(_) | Err(control::Error::Refused { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    sign_in::wait_for_daemon(&context).await.map(|words| capitalized(&words))
}

fn with(weak: &Weak<SetupPage>, act: impl FnOnce(&Rc<SetupPage>)) {
    if let Some(page) = weak.upgrade() {
        act(&page);
    }
}
