"""Signs in through the window, as somebody does who knows only their account: reads what is on the screen, and uses the keyboard.

    python3 check-newcomer.py EMAIL PASSWORD     from the first page until Handover runs
    python3 check-newcomer.py --shows WORDS      until these words are on the screen

Invariant: it only knows words that the window shows; it types five characters a second.
"""

import subprocess
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402


def elements(element=None):
    """Every visible element, parents first."""
    element = element or Atspi.get_desktop(0)
    for index in range(element.get_child_count()):
        child = element.get_child_at_index(index)
        if child:
            yield child
            yield from elements(child)


def states(element):
    return element.get_state_set()


def words(element):
    if "Text" not in element.get_interfaces():
        return ""
    return Atspi.Text.get_text(element, 0, Atspi.Text.get_character_count(element))


def on_screen():
    """The words of each element, and whether the focus is on it."""
    try:
        Atspi.get_desktop(0).clear_cache()
        found = [element for element in elements() if states(element).contains(Atspi.StateType.VISIBLE)]
        return [
            (f"{element.get_name() or ''} {words(element)}", states(element).contains(Atspi.StateType.FOCUSED))
            for element in found
        ]
    except GLib.Error:
        # It went away while it was read.
        return []


def until_shown(wanted):
    for _ in range(600):
        shown = on_screen()
        if any(wanted in text for text, _ in shown):
            return
        time.sleep(0.05)
    sys.exit(f"not on the screen: {wanted!r}; there is {shown}")


def key(name):
    subprocess.run(["xdotool", "key", name], check=True)


def type_text(text):
    subprocess.run(["xdotool", "type", "--delay", "400", text], check=True)


def press(button):
    """Goes to a button with the Tab key, and presses it."""
    for _ in range(30):
        if any(is_focused and button in text for text, is_focused in on_screen()):
            return key("Return")
        key("Tab")
        time.sleep(0.05)
    sys.exit(f"cannot be reached with the keyboard: {button!r}")


def sign_in(email, password):
    until_shown("Welcome to Handover")
    # Without a window manager, the keyboard belongs to the window under the pointer.
    subprocess.run(["xdotool", "mousemove", "640", "30"], check=True)
    press("Sign in")
    until_shown("Your Pushover account")
    type_text(email)
    key("Return")
    type_text(password)
    key("Return")
    until_shown("When an emergency arrives")
    press("Continue")
    until_shown("Name this computer")
    key("Return")
    until_shown("This computer is registered as")
    press("Start receiving")
    until_shown("Handover is ready")


if sys.argv[1] == "--shows":
    until_shown(sys.argv[2])
else:
    sign_in(sys.argv[1], sys.argv[2])
