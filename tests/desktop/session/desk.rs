//! A desktop with a user who is signed in.
//!
//! Invariant: it is the user's own and starts empty; no program runs on it but those named here.

use std::env;
use std::fs::{self};
use std::time::Duration;

use handover::sandbox::{Options, Sandbox};
use handover::system::clock;
use serde_json::Value;
use tokio::time::timeout;
use zbus::Connection;

use crate::packages;
use crate::panel::{self, Shade};
use crate::picture::Rect;
use crate::program::Program;
use crate::screen::{Button, Screen, Window};
use crate::session::accessible::{Accessibility, Seen};
use crate::session::notifications::Notifications;
use crate::support::bus::Bus;
use crate::support::notification_server::connect;
use crate::support::process::{Running, TIMEOUT};
use crate::support::user::{User, sandbox, until as counted};

/// Between two looks at the screen.
const PAUSE: Duration = Duration::from_millis(20);

/// Who shows the notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    Dunst,
    Notifyd,
}

impl Server {
    /// What its windows say they belong to.
    fn class(self) -> &'static str {
        match self {
            Self::Dunst => "Dunst",
            Self::Notifyd => "Xfce4-notifyd",
        }
    }
}

/// A screen, what runs on it, and a user before it. Its parts end in their order.
pub(crate) struct Desk {
    pub(crate) name: String,
    server: Server,
    programs: Vec<Program>,
    pub(crate) panel: Option<Program>,
    pub(crate) notifications: Notifications,
    pub(crate) accessible: Accessibility,
    pub(crate) screen: Screen,
    pub(crate) connection: Connection,
    pub(crate) sandbox: Sandbox,
    pub(crate) user: User,
    _bus: Bus,
}

impl Desk {
    /// The one colour of this icon of the sandbox, as it lies in the cache.
    pub(crate) fn ground_of_icon(&self, name: &str) -> [u8; 3] {
        let file = self.user.path(&format!("cache/handover/icons/{name}.png"));
        let png = fs::read(file).expect("the icon is in the cache");
        let at = png.windows(4).position(|word| word == b"PLTE").expect("it has a palette");
        // The palette is black, which is not seen, and this.
        png[at + 7..at + 10].try_into().expect("three bytes")
    }

    /// A desktop without a panel; its pictures are named after `name`.
    pub(crate) async fn start(name: &str, server: Server) -> Self {
        let mut desk = Self::empty(name, server).await;
        desk.furnish().await;
        desk
    }

    /// A desktop with a panel and its tray.
    pub(crate) async fn with_panel(name: &str, shade: Shade) -> Self {
        let mut desk = Self::before_panel(name, shade).await;
        desk.start_panel().await;
        desk
    }

    /// A desktop whose panel is yet to start.
    pub(crate) async fn before_panel(name: &str, shade: Shade) -> Self {
        let mut desk = Self::empty(name, Server::Dunst).await;
        panel::set_up(&desk.user, shade);
        desk.furnish().await;
        desk
    }

    async fn empty(name: &str, server: Server) -> Self {
        packages::check();
        let sandbox = sandbox(Options::new(clock::unix)).await;
        let bus = Bus::start();
        let mut user = User::new(&sandbox);
        user.set("DBUS_SESSION_BUS_ADDRESS", bus.address());
        user.set("XDG_CURRENT_DESKTOP", "XFCE");
        user.set("XDG_SESSION_TYPE", "x11");
        user.set("LANG", "C.UTF-8");
        user.set("GSETTINGS_BACKEND", "memory");
        let screen = Screen::start(&user);
        user.set("DISPLAY", screen.display());
        let accessible = Accessibility::start(&mut user).await;
        let connection = connect(bus.address()).await;
        let notifications = Notifications::overhear(bus.address()).await;
        Self {
            name: name.to_owned(),
            server,
            programs: Vec::new(),
            panel: None,
            notifications,
            accessible,
            screen,
            connection,
            sandbox,
            user,
            _bus: bus,
        }
    }

    async fn furnish(&mut self) {
        self.install();
        self.user.sign_in(&self.sandbox).await;
        until("the registry of what is on the screen", || self.accessible.ask()).await;
        self.serve("org.xfce.Xfconf", &packages::program_of(packages::XFCONF)).await;
        let program = match self.server {
            Server::Dunst => packages::DUNST.to_owned(),
            Server::Notifyd => packages::program_of(packages::NOTIFYD),
        };
        self.serve("org.freedesktop.Notifications", &program).await;
    }

    /// Puts the picture of the program where a package puts it, but for this user alone; and in front of all other
    /// programs some that only take note of what they are asked.
    fn install(&mut self) {
        let folder = self.user.path("data/icons/hicolor/scalable/apps");
        fs::create_dir_all(&folder).expect("make a folder for the picture");
        fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/handover.svg"), folder.join("handover.svg"))
            .expect("install the picture");

        for name in ["xdg-open", "xdg-terminal-exec"] {
            let note = self.user.path("bin").join(name).with_extension("asked");
            let note = note.display();
            self.user.install(
                name,
                &format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > {note}.new && mv {note}.new {note}\n"),
            );
        }
    }

