//! The panel of Xfce with only a tray in it, and the icon in that tray.
//!
//! Invariant: everything known about an icon was read from the screen, or from the bus where the panel reads it.

use std::collections::BTreeSet;
use std::fs;

use handover::desktop::tray::Icon;
use zbus::zvariant::OwnedValue;

use crate::desk::{Desk, until};
use crate::picture::{Picture, Rect};
use crate::screen::Button;
use crate::session::accessible::Seen;
use crate::support::user::User;

/// The D-Bus service through which panels and icons find each other.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const WATCHER_PATH: &str = "/StatusNotifierWatcher";
/// The program in which the panel runs the tray, so that a crash there does not affect the panel.
const TRAY: &str = "Wrapper-2.0";
/// More colours than an empty tray has; the edges of a picture have many shades.
const COLOURS_OF_AN_ICON: usize = 8;
/// How many pixels of a colour make it visible in an icon of 22 pixels.
const FEWEST_PIXELS: usize = 12;

/// An entry that the panel adds to the menu of each of its parts.
const MENU_OF_THE_PANEL: &str = "Status Tray Plugin";
/// The last entry of the menu: once it is visible, the menu is complete.
const LAST_LINE: &str = "Quit";
/// A position where there is nothing.
const BESIDE: (i16, i16) = (8, 8);

/// The colour of the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shade {
    Dark,
    Light,
}

/// Writes the panel's configuration for its first start.
pub(crate) fn set_up(user: &User, shade: Shade) {
    let folder = user.path("config/xfce4/xfconf/xfce-perchannel-xml");
    fs::create_dir_all(&folder).expect("make a folder for the settings");
    let settings = SETTINGS.replace("SHADE", &(shade == Shade::Dark).to_string());
    fs::write(folder.join("xfce4-panel.xml"), settings).expect("write the settings of the panel");
}

/// The panel is at the bottom of the screen, since notifications are at the top, with the tray at its right end, as usual.
const SETTINGS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="SHADE"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=10;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="icon-size" type="uint" value="22"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-2" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
      <property name="icon-size" type="int" value="22"/>
    </property>
  </property>
</channel>
"#;

/// Whether a picture of the tray shows this icon: it has the colours of this icon and of no other.
fn shows(tray: &Picture, icon: Icon) -> bool {
    let all = [Icon::Emergency, Icon::Attention, Icon::Paused, Icon::Offline, Icon::Unread, Icon::Connected];
    let known: BTreeSet<_> = all.into_iter().flat_map(colours).collect();
    let shown: BTreeSet<_> =
        known.into_iter().filter(|colour| tray.count(*colour) >= FEWEST_PIXELS).collect();
    shown == colours(icon)
}

/// The colours of an icon except black and white, which have three digits in its source.
fn colours(icon: Icon) -> BTreeSet<[u8; 3]> {
    let name = format!("{icon:?}").to_lowercase();
    let file = format!("{}/assets/tray/{name}.svg", env!("CARGO_MANIFEST_DIR"));
    let source = fs::read_to_string(file).expect("an icon has a source");
    let colour = |word: &str| {
        let digits = word.split_once('"')?.0;
        let number = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 6)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Some([red, green, blue])
    };
    let colours: BTreeSet<_> = source.split("=\"#").skip(1).filter_map(colour).collect();
    assert!(!colours.is_empty(), "the source of {name} was understood");
    colours
}

impl Desk {
    /// Starts the panel and waits until its tray accepts icons.
    pub(crate) async fn start_panel(&mut self) {
        self.panel = Some(self.program("xfce4-panel", &["--disable-wm-check"]));
        until("the tray", async || self.has(WATCHER).await).await;
        until("the tray takes icons", async || {
            let takes = self.property::<bool>("IsStatusNotifierHostRegistered").await?;
            takes.then_some(())
        })
        .await;
    }

    /// Kills the panel and waits until the bus has noticed.
    pub(crate) async fn kill_panel(&mut self) {
        self.panel = None;
        until("no tray", async || self.has(WATCHER).await.is_none().then_some(())).await;
    }

