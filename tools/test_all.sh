#!/usr/bin/env bash
# Run every test, slow ones too, on each supported Python that is found here.
# The project's own environment serves its Python; the others get .venv-3.xx beside it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

works() { "$1" -c "import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, $2))" >/dev/null 2>&1; }

find_python() { # minor version -> path of an interpreter that runs
    local candidate
    for candidate in "python3.$1" "$HOME"/.pyenv/versions/3."$1".*/bin/python "/usr/bin/python3.$1" "/usr/local/bin/python3.$1"; do
        if works "$candidate" "$1"; then command -v "$candidate"; return 0; fi
    done
    return 1
}

own="$(.venv/bin/python -c 'import sys; print(sys.version_info.minor)')"
tested=()
missing=()
failed=()
for minor in 11 12 13; do
    if [ "$minor" = "$own" ]; then
        venv=.venv
        python=.venv/bin/python
    elif python="$(find_python "$minor")"; then
        venv=".venv-3.$minor"
        make --no-print-directory VENV="$venv" PYTHON="$python" "$venv/.tests"
    else
        missing+=("3.$minor")
        continue
    fi
    echo "== Python 3.$minor"
    if "$venv/bin/python" -m pytest -n "${WORKERS:-2}" --dist loadfile "$@"; then
        tested+=("3.$minor")
    else
        failed+=("3.$minor")
    fi
done

echo "Passed on: ${tested[*]:-none}. Failed on: ${failed[*]:-none}. Not found here: ${missing[*]:-none}."
[ "${#failed[@]}" -eq 0 ]
