"""Programs on buses of their own, in a home folder of their own.

Everything started here ends with the session, also what those programs started, and every wait has a limit.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from gi.repository import Gio, GLib

PR_SET_CHILD_SUBREAPER = 36
PARTS_OF_THIS_DESKTOP = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "SESSION_MANAGER")

BUS_SETTINGS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""


def wait_until(what, condition, seconds=10.0):
    """The first true value of the condition."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.03)


class Session:
    def __init__(self, services):
        """`services` are the only names that the session bus may start programs for."""
        # Orphans become children of this process, which can end them.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
        # A short path: the one of a socket has at most 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="handover-", dir="/tmp"))
        try:
            self.begin(services)
        except BaseException:
            self.close()
            raise

    def begin(self, services):
        for name in ("home", "run", "bin", "services", "none", "logs"):
            (self.folder / name).mkdir(mode=0o700)
        self.programs = {}
        self.environment = {
            key: value
            for key, value in os.environ.items()
            if key not in PARTS_OF_THIS_DESKTOP and not key.startswith(("XDG_", "HANDOVER_"))
        }
        self.environment.update(
            HOME=str(self.folder / "home"),
            XDG_RUNTIME_DIR=str(self.folder / "run"),
            PATH=f"{self.folder}/bin:/usr/local/bin:/usr/bin:/bin:/usr/games",
            LANG="C.UTF-8",
            LC_ALL="C.UTF-8",
            NO_AT_BRIDGE="1",
            LIBGL_ALWAYS_SOFTWARE="1",
        )
        for service in services:
            shutil.copy(f"/usr/share/dbus-1/services/{service}.service", self.folder / "services")
        self.start_bus("DBUS_SESSION_BUS_ADDRESS", "bus", "services")
        # Empty: without a login manager and a network manager.
        self.start_bus("DBUS_SYSTEM_BUS_ADDRESS", "system-bus", "none")
        address = self.environment["DBUS_SESSION_BUS_ADDRESS"]
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)

    def start_bus(self, variable, name, services):
        socket = self.folder / "run" / name
        settings = self.folder / f"{name}.conf"
        settings.write_text(BUS_SETTINGS.format(socket=socket, services=self.folder / services))
        self.environment[variable] = f"unix:path={socket}"
        self.start(name, "dbus-daemon", "--nofork", f"--config-file={settings}")
        wait_until(f"the {name}", socket.exists)

    def set(self, **variables):
        """Sets variables of the programs that are started from now on, also by the bus."""
        self.environment.update(variables)
        bus = "org.freedesktop.DBus"
        self.call(bus, "/org/freedesktop/DBus", bus, "UpdateActivationEnvironment", GLib.Variant("(a{ss})", (variables,)))

    def start(self, name, *command, **environment):
        log = (self.folder / "logs" / f"{name}.log").open("ab")
        self.programs[name] = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=self.environment | environment,
            start_new_session=True,
        )

    def serve(self, name, bus_name, *command):
        """Starts a program and waits until it owns a name on the bus."""
        self.start(name, *command)
        wait_until(bus_name, lambda: self.has_owner(bus_name), 60)

    def end(self, name):
        program = self.programs.pop(name)
        program.terminate()
        try:
            program.wait(5)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()

    def run(self, *command, stdin="", check=True):
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, env=self.environment, timeout=60, check=False
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)}: {done.stderr or done.stdout}")
        return done.stdout

    def log(self, name):
        return (self.folder / "logs" / f"{name}.log").read_text(errors="replace")

    def call(self, destination, path, interface, method, arguments=None, seconds=5):
        flags = Gio.DBusCallFlags.NO_AUTO_START
        reply = self.bus.call_sync(
            destination, path, interface, method, arguments, None, flags, seconds * 1000, None
        )
        return reply.unpack()

    def has_owner(self, name):
        bus = "org.freedesktop.DBus"
        return self.call(bus, "/", bus, "NameHasOwner", GLib.Variant("(s)", (name,)))[0]

    def close(self):
        for how in (signal.SIGTERM, signal.SIGKILL):
            for process in descendants(os.getpid()):
                try:
                    os.kill(process, how)
                except ProcessLookupError:
                    pass
            end = time.monotonic() + 3
            while descendants(os.getpid()) and time.monotonic() < end:
                time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)


def descendants(parent):
    """The processes below this one that still run; those that ended are reaped."""
    found = []
    for child in children(parent):
        found += descendants(child)
        if parent == os.getpid():
            try:
                if os.waitpid(child, os.WNOHANG)[0] == child:
                    continue
            except ChildProcessError:
                pass
        found.append(child)
    return found


def children(process):
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except FileNotFoundError:
        return []
