#!/bin/sh
# HTML reports of a run, a sweep, a comparison and a check, in headless Chromium (pages.js).
#
#     pages.sh AFTERKILL SCENARIOS [SCREENSHOTS]
#
# Exit status 77, with the reason: what it needs is not installed; `tools/setup browser` does that.
set -eu
afterkill=$(realpath "$1") scenarios=$(realpath "$2") screenshots=${3:+$(realpath "$3")}
here=$(cd "$(dirname "$0")" && pwd)

skip() {
    echo "$1; see tools/setup browser"
    exit 77
}

chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
    skip 'Chromium is not installed'
command -v node >/dev/null || skip 'node is not installed'
[ -d "$here/node_modules" ] || skip 'the packages of tests/browser are not installed'
# A container may not let it.
timeout 120 "$chromium" --headless --no-sandbox --disable-gpu --dump-dom about:blank >/dev/null 2>&1 ||
    skip 'Chromium does not start here'

pages=$(mktemp -d)
trap 'rm -rf "$pages"' EXIT
cd "$pages"
scenario=$scenarios/sidekiq_busy.lua
"$afterkill" run "$scenario" --set jobs=5 --trials 60 -o run -q --format html >run.html
"$afterkill" report run --format json >run.json
"$afterkill" compare run --format html >compare.html
"$afterkill" run "$scenario" --sweep jobs=1,3 --trials 0 --no-store -q --format html >sweep.html
"$afterkill" check --quick "$scenario" "$scenarios/resque_heartbeat_ghost.lua" --format html \
    >check.html 2>/dev/null
cd "$here"
node pages.js "$chromium" "$pages" ${screenshots:+"$screenshots"}
