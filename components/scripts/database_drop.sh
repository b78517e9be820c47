# Drops a tenant's database and role on the shared server. Safe to run again: what is gone stays gone.
secret=$(aws secretsmanager get-secret-value --secret-id "$MASTER_SECRET_ARN" --query SecretString --output text)
PGUSER=$(jq -r .username <<<"$secret")
PGPASSWORD=$(jq -r .password <<<"$secret")
export PGUSER PGPASSWORD PGSSLMODE=require PGDATABASE=postgres

# After a move only what is not in use any longer may go: what was left, and a copy nobody worked with.
if [ "${ONLY_LEFT:-no}" = yes ]; then
  said=$(psql --no-psqlrc --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=db="$TENANT_DATABASE" \
    <<<"SELECT coalesce(shobj_description(oid, 'pg_database'), 'nothing') FROM pg_database WHERE datname = :'db'")
  case $said in
    ""|"costack: left"*|"costack: copy"*) ;;
    *) echo "database $TENANT_DATABASE on $PGHOST is in use (it says '$said'): it was not dropped" >&2; exit 1 ;;
  esac
fi
psql --no-psqlrc --set=ON_ERROR_STOP=1 --set=role="$TENANT_ROLE" --set=db="$TENANT_DATABASE" <<'SQL'
SELECT format('ALTER ROLE %I NOLOGIN', :'role')
 WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :'db' AND pid <> pg_backend_pid();
SELECT format('DROP DATABASE %I', :'db')
 WHERE EXISTS (SELECT FROM pg_database WHERE datname = :'db') \gexec
SELECT format('DROP ROLE %I', :'role')
 WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
SQL
echo "database $TENANT_DATABASE and role $TENANT_ROLE are gone"
