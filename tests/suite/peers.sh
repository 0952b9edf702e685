#!/bin/sh
# peers.sh PEER: installs one pinned peer of tests/peers/pins into its own folder, $AAMPE_PEERS/PEER (default ./peers/PEER),
# and prints the program to run it with: the python of a PyPI peer, the binary of a Go peer, else the folder.
# Nothing is done when the folder already holds what is pinned. Exit 77 and one line on stderr: it cannot be had.
set -eu

peer=${1:?usage: peers.sh PEER}
tests=$(cd "$(dirname "$0")/../peers" && pwd)
top=${AAMPE_PEERS:-$PWD/peers}
folder=$top/$peer
log=$top/$peer.log
line=$(grep "^$peer " "$tests/pins") || {
    echo "peers: $peer is not in $tests/pins" >&2
    exit 2
}
# shellcheck disable=SC2086
set -- $line
kind=$2
shift 4
pins=$*

skip() {
    echo "peers: $peer: $1; SKIPPED" >&2
    exit 77
}

# What decides whether the folder is up to date: the pins and the files that pin what the peer itself needs.
pinned() {
    echo "$kind $pins"
    if [ -d "$tests/$peer" ]; then
        find "$tests/$peer" -type f | LC_ALL=C sort | while read -r file; do
            echo "$(basename "$file") $(sha256sum <"$file")"
        done
    fi
}

# Installers: each fills $folder, writes to $log, and says with skip why it could not. One function per kind.

install_pip() {
    command -v python3 >/dev/null || skip "no python3"
    if ! python3 -m venv "$folder" >"$log" 2>&1; then
        rm -rf "$folder"
        [ "$(id -u)" -eq 0 ] && apt-get install -y -qq --no-install-recommends python3-venv >>"$log" 2>&1
        python3 -m venv "$folder" >>"$log" 2>&1 || skip "no Python venv (package python3-venv)"
    fi
    # shellcheck disable=SC2086
    "$folder/bin/pip" install -q $pins >>"$log" 2>&1 || skip "$pins could not be installed, see $log"
}

install_go() {
    command -v go >/dev/null || skip "no go (the Go toolchain that $tests/$peer/go.mod names)"
    mkdir -p "$folder"
    cp "$tests/$peer/go.mod" "$tests/$peer/go.sum" "$tests/$peer/tools.go" "$folder"
    # What the checksum database does not know is pinned by go.sum alone.
    (cd "$folder" && GOFLAGS="-mod=readonly -buildvcs=false" GONOSUMDB=$1 go build -trimpath -ldflags "$2" -o "$3" "$1") \
        >"$log" 2>&1 || skip "$pins could not be built: $(tail -n 1 "$log")"
}

install_npm() {
    command -v npm >/dev/null || skip "no npm (packages nodejs and npm)"
    mkdir -p "$folder"
    cp "$tests/$peer/package.json" "$tests/$peer/package-lock.json" "$folder"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund) >"$log" 2>&1 || skip "$pins could not be installed, see $log"
}

install_maven() {
    command -v java >/dev/null || skip "no java (package openjdk-17-jre-headless)"
    command -v mvn >/dev/null || skip "no mvn (package maven)"
    mkdir -p "$folder"
    cp "$tests/$peer/pom.xml" "$folder"
    (cd "$folder" && mvn -q -B -U dependency:copy-dependencies -DoutputDirectory=lib) >"$log" 2>&1 ||
        skip "$pins is not served: $(grep -m 1 -oE 'Could not find artifact [^ ]+|[^ ]+ was not found' "$log" || echo "see $log")"
}

# How a peer is installed and what runs it.
install() {
    case $kind in
    pip) install_pip ;;
    java) command -v java >/dev/null || skip "no java (package openjdk-17-jre-headless)"; install_pip ;;
    maven) install_maven ;;
    npm) install_npm ;;
    go) install_go github.com/databricks/cli "-X github.com/databricks/cli/internal/build.buildVersion=${pins##*@v}" databricks ;;
    *) skip "pins names the kind $kind, which nobody can install" ;;
    esac
}

program() {
    case $kind in
    pip | java) echo "$folder/bin/python3" ;;
    go) echo "$folder/databricks" ;;
    *) echo "$folder" ;;
    esac
}

# One folder for all peers, as it was before each had its own.
[ -f "$top/pyvenv.cfg" ] && rm -rf "$top"
mkdir -p "$top"
# Two suites may want the same peer at the same time.
exec 9>"$top/$peer.lock"
flock 9
if [ "$(cat "$folder/pins" 2>/dev/null)" != "$(pinned)" ]; then
    rm -rf "$folder"
    install
    pinned >"$folder/pins"
fi
program
