# Gives a tenant's side database the name of the one in use, and keeps that one (ACTION=switch); takes this back
# (back); or drops for good what nobody works with any longer (drop-kept, drop-side). Safe to run again.
#
# PostgreSQL renames databases and writes their comments in a transaction: whenever this is killed, both have changed
# or neither has. What the comments mean says side_database.sh. The name that Odoo knows stays the same, so do its
# files; rights and settings go with a database. Nobody may be connected to a database that is renamed.
secret=$(aws secretsmanager get-secret-value --secret-id "$MASTER_SECRET_ARN" --query SecretString --output text)
{ IFS= read -r PGUSER && IFS= read -r PGPASSWORD; } < <(jq -r '.username, .password' <<<"$secret")
export PGUSER PGPASSWORD PGSSLMODE=require PGDATABASE=postgres
cannot() { echo "$1" >&2; exit 1; }
sql() { psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=used="$TENANT_DATABASE" --set=side="$SIDE_DATABASE" --set=kept="$KEPT_DATABASE" "$@"; }
# said NAME: the comment of a database; `-` where there is none of this name, nothing where it has no comment.
said() {
  local found
  found=$(sql --set=db="$1" <<<"SELECT 'is ' || coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = :'db'")
  [ -n "$found" ] && printf '%s' "${found#is }" || printf '%s' -
}
used=$(said "$TENANT_DATABASE") side=$(said "$SIDE_DATABASE") kept=$(said "$KEPT_DATABASE")
whereabouts="on $PGHOST $TENANT_DATABASE says '$used', $SIDE_DATABASE '$side', $KEPT_DATABASE '$kept' (-: not there)"
owner=$(sql <<<"SELECT string_agg(DISTINCT pg_get_userbyid(datdba), ', ') FROM pg_database WHERE datname IN (:'used', :'side', :'kept')")
[ "$owner" = "$TENANT_ROLE" ] || cannot "databases of this tenant on $PGHOST belong to $owner, expected $TENANT_ROLE: nothing was changed"
# Runs a transaction when nobody is connected, on databases that say what they said above. An exporter that measures may come back at any time; PostgreSQL itself
# waits five seconds for connections to end.
when_alone() {
  local attempt transaction
  transaction=$(cat)
  for ((attempt = 1; ; attempt++)); do
    if sql "$@" >/dev/null <<SQL
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname IN (:'used', :'side', :'kept') AND backend_type = 'client backend' AND pg_has_role(usesysid, 'MEMBER');
BEGIN;
$transaction
COMMIT;
SQL
    then break; fi
    [ "$(said "$SIDE_DATABASE")" = "$side" ] || cannot "$SIDE_DATABASE was '$side', and another job has made it '$(said "$SIDE_DATABASE")' since: nothing was changed"
    [ "$attempt" -lt "${SWITCH_ATTEMPTS:-12}" ] || cannot "database $TENANT_DATABASE on $PGHOST could not be renamed: something still works with it; nothing was changed"
    sleep 2
  done
}
drop() { TENANT_DATABASE=$1 KEEP_ROLE=yes bash -euo pipefail -c "$DROP"; }
# The command of an upgrade has ended before a database gets its name, or is never let near one again.
command_login_goes() { [ -z "${COMMAND_LOGIN:-}" ] || bash -euo pipefail -c "$LOGIN" login drop; }

case $ACTION in
  switch)
    case $kept/$side/$used in
      "costack: kept $MARK "*"/-/costack: used $MARK "*) command_login_goes; echo "$TENANT_DATABASE was switched already"; exit 0 ;;
      -/"costack: side $MARK ready "*/*) ;;
      *) cannot "there is no side database that was filled and checked, or one is kept already: $whereabouts; nothing was changed" ;;
    esac
    case $used in
      -|"costack: copy"*|"costack: left"*|"costack: side"*|"costack: kept"*) cannot "there is no database in use to take the place of: $whereabouts; nothing was changed" ;;
    esac
    case ${ANONYMISED:-}/$side in
      /*|*/*" anonymised ${ANONYMISED:-}") ;;
      *) cannot "$SIDE_DATABASE was filled before its tenant's file said what to anonymise, or said something else: nothing was changed; take it back with --back, and refresh it again" ;;
    esac
    # The job of a way back may have come meanwhile: who renames sees what is said then, and nobody can say another.
    when_alone --set=said="$side" --set=is_kept="costack: kept $MARK $used" --set=is_used="costack: used $MARK ${side#"costack: side $MARK ready "}" <<'SQL'
