#!/bin/sh
# Prints the verdict as a command of ExaBGP's API: exabgp-lines.sh PREFIX AS serve|degrade|withdraw. ExaBGP runs it as a process:
#
#   process health {
#     run env ZONECAST_URL=https://hub.example:8053 zonecast-health.sh ams1 exabgp-lines.sh 192.0.2.53/32 65001;
#     encoder text;
#   }
#
# Set exabgp.api.ack=false: the script reads no acknowledgements. When ExaBGP itself ends, its routes go.
set -eu
prefix=$1
as=$2
case $3 in
  serve) echo "announce route $prefix next-hop self" ;;
  degrade) echo "announce route $prefix next-hop self med 100 as-path [ $as $as $as ]" ;;
  withdraw) echo "withdraw route $prefix next-hop self" ;;
  *) echo "exabgp-lines.sh: unknown verdict $3" >&2; exit 1 ;;
esac
