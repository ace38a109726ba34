#!/usr/bin/env bash
# Provide the database of the tests: Debian's PostgreSQL with PostGIS, where this machine lets us.
# Never fails: without it the tests that need one are skipped, and one line here says why.
set -uo pipefail

has_postgis() {
    local control
    for control in /usr/share/postgresql/*/extension/postgis.control; do
        [ -f "$control" ] && return 0
    done
    command -v pg_config >/dev/null 2>&1 && [ -f "$(pg_config --sharedir)/extension/postgis.control" ]
}
skipped() { echo "PostGIS tests will be skipped: $1. Install postgresql and its postgis package to run them."; exit 0; }

has_postgis && exit 0
command -v apt-get >/dev/null 2>&1 || skipped "no PostGIS here, and no apt to install it with"
[ "$(id -u)" -eq 0 ] || skipped "no PostGIS here, and only root may install it"

echo "Installing PostgreSQL with PostGIS for the database tests"
export DEBIAN_FRONTEND=noninteractive
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
# A list that cannot be refreshed may still be good enough to install from.
apt-get -q update >"$log" 2>&1 || true
# The tests start a server of their own; the package must not start one that nobody asked for.
mkdir -p /etc/postgresql-common/createcluster.d
[ -e /etc/postgresql-common/createcluster.d/gunmane.conf ] ||
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/gunmane.conf
package="$(apt-cache search --names-only '^postgresql-[0-9]+-postgis-3$' | sort -V | tail -n 1 | cut -d ' ' -f 1)"
[ -n "$package" ] || skipped "apt knows no PostGIS package"
apt-get -q -y --no-install-recommends install "$package" >>"$log" 2>&1 || tail -n 5 "$log"
has_postgis || skipped "apt could not install PostGIS"
