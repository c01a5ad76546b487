"""A receiver built on somebody else's library, as its documentation says, with a saved login.

It prints a line for each download that it was given: the number of messages. The library is unmodified; only the service's names
lead to the service of the benchmark.

    receiver.py LIBRARY SECRET DEVICE PORT
"""

import os
import socket
import sys
import tempfile

library, secret, device, port = sys.argv[1:]
_look_up = socket.getaddrinfo


def look_up(host, wanted, *rest, **named):
    """Finds the service on this computer, and everything else where it is."""
    if host in ("api.pushover.net", "client.pushover.net"):
        host, wanted = "127.0.0.1", int(port)
    return _look_up(host, wanted, *rest, **named)


socket.getaddrinfo = look_up
# One of them writes its log to the working directory.
os.chdir(tempfile.mkdtemp())


def py_pushover_open_client():
    from pushover_open_client import Client

    client = Client()
    client.secret, client.deviceID = secret, device

    def received(messages):
        if messages:
            print(f"received {len(messages)}", flush=True)
            client.deleteMessages(messages[-1].id)

    received(client.getOutstandingMessages())
    client.getWebSocketMessages(received)


def pypushover():
    import pypushover as library

    client = library.client.ClientManager("a" * 30, secret=secret, device_id=device)

    def received(messages):
        if messages:
            print(f"received {len(messages)}", flush=True)
            client.clear_server_messages()

    client.retrieve_message()
    received(client.messages)
    client.listen(received)


{"py-pushover-open-client": py_pushover_open_client, "pypushover": pypushover}[library]()
