#!/bin/sh
# Whole runs over a fleet of 5,000 series x 6 h x 30 s in a real Prometheus on loopback: curl of the remote-read
# answer, curl of a range query, our own fetch by both, and `patrol inspect`. Wall and CPU seconds, peak memory.
#
#   bench/fleet.sh [SERIES]
#
# Needs prometheus, promtool, curl and GNU time; builds with cargo in release mode. Everything it makes is in a
# temporary folder that is removed, with the server, at the end.
set -eu
cd "$(dirname "$0")/.."
series=${1:-5000}
to=1763640000000 # 2025-11-20T12:00:00Z
at=2025-11-20T12:00:00Z
port=${PORT:-19931}
for program in prometheus promtool curl; do
    command -v "$program" >/dev/null || { echo "skipped: $program is not installed" >&2; exit 0; }
done
[ -x /usr/bin/time ] || { echo "skipped: GNU time is not installed" >&2; exit 0; }

cargo build --quiet --release --package sources --example fleet
cargo build --quiet --release --package patrol
target=${CARGO_TARGET_DIR:-target}/release
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; wait 2>/dev/null; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

"$target/examples/fleet" history "$series" "$to" >"$folder/history.om"
promtool tsdb create-blocks-from openmetrics "$folder/history.om" "$folder/data" >"$folder/blocks.log"
rm "$folder/history.om"
"$target/examples/fleet" request "$to" >"$folder/request"
echo 'scrape_configs: []' >"$folder/prometheus.yml"
prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/data" \
    --storage.tsdb.retention.time=100y --web.listen-address="127.0.0.1:$port" >"$folder/log" 2>&1 &
server=$!
url=http://127.0.0.1:$port
tries=0
until curl -sf "$url/-/ready" >/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] && kill -0 "$server" || { cat "$folder/log" >&2; exit 1; }
    sleep 0.1
done

# Three runs each; the first also warms the server.
timed() {
    name=$1
    shift
    for run in 1 2 3; do
        /usr/bin/time -o "$folder/time" -f '%e s wall, %U + %S s CPU, %M KiB' "$@" >"$folder/out" 2>"$folder/err" ||
            [ $? -eq 1 ] || { cat "$folder/err" >&2; exit 1; }
        echo "$name, run $run: $(tail -n 1 "$folder/time")  $(grep ' series, ' "$folder/out" || :)"
    done
}
timed "curl remote read" curl -sf -o "$folder/answer" -X POST --data-binary "@$folder/request" \
    -H 'Content-Encoding: snappy' -H 'Content-Type: application/x-protobuf' "$url/api/v1/read"
echo "  $(wc -c <"$folder/answer") bytes"
timed "our fetch by remote read" "$target/examples/fleet" fetch "$url" auto "$to"
timed "curl range query" curl -sf -o "$folder/answer" "$url/api/v1/query_range" \
    --data-urlencode "query=node_memory_MemAvailable_bytes" \
    -d start=$((to / 1000 - 21540)) -d end=$((to / 1000)) -d step=60
echo "  $(wc -c <"$folder/answer") bytes"
timed "our fetch by range query" "$target/examples/fleet" fetch "$url" range "$to"
timed "patrol inspect" "$target/patrol" inspect host-memory-leak --prometheus "$url" --at "$at" -o "$folder/report"
