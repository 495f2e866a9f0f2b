#!/bin/sh
# install.sh VENV ARGUMENTS: what `pip install ARGUMENTS` would put into VENV, by uv, which takes seconds where pip takes
# minutes. uv reads none of pip's settings (a company's own index, say), so where it fails pip has its turn, and the word.
set -eu
venv=$1
shift

pip() { "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }

pip uv==0.13.9
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" "$@" 2>/dev/null || pip "$@"
