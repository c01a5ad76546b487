//! What a screen reader knows of the window.
//!
//! Invariant: it only reads.
//!
//! The accessibility protocol: <https://gitlab.gnome.org/GNOME/at-spi2-core/-/tree/main/xml>.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zbus::Connection;
use zbus::zvariant::{DynamicType, OwnedObjectPath, OwnedValue, Type as Signed};

use crate::program::Program;
use crate::support::bus::Bus;
use crate::support::notification_server::connect;
use crate::support::user::User;

/// The path of the accessibility registry, which is not on `PATH`.
const REGISTRY: &str = "/usr/libexec/at-spi2-registryd";
const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";
/// The bits of the state.
const FOCUSED: u32 = 12;
const FOCUSABLE: u32 = 11;
const SENSITIVE: u32 = 24;
const VISIBLE: u32 = 30;

/// The accessibility bus of a user.
pub(crate) struct Tree {
    connection: Connection,
    _registry: Program,
    _bus: Bus,
}

/// An element on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) role: String,
    pub(crate) name: String,
    /// The text of an entry.
    pub(crate) text: Option<String>,
    pub(crate) is_focused: bool,
    pub(crate) is_focusable: bool,
    pub(crate) is_sensitive: bool,
    thing: Thing,
}

type Thing = (String, OwnedObjectPath);

impl Tree {
    /// Starts the bus for the programs that this user starts from now on.
    pub(crate) async fn start(user: &mut User) -> Self {
        let bus = Bus::start();
        user.set("AT_SPI_BUS_ADDRESS", bus.address());
        let registry = Program::start(user, REGISTRY, &["--dbus-name", "org.a11y.atspi.Registry"]);
        let connection = connect(bus.address()).await;
        Self { connection, _registry: registry, _bus: bus }
    }

    /// Every visible element of every program, parents first.
    pub(crate) async fn elements(&self) -> Vec<Element> {
        let desktop = path("/org/a11y/atspi/accessible/root");
        let programs = self.children(&("org.a11y.atspi.Registry".to_owned(), desktop)).await;
        let mut found = Vec::new();
        for program in programs {
            for window in self.children(&program).await {
                self.collect(&window, &mut found).await;
            }
        }
        found
    }

    /// The middle of an element, in pixels of its window, which begins at the corner of the screen.
    pub(crate) async fn middle_of(&self, element: &Element) -> (i16, i16) {
        let (x, y, width, height) = self.extents(element).await;
        (pixel(x + width / 2), pixel(y + height / 2))
    }

    /// A place some letters after the beginning of a text of one line.
    pub(crate) async fn within_text(&self, element: &Element) -> (i16, i16) {
        const LETTERS: i32 = 160;
        let (x, y, _, height) = self.extents(element).await;
        (pixel(x + LETTERS), pixel(y + height / 2))
    }

    /// The height of an element in pixels.
    pub(crate) async fn height_of(&self, element: &Element) -> i32 {
        self.extents(element).await.3
    }

    async fn extents(&self, element: &Element) -> (i32, i32, i32, i32) {
        const WINDOW: u32 = 1;
        let extents = self.call(&element.thing, "org.a11y.atspi.Component", "GetExtents", &WINDOW).await;
        extents.expect("the element is on the screen")
    }

    async fn collect(&self, thing: &Thing, found: &mut Vec<Element>) {
        let states: Vec<u32> = self.call(thing, ACCESSIBLE, "GetState", &()).await.unwrap_or_default();
        let has = |bit: u32| states.first().is_some_and(|state| state & (1 << bit) != 0);
        if !has(VISIBLE) {
            return;
        }
        let role: String = self.call(thing, ACCESSIBLE, "GetRoleName", &()).await.unwrap_or_default();
        let name: Option<OwnedValue> =
            self.call(thing, "org.freedesktop.DBus.Properties", "Get", &(ACCESSIBLE, "Name")).await;
        let name = name.and_then(|name| String::try_from(name).ok()).unwrap_or_default();
        let text = if ["text", "entry", "label", "search"].iter().any(|word| role.contains(word)) {
            let count = "CharacterCount";
            let length: Option<OwnedValue> = self
                .call(thing, "org.freedesktop.DBus.Properties", "Get", &("org.a11y.atspi.Text", count))
                .await;
            match length.and_then(|length| i32::try_from(length).ok()) {
                Some(length) => self.call(thing, "org.a11y.atspi.Text", "GetText", &(0_i32, length)).await,
                None => None,
            }
        } else {
            None
        };
        found.push(Element {
            role,
            name,
            text,
            is_focused: has(FOCUSED),
            is_focusable: has(FOCUSABLE),
            is_sensitive: has(SENSITIVE),
            thing: thing.clone(),
        });
        if found.last().is_some_and(|element| element.role == "combo box") {
            let mut inner = Vec::new();
            for child in self.children(thing).await {
                Box::pin(self.collect(&child, &mut inner)).await;
            }
            let is_focused = |element: &Element| element.is_focused;
            // What it offers is not on the screen until it is opened.
            let is_open = inner.iter().any(|element| is_focused(element) && element.role == "list item");
            if let Some(combo_box) = found.last_mut() {
                combo_box.is_focused |= inner.iter().any(is_focused) && !is_open;
            }
            found.extend(inner.into_iter().filter(|_| is_open));
            return;
        }
        for child in self.children(thing).await {
            Box::pin(self.collect(&child, found)).await;
        }
    }

    async fn children(&self, thing: &Thing) -> Vec<Thing> {
        self.call(thing, ACCESSIBLE, "GetChildren", &()).await.unwrap_or_default()
    }

    /// The reply of an element; `None` if the element is gone.
    async fn call<B, A>(&self, thing: &Thing, interface: &str, member: &str, body: &B) -> Option<A>
    where
        B: Serialize + DynamicType,
        A: DeserializeOwned + Signed,
    {
        let (program, path) = thing;
        let call = self.connection.call_method(Some(program.as_str()), path, Some(interface), member, body);
        call.await.ok()?.body().deserialize().ok()
    }
}

impl Element {
    /// Its words: the text of an entry or label, else its name.
    pub(crate) fn words(&self) -> &str {
        self.text.as_deref().filter(|text| !text.is_empty()).unwrap_or(&self.name)
    }
}

fn pixel(number: i32) -> i16 {
    i16::try_from(number).expect("a place on the screen")
}

fn path(words: &'static str) -> OwnedObjectPath {
    OwnedObjectPath::try_from(words).expect("an object path")
}
