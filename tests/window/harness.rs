//! A user with a screen, a keyboard, a daemon and the window.
//!
//! Invariant: all of it belongs to the test and ends with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use handover::sandbox::{Options, Sandbox};
use handover::system::clock;
use tokio::time::timeout;

use crate::picture::Picture;
use crate::program::Program;
use crate::screen::Screen;
use crate::support::bus::Bus;
use crate::support::notification_server::NotificationServer;
use crate::support::process::{Running, TIMEOUT};
use crate::support::user::{User, sandbox, until as counted};
use crate::tree::{Element, Tree};

/// The time between two checks of what is on the screen.
const PAUSE: Duration = Duration::from_millis(30);

/// How everything looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// How many times as large everything is.
    pub(crate) scale: u16,
    pub(crate) is_dark: bool,
    pub(crate) high_contrast: bool,
    pub(crate) large_text: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { scale: 1, is_dark: false, high_contrast: false, large_text: false }
    }
}

impl Look {
    /// A part of the names of pictures.
    pub(crate) fn name(self) -> String {
        let parts = [
            if self.is_dark { "dark" } else { "light" },
            if self.high_contrast { "contrast" } else { "" },
            if self.large_text { "large" } else { "" },
        ];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{}-{}00", parts.join("-"), self.scale)
    }
}

/// A desk; its parts end in the order of the fields.
pub(crate) struct Desk {
    pub(crate) window: Option<Program>,
    pub(crate) tree: Tree,
    pub(crate) screen: Screen,
    pub(crate) server: NotificationServer,
    pub(crate) sandbox: Sandbox,
    pub(crate) user: User,
    pub(crate) bus: Bus,
}

impl Desk {
    /// A desk whose user has no login; the window does not run.
    pub(crate) async fn new(options: Options) -> Self {
        Self::with_look(options, Look::default()).await
    }

    /// The same with another look.
    pub(crate) async fn with_look(options: Options, look: Look) -> Self {
        let Look { scale, is_dark, high_contrast, large_text } = look;
        let sandbox = sandbox(options).await;
        let bus = Bus::start();
        let server = NotificationServer::start(bus.address()).await;
        let mut user = User::new(&sandbox);
        user.set("DBUS_SESSION_BUS_ADDRESS", bus.address());
        user.set("XDG_SESSION_TYPE", "x11");
        user.set("LANG", "C.UTF-8");
        user.set("GSETTINGS_BACKEND", "memory");
        user.set("GSK_RENDERER", "cairo");
        user.set("GTK_A11Y", "atspi");
        user.set("GDK_SCALE", &scale.to_string());
        user.set("ADW_DEBUG_COLOR_SCHEME", if is_dark { "prefer-dark" } else { "prefer-light" });
        user.set("ADW_DEBUG_HIGH_CONTRAST", if high_contrast { "1" } else { "0" });
        let screen = Screen::sized(&user, 1000 * scale, 680 * scale);
        if large_text {
            // Half as large again: the default is 96. Programs without a settings daemon read this.
            screen.set_resources("Xft.dpi: 144\n");
        }
        user.set("DISPLAY", screen.display());
        install_icon(&user);
        let state = user.path("data/handover");
        fs::create_dir_all(&state).expect("make a folder");
        fs::write(state.join("window.ini"), "[window]\nwidth=1000\nheight=680\n").expect("write the size");
        let tree = Tree::start(&mut user).await;
        Self { window: None, tree, screen, server, sandbox, user, bus }
    }

    /// A desk whose user is signed in as `desk`.
    pub(crate) async fn signed_in() -> Self {
        let desk = Self::new(Options::new(clock::unix)).await;
        desk.user.sign_in(&desk.sandbox).await;
        desk
    }

    /// Starts the daemon and waits until it is connected.
    pub(crate) async fn daemon(&self) -> Running {
        let before = self.sandbox.counters();
        let daemon = Running::start(self.user.command(&["run", "--no-tray"]));
        counted(&self.sandbox, "the connection", |now| now.socket_logins > before.socket_logins).await;
        self.user.handover(&["sync"]).await.succeeded();
        daemon
    }

    /// Opens the window and waits until it is there.
    pub(crate) async fn open(&mut self, arguments: &[&str]) {
        self.start(arguments);
        // The keyboard belongs to the window under the pointer.
        self.screen.point_at((700, 20));
        self.until("the window", |elements| !elements.is_empty()).await;
    }

    /// Starts the program, which may open the window.
    pub(crate) fn start(&mut self, arguments: &[&str]) {
        self.window = Some(Program::start(&self.user, window(), arguments));
    }

