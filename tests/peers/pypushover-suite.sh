#!/usr/bin/env bash
# Runs the tests of pypushover, which expect a device and a group of certain names, and prints a line for each.
set -euo pipefail
python=$1 folder=$2
direct() { curl -sS --noproxy '*' "$@"; }
device=$(direct "$SANDBOX/_sandbox/account" | python3 -c '
import json, sys
print(next(it["id"] for it in json.load(sys.stdin)["devices"] if it["name"] == "test_device"))')
direct -o /dev/null -d "token=$TOKEN" -d name=KronoTestGroup "$SANDBOX/1/groups/$GROUP_KEY/rename.json"
export app_key=$TOKEN user_key=$USER_KEY group_key=$GROUP_KEY email=$EMAIL pw=$PASSWORD device_id=$device
cd "$folder"
"$python" -W ignore -m unittest -v tests.runtests 2>&1 | python3 -c '
import re, sys
for name, outcome in re.findall(r"^(test_\w+) \(.*?\.\.\. .*?\b(ok|FAIL|ERROR)$", sys.stdin.read(), re.S | re.M):
    print("ok  " if outcome == "ok" else "FAIL", "pypushover, its own test:", name)' || true
direct -o /dev/null -d "token=$TOKEN" -d name=Sandbox "$SANDBOX/1/groups/$GROUP_KEY/rename.json"
