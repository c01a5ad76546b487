"""Each kind of message: what is sent, and what has to be read on the screen.

On every picture there must be the icon that belongs there, so that nothing stands for a picture that is missing.
"""

import io
import time

from PIL import Image, ImageDraw

from desk import OWN_COLOUR
from screen import Box, Reading

LIST_OF_GNOME = Box(300, 34, 700, 350)
# What is left of markup that was not understood.
REMAINS = ("#39", "amp;", "&lt", "&gt", "quot", "<b>", "<font", "</", "\\n")


# More than five messages within ten seconds would become one notification.
BETWEEN_MESSAGES = 2.1


def message(name, *expected, buttons=("Mark as read",), **fields):
    """A check that sends one message and reads its notification."""

    def check(desk):
        desk.clear()
        time.sleep(BETWEEN_MESSAGES)
        desk.app.send(**fields)
        if fields.get("priority") == -1 and not desk.desktop.shows_low:
            look_in_list(desk, name, expected)
        else:
            look(desk, name, expected, buttons)

    return name, check


def look(desk, name, expected, buttons):
    seen = desk.read(*expected)
    desk.keep(name, seen.picture)
    remains = [remain for remain in REMAINS if remain in seen.reading.text]
    assert not remains, f"{remains} in: {seen.reading.text}"
    desk.has_picture(desk.application_colour())
    if desk.desktop.has_buttons:
        seen = desk.unfold(seen, *buttons)
        desk.keep(f"{name}-buttons", seen.picture)


def look_in_list(desk, name, expected):
    """GNOME shows no banner, but has a list under the clock."""
    time.sleep(1)
    assert not desk.notification(desk.picture()), "it has a banner"
    desk.desktop.screen.click(640, 16)
    time.sleep(1)
    picture = desk.picture()
    desk.keep(name, picture)
    reading = Reading(picture, LIST_OF_GNOME)
    desk.desktop.screen.key("Escape")
    assert all(reading.says(words) for words in expected), f"{expected} not read, but: {reading.text}"


def emergency(desk):
    """By default it is acknowledged by itself, once it was seen; and it says so."""
    desk.clear()
    receipt = desk.app.emergency(title="Fire", message="The server room is burning")
    look(desk, "emergency", ("Emergency: Fire", "The server room is burning"), ())
    wait = time.monotonic() + 60
    while not desk.app.is_acknowledged(receipt):
        assert time.monotonic() < wait, "it was not acknowledged"
        time.sleep(0.1)
    seen = desk.read("Emergency: Fire", "Acknowledged here at")
    desk.keep("emergency-acknowledged", seen.picture)


def attachment(desk):
    """The service gives no attachments to clients, but the message itself is shown like any other."""
    desk.clear()
    time.sleep(BETWEEN_MESSAGES)
    picture = Image.new("RGB", (64, 64), "#c02060")
    ImageDraw.Draw(picture).ellipse((8, 8, 56, 56), fill="white")
    png = io.BytesIO()
    picture.save(png, "png")
    desk.app.send(title="Camera", message="Someone is at the gate", attachment=png.getvalue())
    look(desk, "attachment", ("Camera", "Someone is at the gate"), ("Mark as read",))


def flood(desk):
    desk.clear()
    for number in range(1, 8):
        desk.app.send(title=f"Flood {number}", message=f"Message number {number}")
    look(desk, "flood", ("messages", "Flood 7 Flood 6 Flood 5", "more"), ("Mark all as read",))


def own(desk):
    """The second start of Handover shows the state."""
    desk.clear()
    desk.app.run()
    seen = desk.read("Connected as desk")
    desk.keep("own", seen.picture)
    desk.has_picture(OWN_COLOUR)
    assert desk.notifications.shown()[-1].body, "it has no text"


def scripts(desk):
    """Chinese, Arabic and emoji, each read on its own."""
    desk.clear()
    time.sleep(BETWEEN_MESSAGES)
    desk.app.send(title="你好世界", message="Rocket 🚀🚀🚀 مرحبا بالعالم")
    seen = desk.read("Rocket")
    desk.keep("scripts", seen.picture)
    desk.has_picture(desk.application_colour())
    for language, words in (("chi_sim", "你好世界"), ("ara", "مرحبا")):
        reading = Reading(seen.picture, seen.box, language)
        assert reading.says(words), f"{words} not read, but: {reading.text}"
    part = seen.picture.crop(seen.box.corners).convert("HSV")
    # The flame of the rocket: a red that nothing else here has.
    red = sum(
        number
        for number, (hue, saturation, value) in part.getcolors(part.width * part.height)
        if (hue < 12 or hue > 243) and saturation > 120 and value > 120
    )
    assert red >= 8, f"no emoji in colours: {red} red pixels"


CHECKS = (
    message("normal", "Don't panic", "Sandbox", "Don't panic, 3 < 5 & more",
            title="Don't panic", message="Don't panic, 3 < 5 & more"),
    message("low", "Quiet", "Priority minus one", title="Quiet", message="Priority minus one", priority=-1),
    message("high", "Disk full", "Priority one", title="Disk full", message="Priority one", priority=1),
    ("emergency", emergency),
    message("html", "Bold", "red text", "isn't it", "A link", title="Markup", html=1,
            message='<b>Bold</b> <i>italic</i> <font color="#ff8080">red text</font> &amp; isn&#39;t it? '
                    '<a href="https://example.com/">A link</a>', buttons=("Open link", "Mark as read")),
    message("long", "A very long title that goes", "Sandbox", "Line one of a long text",
            title="A very long title that goes on and on and on until it does not fit into one single line of any desktop",
            message="Line one of a long text with many words in it so that it has to wrap around somewhere.\n"
                    "Line two\nLine three\n\nLine five after an empty one. " * 2),
    ("scripts", scripts),
    ("attachment", attachment),
    message("link", "Build done", "All 312 tests passed", title="Build done", message="All 312 tests passed",
            url="https://example.com/build/42?x=1&y=2", url_title="Open the build",
            buttons=("Open the build", "Mark as read")),
    message("monospace", "Disk usage", "used 81", title="Disk usage", message="used  81 %\nfree  19 %", monospace=1),
    ("own", own),
    ("flood", flood),
)
