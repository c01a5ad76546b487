"""Every action chosen with the mouse: at once, after a restart of Handover, and after one of the notification server."""

import time

from session import wait_until

BY_HAND = 'emergency = "manual"\n'
LINK = "https://example.com/build/42?x=1&y=2"


def in_time(desk):
    """An emergency is seen within two seconds among other messages, and stays."""
    desk.clear()
    desk.app.restart(BY_HAND)
    others(desk, "before")
    desk.app.emergency(title="Fire", message="The server room is burning")
    seen_after(2, desk, "among-others")
    others(desk, "after")
    # swaync puts newer ones above it, which leave after ten seconds.
    seen_after(15 if desk.desktop.name == "swaync" else 2, desk, "behind-others")


def others(desk, word):
    for number in range(4):
        desk.app.send(title=f"High {number}", message=f"Number {number} {word}", priority=1)
        desk.app.send(title=f"Normal {number}", message=f"Number {number} {word}")


def seen_after(seconds, desk, name):
    time.sleep(seconds)
    picture = desk.picture()
    desk.keep(f"emergency-{name}", picture)
    desk.read_picture(lambda: picture, desk.notification, ["Emergency: Fire"], 0, "eng")


def at_once(desk):
    choose_all(desk, lambda: None)


def after_restart(desk):
    choose_all(desk, desk.app.restart)


def choose_all(desk, between):
    """Shows a notification for each action, does something in between, and chooses the action."""
    app = desk.app
    # GNOME takes the buttons off a banner that is on the screen during a restart, but not off an emergency.
    is_spoiled = between == app.restart and desk.desktop.name == "gnome"
    desk.clear()
    app.restart(BY_HAND)
    # dunst reports clicks only to the process that showed a notification: what the README says works there.
    if between != app.restart or desk.desktop.name != "dunst":
        choose_ordinary(desk, between, is_spoiled)

    desk.clear()
    receipt = app.emergency(title="Cellar", message="There is water in the cellar")
    desk.read("Emergency: Cellar")
    between()
    acknowledge(desk, receipt)


def choose_ordinary(desk, between, is_spoiled):
    app = desk.app
    desk.clear()
    app.send(title="Doorbell", message="Someone is at the door")
    desk.read("Doorbell")
    between()
    if is_spoiled:
        desk.desktop.click_on_body(desk.read("Doorbell").box)
    else:
        desk.choose(desk.read("Doorbell"), "mark-read", "Mark as read")
    app.until("unread", 0)

    for name, choose in (("button", press_link), ("body", click_on_body)):
        desk.clear()
        before = len(app.started("xdg-open"))
        app.send(title=f"Build {name}", message="All tests passed", url=LINK, url_title="Open the build")
        desk.read(f"Build {name}")
        between()
        (click_on_body if is_spoiled else choose)(desk, desk.read(f"Build {name}"))
        wait_until(f"xdg-open by the {name}", lambda before=before: app.started("xdg-open")[before:] == [LINK])
        app.until("unread", 0)


def press_link(desk, seen):
    desk.choose(seen, "open-link", "Open the build")


def click_on_body(desk, seen):
    if desk.desktop.name == "notifyd":
        # Its body only closes a notification; the default action is a button.
        return press_link(desk, seen)
    return desk.desktop.click_on_body(seen.box)


def acknowledge(desk, receipt):
    seen = desk.read("Emergency: Cellar")
    assert not desk.app.is_acknowledged(receipt), "it was acknowledged before the click"
    desk.choose(seen, "acknowledge", "Acknowledge")
    wait_until("the acknowledgement", lambda: desk.app.is_acknowledged(receipt))
    desk.app.until("unacknowledged", 0)


def after_server_restart(desk):
    """An emergency comes back by itself; a new message has working buttons."""
    desk.clear()
    desk.app.restart(BY_HAND)
    receipt = desk.app.emergency(title="Cellar", message="There is water in the cellar")
    desk.read("Emergency: Cellar")
    desk.desktop.restart_server()
    desk.desktop.rest()
    seen = desk.read("Emergency: Cellar", seconds=10)
    desk.keep("emergency-after-server-restart", seen.picture)
    acknowledge(desk, receipt)

    desk.clear()
    desk.app.send(title="Doorbell", message="Someone is at the door")
    desk.choose(desk.read("Doorbell"), "mark-read", "Mark as read")
    desk.app.until("unread", 0)


CHECKS = (
    ("emergency in time", in_time),
    ("actions", at_once),
    ("actions after a restart", after_restart),
    ("actions after a server restart", after_server_restart),
)
