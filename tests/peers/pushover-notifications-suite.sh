#!/usr/bin/env bash
# Runs the tests of pushover-notifications except the one that needs a proxy of its own, and prints a line for each.
set -euo pipefail
cd "$1"
export PUSHOVER_USER=$USER_KEY PUSHOVER_TOKEN=$TOKEN
for test in test/test.js test/test_multi.js test/test_img.js test/test-onerror.js; do
  if output=$(timeout 30 node "$test" 2>&1); then
    printf 'ok   pushover-notifications, its own test: %s\n' "$test"
  else
    printf 'FAIL pushover-notifications, its own test: %s: %s\n' "$test" "$(tail -n 1 <<<"$output")"
  fi
done
