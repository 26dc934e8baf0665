#!/usr/bin/env bash
# get_helix.sh FOLDER: print the path of a Helix 25.01 or newer, the one on PATH or one that is unpacked from Debian's
# suite trixie into FOLDER (some 40 MB).
set -euo pipefail
. "$(dirname "$0")/debian.sh"

usable() {
    "$1" --version 2> /dev/null | grep -q '^helix \(2[5-9]\|[3-9][0-9]\)\.'
}

folder=$(realpath -m "$1")
if found=$(command -v hx) && usable "$found"; then
    echo "$found"
elif usable "$folder/hx"; then
    echo "$folder/hx"
else
    unpack trixie "$folder" hx
    # shellcheck disable=SC2016
    launcher usr/lib/hx/hx 'export HELIX_RUNTIME="$root/usr/lib/hx/runtime"' > "$folder/hx"
    chmod +x "$folder/hx"
    usable "$folder/hx" || fail "the Helix of Debian's trixie does not run here"
    echo "$folder/hx"
fi
