# Creates a tenant's role and database on the shared server. Safe to run again: what is there stays.
# The master connects to `postgres` only, never to a database that a tenant owns: settings and functions of its
# owner would run with the master's rights.
# CONNECT is revoked from PUBLIC on the tenant's own database only: every Odoo process needs `postgres`.
secret=$(aws secretsmanager get-secret-value --secret-id "$MASTER_SECRET_ARN" --query SecretString --output text)
PGUSER=$(jq -r .username <<<"$secret")
PGPASSWORD=$(jq -r .password <<<"$secret")
export PGUSER PGPASSWORD PGSSLMODE=require PGDATABASE=postgres
role_password=$(cat /run/secrets/tenant/password)

psql --no-psqlrc --set=ON_ERROR_STOP=1 --set=role="$TENANT_ROLE" --set=connections="$CONNECTION_LIMIT" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" LOGIN CONNECTION LIMIT :connections;
-- The master user of RDS is no superuser: from PostgreSQL 16 on it must be a member to give ownership away.
GRANT :"role" TO CURRENT_USER;
SQL

# A password is set only when the present one does not open the door: changing it breaks live connections. It is
# set before there is a database, so that whoever finds one can log in to it.
tenant() { PGUSER=$TENANT_ROLE PGPASSWORD=$role_password psql --no-psqlrc --set=ON_ERROR_STOP=1 "$@"; }
if ! tenant -c 'SELECT 1' >/dev/null 2>&1; then
  [ "${ROTATION:-none}" != first-login ] || until_unused "$TENANT_ROLE"
  # psql makes the verifier itself, so that the server, and its log of statements, never see the password. Without
  # a terminal it reads the password twice from standard input.
  printf '%s\n%s\n' "$role_password" "$role_password" \
    | setsid --wait psql --no-psqlrc --set=ON_ERROR_STOP=1 -c "\\password \"$TENANT_ROLE\"" >/dev/null
fi

# What a killed run had begun may still go on in the server for a moment, and be in the way.
for ((attempt = 1; ; attempt++)); do
  if psql --no-psqlrc --set=ON_ERROR_STOP=1 --set=role="$TENANT_ROLE" --set=db="$TENANT_DATABASE" \
       --set=idle="${IDLE_IN_TRANSACTION_SECONDS}s" <<'SQL'
SELECT format('CREATE DATABASE %I OWNER %I ENCODING ''UTF8'' LC_COLLATE ''C'' TEMPLATE template0', :'db', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'db') \gexec
REVOKE CONNECT, TEMPORARY ON DATABASE :"db" FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"db" TO :"role";
ALTER ROLE :"role" IN DATABASE :"db" SET statement_timeout = '15min';
ALTER ROLE :"role" IN DATABASE :"db" SET idle_in_transaction_session_timeout = :'idle';
SQL
  then break; fi
  [ "$attempt" -lt 4 ] || exit 1
  sleep 3
done

# Odoo creates it only in databases it creates itself. It is trusted: who owns the database may create it.
tenant --dbname="$TENANT_DATABASE" -c 'CREATE EXTENSION IF NOT EXISTS pg_trgm'
echo "database $TENANT_DATABASE and role $TENANT_ROLE are ready"
