#!/usr/bin/env bash
# Serve the app on this machine: http://localhost:8501
#   bash start.sh [FOLDER]       FOLDER of the environment; "venv" beside this script by default
# ADDRESS=0.0.0.0 serves other machines as well; PORT=… another port.
set -euo pipefail
venv="$(realpath -m "${1:-"$(dirname "${BASH_SOURCE[0]}")/venv"}")"
cd "$(dirname "${BASH_SOURCE[0]}")/app"
[ -x "$venv/bin/python" ] || { echo "Nothing is installed in $venv yet: run install.sh first." >&2; exit 1; }
exec "$venv/bin/python" -m streamlit run app.py \
    --server.address "${ADDRESS:-127.0.0.1}" --server.port "${PORT:-8501}"
