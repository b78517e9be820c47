# Makes an empty database beside a tenant's own, on the same server and owned by its role, for a restore or an
# upgrade to fill. Safe to run again, also after a run that was killed.
#
# What each of the tenant's databases is stands in its comment, and goes with it when it is renamed (ADR 23):
#   costack: side MARK filling       nobody works with it; it may be made anew
#   costack: side MARK ready WHAT    filled and checked; WHAT says with what
#   costack: used MARK WHAT          in use: it took the name of the one before
#   costack: kept MARK BEFORE        was in use before; BEFORE is what it said then
#   costack: left MARK               was in use until the one before took its name back, or never will be
# MARK is that of one attempt. What says anything else is not touched.
secret=$(aws secretsmanager get-secret-value --secret-id "$MASTER_SECRET_ARN" --query SecretString --output text)
{ IFS= read -r master_user && IFS= read -r master_password; } < <(jq -r '.username, .password' <<<"$secret")
role_password=$(cat /run/secrets/tenant/password)
export PGSSLMODE=require PGDATABASE=postgres
cannot() { echo "$1" >&2; exit 1; }
master() { local db=$1; shift; PGUSER=$master_user PGPASSWORD=$master_password psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=db="$db" "$@"; }
said() { master "$1" <<<"SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = :'db'"; }
exists() { master "$1" <<<"SELECT count(*) FROM pg_database WHERE datname = :'db'"; }
# An upgrade has a login for its command (odoo_upgrade_login.sh).
command_login() { [ -z "${COMMAND_LOGIN:-}" ] || bash -euo pipefail -c "$LOGIN" login "$1" >&2; }
# Only its owner looks into a database: settings and functions that are there would run with the master's rights.
tables() {
  PGUSER=$TENANT_ROLE PGPASSWORD=$role_password psql --no-psqlrc --tuples-only --no-align --set=ON_ERROR_STOP=1 --dbname="$SIDE_DATABASE" \
    <<<"SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')"
}

[ "$(exists "$TENANT_DATABASE")" = 1 ] || cannot "there is no database $TENANT_DATABASE on $PGHOST: nothing was made beside it"
[ "$(exists "$KEPT_DATABASE")" = 0 ] || cannot "database $KEPT_DATABASE on $PGHOST is still there (it says '$(said "$KEPT_DATABASE")'): what was done before was never confirmed or taken back, so nothing was made"
holder=$(master "$SIDE_DATABASE" <<<"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = :'db'")
[ -z "$holder" ] || [ "$holder" = "$TENANT_ROLE" ] || cannot "database $SIDE_DATABASE on $PGHOST belongs to role $holder, expected $TENANT_ROLE: nothing was changed"
there=$(said "$SIDE_DATABASE")
case $there in
  "costack: side $MARK "*) command_login make; echo "database $SIDE_DATABASE is there already"; exit 0 ;;
  "costack: side "*) ;;
  *)
    # Behind a comment that nobody wrote yet is what a killed run of this job had made: nothing.
    if [ -n "$holder" ]; then
      if [ -n "$there" ] || [ "$(tables)" != 0 ]; then
        cannot "database $SIDE_DATABASE on $PGHOST says '$there', which is no side database that may go: nothing was changed"
      fi
    fi ;;
esac
TENANT_DATABASE=$SIDE_DATABASE KEEP_ROLE=yes bash -euo pipefail -c "$DROP" >&2
TENANT_DATABASE=$SIDE_DATABASE bash -euo pipefail -c "$SETUP" >&2
command_login make
master "$SIDE_DATABASE" --set=said="costack: side $MARK filling" <<<"COMMENT ON DATABASE :\"db\" IS :'said'"
echo "database $SIDE_DATABASE is there, empty"
