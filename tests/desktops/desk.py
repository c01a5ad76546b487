"""A desktop with Handover on it, and what a person does there: look, read, and click."""

import time

from PIL import Image

from app import App
from notifications import Notifications
from screen import Box, Reading, changed, count, place_of
from session import wait_until

WHOLE = Box(0, 0, 1280, 800)
# The colours of Handover's icons: assets/handover.svg and assets/tray.
OWN_COLOUR = (0x0F, 0x76, 0x6E)
TRAY_COLOURS = {
    "teal": (0x0D, 0x94, 0x88),
    "orange": (0xF5, 0x9E, 0x0B),
    "purple": (0x63, 0x66, 0xC4),
    "grey": (0x6B, 0x72, 0x80),
    "red": (0xDC, 0x26, 0x26),
}
# GNOME draws icons a little darker.
TOLERANCE = 20
# The fewest pixels that make a picture in a notification, and a colour in an icon of the tray.
PICTURE, ICON = 150, 10


class Desk:
    def __init__(self, desktop, pictures):
        self.desktop = desktop
        self.pictures = pictures
        pictures.mkdir(parents=True, exist_ok=True)
        for old in pictures.glob("*.png"):
            old.unlink()
        self.notifications = Notifications(desktop.session, desktop.closes_through)
        desktop.rest()
        time.sleep(1)
        self.empty = desktop.picture()
        self.app = App(desktop.session)
        wait_until("an icon in the tray", self.icon)

    def picture(self):
        return self.desktop.picture()

    def keep(self, name, picture=None):
        (picture or self.picture()).save(self.pictures / f"{name}.png")

    def clear(self):
        """Removes all notifications from the screen; nothing is unread any longer."""
        self.app.read_all()
        self.notifications.close_all()
        self.desktop.rest()
        wait_until("an empty screen", lambda: not self.notification(self.picture()), 15)

    def close_menus(self):
        """After a failed check."""
        self.desktop.screen.leave()

    def notification(self, picture):
        return changed(self.empty, picture, self.desktop.area)

    def read(self, *expected, seconds=5.0, languages="eng"):
        """Waits until all of these words are in the notifications on the screen; what is read there."""
        return self.read_picture(self.picture, self.notification, expected, seconds, languages)

    def read_change(self, before, *expected, seconds=6.0):
        """The same for whatever is on the screen that was not there before, such as a menu."""
        return self.read_picture(
            self.picture, lambda picture: changed(before, picture, WHOLE), expected, seconds, "eng"
        )

    def read_picture(self, take, place, expected, seconds, languages):
        end = time.monotonic() + seconds
        while True:
            started = time.monotonic()
            picture = take()
            box = place(picture)
            seen = Seen(picture, box, Reading(picture, box, languages)) if box else None
            missing = [words for words in expected if not seen or not seen.reading.says(words)]
            if not missing and seen:
                return self.settled(take, place, seen, languages)
            if started > end:
                self.keep(f"failed-{len(list(self.pictures.glob('failed-*')))}", picture)
                text = seen.reading.text if seen else "nothing"
                latest = self.notifications.shown()[-1:]
                raise AssertionError(f"{missing} not read, but: {text}; the latest notification: {latest}")

    def settled(self, take, place, seen, languages):
        """The same once it no longer fades or moves, or after a second."""
        for _ in range(10):
            before, picture = seen.picture, take()
            box = place(picture)
            if not box:
                break
            still = box == seen.box and not changed(before, picture, box)
            seen = Seen(picture, box, seen.reading)
            if still:
                return seen
            time.sleep(0.1)
        return Seen(seen.picture, seen.box, Reading(seen.picture, seen.box, languages))

    def unfold(self, seen, *expected):
        """Shows the buttons of a notification, and reads it again."""
        self.desktop.unfold(seen.box)
        return self.read(*expected)

    def click(self, seen, label):
        box = seen.reading.find(label)
        assert box, f"no {label!r} in: {seen.reading.text}"
        self.desktop.screen.click(*box.middle)

    def choose(self, seen, key, label):
        """Chooses an action of a notification as a person does."""
        if self.desktop.has_buttons:
            self.click(self.unfold(seen, label), label)
        else:
            self.desktop.choose(key)

    def application_colour(self):
        """The one colour of the icon of the application that sends here."""
        [file] = (self.desktop.session.folder / "home/.cache/handover/icons").glob("*.png")
        pixels = Image.open(file).convert("RGBA")
        colours = pixels.getcolors(pixels.width * pixels.height)
        return max((number, pixel[:3]) for number, pixel in colours if pixel[3] == 255)[1]

    def has_picture(self, colour):
        """Waits until a picture of this colour is in the notifications; servers fade them in."""

        def pixels():
            picture = self.picture()
            box = self.notification(picture)
            return count(picture, box, colour) if box else 0

        wait_until(f"a picture of the colour {colour}", lambda: pixels() >= PICTURE, 3)

    def icon(self):
        """Where Handover's icon is in the tray."""
        return place_of(self.picture(), self.desktop.tray, TRAY_COLOURS.values(), TOLERANCE)

    def colours_of_icon(self):
        picture, area = self.picture(), self.desktop.tray
        return {name for name, colour in TRAY_COLOURS.items() if count(picture, area, colour, TOLERANCE) >= ICON}


class Seen:
    """A part of a picture and the words in it."""

    def __init__(self, picture, box, reading):
        self.picture, self.box, self.reading = picture, box, reading
