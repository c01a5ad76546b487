"""A notification server for packaging/check: writes a line for each notification into a file.

Invariant: it is on the session bus when the file exists.
"""

import sys

from gi.repository import Gio, GLib

NAME = "org.freedesktop.Notifications"
INTERFACE = f"""
<node>
  <interface name="{NAME}">
    <method name="GetCapabilities"><arg type="as" direction="out"/></method>
    <method name="GetServerInformation">
      <arg type="s" direction="out"/><arg type="s" direction="out"/><arg type="s" direction="out"/><arg type="s" direction="out"/>
    </method>
    <method name="Notify">
      <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
      <arg type="s" direction="in"/><arg type="as" direction="in"/><arg type="a{{sv}}" direction="in"/><arg type="i" direction="in"/>
      <arg type="u" direction="out"/>
    </method>
    <method name="CloseNotification"><arg type="u" direction="in"/></method>
  </interface>
</node>
"""
shown = 0


def on_call(_bus, _sender, _path, _interface, method, arguments, invocation):
    global shown
    reply = None
    if method == "GetCapabilities":
        reply = GLib.Variant("(as)", (["body", "actions"],))
    elif method == "GetServerInformation":
        reply = GLib.Variant("(ssss)", ("check", "test", "1", "1.2"))
    elif method == "Notify":
        shown += 1
        _app, _replaces, _icon, title, body, *_more = arguments.unpack()
        with open(sys.argv[1], "a", encoding="utf-8") as file:
            print(title, body, sep=" | ", file=file)
        reply = GLib.Variant("(u)", (shown,))
    invocation.return_value(reply)


def on_name(_bus, _name):
    open(sys.argv[1], "a", encoding="utf-8").close()


bus = Gio.bus_get_sync(Gio.BusType.SESSION)
interface = Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0]
bus.register_object("/org/freedesktop/Notifications", interface, on_call, None, None)
Gio.bus_own_name_on_connection(bus, NAME, Gio.BusNameOwnerFlags.NONE, on_name, None)
GLib.MainLoop().run()
