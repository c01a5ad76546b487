#!/usr/bin/env bash
# curl as people use it: each of the forms that the service's examples show.
set -euo pipefail
url=https://api.pushover.net/1/messages.json
number=0

# Whether exactly one message with this text arrived, with this parameter.
arrived() {
  local text=$1 name=$2 value=$3
  [[ $(curl -sS --noproxy '*' -G --data-urlencode "text=$text" --data-urlencode "$name=$value" "$SANDBOX/_sandbox/messages") == *'"count":1,'* ]]
}
check() {
  local name=$1 wanted=$2
  shift 2
  number=$((number + 1))
  if answer=$(curl -sS --max-time 20 "$@" 2>&1) && [[ $answer == *"$wanted"* ]]; then
    printf 'ok   curl: %s\n' "$name"
  else
    printf 'FAIL curl: %s: %s\n' "$name" "$answer"
  fi
}
sent() {
  local name=$1 text=$2
  if arrived "$text" message "$text"; then printf 'ok   curl: %s arrived\n' "$name"; else printf 'FAIL curl: %s did not arrive\n' "$name"; fi
}

check 'form fields' '"status":1' --form-string token="$TOKEN" --form-string user="$USER_KEY" --form-string 'message=curl & form @ ü' "$url"
sent 'form fields' 'curl & form @ ü'
check 'a form with -d' '"status":1' -d "token=$TOKEN&user=$USER_KEY" --data-urlencode 'message=curl d & é' "$url"
sent 'a form with -d' 'curl d & é'
check 'JSON' '"status":1' -H 'Content-Type: application/json' -d "{\"token\": \"$TOKEN\", \"user\": \"$USER_KEY\", \"message\": \"curl json\"}" "$url"
sent 'JSON' 'curl json'
check 'a query' '"status":1' -X POST "$url?token=$TOKEN&user=$USER_KEY&message=curl%20query"
sent 'a query' 'curl query'
picture=$(mktemp --suffix .png)
trap 'rm -f "$picture"' EXIT
curl -sS --noproxy '*' -o "$picture" "$SANDBOX/icons/picture.png"
check 'an attachment' '"status":1' -F token="$TOKEN" -F user="$USER_KEY" -F 'message=curl picture' -F "attachment=@$picture" "$url"
check 'the sounds' '"bike"' "https://api.pushover.net/1/sounds.json?token=$TOKEN"
check 'the limits' '"remaining"' "https://api.pushover.net/1/apps/limits.json?token=$TOKEN"
check 'a rejection' 'application token is invalid' -d "token=wrong&user=$USER_KEY&message=m" "$url"
check 'XML' '<status>1</status>' -d "token=$TOKEN&user=$USER_KEY&message=xml" https://api.pushover.net/1/messages.xml
check 'HTTP/2 is offered and not needed' '"status":1' --http2 -d "token=$TOKEN&user=$USER_KEY&message=h2" "$url"
