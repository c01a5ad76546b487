"""What the checks in Python share: what arrived at the sandbox, and a line for each check."""

import json
import os
import sys
import traceback
import urllib.parse
import urllib.request

SANDBOX, TOKEN, USER = (os.environ[name] for name in ("SANDBOX", "TOKEN", "USER_KEY"))
GROUP, EMAIL, PASSWORD = (os.environ[name] for name in ("GROUP_KEY", "EMAIL", "PASSWORD"))
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def look(path, **query):
    """Asks the steering API."""
    with _direct.open(f"{SANDBOX}/_sandbox/{path}?{urllib.parse.urlencode(query)}") as answer:
        return json.load(answer)


def steer(path, **fields):
    """Changes something at the sandbox."""
    request = urllib.request.Request(
        f"{SANDBOX}/_sandbox/{path}", json.dumps(fields).encode(), {"Content-Type": "application/json"}
    )
    with _direct.open(request) as answer:
        return json.load(answer)


def send(message, **fields):
    """Sends a message without any library."""
    form = urllib.parse.urlencode({"token": TOKEN, "user": USER, "message": message, **fields})
    with _direct.open(f"{SANDBOX}/1/messages.json", form.encode()) as answer:
        return json.load(answer)


def arrived(**params):
    """Whether exactly one message with these parameters was sent."""
    return look("messages", **params)["count"] == 1


class Checks:
    """Prints a line for each check of a library."""

    def __init__(self, library):
        self.library = library

    def __call__(self, name, condition):
        """Checks a condition, or what a function says; an exception is a failure."""
        why = ""
        try:
            passed = condition() if callable(condition) else condition
        except Exception:  # noqa: BLE001: whatever a library raises
            passed = False
            why = ": " + traceback.format_exc().strip().splitlines()[-1]
        print(f"{'ok  ' if passed else 'FAIL'} {self.library}: {name}{why}", flush=True)
        return passed

    def raises(self, name, function, text=""):
        """Checks that a call fails with an error that contains a text."""
        try:
            function()
        except Exception as error:  # noqa: BLE001
            return self(name, text in f"{error!r} {error}")
        return self(name, False)


def main(tests):
    """Runs the test that the command line names."""
    name = sys.argv[1]
    code = 0
    try:
        tests[name](Checks(name))
    except Exception:  # noqa: BLE001
        traceback.print_exc()
        code = 1
    # Some libraries leave threads behind that never end.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
