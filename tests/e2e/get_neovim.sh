#!/usr/bin/env bash
# get_neovim.sh [FOLDER]: make a Neovim that has inline completion (0.12 or newer) available; for the editor tests.
#
# Prints the path of the nvim to use as its last line. One on PATH that is new enough is used as it is. Otherwise, on a
# Debian-like system, Neovim and every library it needs, libc included, are unpacked from Debian's suite forky into
# FOLDER (default: .cache/neovim of this repository, some 60 MB), with a launcher FOLDER/nvim. The system is not
# touched, and root is not needed. forky moves: if its Neovim is too old one day, this says so and fails.
#
# The mirror is the one that apt is set up with, or, where that is not a Debian one, $DEBIAN_MIRROR.
set -euo pipefail

suite=forky
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
    echo "get_neovim.sh: $*" >&2
    exit 1
}

# The version of an nvim, such as 0.12.4; nothing, and failure, where it does not run or is older than 0.12.
usable() {
    local version
    version=$("$1" --version 2> /dev/null | sed -n '1s/^NVIM v\([0-9][0-9.]*\).*/\1/p') || return 1
    [[ $version =~ ^([0-9]+)\.([0-9]+) ]] || return 1
    ((BASH_REMATCH[1] > 0 || BASH_REMATCH[2] >= 12)) || return 1
    echo "$version"
}

# The Debian mirror of this system's own apt, which it names only for the package lists it has.
own_mirror() {
    local codename
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    [[ $codename ]] || return 0
    apt-get "$@" indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk -v codename="$codename" '$2 == codename && $3 == "main" { print $1; exit }'
}

# The same on a system that has fetched no package lists yet: they are fetched into FOLDER, not into the system.
own_mirror_afresh() {
    local lists=(-o "Dir::State::lists=$1" -o APT::Sandbox::User=)
    mkdir -p "$1/partial"
    apt-get -qq "${lists[@]}" update > /dev/null 2>&1 || return 0
    own_mirror "${lists[@]}"
}

# Fetch a package of the suite and all it needs into FOLDER/cache/archives, as if nothing were installed yet.
download() {
    local folder=$1 mirror=$2 package=$3 apt
    mkdir -p "$folder"/{lists/partial,cache/archives/partial,empty}
    : > "$folder/status"
    echo "deb [signed-by=$keyring] ${mirror%/} $suite main" > "$folder/sources.list"
    # Read after the system's own settings (a proxy is kept), hence the hooks can be cleared.
    cat > "$folder/apt.conf" << END
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Default-Release;
Dir::Etc::sourcelist "$folder/sources.list";
Dir::Etc::sourceparts "$folder/empty";
Dir::Etc::preferences "$folder/none";
Dir::Etc::preferencesparts "$folder/empty";
Dir::State "$folder";
Dir::State::lists "$folder/lists";
Dir::State::status "$folder/status";
Dir::Cache "$folder/cache";
Dir::Cache::archives "archives";
Acquire::Languages "none";
Acquire::Retries "2";
APT::Sandbox::User "";
APT::Get::List-Cleanup "false";
END
    apt=(apt-get -qq -c "$folder/apt.conf")
    "${apt[@]}" update && "${apt[@]}" -y --download-only --no-install-recommends install "$package" > /dev/null
}

# The launcher: unpacked Neovim runs by its own loader and libraries, wherever its folder lies.
launcher() {
    cat << 'END'
#!/bin/sh
root=$(dirname "$(readlink -f "$0")")
for loader in "$root"/usr/lib/*/ld-linux*.so.*; do break; done
libraries=$(dirname "$loader")
export VIMRUNTIME="$root/usr/share/nvim/runtime"
export LUA_PATH="$root/usr/share/lua/5.1/?.lua;;" LUA_CPATH="$libraries/lua/5.1/?.so;;"
exec "$loader" --argv0 nvim --library-path "$libraries" "$root/usr/bin/nvim" "$@"
END
}

main() {
    local folder=${1:-$(dirname "$0")/../../.cache/neovim} found version mirror deb errors
    if found=$(command -v nvim) && version=$(usable "$found"); then
        echo "get_neovim.sh: Neovim $version is on PATH" >&2
        echo "$found"
        return
    fi
    folder=$(realpath -m "$folder")
    if usable "$folder/nvim" > /dev/null; then
        echo "$folder/nvim"
        return
    fi
    if [[ -e $folder && ! -e $folder/usr/bin/nvim ]] && ! rmdir "$folder" 2> /dev/null; then
        fail "$folder holds other things; name an empty folder"
    fi

    command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null ||
        fail "no apt here; put Neovim 0.12 or newer on PATH"
    [[ -r $keyring ]] || fail "$keyring is missing; install debian-archive-keyring, or put Neovim 0.12 or newer on PATH"
    mkdir -p "$(dirname "$folder")"
    work=$(mktemp -d "$folder.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    mirror=${DEBIAN_MIRROR:-$(own_mirror)}
    [[ $mirror ]] || mirror=$(own_mirror_afresh "$work/lists")
    [[ $mirror ]] || fail "apt has no Debian mirror here; set DEBIAN_MIRROR, or put Neovim 0.12 or newer on PATH"

    errors=$(download "$work/apt" "$mirror" neovim 2>&1) ||
        fail "cannot download Neovim from Debian's $suite: $(grep -m 1 '^E:' <<< "$errors" || tail -n 1 <<< "$errors")"
    mkdir "$work/neovim"
    for deb in "$work"/apt/cache/archives/*.deb; do
        dpkg-deb --extract "$deb" "$work/neovim"
    done
    launcher > "$work/neovim/nvim"
    chmod +x "$work/neovim/nvim"
    version=$(usable "$work/neovim/nvim") ||
        fail "the Neovim of Debian's $suite does not run here or is older than 0.12; put a newer one on PATH"
    rm -rf "$folder"
    mv "$work/neovim" "$folder"
    echo "get_neovim.sh: Neovim $version unpacked" >&2
    echo "$folder/nvim"
}

main "$@"
