#!/usr/bin/env bash
# get_emacs.sh FOLDER: print the path of an Emacs with lsp-mode 10 or newer: the system's own, or where root may install
# it Debian's, with lsp-mode unpacked from Debian's suite forky into FOLDER. (An unpacked Emacs does not find what it was
# dumped with.)
set -euo pipefail
. "$(dirname "$0")/debian.sh"

usable() {
    "$1" -Q --batch --eval "(progn (require 'lsp-inline-completion) (princ emacs-version))" > /dev/null 2>&1
}

folder=$(realpath -m "$1")
if ! command -v emacs > /dev/null && ((EUID == 0)) && command -v apt-get > /dev/null; then
    apt-get install --quiet --yes --no-install-recommends emacs-nox > /dev/null 2>&1 || true
fi
command -v emacs > /dev/null || fail "Emacs is not here; install it"
if ! usable "$folder/emacs"; then
    unpack forky "$folder" elpa-lsp-mode
    cat > "$folder/emacs" << 'END'
#!/bin/sh
root=$(dirname "$(readlink -f "$0")")
EMACSLOADPATH=
for each in "$root"/usr/share/emacs/site-lisp/elpa-src/*; do EMACSLOADPATH="$each:$EMACSLOADPATH"; done
export EMACSLOADPATH
exec emacs "$@"
END
    chmod +x "$folder/emacs"
    usable "$folder/emacs" || fail "lsp-mode of Debian's forky does not load in $(emacs --version | head -n 1)"
fi
echo "$folder/emacs"
