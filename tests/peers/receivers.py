"""Libraries in Python that receive: sign in, register, download, delete, acknowledge, and the websocket."""

import os
import queue
import tempfile
import threading

from common import EMAIL, PASSWORD, look, main, send


def sent_until_heard(heard, **fields):
    """Sends a message until one is heard: nothing tells when the websocket has been logged in to."""
    for _ in range(20):
        send("over the websocket", **fields)
        try:
            return heard.get(timeout=1)
        except queue.Empty:
            pass
    raise TimeoutError("nothing is heard")


def py_pushover_open_client(check):
    from pushover_open_client import Client

    client = Client(email=EMAIL, password=PASSWORD)
    check("login", lambda: client.login() is None)
    check("a device is registered", lambda: client.registerDevice("py-open-client") is None)
    send("first", title="T")
    messages = client.getOutstandingMessages()
    check("it is downloaded", lambda: [message.message for message in messages] == ["first"])
    client.deleteMessages(messages[-1].id)
    check("it is deleted", lambda: client.getOutstandingMessages() == [])
    heard = queue.Queue()
    client.getWebSocketMessages(heard.put)
    arrived = sent_until_heard(heard, priority=2, retry=30, expire=60)
    check("a message is heard", lambda: arrived[0].message == "over the websocket")
    client.acknowledgeEmergency(arrived[0].receipt)
    receipts = {it["receipt"]: it for it in look("receipts")["receipts"]}
    check("it is acknowledged", lambda: receipts[arrived[0].receipt]["acknowledged"])


def python_pushover_open_client(check):
    from python_pushover_open_client import PushoverOpenClient, PushoverOpenClientRealTime, register_parser

    # It saves the password in the home folder.
    os.environ["HOME"] = tempfile.mkdtemp()
    client = PushoverOpenClient(EMAIL, PASSWORD).load_from_email_and_password(EMAIL, PASSWORD)
    check("login", lambda: bool(client.login()))
    check("a device is registered", lambda: bool(client.register_device("py-open-client-2")))
    send("first")
    check("it is downloaded", lambda: [it["message"] for it in client.download_messages()] == ["first"])
    check("it is deleted", lambda: client.delete_all_messages() is not False and not client.download_messages())
    heard = queue.Queue()
    register_parser(heard.put)
    live = PushoverOpenClientRealTime(pushover_open_client=client)
    threading.Thread(target=live.run_forever, daemon=True).start()
    check("a message is heard", lambda: "over the websocket" in str(sent_until_heard(heard)))


main({
    "py-pushover-open-client": py_pushover_open_client,
    "python-pushover-open-client": python_pushover_open_client,
})
