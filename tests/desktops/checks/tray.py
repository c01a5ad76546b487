"""The icon in the tray in every state, its menu and submenu, and the notifications that its states explain."""

import time

from desk import OWN_COLOUR
from session import wait_until

# As in assets/tray.
STATES = {
    "connected": {"teal"},
    "unread": {"teal", "orange"},
    "paused": {"purple"},
    "offline": {"grey"},
    "attention": {"red"},
}


def icon(desk, state):
    wanted = STATES[state]
    try:
        wait_until(state, lambda: desk.colours_of_icon() == wanted, 20)
    except AssertionError:
        desk.keep(f"failed-tray-{state}")
        found = desk.colours_of_icon()
        raise AssertionError(f"the icon for {state} has the colours {found}, not {wanted}") from None
    desk.keep(f"tray-{state}", desk.picture().crop(desk.desktop.tray.corners))


def menu(desk):
    """The menu is opened with the mouse, and a choice in its submenu works."""
    desk.clear()
    desk.app.send(title="Doorbell", message="Someone is at the door")
    desk.app.until("unread", 1)
    desk.notifications.close_all()
    time.sleep(1)
    labels = ("Connected as desk", "Doorbell", "Mark all as read", "Pause", "Start at login", "Quit")
    before, seen = open_menu(desk, *labels)
    desk.keep("menu", seen.picture)
    desk.click(seen, "Mark all as read")
    desk.app.until("unread", 0)

    time.sleep(1)
    before, seen = open_menu(desk, "Pause")
    desk.click(seen, "Pause")
    if desk.desktop.name == "plasma":
        # The submenu opens beyond the edge of this small screen.
        for key in ("Down", "Return"):
            time.sleep(0.5)
            desk.desktop.screen.key(key)
    else:
        seen = desk.read_change(before, "For 30 minutes", "For 2 hours", "Until resumed")
        desk.keep("submenu", seen.picture)
        desk.click(seen, "For 30 minutes")
    wait_until("the pause", lambda: desk.app.status().get("paused_until"))
    icon(desk, "paused")
    time.sleep(0.5)
    _, seen = open_menu(desk, "Resume")
    desk.click(seen, "Resume")
    wait_until("the end of the pause", lambda: not desk.app.status().get("paused_until"))


def open_menu(desk, *labels):
    desk.desktop.rest()
    time.sleep(0.5)
    before = desk.picture()
    desk.desktop.screen.click(*desk.icon().middle, button=desk.desktop.menu_button)
    return before, desk.read_change(before, *labels)


def left_click(desk):
    """It shows the state, with a text of its own."""
    desk.clear()
    # Plasma drops a notification that is the same as one a moment ago.
    time.sleep(1)
    if not desk.desktop.left_click_activates:
        return
    desk.desktop.screen.click(*desk.icon().middle)
    seen = desk.read("Connected as desk")
    desk.keep("left-click", seen.picture)
    desk.has_picture(OWN_COLOUR)
    assert desk.notifications.shown()[-1].body, "it has no text"


def states(desk):
    """All five; the last comes from a service that no longer knows this device, and is explained with a button."""
    desk.clear()
    desk.app.restart()
    icon(desk, "connected")
    desk.app.send(title="Doorbell", message="Someone is at the door")
    icon(desk, "unread")
    desk.app.run("pause", "forever")
    icon(desk, "paused")
    desk.app.run("resume")
    desk.clear()
    icon(desk, "connected")
    port = desk.app.url.rpartition(":")[2]
    desk.app.end_sandbox()
    icon(desk, "offline")
    desk.app.start_sandbox(port)
    desk.app.run("sync", check=False)
    icon(desk, "attention")


def sign_in(desk):
    """After `states`: the notification that explains the icon leads to the terminal."""
    seen = desk.read("Stopped: the service refuses this device")
    desk.keep("sign-in", seen.picture)
    desk.has_picture(OWN_COLOUR)
    desk.choose(seen, "sign-in", "Sign in")
    wait_until("a terminal", lambda: any("setup" in line for line in desk.app.started("xdg-terminal-exec")))


CHECKS = (
    ("left click", left_click),
    ("menu", menu),
    ("tray states", states),
    ("sign-in", sign_in),
)