    /// Waits until the elements on the screen meet a condition; returns them.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&[Element]) -> bool) -> Vec<Element> {
        let last = std::cell::RefCell::new(Vec::new());
        let looking = async {
            loop {
                let elements = self.tree.elements().await;
                if wanted(&elements) {
                    return elements;
                }
                last.replace(elements);
                clock::pause(PAUSE).await;
            }
        };
        if let Ok(elements) = timeout(TIMEOUT, looking).await {
            return elements;
        }
        self.picture().keep_in("window", "failed");
        let said = self.window.as_ref().map(Program::said).unwrap_or_default();
        let lines: Vec<String> = last
            .borrow()
            .iter()
            .map(|element| format!("{} {:?} {:?}", element.role, element.name, element.text))
            .collect();
        panic!("not within {TIMEOUT:?}: {what}\n{}\n{said}", lines.join("\n"));
    }

    /// Waits until something on the screen has these words.
    pub(crate) async fn until_shown(&self, words: &str) -> Vec<Element> {
        self.until(words, |elements| shows(elements, words)).await
    }

    /// Waits until nothing on the screen has these words.
    pub(crate) async fn until_gone(&self, words: &str) {
        self.until(&format!("{words} is gone"), |elements| !elements.is_empty() && !shows(elements, words))
            .await;
    }

    /// Waits until the focus is on an element with this name.
    pub(crate) async fn until_focused(&self, name: &str) {
        let what = format!("the focus is on {name}");
        self.until(&what, |elements| {
            elements.iter().any(|element| element.is_focused && element.name == name)
        })
        .await;
    }

    /// The middle of the element with this role and these words, in the uppermost window that has one.
    pub(crate) async fn place_of(&self, role: &str, words: &str) -> (i16, i16) {
        let elements = self.until_shown(words).await;
        let element =
            elements.iter().rfind(|element| element.role == role && element.words().contains(words));
        let element = element.unwrap_or_else(|| panic!("no {role} has the words {words}: {elements:#?}"));
        self.tree.middle_of(element).await
    }

    /// A place on the text in the detail pane, which comes before the list.
    pub(crate) async fn place_in_text(&self, text: &str) -> (i16, i16) {
        let elements = self.until_shown(text).await;
        let is_it = |element: &&Element| element.role == "label" && element.words() == text;
        let element = elements.iter().find(is_it).unwrap_or_else(|| panic!("no {text}: {elements:#?}"));
        self.tree.within_text(element).await
    }

    /// Presses keys until the focus is on an element with these words.
    pub(crate) async fn focus(&self, words: &str) {
        for _ in 0..60 {
            let elements = self.tree.elements().await;
            if elements.iter().any(|element| element.is_focused && element.words().contains(words)) {
                return;
            }
            self.screen.press(&["Tab"]);
            clock::pause(PAUSE).await;
        }
        let elements = self.tree.elements().await;
        let focused: Vec<_> = elements.iter().filter(|element| element.is_focused).collect();
        panic!("{words} cannot be reached with the keyboard; {focused:?} has the focus");
    }

    /// The same for an element with this role and name.
    pub(crate) async fn focus_on(&self, role: &str, name: &str) {
        for _ in 0..60 {
            let elements = self.tree.elements().await;
            let wanted =
                |element: &Element| element.is_focused && element.role == role && element.name == name;
            if elements.iter().any(wanted) {
                return;
            }
            self.screen.press(&["Tab"]);
            clock::pause(PAUSE).await;
        }
        let elements = self.tree.elements().await;
        let focused: Vec<_> = elements.iter().filter(|element| element.is_focused).collect();
        panic!("the {role} {name} cannot be reached with the keyboard; {focused:?} has the focus");
    }

    /// Presses keys until the focus is on a row of the list.
    pub(crate) async fn focus_row(&self) {
        for _ in 0..60 {
            let elements = self.tree.elements().await;
            if elements.iter().any(|element| element.is_focused && element.role == "list item") {
                return;
            }
            self.screen.press(&["Tab"]);
            clock::pause(PAUSE).await;
        }
        panic!("the list cannot be reached with the keyboard");
    }

    /// What is on the screen as pixels.
    pub(crate) fn picture(&self) -> Picture {
        self.screen.whole()
    }

    /// Sends a message.
    pub(crate) fn send(&self, fields: &[(&str, &str)]) {
        let answer = self.sandbox.send(fields);
        assert_eq!(answer["status"], 1, "{answer}");
    }
}

/// Whether something on the screen has these words.
pub(crate) fn shows(elements: &[Element], words: &str) -> bool {
    elements.iter().any(|element| element.name.contains(words) || element.words().contains(words))
}

/// The words of the list's rows from top to bottom.
pub(crate) fn rows(elements: &[Element]) -> Vec<&str> {
    elements.iter().filter(|element| element.role == "list item").map(|row| row.name.as_str()).collect()
}

/// The program with the window.
pub(crate) fn window() -> &'static str {
    env!("CARGO_BIN_EXE_handover-window")
}

fn install_icon(user: &User) {
    let folder: PathBuf = user.path("data/icons/hicolor/scalable/apps");
    fs::create_dir_all(&folder).expect("make a folder for the picture");
    let icon = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/handover.svg");
    fs::copy(icon, folder.join("handover.svg")).expect("install the picture");
}
