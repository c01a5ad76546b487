//! The desktop of a user who is signed in.
//!
//! Invariant: the desktop belongs to this test and starts empty; only the programs named here run on it.

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

/// The time between two checks of the screen.
const PAUSE: Duration = Duration::from_millis(20);

/// Which program shows the notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    Dunst,
    Notifyd,
}

impl Server {
    /// The program name that its windows have.
    fn class(self) -> &'static str {
        match self {
            Self::Dunst => "Dunst",
            Self::Notifyd => "Xfce4-notifyd",
        }
    }
}

/// A screen, the programs on it, and a user. The parts end in the order of the fields.
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
    /// The one colour of this icon of the sandbox, as it is in the cache.
    pub(crate) fn ground_of_icon(&self, name: &str) -> [u8; 3] {
        let file = self.user.path(&format!("cache/handover/icons/{name}.png"));
        let png = fs::read(file).expect("the icon is in the cache");
        let at = png.windows(4).position(|word| word == b"PLTE").expect("it has a palette");
        // The palette consists of black, which is invisible there, and this colour.
        png[at + 7..at + 10].try_into().expect("three bytes")
    }

    /// A desktop without a panel; its pictures begin with `name`.
    pub(crate) async fn start(name: &str, server: Server) -> Self {
        let mut desk = Self::empty(name, server).await;
        desk.furnish().await;
        desk
    }

    /// The same with dunst, which finds these settings.
    pub(crate) async fn with_dunst(name: &str, settings: impl FnOnce(&User) -> String) -> Self {
        let mut desk = Self::empty(name, Server::Dunst).await;
        let folder = desk.user.path("config/dunst");
        fs::create_dir_all(&folder).expect("make a folder for the settings");
        fs::write(folder.join("dunstrc"), settings(&desk.user)).expect("write the settings");
        desk.furnish().await;
        desk
    }

    /// A desktop with a panel and its tray.
    pub(crate) async fn with_panel(name: &str, shade: Shade) -> Self {
        let mut desk = Self::before_panel(name, shade).await;
        desk.start_panel().await;
        desk
    }

    /// A desktop whose panel has not started yet.
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

    /// Installs the program's icon where a package would, but for this user only; and puts programs in front of `PATH` that
    /// only record their arguments.
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

    /// Waits until one of those programs was run; returns its arguments, one per line.
    pub(crate) async fn asked_of(&self, program: &str) -> String {
        let note = self.user.path("bin").join(program).with_extension("asked");
        until(program, async || fs::read_to_string(&note).ok()).await
    }

    /// Starts a program and waits until it owns this name on the bus.
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

    /// Asks for the status until it meets a condition.
    pub(crate) async fn until_status(&self, what: &str, wanted: impl Fn(&Value) -> bool) {
        until(what, async || wanted(&self.user.status().await).then_some(())).await;
    }

    /// Sends a message with this title, this text and these parameters; returns the sandbox's reply.
    pub(crate) fn send(&self, title: &str, text: &str, more: &[(&str, &str)]) -> Value {
        let answer = self.sandbox.send(&[&[("title", title), ("message", text)], more].concat());
        assert_eq!(answer["status"], 1, "{answer}");
        answer
    }

    /// Sends an emergency with this text; returns its receipt.
    pub(crate) fn send_emergency(&self, title: &str, text: &str) -> String {
        let answer = self.send(title, text, &[("priority", "2"), ("retry", "3600"), ("expire", "10800")]);
        answer["receipt"].as_str().expect("an emergency has a receipt").to_owned()
    }

    /// Waits until a notification has been drawn; returns its position.
    pub(crate) async fn notification_on_screen(&self) -> Rect {
        let class = self.server.class();
        let place = until("a notification on the screen", async || self.drawn(class)).await;
        place.place
    }

    fn drawn(&self, class: &str) -> Option<Window> {
        let window = self.screen.windows_of(class).pop()?;
        // A window exists before its content is drawn. Text has many shades.
        (self.screen.picture(window.place).colours() > 20).then_some(window)
    }

    /// Waits until no notification is on the screen.
    pub(crate) async fn no_notification_on_screen(&self) {
        let class = self.server.class();
        until("no notification on the screen", async || {
            self.screen.windows_of(class).is_empty().then_some(())
        })
        .await;
    }

    /// Waits until a text with this beginning is visible, and clicks on it.
    pub(crate) async fn click_on(&self, words: &str) {
        self.screen.click(Button::Left, self.place_of(words).await.middle());
    }

    /// Waits until a text with this beginning is visible; returns its position.
    pub(crate) async fn place_of(&self, words: &str) -> Rect {
        let found = sought(async || {
            // Some elements still claim to be visible after their window has closed.
            let seen = self.at_rest(&[words]).await?;
            self.screen.has_window_around(seen.place).then_some(seen.place)
        });
        let Some(found) = found.await else {
            let seen = timeout(TIMEOUT, self.accessible.seen()).await;
            panic!("not within {TIMEOUT:?}: {words:?} among {seen:#?}");
        };
        found
    }

    /// The elements that begin with one of these texts, are visible, and have stopped moving.
    pub(crate) async fn at_rest(&self, wanted: &[&str]) -> Option<Seen> {
        let look = async || {
            let mut seen = self.accessible.seen().await.into_iter();
            seen.find(|seen| wanted.iter().any(|words| seen.words.starts_with(words)))
        };
        // A menu is reported before it is moved to its position.
        let before = look().await?;
        tokio::time::sleep(PAUSE).await;
        look().await.filter(|now| *now == before)
    }

    /// Saves a picture of the whole screen.
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

/// Checks until something is found, and fails if it is not found in time.
pub(crate) async fn until<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    sought(look).await.unwrap_or_else(|| panic!("not within {TIMEOUT:?}: {what}"))
}

/// Checks until something is found or the time is over. Most of the screen sends no signal when it changes.
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
