# Sourced by the commands of scripts/: where the repository is, how to speak, how to install what is missing.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
name=$(basename "$0")
export LC_ALL=C.UTF-8

say() { printf '%s: %s\n' "$name" "$*" >&2; }
die() { say "$*"; exit 1; }

require_swift() {
    command -v swift >/dev/null || die "there is no swift on the PATH: install Swift 6.1 or later (swift.org/install)"
}

can_be_root() { [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# install_packages PACKAGE…: by apt, without questions.
install_packages() {
    local log
    command -v apt-get >/dev/null \
        || die "there is no apt-get here: install the equivalent of these Debian packages by hand: $*"
    can_be_root || die "this needs root and there is no sudo: as root, run: apt-get install $*"
    say "installing $*"
    log=$(mktemp)
    # An index that cannot be refreshed may still be good enough, so only the installation decides.
    as_root apt-get update >"$log" 2>&1 || true
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1; then
        tail -n 15 "$log" >&2
        rm -f "$log"
        die "apt could not install $* (its last lines are above): is this machine online?"
    fi
    rm -f "$log"
}

# need COMMAND PACKAGE [COMMAND PACKAGE]…: installs the packages of the commands that are missing, all at once.
need() {
    local missing=()
    while [ $# -gt 0 ]; do
        command -v "$1" >/dev/null || missing+=("$2")
        shift 2
    done
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

# Does the C compiler's search path hold libnuma's header and library?
has_libnuma() { printf '#include <numa.h>\n' | clang -E -x c - >/dev/null 2>&1 && has_numa_library; }
has_numa_library() { [ -n "$(find /usr/lib /usr/lib64 /usr/local/lib -maxdepth 2 -name libnuma.so -print -quit 2>/dev/null)" ]; }

# parterre_binary: prints where the program is that the checks run: PARTERRE_TEST_BINARY, else a release build.
parterre_binary() {
    local binary=${PARTERRE_TEST_BINARY:-}
    if [ -z "$binary" ]; then
        require_swift
        "$root/scripts/install-dependencies" || exit
        say "building parterre (release)"
        (cd "$root" && swift build -c release --product parterre </dev/null >&2) || exit
        binary=$(cd "$root" && swift build -c release --show-bin-path)/parterre
    fi
    [ -x "$binary" ] || die "there is no program at $binary: leave PARTERRE_TEST_BINARY out to have it built"
    printf '%s\n' "$binary"
}
