# Creates a tenant's role and database on the shared server. Safe to run again: what is there stays.
# CONNECT is revoked from PUBLIC on the tenant's own database only: every Odoo process needs `postgres`.
secret=$(aws secretsmanager get-secret-value --secret-id "$MASTER_SECRET_ARN" --query SecretString --output text)
PGUSER=$(jq -r .username <<<"$secret")
PGPASSWORD=$(jq -r .password <<<"$secret")
export PGUSER PGPASSWORD PGSSLMODE=require PGDATABASE=postgres
role_password=$(cat /run/secrets/tenant/password)

psql --no-psqlrc --set=ON_ERROR_STOP=1 --set=role="$TENANT_ROLE" --set=db="$TENANT_DATABASE" \
     --set=password="$role_password" --set=connections="$CONNECTION_LIMIT" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" CONNECTION LIMIT :connections;
-- The master user of RDS is no superuser: from PostgreSQL 16 on it must be a member to give ownership away.
GRANT :"role" TO CURRENT_USER;
SELECT format('CREATE DATABASE %I OWNER %I ENCODING ''UTF8'' LC_COLLATE ''C'' TEMPLATE template0', :'db', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'db') \gexec
REVOKE CONNECT, TEMPORARY ON DATABASE :"db" FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"db" TO :"role";
ALTER ROLE :"role" IN DATABASE :"db" SET statement_timeout = '15min';
ALTER ROLE :"role" IN DATABASE :"db" SET idle_in_transaction_session_timeout = '10min';
SQL

# A password is set only when the present one does not open the door: changing it breaks live connections.
if ! PGUSER=$TENANT_ROLE PGPASSWORD=$role_password PGDATABASE=$TENANT_DATABASE psql --no-psqlrc -c 'SELECT 1' >/dev/null 2>&1; then
  psql --no-psqlrc --set=ON_ERROR_STOP=1 --set=role="$TENANT_ROLE" --set=password="$role_password" <<'SQL'
ALTER ROLE :"role" PASSWORD :'password';
SQL
fi

# Odoo creates these only in databases it creates itself.
PGDATABASE=$TENANT_DATABASE psql --no-psqlrc --set=ON_ERROR_STOP=1 -c 'CREATE EXTENSION IF NOT EXISTS pg_trgm'
echo "database $TENANT_DATABASE and role $TENANT_ROLE are ready"
