//! A panel with a tray that draws nothing: it accepts the items that programs register, reads them and clicks on them.
//!
//! Invariant: everything is queried from the program when it is read, by the protocols that panels use:
//! `org.kde.StatusNotifierItem` and `com.canonical.dbusmenu`.

use std::collections::HashMap;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::timeout;
use zbus::message::Type;
use zbus::zvariant::{OwnedValue, Structure, Value};
use zbus::{Connection, MatchRule, MessageStream, Proxy};

use super::notification_server::connect;
use super::process::TIMEOUT;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

/// A panel. It is on the bus when `start` returns and leaves it when it is dropped.
pub(crate) struct Panel {
    connection: Connection,
    registered: mpsc::UnboundedReceiver<String>,
}

impl Panel {
    /// Takes the name on the bus that a panel has.
    pub(crate) async fn start(bus_address: &str) -> Self {
        let connection = connect(bus_address).await;
        let (tell, registered) = mpsc::unbounded_channel();
        connection
            .object_server()
            .at("/StatusNotifierWatcher", Watcher { tell, has_host: true })
            .await
            .expect("serve the watcher");
        connection.request_name(WATCHER).await.expect("become the watcher");
        Self { connection, registered }
    }

    /// The next item that registers; panics if none does within 30 s.
    pub(crate) async fn next_item(&mut self) -> Item {
        let name = timeout(TIMEOUT, self.registered.recv()).await.expect("an item registers within 30 s");
        Item::of(&self.connection, &name.expect("the watcher is there")).await
    }

    /// Whether no item has registered since the last one that was read.
    pub(crate) fn is_empty(&mut self) -> bool {
        self.registered.try_recv().is_err()
    }

    /// Leaves the bus, as a panel that crashes does.
    pub(crate) async fn leave(self) {
        self.connection.close().await.expect("leave the bus");
    }
}

struct Watcher {
    tell: mpsc::UnboundedSender<String>,
    has_host: bool,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String) {
        // The test may be over.
        drop(self.tell.send(service));
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        self.has_host
    }
}

/// A program's icon in the tray.
pub(crate) struct Item {
    icon: Proxy<'static>,
    menu: Proxy<'static>,
    /// Every signal of the program.
    news: tokio::sync::Mutex<MessageStream>,
}

/// What the tray shows of it at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// The text that appears when the mouse rests on it.
    pub(crate) tooltip: String,
    /// One picture in several sizes.
    pub(crate) pictures: Vec<Picture>,
    /// All entries, submenus after the entry that opens them.
    pub(crate) menu: Vec<Line>,
}

/// An entry of the menu.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    id: i32,
    /// Its label as it is drawn; empty for a separator.
    pub(crate) label: String,
    /// Whether it can be clicked.
    pub(crate) enabled: bool,
    /// Whether it is ticked, for an entry that can be.
    pub(crate) ticked: Option<bool>,
    /// How many submenus deep it is.
    pub(crate) depth: usize,
}

impl Line {
    /// Its label without the dot that marks an unread message.
    pub(crate) fn words(&self) -> &str {
        self.label.trim_start_matches("• ")
    }
}

impl Look {
    /// The first entry whose label begins like this, ignoring the dot.
    pub(crate) fn line(&self, beginning: &str) -> Option<&Line> {
        self.menu.iter().find(|line| line.words().starts_with(beginning))
    }

    /// The side lengths of the pictures, which are checked to be complete squares.
    pub(crate) fn sizes(&self) -> Vec<i32> {
        let size = |(width, height, bytes): &Picture| {
            assert_eq!((width, bytes.len()), (height, 4 * width.pow(2).cast_unsigned() as usize));
            *width
        };
        self.pictures.iter().map(size).collect()
    }

    /// Whether every picture differs from the one of the same size in another state.
    pub(crate) fn differs_in_every_size(&self, other: &Self) -> bool {
        self.sizes() == other.sizes()
            && self.pictures.iter().zip(&other.pictures).all(|(one, other)| one != other)
    }
}

