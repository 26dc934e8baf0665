#!/usr/bin/env bash
# get_neovim.sh [FOLDER]: make a Neovim that has inline completion (0.12 or newer) available; for the editor tests.
#
# Prints the path of the nvim to use as its last line. One on PATH that is new enough is used as it is. Otherwise, on a
# Debian-like system, Neovim is unpacked from Debian's suite forky into FOLDER (default: .cache/neovim of this
# repository, some 60 MB), with a launcher FOLDER/nvim. forky moves: if its Neovim is too old one day, this says so and
# fails.
set -euo pipefail
. "$(dirname "$0")/debian.sh"

suite=forky

# The version of an nvim, such as 0.12.4; nothing, and failure, where it does not run or is older than 0.12.
usable() {
    local version
    version=$("$1" --version 2> /dev/null | sed -n '1s/^NVIM v\([0-9][0-9.]*\).*/\1/p') || return 1
    [[ $version =~ ^([0-9]+)\.([0-9]+) ]] || return 1
    ((BASH_REMATCH[1] > 0 || BASH_REMATCH[2] >= 12)) || return 1
    echo "$version"
}

main() {
    local folder=${1:-$(dirname "$0")/../../.cache/neovim} found version
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
    unpack "$suite" "$folder" neovim
    # shellcheck disable=SC2016
    launcher usr/bin/nvim 'export VIMRUNTIME="$root/usr/share/nvim/runtime"' \
        'export LUA_PATH="$root/usr/share/lua/5.1/?.lua;;" LUA_CPATH="$libraries/lua/5.1/?.so;;"' > "$folder/nvim"
    chmod +x "$folder/nvim"
    version=$(usable "$folder/nvim") ||
        fail "the Neovim of Debian's $suite does not run here or is older than 0.12; put a newer one on PATH"
    echo "get_neovim.sh: Neovim $version unpacked" >&2
    echo "$folder/nvim"
}

main "$@"
