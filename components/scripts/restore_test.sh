# The second container of a restore test: restores the dump into a server that lives and dies here, and writes
# down what it counts. What the dump says is run here, so this container has no credentials, reads what was
# fetched and cannot change it; and what it writes down is taken for no more than that (restore_test_report.sh).
# 2: the test could not be made. With KEEP_SERVER the server's data stay for who starts it again, at rest and whole.
cannot() { echo "$1" >&2; exit 2; }
server=$RESTORED/server
leave() {
  status=$?
  trap - EXIT
  mode=immediate
  if [ "$status" = 0 ] && [ "${KEEP_SERVER:-no}" = yes ]; then mode=fast; fi
  if [ -e "$server/postmaster.pid" ]; then pg_ctl --pgdata="$server" stop --mode="$mode" >/dev/null || status=2; fi
  if [ "$mode" != fast ] || [ "$status" != 0 ]; then rm -rf "$server"; fi
  [ "$status" = 0 ] || status=2
  exit "$status"
}
[ -e "$FETCHED/dump" ] || exit 0
trap leave EXIT
trap 'exit 2' INT TERM

# Debian keeps the server's programs of every version off PATH.
if ! command -v initdb >/dev/null; then
  newest=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
  PATH=$newest:$PATH
fi
for tool in initdb pg_ctl psql pg_restore jq; do
  command -v "$tool" >/dev/null || cannot "the operations image has no $tool: docs/odoo-images.md says what it must contain"
done
id -un >/dev/null 2>&1 || cannot "user $(id -u) has no name in the operations image, and initdb asks for one: add it to /etc/passwd"
made_by=$(($(jq .postgresql "$FETCHED/manifest") / 10000))
here=$(pg_restore --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
[ "$made_by" -le "$here" ] || cannot "the backup is of PostgreSQL $made_by and the operations image has $here"

export PGHOST=$RESTORED/socket PGUSER=keeper PGDATABASE=postgres
log=$RESTORED/log
mkdir "$PGHOST"
initdb --pgdata="$server" --username="$PGUSER" --auth=trust --encoding=UTF8 --locale=C --no-sync >"$log" 2>&1 \
  || cannot "initdb failed: $(tail -1 "$log")"
# It need not survive its pod, and /dev/shm of a pod is too small for parallel work.
cat >>"$server/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$PGHOST'
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
jit = off
wal_level = minimal
max_wal_senders = 0
max_parallel_workers_per_gather = 0
max_parallel_maintenance_workers = 0
CONF
env -i PATH="$PATH" pg_ctl --pgdata="$server" --log="$log" --wait start >&2 || cannot "the server did not start: $(tail -1 "$log")"
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --field-separator=$'\t' --set=ON_ERROR_STOP=1 "$@"; }
# What the dump says is run by a role like the tenant's own: it may reach no file and no program, and no other database.
ask <<'SQL'
CREATE ROLE restorer LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
CREATE DATABASE restored OWNER restorer TEMPLATE template0;
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
SQL
export PGUSER=restorer PGDATABASE=restored

SECONDS=0
code=0
pg_restore --no-owner --no-acl --exit-on-error --dbname="$PGDATABASE" "$FETCHED/dump" 2>"$RESTORED/restoring" || code=$?
error=
[ "$code" = 0 ] || error=$(grep -m 1 . "$RESTORED/restoring" || echo "exit code $code")
ERROR=$error RESTORE_SECONDS=$SECONDS bash -euo pipefail -c "$COUNT"
# Odoo asks there at its start whether its database exists; what the dump ran has ended by now.
[ "${KEEP_SERVER:-no}" != yes ] || PGUSER=keeper PGDATABASE=postgres ask -c "GRANT CONNECT ON DATABASE postgres TO restorer"
