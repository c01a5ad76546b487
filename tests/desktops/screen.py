"""Reads a screen as a person does, by its picture, and moves the mouse on it."""

import csv
import difflib
import functools
import io
import re
import subprocess
import time
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageGrab, ImageOps, ImageStat

SCALE = 3
SIZE = (1280, 800)


@dataclass
class Box:
    left: int
    top: int
    right: int
    bottom: int

    @property
    def middle(self):
        return (self.left + self.right) // 2, (self.top + self.bottom) // 2

    @property
    def corners(self):
        return self.left, self.top, self.right, self.bottom


class X11Screen:
    """A virtual screen of X."""

    def __init__(self, session):
        self.session = session
        display = session.folder / "display"
        with display.open("wb") as file:
            # The server chooses a free number and writes it there once it is ready.
            command = ["Xvfb", "-screen", "0", "{}x{}x24".format(*SIZE), "-nolisten", "tcp", "-noreset"]
            command += ["-displayfd", str(file.fileno())]
            session.programs["Xvfb"] = subprocess.Popen(
                command,
                pass_fds=[file.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        deadline = time.monotonic() + 10
        while not display.read_text().endswith("\n"):
            assert time.monotonic() < deadline, "Xvfb did not start"
            time.sleep(0.02)
        self.display = ":" + display.read_text().strip()
        session.set(DISPLAY=self.display)

    def picture(self):
        return ImageGrab.grab(xdisplay=self.display)

    def move(self, x, y):
        # Qt needs two motions.
        self.session.run("xdotool", "mousemove", str(x + 1), str(y), "mousemove", str(x), str(y))

    def click(self, x, y, button=1):
        self.move(x, y)
        self.session.run("xdotool", "click", str(button))

    def key(self, *names):
        self.session.run("xdotool", "key", *names)

    def leave(self):
        """Closes whatever is open."""
        self.key("Escape", "Escape")


class SwayScreen:
    """The output of a sway without hardware; its pointer is `pointer.py`."""

    def __init__(self, session):
        self.session = session

    def picture(self):
        done = subprocess.run(
            ["grim", "-"], capture_output=True, env=self.session.environment, timeout=20, check=True
        )
        return Image.open(io.BytesIO(done.stdout)).convert("RGB")

    def move(self, x, y):
        # mako takes the position from a motion, not from the pointer's entering.
        self.cursor("set", str(x - 2), str(y))
        self.cursor("set", str(x), str(y))

    def click(self, x, y, button=1):
        self.move(x, y)
        name = {1: "button1", 2: "button2", 3: "button3"}[button]
        self.cursor("press", name)
        self.cursor("release", name)

    def leave(self):
        """Closes whatever is open."""
        self.click(320, 500)

    def cursor(self, *words):
        self.session.run("swaymsg", "-q", "seat", "seat0", "cursor", *words)
        time.sleep(0.05)


class Reading:
    """The words in a part of a picture."""

    def __init__(self, picture, box=None, languages="eng"):
        box = box or Box(0, 0, *picture.size)
        part = ImageOps.grayscale(picture.crop(box.corners))
        if ImageStat.Stat(part).mean[0] < 128:
            part = ImageOps.invert(part)
        part = part.resize((part.width * SCALE, part.height * SCALE), Image.Resampling.LANCZOS)
        png = io.BytesIO()
        ImageOps.expand(part, 20, part.getpixel((0, 0))).save(png, "png")
        command = ["tesseract", "-", "-", "-l", languages, "--psm", "6", "tsv"]
        done = subprocess.run(command, input=png.getvalue(), capture_output=True, timeout=60, check=True)
        rows = csv.DictReader(io.StringIO(done.stdout.decode()), delimiter="\t", quoting=csv.QUOTE_NONE)
        self.words = []
        for row in rows:
            if plain(row["text"] or ""):
                left, top = (int(row[side]) - 20 for side in ("left", "top"))
                right, bottom = left + int(row["width"]), top + int(row["height"])
                corners = [side // SCALE for side in (left, top, right, bottom)]
                place = [side + (box.top if at % 2 else box.left) for at, side in enumerate(corners)]
                self.words.append((row["text"], Box(*place)))

    @property
    def text(self):
        return " ".join(text for text, _ in self.words)

    def says(self, expected):
        """Whether these words are there; a few letters may have been misread."""
        return best_match(plain(expected), plain(self.text)) >= 0.85

    def find(self, label):
        """Where these words are; the last place if there are several."""
        wanted = plain(label)
        length = len(label.split())
        # A narrow blank is easily overlooked, so there may be fewer words.
        runs = [(start, words) for start in range(len(self.words)) for words in range(length, 0, -1)]
        for start, words in sorted(runs, reverse=True):
            run = self.words[start : start + words]
            there = "".join(plain(text) for text, _ in run)
            if difflib.SequenceMatcher(None, wanted, there).ratio() >= 0.85:
                first, last = run[0][1], run[-1][1]
                return Box(first.left, first.top, last.right, last.bottom)
        return None


def plain(text):
    return re.sub(r"[\W_]", "", text).lower()


def best_match(wanted, text):
    """How much of `wanted` is in a part of `text` of about that length, from 0 to 1."""
    if wanted in text:
        return 1.0
    parts = (text[at : at + len(wanted) + 2] for at in range(max(1, len(text) - len(wanted) + 3)))
    return max((difflib.SequenceMatcher(None, wanted, part).ratio() for part in parts), default=0.0)


def changed(before, after, area):
    """The smallest box around what differs inside an area; `None` if nothing does."""
    pair = [picture.crop(area.corners) for picture in (before, after)]
    box = ImageChops.difference(*pair).convert("L").point(lambda value: 255 * (value > 12)).getbbox()
    if not box:
        return None
    return Box(box[0] + area.left, box[1] + area.top, box[2] + area.left, box[3] + area.top)


def count(picture, box, colour, tolerance=12):
    """How many pixels have about this colour."""
    part = picture.crop(box.corners).convert("RGB")
    return sum(
        number
        for number, pixel in part.getcolors(part.width * part.height)
        if all(abs(one - other) <= tolerance for one, other in zip(pixel, colour, strict=True))
    )


def place_of(picture, area, colours, tolerance):
    """The smallest box around the pixels inside an area that have about one of these colours; `None` without any."""
    part = picture.crop(area.corners).convert("RGB")
    mask = Image.new("L", part.size)
    for colour in colours:
        difference = ImageChops.difference(part, Image.new("RGB", part.size, colour))
        largest = functools.reduce(ImageChops.lighter, difference.split())
        mask = ImageChops.lighter(mask, largest.point(lambda value: 255 * (value <= tolerance)))
    box = mask.getbbox()
    if not box:
        return None
    return Box(box[0] + area.left, box[1] + area.top, box[2] + area.left, box[3] + area.top)
