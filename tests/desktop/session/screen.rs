//! A virtual screen with a mouse that the test controls.
//!
//! Invariant: the test uses the screen as every other program does, through the X server; a click is a click of
//! the pointer at a position, and no program can tell that it comes from a test.

#![allow(
    clippy::allow_attributes,
    dead_code,
    reason = "the tests of the window use it too, and neither uses all of it"
)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use handover::system::clock;
use x11rb::connection::{Connection, RequestConnection};
use x11rb::protocol::xproto::{
    AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ChangeWindowAttributesAux, ConnectionExt as _,
    ImageFormat, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT, MapState, PropMode,
};
use x11rb::protocol::xtest::{self, ConnectionExt as _};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::picture::{Picture, Rect};
use crate::program;
use crate::support::user::User;

/// A button of the mouse.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Button {
    Left = 1,
    Middle = 2,
    Right = 3,
    WheelDown = 5,
}

/// The colour of the desktop, which is neither as dark nor as light as what is on it.
const GROUND: u32 = 0x3b_51_68;
const WIDTH: u16 = 1024;
const HEIGHT: u16 = 640;
/// The modifier that makes capital letters.
const SHIFT: &str = "Shift_L";

/// A visible window.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// The kind of program it belongs to.
    pub(crate) class: String,
    is_menu: bool,
    /// Its position and size.
    pub(crate) place: Rect,
}

/// An X server and a connection to it; it ends when this is dropped.
pub(crate) struct Screen {
    server: Child,
    display: String,
    connection: RustConnection,
    width: u16,
    height: u16,
    root: u32,
    /// The property with the type of a window, and the types that are menus.
    kind: u32,
    menus: [u32; 2],
}

impl Screen {
    /// Starts a screen with an unused number.
    pub(crate) fn start(user: &User) -> Self {
        Self::sized(user, WIDTH, HEIGHT)
    }

