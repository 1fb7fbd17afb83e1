#!/bin/sh
# Are the manual pages and the completions what those who read them expect?
#
#     manuals.sh PLACE PROGRAM     where pages and completions were made; afterkill
#
# The sources are in $SOURCES. What cannot be asked because a program is not installed is said, and skipped.
set -eu
place=$1
program=$2
failed=0
asked=0

fail() {
    echo "FAILED: $*"
    failed=1
}

# NAME: is the program there, by which something is asked?
have() {
    if command -v "$1" >/dev/null 2>&1; then
        asked=$((asked + 1))
        return 0
    fi
    echo "skipped: $1 is not installed"
    return 1
}

# WHAT SAYS..: a program that has nothing to say.
silent() {
    what=$1
    shift
    said=$("$@" 2>&1) && [ -z "$said" ] || fail "$what: $said"
}

# SHELL WORDS EXPECTED: the expected words, among others, are offered behind the words.
offers() {
    offered=$(offer_"$1" "$2" 2>&1) || fail "$1 '$2' fails: $offered"
    for word in $3; do
        printf '%s\n' "$offered" | cut -f 1 | grep -qxF -- "$word" ||
            fail "$1 does not offer '$word' behind '$2', but: $(echo "$offered" | tr '\n' ' ')"
    done
}

# SHELL WORDS NOT: this is not.
denies() {
    if offer_"$1" "$2" 2>&1 | cut -f 1 | grep -qxF -- "$3"; then
        fail "$1 offers '$3' behind '$2'"
    fi
}

# What bash would show behind these words, the last of which is being typed. It takes = for a word.
offer_bash() {
    # shellcheck disable=SC2016 # for the other shell
    bash -c '. "$1"; read -r -a COMP_WORDS <<<"${2//=/ = }"; [[ $2 != *[\ =] ]] || COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _afterkill; printf "%s\n" "${COMPREPLY[@]}"' \
        bash "$place/afterkill" "$1"
}

offer_fish() {
    # shellcheck disable=SC2016
    fish --no-config -c 'source $argv[1]; complete -C "$argv[2]"' "$place/afterkill.fish" "$1"
}

# SHELL USR: how it writes the directory /usr.
expected_of() {
    shell=$1
    offers "$shell" "afterkill " "run check try merge report replay compare baseline new list help"
    offers "$shell" "afterkill ru" "run"
    denies "$shell" "afterkill ru" "check"
    offers "$shell" "afterkill run --f" "--fault --format --full"
    denies "$shell" "afterkill try --f" "--fault"
    offers "$shell" "afterkill run --max" "--max-harm-rate"
    offers "$shell" "afterkill run --transport " "unix tcp"
    offers "$shell" "afterkill check --format j" "junit json"
    denies "$shell" "afterkill list --format j" "junit"
    offers "$shell" "afterkill run sidekiq_b" "sidekiq_busy"
    offers "$shell" "afterkill help " "run words"
    offers "$shell" "afterkill baseline " "save show"
    offers "$shell" "afterkill report /us" "$2"
    offers "$shell" "afterkill run --output /us" "$2"
}

for page in "$place"/*.[15]; do
    [ -s "$page" ] || fail "there is no page"
    if have mandoc; then
        silent "mandoc -Tlint $page" mandoc -Tlint "$page"
    fi
    if have man; then
        silent "man --warnings $page" env LC_ALL=C.UTF-8 MANWIDTH=80 \
            sh -c 'man --warnings -E UTF-8 -l "$1" 2>&1 >/dev/null' sh "$page"
    fi
done

# Every key that a report puts in JSON stands in the page about it.
keys=$(cat "$SOURCES"/harness/report/*.c | tr '\n' ' ' |
    grep -oE 'json_put[a-z_]*\( *[a-z_]+, *"[a-z_0-9]+"' | sed 's/.*"\(.*\)"/\1/' | sort -u)
[ "$(echo "$keys" | wc -l)" -gt 100 ] || fail "the keys of JSON are not found in the sources"
for key in $keys; do
    grep -qF "\\fB$key\\fR" "$place/afterkill-results.5" ||
        fail "afterkill-results(5) does not name the key '$key' of JSON"
done

# What they ask for the names of scenarios.
PATH=$(dirname "$program"):$PATH
export PATH

if have bash; then
    silent "bash -n" bash -n "$place/afterkill"
    expected_of bash /usr
    offers bash "afterkill run --transport=u" "unix"
    offers bash "afterkill run --fault kill,s" "kill,step"
    denies bash "afterkill run --trials " "sidekiq_busy"
    # Names of files are anybody's, and compgen expands the words it is given.
    strange=$(mktemp -d)
    trap 'rm -rf "$strange"' EXIT
    cp "$AFTERKILL_SCENARIOS/sidekiq_busy.lua" "$strange/fine.lua"
    # shellcheck disable=SC2016
    cp "$AFTERKILL_SCENARIOS/sidekiq_busy.lua" "$strange/\$(touch\${IFS}RAN).lua"
    kept=$AFTERKILL_SCENARIOS AFTERKILL_SCENARIOS=$strange
    offers bash "afterkill run f" "fine"
    offers bash "afterkill run " "fine"
    AFTERKILL_SCENARIOS=$kept
    [ ! -e RAN ] || { rm -f RAN; fail "bash runs what the name of a scenario says"; }
fi
if have fish; then
    silent "fish -n" fish --no-config -n "$place/afterkill.fish"
    expected_of fish /usr/
    offers fish "afterkill run --transport=u" "--transport=unix"
    offers fish "afterkill run --fault kill,s" "kill,step"
fi
if have zsh; then
    silent "zsh -n" zsh -f -n "$place/_afterkill"
fi

[ "$asked" -gt 0 ] || exit 77
exit "$failed"
