# debian.sh: unpack packages of a Debian suite, with every library they need, libc included; for the editor tests.
#
# Sourced. The system is not touched, and root is not needed. The mirror is the one that apt is set up with, or, where
# that is not a Debian one, $DEBIAN_MIRROR.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
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

# download FOLDER MIRROR SUITE PACKAGE...: fetch packages and all they need into FOLDER/cache/archives, as if nothing
# were installed yet.
download() {
    local folder=$1 mirror=$2 suite=$3 apt
    shift 3
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
    "${apt[@]}" update && "${apt[@]}" -y --download-only --no-install-recommends install "$@" > /dev/null
}

# unpack SUITE FOLDER PACKAGE...: make FOLDER, which holds what the packages and all they need install; it is there as a
# whole or not at all.
unpack() {
    local suite=$1 folder=$2 mirror deb errors
    shift 2
    command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null || fail "no apt here"
    [[ -r $keyring ]] || fail "$keyring is missing; install debian-archive-keyring"
    mkdir -p "$(dirname "$folder")"
    work=$(mktemp -d "$folder.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    mirror=${DEBIAN_MIRROR:-$(own_mirror)}
    [[ $mirror ]] || mirror=$(own_mirror_afresh "$work/lists")
    [[ $mirror ]] || fail "apt has no Debian mirror here; set DEBIAN_MIRROR"
    errors=$(download "$work/apt" "$mirror" "$suite" "$@" 2>&1) ||
        fail "cannot download $1 from Debian's $suite: $(grep -m 1 '^E:' <<< "$errors" || tail -n 1 <<< "$errors")"
    mkdir "$work/unpacked"
    for deb in "$work"/apt/cache/archives/*.deb; do
        dpkg-deb --extract "$deb" "$work/unpacked"
    done
    rm -rf "$folder"
    mv "$work/unpacked" "$folder"
    rm -rf "$work"
    trap - EXIT
}

# launcher PROGRAM [LINE...]: a script that runs an unpacked program by its own loader and libraries, wherever its folder
# lies; the lines may set what it needs, in terms of $root.
launcher() {
    local program=$1
    shift
    cat << 'END'
#!/bin/sh
root=$(dirname "$(readlink -f "$0")")
for loader in "$root"/usr/lib/*/ld-linux*.so.*; do break; done
libraries=$(dirname "$loader")
END
    (($#)) && printf '%s\n' "$@"
    echo "exec \"\$loader\" --argv0 ${program##*/} --library-path \"\$libraries\" \"\$root/$program\" \"\$@\""
}