impl Item {
    async fn of(connection: &Connection, name: &str) -> Self {
        let rule = MatchRule::builder().msg_type(Type::Signal).sender(name).expect("a name").build();
        let news = MessageStream::for_match_rule(rule, connection, None).await.expect("listen to the item");
        let proxy = async |path: String, interface: &'static str| {
            Proxy::new(connection, name.to_owned(), path, interface).await.expect("a proxy")
        };
        let icon: Proxy<'_> = zbus::proxy::Builder::new(connection)
            .destination(name.to_owned())
            .and_then(|builder| builder.path("/StatusNotifierItem"))
            .and_then(|builder| builder.interface(ITEM))
            .expect("an address")
            .cache_properties(zbus::proxy::CacheProperties::No)
            .build()
            .await
            .expect("a proxy");
        let path: zbus::zvariant::OwnedObjectPath = icon.get_property("Menu").await.expect("it has a menu");
        let menu = proxy(path.to_string(), MENU).await;
        Self { icon, menu, news: news.into() }
    }

    /// A property that is a text.
    pub(crate) async fn text(&self, property: &str) -> String {
        self.icon.get_property(property).await.expect("the property is there")
    }

    /// The current state.
    pub(crate) async fn look(&self) -> zbus::Result<Look> {
        let (_, _, _, tooltip): (String, Vec<Picture>, String, String) =
            self.icon.get_property::<OwnedValue>("ToolTip").await?.try_into()?;
        let pictures: Vec<Picture> = self.icon.get_property::<OwnedValue>("IconPixmap").await?.try_into()?;
        let nothing: &[&str] = &[];
        let (_, top): (u32, Layout) = self.menu.call("GetLayout", &(0, -1, nothing)).await?;
        let mut menu = Vec::new();
        read(top, 0, &mut menu);
        Ok(Look { tooltip, pictures, menu })
    }

    /// Reads it until it meets a condition, again after each signal about a change.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&Look) -> bool) -> Look {
        let mut last = None;
        let mut news = self.news.lock().await;
        let looking = async {
            loop {
                let look = self.look().await.expect("the item is there");
                if wanted(&look) {
                    return look;
                }
                last = Some(look);
                news.next().await.expect("the bus is there").expect("a signal");
            }
        };
        let found = timeout(TIMEOUT, looking).await;
        found.unwrap_or_else(|_elapsed| panic!("not within {TIMEOUT:?}: {what}; {last:#?}"))
    }

    /// Waits for an entry whose label begins like this, and clicks on it.
    pub(crate) async fn choose(&self, beginning: &str) {
        let id = self.entry(beginning).await;
        self.click_on(id).await;
    }

    /// The same, and hands over a token right before the click.
    pub(crate) async fn choose_with_token(&self, beginning: &str, token: &str) {
        let id = self.entry(beginning).await;
        self.give_token(token).await;
        self.click_on(id).await;
    }

    async fn entry(&self, beginning: &str) -> i32 {
        let look = self.until(beginning, |look| look.line(beginning).is_some()).await;
        let line = look.line(beginning).expect("it was just there");
        assert!(line.enabled, "{line:?}");
        line.id
    }

    async fn click_on(&self, id: i32) {
        // It does not wait for a reply: after `Quit` there may be none.
        let click = (id, "clicked", Value::from(0), 0_u32);
        self.menu.call_noreply("Event", &click).await.expect("send a click");
    }

    /// Hands over a token, as a panel on Wayland does before a click.
    pub(crate) async fn give_token(&self, token: &str) {
        self.icon.call_method("ProvideXdgActivationToken", &token).await.expect("it takes a token");
    }

    /// Clicks on the icon itself.
    pub(crate) async fn click(&self) {
        self.icon.call_method("Activate", &(0, 0)).await.expect("it takes a click");
    }
}

/// Width, height, and four bytes a pixel.
pub(crate) type Picture = (i32, i32, Vec<u8>);
/// An entry, its properties, and the entries below it.
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

/// Adds the entries below this one.
fn read((_, _, below): Layout, depth: usize, lines: &mut Vec<Line>) {
    for line in below {
        let line = Structure::try_from(Value::from(line)).expect("a line is a structure");
        let line: Layout = Value::from(line).try_into().expect("a line with properties and lines below");
        let (id, properties, _) = &line;
        let text = |name: &str| properties.get(name).map(|value| <&str>::try_from(value).expect("a text"));
        let ticked = text("toggle-type").map(|_| {
            properties.get("toggle-state").is_some_and(|state| i32::try_from(state).expect("a number") == 1)
        });
        let enabled =
            properties.get("enabled").is_none_or(|enabled| bool::try_from(enabled).expect("a boolean"));
        lines.push(Line { id: *id, label: drawn(text("label").unwrap_or_default()), enabled, ticked, depth });
        read(line, depth + 1, lines);
    }
}

/// The label as a panel draws it: `_` underlines the next character, `__` is one `_`.
fn drawn(label: &str) -> String {
    label.split("__").map(|part| part.replace('_', "")).collect::<Vec<_>>().join("_")
}
