"""Plasma on X."""

import time
from pathlib import Path

from gi.repository import GLib

from desktops.desktop import NOTIFICATIONS, WATCHER, Desktop
from screen import Box, X11Screen
from session import wait_until


class Plasma(Desktop):
    name = "plasma"
    package = "plasma-workspace"
    area = Box(640, 0, 1280, 748)
    tray = Box(960, 752, 1120, 800)
    names_app = True
    settings = (
        ("kwinrc", "Compositing", "Enabled", "false"),
        ("kdeglobals", "KDE", "AnimationDurationFactor", "0"),
        ("kscreenlockerrc", "Daemon", "Autolock", "false"),
        ("baloofilerc", "Basic Settings", "Indexing-Enabled", "false"),
    )

    def __init__(self):
        services = Path("/usr/share/dbus-1/services").glob("org.kde.*.service")
        self.services = [file.stem for file in services if file.stem != "org.kde.plasma.Notifications"]
        super().__init__()

    def start(self):
        session = self.session
        session.set(
            XDG_CURRENT_DESKTOP="KDE",
            XDG_SESSION_DESKTOP="KDE",
            XDG_SESSION_TYPE="x11",
            KDE_FULL_SESSION="true",
            KDE_SESSION_VERSION="5",
            QT_QPA_PLATFORMTHEME="kde",
        )
        self.screen = X11Screen(session)
        for file, group, key, value in self.settings:
            session.run("kwriteconfig5", "--file", file, "--group", group, "--key", key, value)
        session.serve("kded", "org.kde.kded5", "kded5")
        session.serve("kwin", "org.kde.KWin", "kwin_x11", "--replace")
        self.start_shell()
        self.rest()

    def start_shell(self):
        self.session.serve("shell", NOTIFICATIONS, "plasmashell", "--no-respawn")
        wait_until("a tray", lambda: self.session.has_owner(WATCHER), 60)
        host = ("org.freedesktop.DBus.Properties", "Get")
        wanted = GLib.Variant("(ss)", (WATCHER, "IsStatusNotifierHostRegistered"))
        wait_until("a tray", lambda: self.session.call(WATCHER, "/StatusNotifierWatcher", *host, wanted)[0], 60)
        # Its panel is drawn a while after that.
        time.sleep(3)

    def restart_server(self):
        self.session.end("shell")
        self.wait_without_owner(NOTIFICATIONS)
        self.start_shell()

    def click_on_body(self, box):
        self.screen.click(box.left + 60, box.top + 45)
