#!/bin/sh
# Asks a hub for the verdict about this node, and runs a command at each change: serve, degrade or withdraw.
#
#   ZONECAST_URL=http://hub.example:8053 zonecast-health.sh NODE COMMAND [ARGUMENT]...
#
# COMMAND gets the verdict as its last argument. Only a fresh verdict lowers the state of the node: without an answer the last one
# stays for as long as the hub said (ttlSeconds), and then the node serves; so it does when the clock is set back. Needs a shell
# and curl.
#
#   ZONECAST_TOKEN   a token of the hub with the role viewer, where the hub has tokens
#   EVERY            seconds between two questions (default 5)
#   TTL              most seconds for which a verdict counts without a newer one (default 30)
set -u
node=${1:?usage: zonecast-health.sh NODE COMMAND [ARGUMENT]...}
shift
every=${EVERY:-5}
most=${TTL:-30}
ttl=$most
url=${ZONECAST_URL:?set ZONECAST_URL to the address of a hub}
have=
heard=$(date +%s)

ask() {
  # No -f: a withdrawal comes with status 503, and its body tells it from the error of a proxy.
  if [ -n "${ZONECAST_TOKEN:-}" ]; then
    # The token goes through standard input: arguments are visible to every user of the machine.
    printf 'header = "authorization: Bearer %s"\n' "$ZONECAST_TOKEN" | curl -s --max-time 3 -K - "${url%/}/v1/nodes/$node/health"
  else
    curl -s --max-time 3 "${url%/}/v1/nodes/$node/health"
  fi | tr -d '\n' | sed -n 's/^{"verdict":"\(serve\|degrade\|withdraw\)".*"ttlSeconds":\([0-9]\{1,6\}\)[,}.].*/\1 \2/p'
}

# A script that is stopped leaves no node withdrawn.
trap '[ "$have" = serve ] || "$@" serve' EXIT
trap 'exit 0' TERM INT HUP

while :; do
  asked=$(date +%s)
  answer=$(ask)
  word=${answer% *}
  now=$(date +%s)
  if [ -n "$word" ]; then
    # The time before the question: the answer is older than its arrival.
    heard=$asked
    ttl=${answer#* }
    if [ "$ttl" -gt "$most" ]; then ttl=$most; fi
  elif [ $((now - heard)) -ge "$ttl" ] || [ "$now" -lt "$heard" ] || [ -z "$have" ]; then
    word=serve
  else
    word=$have
  fi
  if [ "$word" != "$have" ] && "$@" "$word"; then have=$word; fi
  sleep "$every"
done
