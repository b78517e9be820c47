# Creates the role with which postgres_exporter reads sizes and statistics. Safe to run again: what is there stays.
# second_login.sh comes before it. The role may connect to no tenant's database, and so reads no table in it.
secret=$(aws secretsmanager get-secret-value --secret-id "$MASTER_SECRET_ARN" --query SecretString --output text)
{ IFS= read -r PGUSER && IFS= read -r PGPASSWORD; } < <(jq -r '.username, .password' <<<"$secret")
export PGUSER PGPASSWORD PGSSLMODE=require PGDATABASE=postgres

mark="costack: reads statistics"
said=$(psql --no-psqlrc --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=role="$MONITOR_ROLE" \
  <<<"SELECT coalesce(shobj_description(oid, 'pg_authid'), 'nothing') FROM pg_roles WHERE rolname = :'role'")
case $said in
  ""|"$mark") ;;
  *)
    echo "role $MONITOR_ROLE on $PGHOST was not made by Costack, and may have more rights or be in use: nothing was changed; drop it, then delete this Job and run \`pulumi up --refresh\`" >&2
    exit 1 ;;
esac
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=role="$MONITOR_ROLE" --set=mark="$mark" <<'SQL'
BEGIN;
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
COMMENT ON ROLE :"role" IS :'mark';
ALTER ROLE :"role" LOGIN CONNECTION LIMIT 5;
ALTER ROLE :"role" SET default_transaction_read_only = on;
ALTER ROLE :"role" SET statement_timeout = '30s';
-- pg_read_all_stats alone would do, but the master user of RDS may give this one only.
SET LOCAL client_min_messages = warning;
GRANT pg_monitor TO :"role";
COMMIT;
SQL
give_password "$MONITOR_ROLE" "$(cat /run/secrets/monitor/password)"
echo "role $MONITOR_ROLE is ready"
