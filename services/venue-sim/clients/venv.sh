#!/bin/sh
# Runs a script with Python packages of its own, kept beside nothing of the repository:
#   venv.sh PACKAGE[==VERSION] SCRIPT [ARGUMENT...]
# The packages come from PyPI once and stay in a cache (VENUE_SIM_VENVS, else ~/.cache/reprise-venue-sim).
set -eu
package=$1
script=$2
shift 2
home=${VENUE_SIM_VENVS:-${XDG_CACHE_HOME:-$HOME/.cache}/reprise-venue-sim}/$(printf %s "$package" | tr -c 'A-Za-z0-9.\n' _)
if [ ! -x "$home/bin/python" ] || [ ! -f "$home/ready" ]; then
    python3 -m venv "$home"
    "$home/bin/python" -m pip install --quiet --disable-pip-version-check "$package"
    touch "$home/ready"
fi
exec "$home/bin/python" "$script" "$@"
