#!/usr/bin/env bash
# Rewrite constraints.txt: what the requirement files bring along on Python 3.11, the oldest supported,
# because newer Pythons may be offered versions that the oldest one does not have.
# Try the result on 3.12 and 3.13 as well (make test-all) before committing it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=""
for candidate in python3.11 "$HOME"/.pyenv/versions/3.11.*/bin/python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1; then
        python="$candidate"
        break
    fi
done
[ -n "$python" ] || { echo "make lock needs Python 3.11, and none was found." >&2; exit 1; }

room="$(mktemp -d)"
trap 'rm -rf "$room"' EXIT
"$python" -m venv "$room/venv"
"$room/venv/bin/python" -m pip install -q \
    -r requirements.txt -r requirements-test.txt -r requirements-bench.txt
{
    grep '^#' constraints.txt
    "$room/venv/bin/python" -m pip freeze
} >"$room/constraints.txt"
mv "$room/constraints.txt" constraints.txt
git --no-pager diff --stat -- constraints.txt || true
