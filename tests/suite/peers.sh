#!/bin/sh
# Makes the folder of Python peers (pinned) when it is not there and prints its python. Exit 77: cannot be had.
set -eu
folder=${AAMPE_PEERS:-$PWD/peers}
pins="pyarrow==26.0.1 duckdb==2.0.0 databricks-sdk==0.156.0 databricks-sql-connector==4.9.0"
if [ "$(cat "$folder/pins" 2>/dev/null)" != "$pins" ]; then
    rm -rf "$folder"
    log=$folder.log
    if ! python3 -m venv "$folder" >"$log" 2>&1; then
        rm -rf "$folder"
        [ "$(id -u)" -eq 0 ] && apt-get install -y -qq --no-install-recommends python3-venv >>"$log" 2>&1
        python3 -m venv "$folder" >>"$log" 2>&1 || {
            echo "peers: no Python venv (package python3-venv); SKIPPED" >&2
            exit 77
        }
    fi
    # shellcheck disable=SC2086
    "$folder/bin/pip" install -q $pins >>"$log" 2>&1 || {
        echo "peers: $pins could not be installed, see $log; SKIPPED" >&2
        exit 77
    }
    echo "$pins" >"$folder/pins"
fi
echo "$folder/bin/python3"
