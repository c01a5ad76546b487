"""Handover and the stand-in for the service, as a user of a desktop runs them."""

import json
import re
import urllib.parse
import urllib.request
from pathlib import Path

from session import wait_until

PROGRAM = str(Path(__file__).parents[2] / "target/debug/handover")
ACCOUNT = {"token": "aSandbox0000000000000000000001", "user": "uSandbox0000000000000000000001"}
EMAIL, PASSWORD = "sandbox@example.org", "correct horse battery staple"

# Programs that only write down what they were started with.
RECORDED = ("xdg-open", "xdg-terminal-exec")


class App:
    def __init__(self, session):
        self.session = session
        for name in RECORDED:
            script = session.folder / "bin" / name
            script.write_text(f'#!/bin/sh\necho "$@" >>{session.folder}/{name}.started\n')
            script.chmod(0o755)
        self.start_sandbox()
        self.run(
            "setup", "--email", EMAIL, "--password-stdin", "--device-name", "desk", "--secret-store", "file",
            stdin=PASSWORD,
        )
        self.start()

    def start_sandbox(self, port="0"):
        self.session.start("sandbox", PROGRAM, "sandbox", "--port", port)
        found = wait_until("the sandbox", lambda: re.findall(r"http://127\.0\.0\.1:\d+", self.session.log("sandbox")))
        self.url = found[0]
        self.session.set(
            HANDOVER_API_URL=self.url,
            HANDOVER_WEBSOCKET_URL=self.url.replace("http", "ws") + "/push",
            HANDOVER_LOG="debug",
        )

    def end_sandbox(self):
        self.session.end("sandbox")

    def run(self, *arguments, stdin="", check=True):
        return self.session.run(PROGRAM, *arguments, stdin=stdin, check=check)

    def start(self):
        self.session.start("handover", PROGRAM, "run")
        self.until_link("connected")

    def restart(self, settings=None):
        """Ends Handover and starts it, with these settings if they are given."""
        self.run("quit")
        self.session.programs.pop("handover").wait(10)
        if settings is not None:
            self.set(settings)
        self.start()

    def set(self, settings):
        file = self.session.folder / "home/.config/handover/config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(settings)

    def status(self):
        output = self.run("status", "--json", check=False)
        return json.loads(output) if output.startswith("{") else {}

    def until_link(self, link, seconds=15):
        wait_until(f"the link is {link}", lambda: self.status().get("link") == link, seconds)

    def until(self, what, value):
        """Waits until this number of the status has this value."""
        try:
            wait_until(what, lambda: self.status().get(what) == value, 5)
        except AssertionError:
            raise AssertionError(f"{what} is {self.status().get(what)}, not {value}") from None

    def read_all(self):
        """Nothing is unread afterwards, and no emergency waits for its acknowledgement."""
        for line in self.run("messages", "--json", "--unread").splitlines():
            message = json.loads(line)
            if message["priority"] == 2 and not message["acknowledged"]:
                self.run("acknowledge", message["id"], check=False)
        self.run("messages", "--mark-read", "--limit", "1000")

    def send(self, attachment=None, **fields):
        """Sends a message as an application does; the reply of the service."""
        boundary = "boundary"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in (ACCOUNT | fields).items()
        ]
        if attachment:
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="attachment"; filename="a.png"\r\n'
            parts.append(head.encode() + b"Content-Type: image/png\r\n\r\n" + attachment + b"\r\n")
        body = b"".join(parts) + f"--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        request = urllib.request.Request(f"{self.url}/1/messages.json", body, headers)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)

    def emergency(self, **fields):
        """Sends an emergency; its receipt."""
        return self.send(priority=2, retry=30, expire=600, **fields)["receipt"]

    def is_acknowledged(self, receipt):
        query = urllib.parse.urlencode({"token": ACCOUNT["token"]})
        with urllib.request.urlopen(f"{self.url}/1/receipts/{receipt}.json?{query}", timeout=10) as reply:
            return json.load(reply)["acknowledged"] == 1

    def started(self, name):
        """What this program was started with, a line for each time."""
        file = self.session.folder / f"{name}.started"
        return file.read_text().splitlines() if file.exists() else []
