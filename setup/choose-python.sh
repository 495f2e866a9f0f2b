#!/bin/sh
# Prints the path of the Python that everything here runs on, or says what to install.
# First a 3.13 that really runs (a pyenv shim may exist and yet refuse), else the newest of 3.12 and 3.11.
# PYTHON=/path/to/python overrides the choice.
set -u

lacking=""

usable() { # prints the real path of the interpreter $1 when it can make a virtual environment
    case $("$1" -c 'import sys; print("old" if sys.version_info < (3, 11) else "new")' 2>/dev/null) in
        new) ;;
        *) return 1 ;;
    esac
    if ! "$1" -c 'import venv, ensurepip' 2>/dev/null; then
        lacking="$1"
        return 1
    fi
    "$1" -c 'import sys; print(sys.executable)'
}

if [ -n "${PYTHON:-}" ]; then
    usable "$PYTHON" && exit 0
    echo "PYTHON=$PYTHON is not a Python from 3.11 up with the modules venv and ensurepip." >&2
    exit 1
fi

usable python3.13 && exit 0
for candidate in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python; do
    case "$candidate" in */3.13*t/bin/python) continue ;; esac # a free-threaded build: no wheels for it
    usable "$candidate" && exit 0
done
for candidate in python3.12 python3.11 python3; do
    usable "$candidate" && exit 0
done

if [ -n "$lacking" ]; then
    echo "'$lacking' lacks the modules venv and ensurepip. On Debian and Ubuntu: apt-get install python3-venv" >&2
else
    echo "No Python from 3.11 up was found. Install 3.13 (python.org, pyenv, or your system's packages)," >&2
    echo "or name one: make PYTHON=/path/to/python" >&2
fi
exit 1