    /// Waits until one of those programs was asked something; what, a line an argument.
    pub(crate) async fn asked_of(&self, program: &str) -> String {
        let note = self.user.path("bin").join(program).with_extension("asked");
        until(program, async || fs::read_to_string(&note).ok()).await
    }

    /// Starts a program and waits until it is on the bus under this name.
    pub(crate) async fn serve(&mut self, name: &str, program: &str) {
        self.programs.push(self.program(program, &[]));
        until(name, || self.has(name)).await;
    }

    /// Starts a program.
    pub(crate) fn program(&self, program: &str, arguments: &[&str]) -> Program {
        Program::start(&self.user, program, arguments)
    }

    /// Whether a name on the bus has an owner.
    pub(crate) async fn has(&self, name: &str) -> Option<()> {
        let bus = Some("org.freedesktop.DBus");
        let answer = self.connection.call_method(bus, "/", bus, "NameHasOwner", &name).await;
        let is_owned: bool = answer.expect("ask the bus").body().deserialize().expect("the bus answers");
        is_owned.then_some(())
    }

    /// Starts the daemon and waits until it listens.
    pub(crate) async fn connected(&self) -> Running {
        let before = self.sandbox.counters().socket_logins;
        let daemon = self.user.daemon();
        counted(&self.sandbox, "the connection", |now| now.socket_logins > before).await;
        self.user.handover(&["sync"]).await.succeeded();
        daemon
    }

    /// Asks for the status until it is as wanted.
    pub(crate) async fn until_status(&self, what: &str, wanted: impl Fn(&Value) -> bool) {
        until(what, async || wanted(&self.user.status().await).then_some(())).await;
    }

    /// Sends a message with this title and text and more; the sandbox's answer.
    pub(crate) fn send(&self, title: &str, text: &str, more: &[(&str, &str)]) -> Value {
        let answer = self.sandbox.send(&[&[("title", title), ("message", text)], more].concat());
        assert_eq!(answer["status"], 1, "{answer}");
        answer
    }

    /// Sends an emergency with this text; its receipt.
    pub(crate) fn send_emergency(&self, title: &str, text: &str) -> String {
        let answer = self.send(title, text, &[("priority", "2"), ("retry", "3600"), ("expire", "10800")]);
        answer["receipt"].as_str().expect("an emergency has a receipt").to_owned()
    }

    /// Waits until a notification has been drawn; where it is.
    pub(crate) async fn notification_on_screen(&self) -> Rect {
        let class = self.server.class();
        let place = until("a notification on the screen", async || self.drawn(class)).await;
        place.place
    }

    fn drawn(&self, class: &str) -> Option<Window> {
        let window = self.screen.windows_of(class).pop()?;
        // A window is there before anything is in it. Written words have many shades.
        (self.screen.picture(window.place).colours() > 20).then_some(window)
    }

    /// Waits until no notification is on the screen any more.
    pub(crate) async fn no_notification_on_screen(&self) {
        let class = self.server.class();
        until("no notification on the screen", async || {
            self.screen.windows_of(class).is_empty().then_some(())
        })
        .await;
    }

    /// Waits until something that begins with these words can be seen, and clicks on it.
    pub(crate) async fn click_on(&self, words: &str) {
        self.screen.click(Button::Left, self.place_of(words).await.middle());
    }

    /// Waits until something that begins with these words can be seen; where it is.
    pub(crate) async fn place_of(&self, words: &str) -> Rect {
        let found = sought(async || {
            // Some keep saying that they can be seen when their window is gone.
            let seen = self.at_rest(&[words]).await?;
            self.screen.has_window_around(seen.place).then_some(seen.place)
        });
        let Some(found) = found.await else {
            let seen = timeout(TIMEOUT, self.accessible.seen()).await;
            panic!("not within {TIMEOUT:?}: {words:?} among {seen:#?}");
        };
        found
    }

    /// What says that it begins with one of these, is to be seen, and has come to rest.
    pub(crate) async fn at_rest(&self, wanted: &[&str]) -> Option<Seen> {
        let look = async || {
            let mut seen = self.accessible.seen().await.into_iter();
            seen.find(|seen| wanted.iter().any(|words| seen.words.starts_with(words)))
        };
        // A menu is told of before it is moved to its place.
        let before = look().await?;
        tokio::time::sleep(PAUSE).await;
        look().await.filter(|now| *now == before)
    }

    /// Keeps a picture of the whole screen.
    pub(crate) fn keep(&self, what: &str) {
        self.screen.whole().keep(&format!("{}-{what}", self.name));
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.keep("failed");
            for program in self.programs.iter().chain(&self.panel) {
                say(&program.said());
            }
        }
    }
}

#[expect(clippy::print_stderr, reason = "it is kept with the failed test only if it is printed")]
fn say(words: &str) {
    eprintln!("{words}");
}

/// Looks until something is found, and fails when it is not.
pub(crate) async fn until<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    sought(look).await.unwrap_or_else(|| panic!("not within {TIMEOUT:?}: {what}"))
}

/// Looks until something is found, but not for ever. Most of a screen does not tell when it changes.
async fn sought<T>(mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    timeout(TIMEOUT, looking).await.ok()
}