    /// Waits until this icon, and no other, is visible in the tray; returns its position. Saves a picture of it.
    pub(crate) async fn icon(&self, icon: Icon) -> Rect {
        let (place, picture) = until(&format!("the icon {icon:?} in the tray"), async || {
            let items = self.property::<Vec<String>>("RegisteredStatusNotifierItems").await?;
            let tray = self.screen.windows_of(TRAY).pop()?.place;
            let picture = self.screen.picture(tray);
            (items.len() == 1 && shows(&picture, icon)).then_some((tray, picture))
        })
        .await;
        picture.enlarged(6).keep(&format!("{}-icon-{icon:?}", self.name).to_lowercase());
        place
    }

    /// Waits until the tray is empty.
    pub(crate) async fn no_icon(&self) {
        until("an empty tray", async || {
            let items = self.property::<Vec<String>>("RegisteredStatusNotifierItems").await?;
            let trays = self.screen.windows_of(TRAY);
            let is_empty =
                trays.iter().all(|tray| self.screen.picture(tray.place).colours() < COLOURS_OF_AN_ICON);
            (items.is_empty() && is_empty).then_some(())
        })
        .await;
    }

    /// Opens the menu with the mouse on this icon, moves through the submenus with these labels, saves a picture named
    /// `what` with the mouse on the last of them, and clicks there.
    pub(crate) async fn choose(&self, what: &str, icon: Icon, words: &[&str]) {
        let place = until(&format!("{words:?} in the menu"), async || self.reach(icon, words).await).await;
        self.keep(what);
        self.screen.click(Button::Left, place.middle());
    }

    /// Opens the menu and moves the mouse to an entry. There is none if the menu closed meanwhile: this panel closes a menu
    /// whose entries change, and the caller has to open it again.
    async fn reach(&self, icon: Icon, words: &[&str]) -> Option<Rect> {
        self.close_menus().await;
        self.screen.click(Button::Right, self.icon(icon).await.middle());
        until("a menu", async || (!self.screen.menus().is_empty()).then_some(())).await;
        self.line(LAST_LINE).await?;
        let (last, before) = words.split_last()?;
        for words in before {
            self.screen.point_at(self.line(words).await?.middle());
        }
        let place = self.line(last).await?;
        let unlit = self.screen.picture(place);
        self.screen.point_at(place.middle());
        // An entry that cannot be chosen does not change.
        let lights_up = async || (self.screen.picture(place) != unlit).then_some(());
        until(&format!("{last:?} lights up under the mouse"), lights_up).await;
        self.line(last).await.filter(|now| *now == place)
    }

    /// Waits for an entry of the open menu. `None` when the menu closed, when it has more entries than fit the size it had
    /// when it opened, or when it is the panel's own menu, which is shown until the panel has the menu of a new icon.
    async fn line(&self, words: &str) -> Option<Rect> {
        let found = async || {
            let seen = self.at_rest(&[words, MENU_OF_THE_PANEL]).await;
            let menus = self.screen.menus();
            if menus.is_empty() {
                return Some(None);
            }
            let is_within = |seen: &Seen| menus.iter().any(|menu| menu.place.surrounds(seen.place));
            seen.map(|seen| Some(seen).filter(is_within))
        };
        let found = until(&format!("{words:?} in the open menu"), found).await?;
        (found.words != MENU_OF_THE_PANEL).then_some(found.place)
    }

    async fn close_menus(&self) {
        if !self.screen.menus().is_empty() {
            self.screen.click(Button::Left, BESIDE);
            until("no menu", async || self.screen.menus().is_empty().then_some(())).await;
        }
    }

    async fn property<A>(&self, name: &str) -> Option<A>
    where
        A: TryFrom<OwnedValue>,
    {
        let interface = "org.freedesktop.DBus.Properties";
        let pending = (WATCHER, name);
        let answer =
            self.connection.call_method(Some(WATCHER), WATCHER_PATH, Some(interface), "Get", &pending).await;
        let value: OwnedValue = answer.ok()?.body().deserialize().ok()?;
        value.try_into().ok()
    }
}
