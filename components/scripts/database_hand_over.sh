# Lets work go on with the copy of a tenant's database: closes the one it was made from and says so in both.
# Only a copy that was checked passes, and only when nothing was written since. Safe to run again.
#
# The old database is closed before it is measured: a write between the two would be lost. A limit of 0 connections
# closes it; Odoo opens its transactions READ WRITE, so that a read-only default would stop nothing.
role_password=$(cat /run/secrets/tenant/password)
export PGSSLMODE=require PGUSER=$TENANT_ROLE PGPASSWORD=$role_password PGDATABASE=postgres
export PGOPTIONS='-c statement_timeout=0'
work=/tmp/move
mkdir -p "$work"
cannot() { echo "$1" >&2; exit 1; }
source() { PGHOST=$SOURCE_HOST "$@"; }
target() { PGHOST=$TARGET_HOST "$@"; }
sql=(psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=db="$TENANT_DATABASE")
# All but the measuring is done from `postgres`: the owner of a database may alter and comment on it from there.
said() { "$1" "${sql[@]}" <<<"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = :'db'"; }
say() { "$1" "${sql[@]}" --set=said="$2" <<<"COMMENT ON DATABASE :\"db\" IS :'said'"; }
limit() { source "${sql[@]}" --set=most="$1" <<<'ALTER DATABASE :"db" CONNECTION LIMIT :most'; }

there=$(said target)
case $there in
  "costack: used $MOVE")
    limit 0
    say source "costack: left $MOVE"
    echo "database $TENANT_DATABASE was handed over already"; exit 0 ;;
  "costack: copy $MOVE "*) ;;
  *) cannot "database $TENANT_DATABASE on $TARGET_HOST is no checked copy of this move (it says '$there'): stage migrate comes first" ;;
esac

# Whatever ends this job before the copy is in use opens the old database again.
open_again() { status=$?; trap - EXIT; limit -1; exit "$status"; }
trap open_again EXIT
trap 'exit 1' INT TERM
# One session gets in, closes the door behind itself, and measures when it is alone.
{
  cat <<'SQL'
ALTER DATABASE :"db" CONNECTION LIMIT 0;
SELECT count(pg_terminate_backend(pid)) AS ended FROM pg_stat_activity
 WHERE datname = :'db' AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND pg_has_role(usesysid, 'MEMBER') \gset
DO $$
BEGIN
  FOR attempt IN 1..150 LOOP
    PERFORM pg_stat_clear_snapshot();
    IF NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                      AND backend_type = 'client backend' AND pid <> pg_backend_pid()) THEN
      RETURN;
    END IF;
    PERFORM pg_sleep(0.2);
  END LOOP;
  RAISE EXCEPTION 'connections to % did not end within 30 seconds', current_database();
END $$;
\o :tables
SQL
  echo "$MEASURE_SQL"
  echo '\o :sequences'
  echo "$SEQUENCES_SQL"
} >"$work/measure.sql"
for ((attempt = 1; ; attempt++)); do
  # A killed run may have left the door closed; a database in use may have none of its places free.
  limit -1
  if source "${sql[@]}" --dbname="$TENANT_DATABASE" --set=tables="$work/tables" --set=sequences="$work/sequences" \
    --file="$work/measure.sql"; then break; fi
  [ "$attempt" -lt "${HAND_OVER_ATTEMPTS:-5}" ] || cannot "database $TENANT_DATABASE on $SOURCE_HOST could not be closed: something still works with it; it is open as before"
  sleep 2
done
now=$({ LC_ALL=C sort "$work/tables"; jq -S . "$work/sequences"; } | sha256sum | cut -d' ' -f1)
[ "$there" = "costack: copy $MOVE $now" ] || cannot "database $TENANT_DATABASE on $SOURCE_HOST has changed since it was copied: go back to stage expand, then migrate again"
say target "costack: used $MOVE"
trap - EXIT
say source "costack: left $MOVE"
echo "work goes on with $TENANT_DATABASE on $TARGET_HOST; on $SOURCE_HOST it is kept and lets nobody in"
