//! The panel of Xfce with nothing in it but the tray, and the icon in that.
//!
//! Invariant: what is known of an icon was read from the screen, or from the bus where the panel reads it.

use std::fs;

use handover::desktop::tray::Icon;
use zbus::zvariant::OwnedValue;

use crate::desk::{Desk, until};
use crate::picture::{Picture, Rect};
use crate::screen::Button;
use crate::support::home::Home;

/// The service through which panels and icons find each other.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const WATCHER_PATH: &str = "/StatusNotifierWatcher";
/// The program that the panel runs the tray in, so that a fault there leaves the panel alone.
const TRAY: &str = "Wrapper-2.0";
/// More than there are in an empty tray; the edges of what is drawn have many shades.
const COLOURS_OF_AN_ICON: usize = 8;

/// A line of the menu that the panel has for each of its parts.
const MENU_OF_THE_PANEL: &str = "Status Tray Plugin";
/// A place where there is nothing.
const BESIDE: (i16, i16) = (8, 8);

/// What the panel is painted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shade {
    Dark,
    Light,
}

/// Writes down how the panel is to be, for its first start.
pub(crate) fn set_up(home: &Home, shade: Shade) {
    let folder = home.path("config/xfce4/xfconf/xfce-perchannel-xml");
    fs::create_dir_all(&folder).expect("make a folder for the settings");
    let settings = SETTINGS.replace("SHADE", &(shade == Shade::Dark).to_string());
    fs::write(folder.join("xfce4-panel.xml"), settings).expect("write the settings of the panel");
}

/// At the bottom of the screen, since notices are at the top; the tray at its right end, as usual.
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

/// The colour of an icon that no other has; see `assets/tray`.
fn colour(icon: Icon) -> [u8; 3] {
    match icon {
        Icon::Attention => [0xdc, 0x26, 0x26],
        Icon::Paused => [0x64, 0x74, 0x8b],
        Icon::Offline => [0x8b, 0x95, 0xa3],
        Icon::Unread => [0xf5, 0x9e, 0x0b],
        Icon::Connected => [0x0d, 0x94, 0x88],
    }
}

/// Whether a picture of the tray shows this icon.
fn shows(tray: &Picture, icon: Icon) -> bool {
    let has = |icon| tray.count(colour(icon)) >= 12;
    // The one that waits for the user is the one that waits for messages, with a dot.
    has(icon) && (icon == Icon::Unread || !has(Icon::Unread))
}

impl Desk {
    /// Starts the panel and waits until its tray takes icons.
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

    /// Waits until this icon, and no other, can be seen in the tray; where it is. Keeps a picture of it.
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

    /// Opens the menu with the mouse on this icon, goes down the menus along these words, keeps a picture called
    /// `what` with the mouse on the last of them, and clicks there.
    pub(crate) async fn choose(&self, what: &str, icon: Icon, words: &[&str]) {
        let (last, before) = words.split_last().expect("something to click on");
        self.open_menu(icon, words[0]).await;
        for words in before {
            self.click_on(words).await;
        }
        let place = self.place_of(last).await;
        let unlit = self.screen.picture(place);
        self.screen.point_at(place.middle());
        // A line that cannot be chosen stays as it is.
        let lights_up = async || (self.screen.picture(place) != unlit).then_some(());
        until("the line under the mouse lights up", lights_up).await;
        self.keep(what);
        self.screen.click(Button::Left, place.middle());
    }

    /// Opens the menu with the mouse on this icon, and waits for a line of it.
    async fn open_menu(&self, icon: Icon, line: &str) {
        let icon = self.icon(icon).await;
        self.screen.click(Button::Right, icon.middle());
        // The panel shows a new icon before it has its menu, and a menu of its own until then. Who meets that
        // one closes it and clicks again.
        while self.first_of(&[line, MENU_OF_THE_PANEL]).await.words == MENU_OF_THE_PANEL {
            self.screen.click(Button::Left, BESIDE);
            until("the menu of the panel is gone", async || {
                let seen = self.accessible.seen().await;
                seen.iter().all(|seen| seen.words != MENU_OF_THE_PANEL).then_some(())
            })
            .await;
            self.screen.click(Button::Right, icon.middle());
        }
    }

    async fn property<A>(&self, name: &str) -> Option<A>
    where
        A: TryFrom<OwnedValue>,
    {
        let interface = "org.freedesktop.DBus.Properties";
        let wish = (WATCHER, name);
        let answer = self.connection.call_method(Some(WATCHER), WATCHER_PATH, Some(interface), "Get", &wish).await;
        let value: OwnedValue = answer.ok()?.body().deserialize().ok()?;
        value.try_into().ok()
    }
}