ALTER DATABASE :"used" RENAME TO :"kept";
COMMENT ON DATABASE :"kept" IS :'is_kept';
ALTER DATABASE :"side" RENAME TO :"used";
SELECT 1 / (shobj_description(oid, 'pg_database') = :'said')::integer FROM pg_database WHERE datname = :'used';
COMMENT ON DATABASE :"used" IS :'is_used';
SQL
    command_login_goes
    echo "$TENANT_DATABASE is now what was ${side#"costack: side $MARK ready "}; the one before is kept as $KEPT_DATABASE" ;;
  back)
    case $kept/$side/$used in
      -/"costack: left $MARK"/*) command_login_goes; echo "$TENANT_DATABASE was taken back already, or never switched"; exit 0 ;;
      -/*/"costack: used $MARK "*) cannot "the database before is gone: $whereabouts; nothing was changed" ;;
      -/-/*|-/"costack: side $MARK "*/*)
        # A job of an update that was killed may still want to switch: it finds another mark, and changes nothing.
        [ "$side" = - ] || sql --set=is_left="costack: left $MARK" <<<"COMMENT ON DATABASE :\"side\" IS :'is_left'"
        command_login_goes
        echo "$TENANT_DATABASE was not switched: there is nothing to take back"; exit 0 ;;
      "costack: kept $MARK "*"/-/costack: used $MARK "*) ;;
      *) cannot "these databases are not as a switch leaves them: $whereabouts; nothing was changed" ;;
    esac
    # Without a comment before it has none again.
    when_alone --set=is_left="costack: left $MARK" --set=was="${kept#"costack: kept $MARK "}" <<'SQL'
ALTER DATABASE :"used" RENAME TO :"side";
COMMENT ON DATABASE :"side" IS :'is_left';
ALTER DATABASE :"kept" RENAME TO :"used";
COMMENT ON DATABASE :"used" IS :'was';
SQL
    command_login_goes
    echo "$TENANT_DATABASE is again what it was; what took its place is kept as $SIDE_DATABASE" ;;
  drop-kept)
    case $kept/$used in
      -/*) echo "$KEPT_DATABASE is gone already" ;;
      "costack: kept $MARK "*"/costack: used $MARK "*) drop "$KEPT_DATABASE" ;;
      *) cannot "$KEPT_DATABASE is not what a switch has kept: $whereabouts; nothing was dropped" ;;
    esac ;;
  drop-side)
    if [ -z "$side" ]; then
      # Made by a run that was killed before it could say so, or not ours: the job that makes it finds out.
      bash -euo pipefail -c "$MAKE" >&2
      side=$(said "$SIDE_DATABASE")
    fi
    case $kept/$side/$used in
      "costack: kept $MARK "*|*"/costack: used $MARK "*) cannot "$TENANT_DATABASE is the one that took the place of another: $whereabouts; nothing was dropped" ;;
      */-/*) echo "$SIDE_DATABASE is gone already" ;;
      -/"costack: side $MARK "*/*|-/"costack: left $MARK"/*) drop "$SIDE_DATABASE" ;;
      *) cannot "$SIDE_DATABASE is not what was made beside $TENANT_DATABASE: $whereabouts; nothing was dropped" ;;
    esac ;;
  *) cannot "ACTION: expected switch, back, drop-kept or drop-side, found '$ACTION'" ;;
esac
case $ACTION in drop-*) command_login_goes ;; esac
