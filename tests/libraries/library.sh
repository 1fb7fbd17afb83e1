#!/bin/sh
# One library of a language, as it is (scenarios/programs): it does what is expected of it.
#
#     library.sh LANGUAGE AFTERKILL SCENARIOS
#
# Exit status 77, with the reason: what it needs is not installed; `tools/setup programs` does that.
set -eu
language=$1 afterkill=$2 programs=$3/programs

skip() {
    echo "$1; see tools/setup programs"
    exit 77
}

case $language in
python)
    /usr/bin/python3 -c 'import cachelib, redis' 2>/dev/null ||
        skip 'python3-cachelib and python3-redis are not installed'
    scenario=cachelib/add ;;
ruby)
    ruby -e 'require "sidekiq"' 2>/dev/null || skip 'ruby-sidekiq is not installed'
    scenario=sidekiq/work ;;
node)
    command -v node >/dev/null || skip 'node is not installed'
    [ -d "$programs/node-resque/node_modules" ] ||
        skip 'the packages of scenarios/programs/node-resque are not installed'
    scenario=node-resque/retry ;;
esac
"$afterkill" check -q "$programs/$scenario.lua"
