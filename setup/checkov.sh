#!/bin/sh
# Makes .sandbox/checkov-venv, the judge of infra/. Apart from the other packages because checkov pins its own versions of
# many of them. Says nothing when it is already there.
set -eu
cd "$(dirname "$0")/.."
venv=.sandbox/checkov-venv

chosen=$(sh setup/choose-python.sh)
wanted="$("$chosen" -c 'import sys; print(sys.version.split()[0])') $(cat setup/checkov.txt)"
if [ -f "$venv/.made-from" ] && [ "$(cat "$venv/.made-from")" = "$wanted" ] && "$venv/bin/python" -c '' 2>/dev/null; then
    exit 0
fi
echo "Installing checkov into $venv"
rm -rf "$venv"
mkdir -p .sandbox
"$chosen" -m venv "$venv"
sh setup/install.sh "$venv" -r setup/checkov.txt
printf '%s\n' "$wanted" >"$venv/.made-from"
