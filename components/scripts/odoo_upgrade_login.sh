# Makes (`make`) or drops (`drop`) the login of the command that upgrades a side database: a role of its own, which owns
# what is in that database, and may enter no other of the tenant's. Safe to run again.
#
# The tenant's role is a member of it, not the other way round. It has no password from here: the pod that runs the
# command gives it one of its own for the time of the command (odoo_upgrade_before.sh, odoo_upgrade_after.sh).
secret=$(aws secretsmanager get-secret-value --secret-id "$MASTER_SECRET_ARN" --query SecretString --output text)
{ IFS= read -r PGUSER && IFS= read -r PGPASSWORD; } < <(jq -r '.username, .password' <<<"$secret")
export PGUSER PGPASSWORD PGSSLMODE=require PGDATABASE=postgres
sql() {
  psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=login="$COMMAND_LOGIN" --set=role="$TENANT_ROLE" \
    --set=connections="$COMMAND_CONNECTIONS" --set=mark="costack: upgrades for $OWNER"
}
said=$(sql <<<"SELECT coalesce(shobj_description(oid, 'pg_authid'), 'nothing') FROM pg_roles WHERE rolname = :'login'")
case $said in
  ""|"costack: upgrades for $OWNER") ;;
  *) echo "role $COMMAND_LOGIN on $PGHOST says '$said', and this tenant is $OWNER: it was not made for its upgrade, so nothing was changed; drop it" >&2; exit 1 ;;
esac
case $1 in
  make)
    sql <<'SQL'
BEGIN;
SELECT format('CREATE ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE', :'login')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'login') \gexec
COMMENT ON ROLE :"login" IS :'mark';
ALTER ROLE :"login" LOGIN CONNECTION LIMIT :connections PASSWORD NULL;
GRANT :"login" TO CURRENT_USER, :"role";
COMMIT;
SQL
    ;;
  drop)
    [ -n "$said" ] || exit 0
    # Whoever may connect to `postgres` may keep large objects there, and a role that owns something cannot be dropped.
    sql >/dev/null <<'SQL'
ALTER ROLE :"login" NOLOGIN PASSWORD NULL;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :'login' AND pg_has_role(usesysid, 'MEMBER');
DROP OWNED BY :"login";
SELECT format('DROP ROLE %I', rolname) FROM pg_roles
 WHERE rolname = :'login' AND NOT EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = pg_roles.oid) \gexec
SQL
    there=$(sql <<<"SELECT count(*) FROM pg_roles WHERE rolname = :'login'")
    [ "$there" = 0 ] || echo "role $COMMAND_LOGIN stays without login: it still owns something, or was granted rights" ;;
esac
