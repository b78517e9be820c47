# Makes an upgraded server what it was: statistics for its planner, newer versions of its extensions, and indexes whose
# sorting order the new operating system has changed. pg_upgrade leaves all three (pgupgrade, "Post-upgrade
# processing"). People work meanwhile. Safe to run again. upgrade_login.sh comes before it.
[ "$runs" -ge "$wanted" ] || cannot "$PGHOST still runs PostgreSQL $runs_exactly: after its maintenance window run \`pulumi refresh\`, then \`pulumi up\`"

# in_database NAME psql's-own: works as the owner of a database, who may gather its statistics and build its indexes.
in_database() {
  local database=$1 owner; shift
  owner=$(sql --set=db="$database" <<<"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = :'db' AND pg_has_role(datdba, 'USAGE')")
  # Where the master is not the owner, it does what it may: `postgres` and `template1` are AWS' own.
  PGOPTIONS="$PGOPTIONS${owner:+ -c role=$(sed 's/[ \\]/\\&/g' <<<"$owner")} -c client_min_messages=error -c vacuum_cost_delay=0 -c default_transaction_read_only=off" \
    sql --dbname="dbname='$(sed "s/[\\\\']/\\\\&/g" <<<"$database")'" "$@"
}

# The first pass takes seconds and ends the worst plans, the last one is what autovacuum would do (vacuumdb
# --analyze-in-stages). PostgreSQL 18 takes statistics along: a pass with fewer of them would make them worse.
stages="1 10 default"
[ "$wanted" -lt 18 ] || stages=default
for stage in $stages; do
  while IFS= read -r database; do
    in_database "$database" <<SQL
SET default_statistics_target = ${stage/default/DEFAULT};
ANALYZE;
SQL
  done <<<"$databases"
  echo "statistics of all databases: pass $stage"
done

while IFS= read -r database; do
  in_database "$database" <<'SQL'
SELECT format('ALTER EXTENSION %I UPDATE', e.extname) FROM pg_extension e JOIN pg_available_extensions a ON a.name = e.extname
 WHERE a.default_version <> e.extversion AND pg_has_role(e.extowner, 'USAGE') ORDER BY e.extname \gexec
-- The owner knows which order its indexes have; nobody else may say that they have the new one.
SELECT datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid) AND pg_has_role(datdba, 'USAGE') AS sorts_anew
  FROM pg_database WHERE datname = current_database() \gset
\if :sorts_anew
-- It holds nobody up, and waits for whoever works, however long; what one that was cut off left behind goes first.
SET lock_timeout = 0;
SELECT format('DROP INDEX CONCURRENTLY %s', x.indexrelid::regclass) FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
 WHERE NOT x.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AND pg_has_role(c.relowner, 'USAGE') \gexec
SELECT format('REINDEX DATABASE CONCURRENTLY %I', current_database()) \gexec
SELECT format('ALTER DATABASE %I REFRESH COLLATION VERSION', current_database()) \gexec
\endif
SQL
done <<<"$databases"

left=0
while IFS= read -r database; do
  without=$(in_database "$database" <<<"SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND c.reltuples < 0 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND pg_has_role(c.relowner, 'USAGE')")
  [ "$without" = 0 ] || { echo "database $database: $without tables have no statistics" >&2; left=$((left + 1)); }
done <<<"$databases"
[ "$left" = 0 ] || cannot "statistics could not be gathered in $left databases on $PGHOST; run \`pulumi up\` again"
echo "$PGHOST runs PostgreSQL $runs_exactly; every database has statistics"
