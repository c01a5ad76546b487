"""Runs the checks on each desktop, and prints a table of them. See `run`, which installs what this needs."""

import argparse
import signal
import sys
import time
import traceback
from pathlib import Path

from checks import actions, messages, tray
from desk import Desk
from desktops import ALL

PICTURES = Path(__file__).parents[2] / "target/desktops"
CHECKS = messages.CHECKS + actions.CHECKS + tray.CHECKS


def main():
    names = [desktop.name for desktop in ALL]
    parser = argparse.ArgumentParser(description="Shows Handover on real desktops.")
    parser.add_argument("--only", action="append", choices=names, metavar="|".join(names), help="only this desktop")
    parser.add_argument("--check", action="append", choices=[name for name, _ in CHECKS], help="only this check")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)

    results = {}
    for desktop in ALL:
        if desktop.name in (options.only or names):
            results[desktop.name] = run_on(desktop, options.check)
    print_table(results)
    sys.exit(any(problem for checks in results.values() for problem in checks.values()))


def stop(number, _):
    """Ends everything that was started: the exception passes through `Desktop.close`."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def run_on(kind, wanted):
    """The problem of each check, or an empty text."""
    print(f"\n== {kind.name}", flush=True)
    results = {}
    try:
        desktop = kind()
    except Exception as error:  # noqa: BLE001: the other desktops still tell something
        traceback.print_exc()
        return {name: f"the desktop did not start: {error}" for name, _ in CHECKS}
    try:
        desk = Desk(desktop, PICTURES / kind.name)
        for name, check in CHECKS:
            if wanted and name not in wanted:
                continue
            started = time.monotonic()
            try:
                check(desk)
                results[name] = ""
            except Exception as error:  # noqa: BLE001: the other checks still tell something
                results[name] = str(error) or repr(error)
                desk.keep(f"failed-{name.replace(' ', '-')}")
                desk.close_menus()
                if not isinstance(error, AssertionError):
                    traceback.print_exc()
            span = time.monotonic() - started
            print(f"{kind.name}: {name}: {results[name] or 'ok'} ({span:.1f} s)", flush=True)
        for log in desktop.session.folder.glob("logs/handover.log"):
            (PICTURES / kind.name / log.name).write_bytes(log.read_bytes())
    finally:
        desktop.close()
    return results


def print_table(results):
    width = max(len(name) for name, _ in CHECKS) + 2
    print("\n" + " " * width + "".join(f"{name:10}" for name in results))
    for check, _ in CHECKS:
        cells = [problems.get(check) for problems in results.values()]
        words = ["-" if cell is None else "FAILED" if cell else "ok" for cell in cells]
        print(f"{check:{width}}" + "".join(f"{word:10}" for word in words))


main()
