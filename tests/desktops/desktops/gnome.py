"""GNOME Shell on X, with the extension that shows a tray."""

import time

from gi.repository import GLib

from desktops.desktop import NOTIFICATIONS, WATCHER, Desktop
from screen import Box, X11Screen
from session import wait_until


class Gnome(Desktop):
    name = "gnome"
    package = "gnome-shell"
    services = (
        "ca.desrt.dconf",
        "org.gnome.Shell.Notifications",
        "org.gnome.ScreenSaver",
        "org.gnome.Shell.Extensions",
    )
    area = Box(380, 34, 900, 460)
    tray = Box(1100, 0, 1240, 32)
    menu_button = 1
    left_click_activates = False
    shows_low = False
    # Only the sender may close a notification through the other name.
    closes_through = "org.gnome.Shell"
    settings = (
        ("org.gnome.shell", "welcome-dialog-last-shown-version", "99"),
        ("org.gnome.shell", "enabled-extensions", "['ubuntu-appindicators@ubuntu.com']"),
        ("org.gnome.desktop.interface", "enable-animations", "false"),
        # The shell says that it runs as root and without a display manager.
        ("org.gnome.desktop.notifications", "show-banners", "false"),
        ("org.gnome.desktop.lockdown", "disable-lock-screen", "true"),
        ("org.gnome.desktop.session", "idle-delay", "0"),
        ("org.gnome.desktop.background", "picture-uri", ""),
        ("org.gnome.desktop.background", "primary-color", "#3b5168"),
    )

    def start(self):
        session = self.session
        session.set(
            XDG_CURRENT_DESKTOP="GNOME", XDG_SESSION_DESKTOP="gnome", XDG_SESSION_TYPE="x11", GSETTINGS_BACKEND="dconf"
        )
        self.screen = X11Screen(session)
        for setting in self.settings:
            session.run("gsettings", "set", *setting)
        self.start_shell()
        session.run("gsettings", "set", "org.gnome.desktop.notifications", "show-banners", "true")
        self.rest()

    def start_shell(self):
        session = self.session
        session.serve("shell", "org.gnome.Shell", "gnome-shell", "--x11", "--sm-disable")
        wait_until("a tray", lambda: session.has_owner(WATCHER), 60)
        # It starts in the overview, also a while after it owns its name.
        for _ in range(10):
            time.sleep(0.1)
            value = GLib.Variant("(ssv)", ("org.gnome.Shell", "OverviewActive", GLib.Variant("b", False)))
            properties = "org.freedesktop.DBus.Properties"
            session.call("org.gnome.Shell", "/org/gnome/Shell", properties, "Set", value, 20)

    def restart_server(self):
        self.session.end("shell")
        self.wait_without_owner("org.gnome.Shell")
        # The helper that owns the name of the notification server ends with the shell.
        self.wait_without_owner(NOTIFICATIONS)
        self.start_shell()
        wait_until("a notification server", lambda: self.session.has_owner(NOTIFICATIONS), 60)
        self.rest()

    def unfold(self, box):
        self.screen.move(640, box.top + 20)
        time.sleep(0.5)
