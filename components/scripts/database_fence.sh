# Closes a tenant's database for a failover and takes care that the standby has all of it (ACTION=close), opens it
# again where nothing was promoted (again), or opens the one that was promoted (open). Safe to run again.
#
# What a database is stands in its comment, as ADR 10 and 23 have it; the comment goes to the standby with the data:
#   costack: fencing MARK BEFORE   nobody may connect; sessions may still end
#   costack: fenced MARK BEFORE    written after the last session ended: who has this has all that was committed
#   costack: handed MARK BEFORE    the standby has it: nothing is left to wait for
#   costack: used MARK             people work with it
# BEFORE is what it said then. A limit of 0 connections closes it: it binds the owner too, and stays when a pod, a
# schedule or a region comes back.
secret=$(aws secretsmanager get-secret-value --secret-id "$MASTER_SECRET_ARN" --query SecretString --output text)
{ IFS= read -r PGUSER && IFS= read -r PGPASSWORD; } < <(jq -r '.username, .password' <<<"$secret")
export PGUSER PGPASSWORD PGSSLMODE=require PGDATABASE=postgres
cannot() { echo "$1" >&2; exit 1; }
sql() { psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=db="$TENANT_DATABASE" "$@"; }
# The comment of the database; `-` where there is none of this name, nothing where it has no comment.
said() {
  local found
  found=$(sql <<<"SELECT 'is ' || coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = :'db'")
  [ -n "$found" ] && printf '%s' "${found#is }" || printf '%s' -
}
say() { # WHAT LIMIT: the comment and how many may connect change together, or not at all
  sql --set=said="$1" --set=most="$2" <<'SQL'
BEGIN;
-- Whatever the server does by itself: what is flushed with this has every commit before it, and `arrives` asks for that.
SET LOCAL synchronous_commit = on;
SELECT format('COMMENT ON DATABASE %I IS %L', :'db', nullif(:'said', '')) \gexec
ALTER DATABASE :"db" CONNECTION LIMIT :most;
COMMIT;
SQL
}
left() { sql <<<"SELECT count(*) FROM pg_stat_activity WHERE datname = :'db' AND backend_type = 'client backend'"; }
follows() { sql <<<'SELECT pg_is_in_recovery()'; }
patience=${WAIT_SECONDS:-600}
was=$(said)
whereabouts="database $TENANT_DATABASE on $PGHOST says '$was' (-: not there)"

close() {
  local before=$was
  case $was in
    "costack: handed $MARK"*) echo "$TENANT_DATABASE was closed, and handed over, before"; exit 0 ;;
    "costack: fenced $MARK"*) echo "$TENANT_DATABASE is closed already"; return 0 ;;
    "costack: fencing $MARK"*) before=${was#"costack: fencing $MARK"} before=${before# } ;;
    -|"costack: fenc"*|"costack: handed"*|"costack: copy"*|"costack: left"*|"costack: side"*|"costack: kept"*)
      cannot "there is no database in use to close: $whereabouts; nothing was changed" ;;
  esac
  say "costack: fencing $MARK${before:+ $before}" 0
  for ((second = 0; ; second++)); do
    sql >/dev/null <<<"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :'db' AND backend_type = 'client backend' AND pg_has_role(usesysid, 'MEMBER')"
    [ "$(left)" != 0 ] || break
    [ "$second" -lt "$patience" ] || cannot "sessions of $TENANT_DATABASE on $PGHOST do not end: it stays closed; run \`pulumi up\` again, or go back"
    sleep 1
  done
  say "costack: fenced $MARK${before:+ $before}" 0
  echo "$TENANT_DATABASE is closed"
}
# RDS keeps a replica's place by its own login, so what every follower has replayed can be asked here.
arrives() {
  local position behind
  position=$(sql <<<'SELECT pg_current_wal_flush_lsn()')
  for ((second = 0; ; second++)); do
    behind=$(sql --set=position="$position" <<<"SELECT coalesce(bool_and(replay_lsn >= :'position'), false) FROM pg_stat_replication")
    [ "$behind" != t ] || { echo "the standby has everything up to $position"; break; }
    [ "$second" -lt "$patience" ] || cannot "the standby has not got everything up to $position from $PGHOST within $patience seconds: $TENANT_DATABASE stays closed, nothing was promoted; run \`pulumi up\` again, or go back"
    sleep 1
  done
  was=$(said)
  say "costack: handed ${was#"costack: fenced "}" 0
}

case $ACTION in
  close)
    [ "$(follows)" = f ] || cannot "$PGHOST follows another server: nothing was changed"
    close
    [ "${STANDBY:-yes}" = no ] || arrives ;;
  again)
    case $was in
      "costack: handed $MARK"*) before=${was#"costack: handed $MARK"} ;;
      "costack: fenced $MARK"*) before=${was#"costack: fenced $MARK"} ;;
      "costack: fencing $MARK"*) before=${was#"costack: fencing $MARK"} ;;
      *) echo "$TENANT_DATABASE was not closed by this failover: it says '$was'"; exit 0 ;;
    esac
    say "${before# }" -1
    echo "$TENANT_DATABASE is open again" ;;
  open)
    for ((second = 0; ; second++)); do
      [ "$(follows)" = t ] || break
      [ "$second" -lt "$patience" ] || cannot "$PGHOST still follows another server after $patience seconds: nothing was changed"
      sleep 1
    done
    was=$(said) whereabouts="database $TENANT_DATABASE on $PGHOST says '$was' (-: not there)"
    case $was in
      "costack: used $MARK") echo "$TENANT_DATABASE is open already" ;;
      "costack: fenced $MARK"*|"costack: handed $MARK"*) say "costack: used $MARK" -1; echo "$TENANT_DATABASE is open, with everything that was committed" ;;
      -|"costack: copy"*|"costack: left"*|"costack: side"*|"costack: kept"*) cannot "this is no database to work with: $whereabouts; nothing was changed" ;;
      *)
        [ "${REGION_LOST:-no}" = yes ] || cannot "what was promoted is not what was closed, so it may lack what was committed last: $whereabouts; nothing was changed"
        say "costack: used $MARK" -1
        echo "$TENANT_DATABASE is open, as it was when its region was lost" ;;
    esac ;;
  *) cannot "ACTION: expected close, again or open, found '$ACTION'" ;;
esac
