#!/bin/sh
# `patrol pprof` beside `go tool pprof` on the same files in the same minutes, and `patrol heap suspects`: wall time and
# peak memory as a Markdown table.
#
#   bench/pprof.sh [SAMPLES...]          by default 140 20000 200000 2000000
#
# Needs a Go (GO, by default `go`), python3 and GNU time; builds with cargo in release mode unless PATROL and PROFILES
# name the programs. RUNS is how often each side runs (5). From a million samples on the reference takes minutes and
# gigabytes: it runs once, for -top alone, or with ALL=1 for every report (the difference needs 15 GB). FOLDER keeps the
# profiles for the next time; without it they are removed at the end.
set -eu
cd "$(dirname "$0")/.."
go=${GO:-go}
for program in "$go" python3; do
    command -v "$program" >/dev/null || { echo "skipped: $program is not installed" >&2; exit 0; }
done
[ -x /usr/bin/time ] || { echo "skipped: GNU time is not installed" >&2; exit 0; }
[ "$#" -gt 0 ] || set -- 140 20000 200000 2000000

target=${CARGO_TARGET_DIR:-target}/release
if [ -z "${PROFILES:-}" ]; then
    cargo build --quiet --release --package sources --example profiles
    PROFILES=$target/examples/profiles
fi
if [ -z "${PATROL:-}" ]; then
    cargo build --quiet --release --package patrol
    PATROL=$target/patrol
fi
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
trap 'exit 1' INT TERM
folder=${FOLDER:-$home/profiles}
mkdir -p "$folder"
for samples in "$@"; do
    [ -f "$folder/$samples.B.pb.gz" ] || "$PROFILES" pair "$samples" "$folder"
done
[ -f "$folder/200000.6.pb.gz" ] || "$PROFILES" series 200000 6 "$folder"

# The program behind `go tool pprof`, to not count the start of `go`. Go from 1.25 on has it built when it is asked for.
pprof=$("$go" env GOTOOLDIR)/pprof
if [ ! -x "$pprof" ]; then
    pprof=$home/pprof
    GOTOOLCHAIN=local "$go" build -o "$pprof" cmd/pprof
fi
version=$("$go" version | cut -d' ' -f3)
echo "$(date -u +%F), commit $(git rev-parse --short HEAD), $version, $(nproc) cores, ${RUNS:-5} runs:" \
    "smallest / median wall time, peak memory."
echo
export TZ=UTC HOME="$home" PPROF_BINARY_PATH="$home" PPROF_TMPDIR="$home"
python3 bench/profiles.py "$PATROL" "$pprof" "$folder" "$@"
