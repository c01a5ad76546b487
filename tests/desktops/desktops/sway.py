"""sway with the tray of waybar, and mako or swaync."""

import os
from pathlib import Path

from desktops.desktop import NOTIFICATIONS, WATCHER, Desktop
from screen import Box, SwayScreen
from session import wait_until


class Sway(Desktop):
    settings = """output HEADLESS-1 mode 1280x800
output * bg #3b5168 solid_color
seat seat0 hide_cursor 0
exec_always echo "$WAYLAND_DISPLAY $SWAYSOCK" >{folder}/sway
"""
    panel = """{"layer": "top", "position": "top", "height": 30, "modules-left": ["sway/workspaces"],
 "modules-center": ["clock"], "modules-right": ["tray"], "tray": {"icon-size": 22, "spacing": 8}}"""
    tray = Box(1200, 0, 1280, 28)

    def start(self):
        session = self.session
        session.set(
            XDG_CURRENT_DESKTOP="sway",
            XDG_SESSION_TYPE="wayland",
            WLR_BACKENDS="headless",
            WLR_LIBINPUT_NO_DEVICES="1",
            WLR_RENDERER="pixman",
            LIBSEAT_BACKEND="noop",
        )
        folder = session.folder
        (folder / "sway.conf").write_text(self.settings.replace("{folder}", str(folder)))
        # It refuses to run as root.
        unprivileged = ["unshare", "--user", "--map-user=1000"] if os.getuid() == 0 else []
        session.start("sway", *unprivileged, "sway", "-c", str(folder / "sway.conf"))
        started = folder / "sway"
        wait_until("sway", lambda: started.exists() and started.read_text().strip(), 30)
        display, socket = started.read_text().split()
        session.set(WAYLAND_DISPLAY=display, SWAYSOCK=socket)
        self.screen = SwayScreen(session)
        session.start("pointer", "/usr/bin/python3", "-B", str(Path(__file__).with_name("pointer.py")))
        wait_until("a pointer", lambda: "ready" in session.log("pointer"))
        self.start_server()
        settings = folder / "home/.config/waybar/config"
        settings.parent.mkdir(parents=True)
        settings.write_text(self.panel)
        session.serve("panel", WATCHER, "waybar")

    def start_server(self):
        self.session.serve("server", NOTIFICATIONS, self.name)

    def restart_server(self):
        self.session.end("server")
        self.wait_without_owner(NOTIFICATIONS)
        self.start_server()


class Mako(Sway):
    name = "mako"
    package = "mako-notifier"
    has_buttons = False

    def choose(self, key):
        """mako has no menu of its own; people bind this command to a key."""
        self.session.run("makoctl", "invoke", key)


class Swaync(Sway):
    name = "swaync"
    package = "sway-notification-center"
