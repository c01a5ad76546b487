//! Finds elements on the screen by their text, as a screen reader does.
//!
//! Invariant: it only reads; tests use the mouse to act on what was found.
//!
//! The accessibility protocol: <https://gitlab.gnome.org/GNOME/at-spi2-core/-/tree/main/xml>.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::task::JoinHandle;
use zbus::message::Type;
use zbus::zvariant::{DynamicType, OwnedObjectPath, OwnedValue, Type as Signed};
use zbus::{Connection, Message, MessageStream};

use crate::packages::REGISTRY;
use crate::picture::Rect;
use crate::program::Program;
use crate::support::bus::Bus;
use crate::support::notification_server::connect;
use crate::support::user::User;

/// The bit of the state that says that an element is visible.
const SHOWING: u32 = 1 << 25;
/// How deep the children of a new element are searched: a menu is flat, a notification is a few boxes deep.
const DEPTH: usize = 8;

/// The accessibility bus of a desktop, and every element that appeared on its screen.
pub(crate) struct Accessibility {
    connection: Connection,
    appeared: Arc<Mutex<Vec<Thing>>>,
    listener: JoinHandle<()>,
    _registry: Program,
    _bus: Bus,
}

/// A text on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) words: String,
    pub(crate) place: Rect,
}

/// An element on the screen: the program it belongs to, and its name there.
type Thing = (String, OwnedObjectPath);

impl Accessibility {
    /// Starts the bus for the programs that this user starts from now on.
    pub(crate) async fn start(user: &mut User) -> Self {
        let bus = Bus::start();
        user.set("AT_SPI_BUS_ADDRESS", bus.address());
        // The registry needs a session bus; this one will do.
        let registry = Program::start(user, REGISTRY, &["--dbus-name", "org.a11y.atspi.Registry"]);
        let connection = connect(bus.address()).await;
        let appeared: Arc<Mutex<Vec<Thing>>> = Arc::default();
        let heard = MessageStream::from(&connection);
        let listener = tokio::spawn(listen(heard, Arc::clone(&appeared)));
        let rule = "type='signal',interface='org.a11y.atspi.Event.Object',member='StateChanged'";
        let dbus = "org.freedesktop.DBus";
        connection.call_method(Some(dbus), "/", Some(dbus), "AddMatch", &rule).await.expect("listen");
        Self { connection, appeared, listener, _registry: registry, _bus: bus }
    }

    /// Asks programs to report what appears, once the registry runs.
    pub(crate) async fn ask(&self) -> Option<()> {
        let registry = ("org.a11y.atspi.Registry".to_owned(), path("/org/a11y/atspi/registry"));
        // A menu emits "showing", a window "visible".
        for event in ["object:state-changed:showing", "object:state-changed:visible"] {
            let pending = (event, Vec::<String>::new(), "");
            self.call::<_, ()>(&registry, "org.a11y.atspi.Registry", "RegisterEvent", &pending).await?;
        }
        Some(())
    }

    /// All visible elements that have a name, the newest first.
    pub(crate) async fn seen(&self) -> Vec<Seen> {
        let appeared: Vec<_> = self.appeared.lock().expect("the list").iter().rev().cloned().collect();
        let mut seen = Vec::new();
        for thing in appeared {
            self.collect(&thing, DEPTH, &mut seen).await;
        }
        seen
    }

    /// Elements appear and disappear during the search: one that does not respond counts as gone.
    async fn collect(&self, thing: &Thing, depth: usize, seen: &mut Vec<Seen>) {
        let state: Vec<u32> = self.call(thing, ACCESSIBLE, "GetState", &()).await.unwrap_or_default();
        if state.first().is_none_or(|state| state & SHOWING == 0) {
            return;
        }
        let words = self.name(thing).await.unwrap_or_default();
        if !words.is_empty() {
            seen.extend(self.place(thing).await.map(|place| Seen { words, place }));
        }
        if depth > 0 {
            let children: Option<Vec<Thing>> = self.call(thing, ACCESSIBLE, "GetChildren", &()).await;
            for child in children.unwrap_or_default() {
                Box::pin(self.collect(&child, depth - 1, seen)).await;
            }
        }
    }

    async fn name(&self, thing: &Thing) -> Option<String> {
        let value: OwnedValue = self.call(thing, PROPERTIES, "Get", &(ACCESSIBLE, "Name")).await?;
        value.try_into().ok()
    }

    async fn place(&self, thing: &Thing) -> Option<Rect> {
        type Extents = ((i32, i32, i32, i32),);
        // 0: relative to the corner of the screen.
        let extents = self.call(thing, "org.a11y.atspi.Component", "GetExtents", &0_u32).await;
        let ((x, y, width, height),): Extents = extents?;
        let place = Rect {
            x: x.try_into().ok()?,
            y: y.try_into().ok()?,
            width: width.try_into().ok()?,
            height: height.try_into().ok()?,
        };
        (place.width > 0 && place.height > 0).then_some(place)
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

const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

fn path(words: &'static str) -> OwnedObjectPath {
    OwnedObjectPath::try_from(words).expect("an object path")
}

async fn listen(mut heard: MessageStream, appeared: Arc<Mutex<Vec<Thing>>>) {
    while let Some(Ok(message)) = heard.next().await {
        if let Some((thing, is_there)) = showing(&message) {
            let mut appeared = appeared.lock().expect("the list");
            appeared.retain(|other| *other != thing);
            if is_there {
                appeared.push(thing);
            }
        }
    }
}

/// Which state changed, whether it is set now, and parts that do not matter here.
type Change = (String, i32, i32, OwnedValue, HashMap<String, OwnedValue>);

/// What a signal says has appeared or, if false, disappeared.
fn showing(message: &Message) -> Option<(Thing, bool)> {
    let header = message.header();
    let is_change = header.message_type() == Type::Signal && header.member()?.as_str() == "StateChanged";
    let (what, is_on): (String, i32) = is_change.then(|| {
        let body = message.body();
        let read: Option<Change> = body.deserialize().ok();
        read.map(|(what, is_on, ..)| (what, is_on))
    })??;
    let thing = (header.sender()?.to_string(), OwnedObjectPath::from(header.path()?.clone()));
    ["showing", "visible"].contains(&what.as_str()).then_some((thing, is_on != 0))
}

impl Drop for Accessibility {
    fn drop(&mut self) {
        self.listener.abort();
    }
}