    /// The same with this size.
    pub(crate) fn sized(user: &User, width: u16, height: u16) -> Self {
        let size = format!("{width}x{height}x24");
        let arguments = ["-displayfd", "1", "-screen", "0", &size, "-nolisten", "tcp", "-noreset"];
        let mut command = program::command(user, "Xvfb", &arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = command.spawn().expect("start Xvfb");
        let mut number = String::new();
        let output = server.stdout.take().expect("Xvfb has an output");
        BufReader::new(output).read_line(&mut number).expect("read the number of the screen");
        let display = format!(":{}", number.trim());
        let (connection, screen) = x11rb::connect(Some(&display)).expect("connect to the screen");
        let root = connection.setup().roots[screen].root;
        let has_mouse = connection.extension_information(xtest::X11_EXTENSION_NAME).expect("ask for XTEST");
        assert!(has_mouse.is_some(), "the screen has a mouse to move");
        let ground = ChangeWindowAttributesAux::new().background_pixel(GROUND);
        let painted = connection.change_window_attributes(root, &ground).expect("paint the desktop");
        painted.check().expect("the desktop is painted");
        connection.clear_area(false, root, 0, 0, 0, 0).expect("paint the desktop");
        let atom = |name: &str| {
            let answer = connection.intern_atom(false, name.as_bytes()).expect("ask for a name");
            answer.reply().expect("a name").atom
        };
        let kind = atom("_NET_WM_WINDOW_TYPE");
        let menus = ["_NET_WM_WINDOW_TYPE_POPUP_MENU", "_NET_WM_WINDOW_TYPE_DROPDOWN_MENU"].map(atom);
        Self { server, display, connection, width, height, root, kind, menus }
    }

    /// The value for `DISPLAY`.
    pub(crate) fn display(&self) -> &str {
        &self.display
    }

    /// Sets the X resources, which programs read when they start.
    pub(crate) fn set_resources(&self, text: &str) {
        let (mode, name, kind) = (PropMode::REPLACE, AtomEnum::RESOURCE_MANAGER, AtomEnum::STRING);
        let set = self.connection.change_property8(mode, self.root, name, kind, text.as_bytes());
        set.expect("set the resources").check().expect("the resources are set");
    }

    /// The visible windows of a program, the lowest first, including those within others.
    pub(crate) fn windows_of(&self, class: &str) -> Vec<Window> {
        let mut windows = Vec::new();
        self.collect(self.root, &mut windows);
        windows.retain(|window| window.class.eq_ignore_ascii_case(class));
        windows
    }

    /// The open menus.
    pub(crate) fn menus(&self) -> Vec<Window> {
        let windows = self.children(self.root).into_iter().filter_map(|window| self.window(window));
        windows.filter(|window| window.is_menu).collect()
    }

    /// Whether a visible window contains an area completely.
    pub(crate) fn has_window_around(&self, place: Rect) -> bool {
        let windows = self.children(self.root).into_iter().filter_map(|window| self.window(window));
        windows.into_iter().any(|window| window.place.surrounds(place))
    }

    fn collect(&self, parent: u32, found: &mut Vec<Window>) {
        for child in self.children(parent) {
            found.extend(self.window(child));
            self.collect(child, found);
        }
    }

    /// Windows open and close during the search, so a window that cannot be queried is skipped.
    fn children(&self, parent: u32) -> Vec<u32> {
        let tree = self.connection.query_tree(parent).expect("ask for windows").reply();
        tree.map(|tree| tree.children).unwrap_or_default()
    }

    fn window(&self, window: u32) -> Option<Window> {
        let attributes = self.connection.get_window_attributes(window).ok()?.reply().ok()?;
        let shape = self.connection.get_geometry(window).ok()?.reply().ok()?;
        let corner = self.connection.translate_coordinates(window, self.root, 0, 0).ok()?.reply().ok()?;
        let class = self.property(window, AtomEnum::WM_CLASS.into(), AtomEnum::STRING.into())?;
        // The instance and the class, with a zero after each.
        let class = String::from_utf8(class).ok()?.split('\0').nth(1).unwrap_or_default().to_owned();
        let kinds = self.property(window, self.kind, AtomEnum::ATOM.into())?;
        let mut kinds = kinds.as_chunks().0.iter().map(|kind| u32::from_ne_bytes(*kind));
        let is_menu = kinds.any(|kind| self.menus.contains(&kind));
        let place = Rect { x: corner.dst_x, y: corner.dst_y, width: shape.width, height: shape.height };
        (attributes.map_state == MapState::VIEWABLE && place.width > 1).then_some(Window {
            class,
            is_menu,
            place,
        })
    }

    fn property(&self, window: u32, name: u32, kind: u32) -> Option<Vec<u8>> {
        let answer = self.connection.get_property(false, window, name, kind, 0, 64);
        Some(answer.ok()?.reply().ok()?.value)
    }

    /// The picture of an area, as far as it is on the screen.
    pub(crate) fn picture(&self, place: Rect) -> Picture {
        let left = place.x.max(0);
        let top = place.y.max(0);
        let width = place.width.min(self.width - left.cast_unsigned());
        let height = place.height.min(self.height - top.cast_unsigned());
        let image = self.connection.get_image(ImageFormat::Z_PIXMAP, self.root, left, top, width, height, !0);
        let image = image.expect("ask for the picture").reply().expect("read the picture");
        // Four bytes per pixel, the lowest first: blue, green, red, unused.
        let rgb = image.data.as_chunks::<4>().0.iter().flat_map(|[b, g, r, _]| [*r, *g, *b]).collect();
        Picture { width, height, rgb }
    }

    /// The picture of the whole screen.
    pub(crate) fn whole(&self) -> Picture {
        self.picture(Rect { x: 0, y: 0, width: self.width, height: self.height })
    }

    /// Moves the mouse to a position.
    pub(crate) fn point_at(&self, (x, y): (i16, i16)) {
        self.pretend(MOTION_NOTIFY_EVENT, 0, x, y);
    }

    /// Drags something from one position to another.
    pub(crate) async fn drag(&self, from: (i16, i16), to: (i16, i16)) {
        // Programs look at the way the mouse takes, so it moves in steps.
        const STEPS: i16 = 10;
        self.point_at(from);
        self.pretend(BUTTON_PRESS_EVENT, Button::Left as u8, 0, 0);
        for step in 1..=STEPS {
            let between = |from: i16, to: i16| from + (to - from) / STEPS * step;
            self.point_at((between(from.0, to.0), between(from.1, to.1)));
            clock::pause(Duration::from_millis(30)).await;
        }
        self.point_at(to);
        clock::pause(Duration::from_millis(200)).await;
        self.pretend(BUTTON_RELEASE_EVENT, Button::Left as u8, 0, 0);
    }

    /// Clicks at a position.
    pub(crate) fn click(&self, button: Button, place: (i16, i16)) {
        self.point_at(place);
        self.pretend(BUTTON_PRESS_EVENT, button as u8, 0, 0);
        self.pretend(BUTTON_RELEASE_EVENT, button as u8, 0, 0);
    }

    /// Presses these keys, each by the name of its symbol, and releases them in the opposite order.
    pub(crate) fn press(&self, names: &[&str]) {
        let keys: Vec<(u8, bool)> = names.iter().map(|name| self.key(keysym(name))).collect();
        let shift = self.key(keysym(SHIFT)).0;
        if keys.iter().any(|(_, is_shifted)| *is_shifted) {
            self.pretend(KEY_PRESS_EVENT, shift, 0, 0);
        }
        for (key, _) in &keys {
            self.pretend(KEY_PRESS_EVENT, *key, 0, 0);
        }
        for (key, _) in keys.iter().rev() {
            self.pretend(KEY_RELEASE_EVENT, *key, 0, 0);
        }
        if keys.iter().any(|(_, is_shifted)| *is_shifted) {
            self.pretend(KEY_RELEASE_EVENT, shift, 0, 0);
        }
    }

    /// Types a text of ASCII characters.
    pub(crate) fn type_text(&self, text: &str) {
        for letter in text.chars() {
            self.press(&[letter.encode_utf8(&mut [0; 4])]);
        }
    }

    /// The key with a symbol, and whether it needs Shift.
    fn key(&self, symbol: u32) -> (u8, bool) {
        let setup = self.connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let mapping =
            self.connection.get_keyboard_mapping(first, last - first + 1).expect("ask for the keys");
        let mapping = mapping.reply().expect("the keys");
        let per_key = usize::from(mapping.keysyms_per_keycode);
        let found = mapping.keysyms.chunks(per_key).zip(first..).find_map(|(symbols, key)| {
            let level = symbols.iter().take(2).position(|other| *other == symbol)?;
            Some((key, level == 1))
        });
        found.unwrap_or_else(|| panic!("no key has the symbol {symbol:#x}"))
    }

    fn pretend(&self, event: u8, detail: u8, x: i16, y: i16) {
        let done = self.connection.xtest_fake_input(event, detail, x11rb::CURRENT_TIME, self.root, x, y, 0);
        done.expect("move the mouse").check().expect("the mouse moves");
    }
}

/// The number of a key's symbol: <https://gitlab.freedesktop.org/xorg/proto/xorgproto/-/blob/master/include/X11/keysymdef.h>.
fn keysym(name: &str) -> u32 {
    match name {
        "Tab" => 0xff09,
        "Return" => 0xff0d,
        "Escape" => 0xff1b,
        "BackSpace" => 0xff08,
        "Home" => 0xff50,
        "Up" => 0xff52,
        "Down" => 0xff54,
        "Delete" => 0xffff,
        "F5" => 0xffc2,
        "F10" => 0xffc7,
        "Shift_L" => 0xffe1,
        "Control_L" => 0xffe3,
        "space" => 0x20,
        "comma" => 0x2c,
        letter => u32::from(letter.chars().next().expect("a key has a name")),
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        program::end(&mut self.server);
    }
}
