#!/usr/bin/env bash
# Provide the browser of the tests: Debian's Chromium and a Japanese font, where this machine lets us.
# Never fails: without a browser the tests that need one are skipped, and one line here says why.
set -uo pipefail

has_browser() { command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1; }
has_japanese_font() { command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=ja family 2>/dev/null | head -n 1)" ]; }
skipped() { echo "Browser tests will be skipped: $1. Install chromium and fonts-noto-cjk to run them."; exit 0; }

has_browser && has_japanese_font && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    has_browser && { echo "No Japanese font here: screenshots will show empty boxes."; exit 0; }
    skipped "no Chromium here, and no apt to install it with"
fi
if [ "$(id -u)" -ne 0 ]; then
    has_browser && { echo "No Japanese font here (needs root: apt-get install fonts-noto-cjk)."; exit 0; }
    skipped "no Chromium here, and only root may install it"
fi

echo "Installing Chromium and a Japanese font for the browser tests"
export DEBIAN_FRONTEND=noninteractive
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
# A list that cannot be refreshed may still be good enough to install from.
apt-get -q update >"$log" 2>&1 || true
apt-get -q -y --no-install-recommends install chromium fonts-noto-cjk >>"$log" 2>&1 || tail -n 5 "$log"
has_browser || skipped "apt could not install Chromium"
