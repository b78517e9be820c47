# Fills a tenant's side database: with a dump in FETCHED, or, without FETCHED, with a copy of the tenant's database
# as it is at this moment, while people work. Safe to run again: what a killed run had begun is emptied first.
#
# A dump is what a database says, and to restore it is to run it: here it runs as the tenant's role, in the tenant's
# own database, from a container that has no credentials but that login. The counts of a dump are compared with the
# backup's manifest by restore_test_report.sh; those of a copy are compared here.
# What is restored for an upgrade belongs to COMMAND_LOGIN from its first row on: the tenant's role is a member of it.
conf=/etc/odoo/odoo.conf
option() { sed -n "s/^$1 = //p" "$conf"; }
export PGHOST PGUSER PGPASSWORD PGSSLMODE=require PGDATABASE=$SIDE_DATABASE
PGHOST=$(option db_host) PGUSER=$(option db_user) PGPASSWORD=$(option db_password)
used=$(option db_name)
# The role's own time limits are for requests, not for this.
export PGOPTIONS='-c statement_timeout=0 -c idle_in_transaction_session_timeout=0'
cannot() { echo "$1" >&2; exit 1; }
login=${COMMAND_LOGIN:-}
sql=(psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=db="$SIDE_DATABASE" --set=login="$login")
say() { "${sql[@]}" --dbname=postgres --set=said="$1" <<<"COMMENT ON DATABASE :\"db\" IS :'said'"; }
if [ -n "${FETCHED:-}" ] && [ ! -e "$FETCHED/dump" ]; then exit 0; fi # the report says why

said=$("${sql[@]}" --dbname=postgres <<<"SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = :'db'")
case $said in
  "costack: side $MARK "*) ;;
  *) cannot "database $SIDE_DATABASE on $PGHOST is not the side database of this run (it says '$said'): nothing was changed" ;;
esac
say "costack: side $MARK filling"
# What remains of the session of a killed run would hold locks on it.
"${sql[@]}" --dbname=postgres >/dev/null <<'SQL'
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
 WHERE datname = :'db' AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND usename IN (current_user, :'login');
SQL
# Few at a time: a server has room for the locks of some thousands of tables and large objects, not of any number.
PGOPTIONS="$PGOPTIONS -c client_min_messages=warning" "${sql[@]}" >/dev/null <<'SQL'
SELECT 'SELECT count(lo_unlink(oid)) FROM (SELECT oid FROM pg_largeobject_metadata LIMIT 500) few'
  FROM generate_series(1, (SELECT count(*) / 500 + 1 FROM pg_largeobject_metadata)) \gexec
SELECT format('DROP TABLE IF EXISTS %s CASCADE', oid::regclass) FROM pg_class
 WHERE relkind IN ('r', 'p', 'f') AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
   AND relnamespace::regnamespace::text NOT LIKE 'pg\_%' \gexec
SELECT format('ALTER SCHEMA public OWNER TO %I', rolname) FROM pg_roles
 WHERE rolname = 'pg_database_owner' AND EXISTS (SELECT FROM pg_namespace WHERE nspname = 'public' AND pg_get_userbyid(nspowner) = :'login') \gexec
SELECT format('DROP OWNED BY %I CASCADE', rolname) FROM pg_roles WHERE rolname = :'login' \gexec
DROP OWNED BY CURRENT_USER CASCADE;
SELECT format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO %I', :'db', rolname) FROM pg_roles WHERE rolname = :'login' \gexec
SELECT format('ALTER SCHEMA public OWNER TO %I', rolname) FROM pg_roles
 WHERE rolname = :'login' AND EXISTS (SELECT FROM pg_namespace WHERE nspname = 'public' AND pg_get_userbyid(nspowner) = 'pg_database_owner') \gexec
SQL

SERVER_VERSION=$("${sql[@]}" <<<'SHOW server_version_num')
export SERVER_VERSION
begin=$SECONDS
into() { PGOPTIONS="$PGOPTIONS${login:+ -c role=$login}" psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 >/dev/null; }
if [ -n "${FETCHED:-}" ]; then
  code=0
  { bash -euo pipefail -c "$AS_SQL" restore "$FETCHED/dump" | into; } 2>"$RESTORED/restoring" || code=$?
  error=
  [ "$code" = 0 ] || error=$(grep -m 1 . "$RESTORED/restoring" || echo "exit code $code")
  # A tenant may not gather statistics of shared catalogs, and a warning for each would read like a fault.
  [ -n "$error" ] || PGOPTIONS="$PGOPTIONS -c client_min_messages=error" "${sql[@]}" <<<'ANALYZE'
  ERROR=$error RESTORE_SECONDS=$((SECONDS - begin)) exec bash -euo pipefail -c "$COUNT"
fi

made_for=$((SERVER_VERSION / 10000))
here=$(pg_dump --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
[ "$made_for" -le "$here" ] || cannot "$PGHOST is PostgreSQL $made_for and the operations image has pg_dump $here: nothing was copied; name an image with a newer pg_dump in platform.yaml"
work=/tmp/side
mkdir -p "$work"
coproc SNAPSHOT { exec "${sql[@]}" --dbname="$used"; }
counting=$SNAPSHOT_PID
exec {tell}>&"${SNAPSHOT[1]}" {hear}<&"${SNAPSHOT[0]}"
ask() {
  { cat; echo "SELECT 'done';"; } >&"$tell"
  while read -r line <&"$hear"; do
    [ "$line" != done ] || return 0
    echo "$line"
  done
  cannot "counting in $used failed"
}
taken=$(date -u +%Y-%m-%dT%H:%M:%SZ)
snapshot=$(ask <<<'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT pg_export_snapshot();')
ask <<<"$MEASURE_SQL" | LC_ALL=C sort >"$work/before"
ask <<<"$SEQUENCES_SQL" >"$work/earlier"
pg_dump --dbname="$used" --format=custom --compress=0 --snapshot="$snapshot" | bash -euo pipefail -c "$AS_SQL" | into
ask <<<"$SEQUENCES_SQL" >"$work/later"
echo '\q' >&"$tell"
wait "$counting"
"${sql[@]}" <<<"$MEASURE_SQL" | LC_ALL=C sort >"$work/copy"
"${sql[@]}" <<<"$SEQUENCES_SQL" >"$work/copied"
diff "$work/before" "$work/copy" >&2 || cannot "the copy of $used differs as shown (<: expected, >: found); it is not used"
# Sequences obey no snapshot: each is where it was before the copy, after it, or between.
odd=$(jq -nr --slurpfile earlier "$work/earlier" --slurpfile later "$work/later" --slurpfile copied "$work/copied" '
  [$copied[0] as $found | $earlier[0] | to_entries[]
   | [.value, $later[0][.key] // .value] as $bounds | $found[.key] as $stands
   | select($stands == null or $stands < ($bounds | min) or $stands > ($bounds | max)) | .key] | join(", ")')
[ -z "$odd" ] || cannot "sequences of the copy of $used stand elsewhere: $odd; it is not used"
PGOPTIONS="$PGOPTIONS -c client_min_messages=error" "${sql[@]}" <<<'ANALYZE'
say "costack: side $MARK ready live $taken"
jq -nc --arg database "$SIDE_DATABASE" --arg taken "$taken" --argjson seconds "$((SECONDS - begin))" --slurpfile lines "$work/copy" \
  '{$database, copied_at: $taken, $seconds, tables: ([$lines[] | select(has("rows"))] | length), rows: ([$lines[] | .rows // 0] | add), result: "ok"}'
