#!/usr/bin/env bash
# Install gunmane @VERSION@ from this folder alone, without any network.
#   bash install.sh [FOLDER]     FOLDER for the environment; "venv" beside this script by default
# PYTHON=/path/to/python@PYTHON@ names the interpreter.
set -euo pipefail
venv="$(realpath -m "${1:-"$(dirname "${BASH_SOURCE[0]}")/venv"}")"
cd "$(dirname "${BASH_SOURCE[0]}")"

find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python@PYTHON@ python3 python; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit("%d.%d" % sys.version_info[:2] != "@PYTHON@")' >/dev/null 2>&1; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

python="$(find_python)" || {
    echo "The wheels of this bundle are for Python @PYTHON@, and none with venv was found. Install it, or name it: PYTHON=/path/to/python@PYTHON@ bash install.sh" >&2
    exit 1
}

echo "Checking the files"
sha256sum --check --quiet --strict SHA256SUMS || {
    echo "A file differs from SHA256SUMS: copy the bundle again, and do not install this one." >&2
    exit 1
}

echo "Installing into $venv"
"$python" -m venv --clear "$venv"
"$venv/bin/python" -m pip --isolated install -q --disable-pip-version-check --no-index --find-links wheels \
    --only-binary=:all: -c constraints.txt "gunmane==@VERSION@"
"$venv/bin/gunmane" regions >/dev/null
echo "Done. Start the app:  bash start.sh   (then open http://localhost:8501)"
echo "The command:          $venv/bin/gunmane --help"
