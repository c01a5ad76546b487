"""What was sent to the notification server, as the bus carried it."""

import json

from gi.repository import GLib

from session import wait_until

INTERFACE = "org.freedesktop.Notifications"


class Notifications:
    def __init__(self, session, closes_through):
        self.session = session
        self.closes_through = closes_through
        address = session.environment["DBUS_SESSION_BUS_ADDRESS"]
        session.start("monitor", "busctl", f"--address={address}", "--json=short", "monitor")
        wait_until("the monitor of the bus", lambda: session.log("monitor"))

    def shown(self):
        """Every notification that a server accepted, in order: its id, title, body and actions."""
        calls, shown = {}, []
        for line in self.session.log("monitor").splitlines():
            try:
                message = json.loads(line)
            except ValueError:
                # The line is being written, or is not a message.
                continue
            if message.get("interface") == INTERFACE and message.get("member") == "Notify":
                calls[message["sender"], message["cookie"]] = message["payload"]["data"]
            elif message["type"] == "method_return":
                call = calls.pop((message.get("destination"), message.get("reply_cookie")), None)
                if call:
                    shown.append(Notification(message["payload"]["data"][0], call))
        return shown

    def close_all(self):
        for number in {notification.id for notification in self.shown()}:
            try:
                self.session.call(
                    self.closes_through,
                    "/org/freedesktop/Notifications",
                    INTERFACE,
                    "CloseNotification",
                    GLib.Variant("(u)", (number,)),
                )
            except GLib.Error:
                # Some servers answer with an error when it is closed already.
                pass


class Notification:
    def __init__(self, number, call):
        _, _, _, self.title, self.body, actions, _, _ = call
        self.id = number
        self.actions = dict(zip(actions[::2], actions[1::2], strict=True))

    def __repr__(self):
        return f"{self.title!r} {self.body!r} {list(self.actions.values())}"
