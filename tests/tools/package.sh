#!/bin/sh
# Makes the tarball of a release and the Debian package in it, and tries both, in a system that may be spoiled.
#
#     package.sh REPOSITORY WORK      a repository of git; an empty directory to work in
#
# `meson dist` makes the tarball. The package is built from it twice, by builders who differ in all that should
# not matter: directory, umask, language, time zone, name of the home, times of the files, order of directories. It
# is held to lintian, installed by apt, used by a user who is not root, and purged. From the same tarball everything
# is built, tested and installed into a DESTDIR. Says what holds, a line each; what does not, begins with FAILED,
# and ends it with status 1. Needs root, and packages that tools/matrix names (package_packages).
set -eu
repository=$1
work=$2
failed=0

holds() { printf 'holds: %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*"; failed=1; }
die() { fail "$@"; exit 1; }
# WHAT COMMAND..: it has to succeed; what it said is shown if it does not.
quietly() {
    what=$1
    shift
    "$@" >"$work/said" 2>&1 || { tail -n 40 "$work/said"; die "$what"; }
}

git config --global --add safe.directory '*'
cd "$repository"
quietly "meson setup for a tarball" meson setup "$work/dist" -Dtests=disabled -Dbench=false
quietly "meson dist" meson dist -C "$work/dist" --no-tests
tarball=$(echo "$work"/dist/meson-dist/*.tar.xz)
source=$(basename "$tarball" .tar.xz)
git ls-files | sort >"$work/tracked"
tar -tf "$tarball" | sed "s,^$source/,,; /\/\$/d; /^\$/d" | sort >"$work/in-tarball"
diff "$work/tracked" "$work/in-tarball" || die "the tarball has not the files that git has"
holds "meson dist: $(basename "$tarball"), $(wc -l <"$work/in-tarball") files, those of git"

# WHERE ENVIRONMENT..: a package, built there.
build_in() {
    where=$1
    shift
    mkdir -p "$where"
    tar -xf "$tarball" -C "$where"
    (cd "$where/$source" && quietly "dpkg-buildpackage in $where" env "$@" dpkg-buildpackage -us -uc -b)
}
(umask 022 && build_in "$work/one" CCACHE_DISABLE=1 LC_ALL=C.UTF-8 TZ=UTC HOME=/root)
(
    umask 002
    mkdir -p "$work/another"
    tar -xf "$tarball" -C "$work/another"
    find "$work/another" -exec touch -h -d '2019-02-03 04:05' {} +
    mkdir -p "$work/another/place/far/down"
    mv "$work/another/$source" "$work/another/place/far/down/$source"
    cd "$work/another/place/far/down/$source"
    quietly "dpkg-buildpackage elsewhere" env CCACHE_DISABLE=1 LC_ALL=C TZ=Pacific/Auckland HOME=/nonexistent USER=somebody \
        DEB_BUILD_OPTIONS=parallel=1 dpkg-buildpackage -us -uc -b
)
another=$work/another/place/far/down
packages=0
for one in "$work"/one/*.deb; do
    packages=$((packages + 1))
    other=$another/$(basename "$one")
    if ! cmp "$one" "$other"; then
        for deb in "$one" "$other"; do
            rm -rf "$work/opened" && dpkg-deb -R "$deb" "$work/opened"
            (cd "$work/opened" && find . -type f -exec sha256sum {} + | sort -k 2 &&
                find . -printf '%M %s %p %l %T+\n' | sort -k 3) >"$deb.listed"
        done
        diff "$one.listed" "$other.listed" || true
        fail "two builds of $(basename "$one") differ"
    fi
done
[ "$packages" -ge 1 ] || die "no package was built"
[ "$failed" = 1 ] || holds "two builds are the same, bit by bit: $(cd "$work/one" && echo *.deb)"

if lintian --allow-root --info --fail-on error,warning,info "$work"/one/*.changes >"$work/lintian" 2>&1; then
    holds "lintian $(lintian --version | sed 's/.*v//') has nothing to say"
else
    cat "$work/lintian"
    fail "lintian: $(grep -c '^[EWI]: ' "$work/lintian") tags"
fi

# All that there is, but for what is apt's own, and what anybody leaves in passing.
listed() {
    find / -xdev \( -path "$work" -o -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /var/log -o \
        -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache -o -path /root \) -prune -o -print | sort
}
deb=$(echo "$work"/one/afterkill_*.deb)
listed >"$work/before"
quietly "apt-get install" apt-get -q install -y --no-install-recommends "$deb"
listed >"$work/with"
chmod 755 "$work"
home=$work/home
mkdir "$home" && chown nobody "$home"
# COMMAND..: as a user who is nobody, in a home of its own.
used() {
    (cd "$home" && exec setpriv --reuid nobody --regid nogroup --clear-groups env -i HOME="$home" TMPDIR="$home" \
        PATH=/usr/bin:/bin LC_ALL=C.UTF-8 "$@")
}
# WHAT EXPECTED COMMAND..: words that it has to print, whatever its status.
says() {
    what=$1 expected=$2
    shift 2
    used "$@" >"$work/said" 2>&1 || true
    grep -qF -- "$expected" "$work/said" || { tail -n 20 "$work/said"; fail "$what does not say '$expected'"; }
}
dpkg --verify afterkill >"$work/said" && [ ! -s "$work/said" ] || fail "dpkg --verify: $(cat "$work/said")"
says "afterkill try" "EXPIRE" afterkill try 'INCR k | EXPIRE k 60'
says "afterkill list" "sidekiq_busy" afterkill list
says "afterkill run" "sidekiq_busy" afterkill run sidekiq_busy --trials 20 --no-store
status=0
used afterkill check --quick sidekiq_busy >"$work/said" 2>&1 || status=$?
[ "$status" = 0 ] || { tail -n 20 "$work/said"; fail "afterkill check ends with status $status"; }
for page in 1:afterkill 5:afterkill-results 5:afterkill-scenario; do
    says "man ${page#*:}" "NAME" man "${page%:*}" "${page#*:}"
done
# shellcheck disable=SC2016 # for the other shell
says "bash" "check" bash -c '. /usr/share/bash-completion/completions/afterkill
    COMP_WORDS=(afterkill ch) COMP_CWORD=1; _afterkill; printf "%s\n" "${COMPREPLY[@]}"'
says "fish" "check" fish --no-config -c 'source /usr/share/fish/vendor_completions.d/afterkill.fish
    complete -C "afterkill ch"'
says "zsh" "_afterkill" zsh -f -c 'autoload -Uz compinit && compinit -D -u && print -- $_comps[afterkill]'
for guide in scenarios.md audit.md trust.md schemas/run.schema.json scale; do
    [ -e "/usr/share/doc/afterkill/$guide" ] || fail "the guide $guide is not there"
done
[ "$(find /usr/share/afterkill/scenarios -name '*.lua' | wc -l)" -ge 30 ] || fail "the scenarios are not there"
holds "installed, it is used by a user who is not root: try, run, check, list, man, completions, guides"
quietly "apt-get purge" apt-get -q purge -y afterkill
listed >"$work/after"
diff "$work/before" "$work/after" >"$work/left" || true
grep '^[<>].*afterkill' "$work/left" && fail "purged, it leaves something" ||
    holds "purged, it leaves nothing of the $(comm -13 "$work/before" "$work/with" | grep -c afterkill) files and directories"

# The tarball as those have it who do not use the package.
mkdir "$work/plain"
tar -xf "$tarball" -C "$work/plain"
cd "$work/plain/$source"
quietly "meson setup of the tarball" meson setup build -Dtests=enabled
quietly "building all of the tarball" ninja -C build
quietly "installing" env DESTDIR="$work/destdir" meson install -C build --no-rebuild
for file in bin/afterkill share/man/man1/afterkill.1 share/man/man5/afterkill-results.5 \
    share/man/man5/afterkill-scenario.5 share/bash-completion/completions/afterkill \
    share/fish/vendor_completions.d/afterkill.fish share/zsh/site-functions/_afterkill \
    share/doc/afterkill/scenarios.md share/afterkill/scenarios/sidekiq_busy.lua; do
    [ -s "$work/destdir/usr/local/$file" ] || fail "meson install does not install $file"
done
find "$work/destdir" -type f ! -path '*/usr/local/*' | grep . && fail "meson install leaves the prefix"
holds "meson install into a DESTDIR: $(find "$work/destdir" -type f | wc -l) files"
quietly "tests of the tarball" meson test -C build --no-rebuild --print-errorlogs -t 6 --no-suite long --suite unit \
    --suite wings --suite tools --suite quick
holds "tests of the tarball: $(awk '/^(Ok|Fail|Skipped|Timeout):/ && $2 { printf "%s%s %s", n++ ? ", " : "", tolower($1), $2 }' \
    "$work/said" | tr -d :)"
exit "$failed"
