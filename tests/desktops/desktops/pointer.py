"""Gives a sway without hardware a pointer, since clients never see a mouse otherwise; runs until it is killed.

The protocol: https://wayland.app/protocols/wlr-virtual-pointer-unstable-v1
"""

import os
import socket
import struct

DISPLAY, REGISTRY, CALLBACK, SEAT, MANAGER, POINTER = range(1, 7)
GET_REGISTRY, SYNC, BIND, CREATE_POINTER, MOVE_TO, FRAME = 1, 0, 0, 0, 1, 4
GLOBAL = 0


def main():
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(os.path.join(os.environ["XDG_RUNTIME_DIR"], os.environ["WAYLAND_DISPLAY"]))

    def send(target, request, content=b""):
        connection.sendall(struct.pack("<II", target, (8 + len(content)) << 16 | request) + content)

    def bind(interface, version, new):
        words = struct.pack("<I", names[interface]) + string(interface) + struct.pack("<II", version, new)
        send(REGISTRY, BIND, words)

    send(DISPLAY, GET_REGISTRY, struct.pack("<I", REGISTRY))
    send(DISPLAY, SYNC, struct.pack("<I", CALLBACK))
    names = globals_until_callback(connection)
    bind("wl_seat", 1, SEAT)
    bind("zwlr_virtual_pointer_manager_v1", 1, MANAGER)
    send(MANAGER, CREATE_POINTER, struct.pack("<II", SEAT, POINTER))
    send(POINTER, MOVE_TO, struct.pack("<IIIII", 0, 640, 400, 1280, 800))
    send(POINTER, FRAME)
    print("ready", flush=True)
    while connection.recv(65536):
        pass


def string(text):
    data = text.encode() + b"\0"
    return struct.pack("<I", len(data)) + data + b"\0" * (-len(data) % 4)


def globals_until_callback(connection):
    """The numbers of the compositor's globals, by their interface."""
    names, unread = {}, b""
    while True:
        unread += connection.recv(65536)
        while len(unread) >= 8:
            target, word = struct.unpack("<II", unread[:8])
            size = word >> 16
            if len(unread) < size:
                break
            content, unread = unread[8:size], unread[size:]
            if target == CALLBACK:
                return names
            if target == REGISTRY and word & 0xFFFF == GLOBAL:
                name, length = struct.unpack("<II", content[:8])
                names[content[8 : 8 + length - 1].decode()] = name


main()
