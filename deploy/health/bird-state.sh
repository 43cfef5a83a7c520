#!/bin/sh
# Writes the verdict for BIRD and reloads it: bird-state.sh FILE serve|degrade|withdraw. FILE belongs under /run, so that a machine
# that boots serves; bird.conf includes it.
set -eu
file=$1
case $2 in
  serve) state=2 ;;
  degrade) state=1 ;;
  withdraw) state=0 ;;
  *) echo "bird-state.sh: unknown verdict $2" >&2; exit 1 ;;
esac
echo "define ANYCAST_STATE = $state;" > "$file.new"
mv "$file.new" "$file"
${BIRDC:-birdc} configure > /dev/null
