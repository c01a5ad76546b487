"""Xfce, with its own notification server or dunst."""

import re
import time
from pathlib import Path

from desktops.desktop import NOTIFICATIONS, WATCHER, Desktop
from screen import X11Screen


class Xfce(Desktop):
    panel_settings = Path(__file__).with_name("xfce4-panel.xml")
    services = ("org.xfce.Xfconf",)

    def start(self):
        session = self.session
        session.set(XDG_CURRENT_DESKTOP="XFCE", XDG_SESSION_TYPE="x11", GTK_THEME="Adwaita")
        self.screen = X11Screen(session)
        settings = session.folder / "home/.config/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml"
        settings.parent.mkdir(parents=True)
        settings.write_text(self.panel_settings.read_text())
        session.start("wm", "xfwm4", "--compositor=off")
        self.start_server()
        session.serve("panel", WATCHER, "xfce4-panel", "--disable-wm-check")

    def start_server(self):
        raise NotImplementedError

    def restart_server(self):
        self.session.end("server")
        self.wait_without_owner(NOTIFICATIONS)
        self.start_server()


class Notifyd(Xfce):
    name = "notifyd"
    package = "xfce4-notifyd"

    def start_server(self):
        service = Path("/usr/share/dbus-1/services/org.xfce.xfce4-notifyd.Notifications.service")
        [program] = re.findall("^Exec=(.+)$", service.read_text(), re.MULTILINE)
        self.session.serve("server", NOTIFICATIONS, program)


class Dunst(Xfce):
    name = "dunst"
    package = "dunst"
    has_buttons = False

    def start_server(self):
        self.session.serve("server", NOTIFICATIONS, "dunst", "-conf", "/etc/xdg/dunst/dunstrc")

    def click_on_body(self, box):
        # The middle button is the one that acts, by dunst's own settings.
        self.screen.click(*box.middle, button=2)

    def choose(self, key):
        """Chooses from dmenu, which is dunst's menu; it reads the keyboard."""
        self.session.start("menu", "dunstctl", "context")
        time.sleep(1)
        self.screen.key("Return")
