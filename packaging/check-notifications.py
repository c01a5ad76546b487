"""A notification server for packaging/check: writes a line for each notification into a file.

Invariant: it is on the session bus when the file exists.
"""

import asyncio
import sys

from dbus_next.aio import MessageBus
from dbus_next.service import ServiceInterface, method


class Notifications(ServiceInterface):
    def __init__(self, path):
        super().__init__("org.freedesktop.Notifications")
        self.path, self.last = path, 0

    @method()
    def GetCapabilities(self) -> "as":
        return ["body", "actions"]

    @method()
    def GetServerInformation(self) -> "ssss":
        return ["check", "test", "1", "1.2"]

    @method()
    def Notify(
        self, app: "s", replaces: "u", icon: "s", title: "s", body: "s", actions: "as", hints: "a{sv}", expires: "i"
    ) -> "u":
        self.last += 1
        with open(self.path, "a", encoding="utf-8") as file:
            print(title, body, sep=" | ", file=file)
        return self.last

    @method()
    def CloseNotification(self, number: "u"):
        pass


async def main():
    bus = await MessageBus().connect()
    bus.export("/org/freedesktop/Notifications", Notifications(sys.argv[1]))
    await bus.request_name("org.freedesktop.Notifications")
    open(sys.argv[1], "a", encoding="utf-8").close()
    await bus.wait_for_disconnect()


asyncio.run(main())
