# Creates a tenant's role and database on the shared server. Safe to run again: what is there stays.
# The master connects to `postgres` only, never to a database that a tenant owns: settings and functions of its
# owner would run with the master's rights.
# CONNECT is revoked from PUBLIC on the tenant's own database only: every Odoo process needs `postgres`.
secret=$(aws secretsmanager get-secret-value --secret-id "$MASTER_SECRET_ARN" --query SecretString --output text)
{ IFS= read -r PGUSER && IFS= read -r PGPASSWORD; } < <(jq -r '.username, .password' <<<"$secret")
export PGUSER PGPASSWORD PGSSLMODE=require PGDATABASE=postgres
role_password=$(cat /run/secrets/tenant/password)

cannot() { echo "$1" >&2; exit 1; }
again="delete the Job ${OWNER##*/}-database-setup-HASH (\`kubectl get jobs --all-namespaces\` lists it), then run \`pulumi up --refresh\`"
# Works as a tenant's role. Its pods may have taken all connections that it has.
log_in() { # ROLE PASSWORD DATABASE, and psql's own
  local role=$1 password=$2 database=$3 problem; shift 3
  # What it answers goes past, what it complains of is kept.
  if { problem=$(PGUSER=$role PGPASSWORD=$password psql --no-psqlrc --set=ON_ERROR_STOP=1 --dbname="$database" "$@" 2>&1 >&3); } 3>&1; then
    [ -z "$problem" ] || echo "$problem" >&2
    return 0
  fi
  case $problem in
    *"too many connections"*|*"too many clients"*|*"remaining connection slots"*)
      cannot "role $role found no free connection to $database on $PGHOST: all that it may have are in use, so the set-up did not end; when fewer are, $again" ;;
  esac
  echo "$problem" >&2
  return 1
}
ask() {
  psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=role="$TENANT_ROLE" --set=db="$TENANT_DATABASE"
}
# Whether a password opens its role. PostgreSQL asks for it before it looks at anything else; an answer to another
# question is no answer. It asks in `postgres`, so that a full database of the tenant says nothing.
opens() { # ROLE PASSWORD
  local answer
  if answer=$(PGUSER=$1 PGPASSWORD=$2 psql --no-psqlrc -c 'SELECT 1' 2>&1); then return 0; fi
  case $answer in
    *"too many connections for role"*|*"is not permitted to log in"*) return 0 ;;
    *"password authentication failed"*) return 1 ;;
  esac
  cannot "whether the password of role $1 is right could not be found out on $PGHOST: $answer"
}

# Whose a database is stands in a comment on its role: "costack: owner PORTFOLIO/CLIENT/TENANT". The master may write
# it and the tenant may not; databases that are older than these marks have none. Such a one belongs to whoever
# opens it with the password that nothing but its own stack knows. Nothing changes before that is clear.
mine="costack: owner $OWNER" older=", found unmarked"
said=$(ask <<<"SELECT coalesce(shobj_description(oid, 'pg_authid'), 'nothing') FROM pg_roles WHERE rolname = :'role'")
holder=$(ask <<<"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = :'db'")
if [ -n "$holder" ] && [ "$holder" != "$TENANT_ROLE" ]; then
  cannot "database $TENANT_DATABASE on $PGHOST belongs to role $holder, expected $TENANT_ROLE: nothing was changed"
fi
mark=$mine
[ "${FOUND_UNMARKED:-no}" = no ] || mark=$mine$older
case $said in
  "$mine"|"$mine$older") mark=$said ;;
  "costack: owner "*)
    other=${said#costack: owner } other=${other%"$older"}
    IFS=/ read -r portfolio client first <<<"$other"
    cannot "role $TENANT_ROLE and database $TENANT_DATABASE on $PGHOST belong to $other (tenant $first of client $client in portfolio $portfolio), and this tenant is $OWNER: nothing was changed; decommission that tenant, or give this one another name, or, if the client was only renamed, add first_client: $client to its file" ;;
  "") ;;
  *)
    # A role that is behind nothing is nobody's: a set-up or a removal was killed there.
    elsewhere=$(ask <<<"SELECT string_agg(DISTINCT datname, ', ') FROM pg_shdepend JOIN pg_database d ON d.oid = dbid
      WHERE refclassid = 'pg_authid'::regclass AND refobjid = to_regrole(quote_ident(:'role'))")
    if [ -n "$holder$elsewhere" ]; then
      opens "$TENANT_ROLE" "$role_password" || cannot "role $TENANT_ROLE on $PGHOST has no owner's mark, holds something in ${elsewhere:-$TENANT_DATABASE}, and this tenant's password does not open it: it may be somebody else's, so nothing was changed; give this tenant another name, or, if you know that this is its data, run as the master user: COMMENT ON ROLE \"$TENANT_ROLE\" IS '$mine$older'"
      mark=$mine$older
    fi ;;
esac

psql --no-psqlrc --set=ON_ERROR_STOP=1 --set=role="$TENANT_ROLE" --set=connections="$CONNECTION_LIMIT" --set=mark="$mark" <<'SQL'
BEGIN;
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
COMMENT ON ROLE :"role" IS :'mark';
ALTER ROLE :"role" LOGIN CONNECTION LIMIT :connections;
-- The master user of RDS is no superuser: from PostgreSQL 16 on it must be a member to give ownership away.
GRANT :"role" TO CURRENT_USER;
COMMIT;
SQL

# A password is set only when the present one does not open the door: changing it breaks live connections. It is
# set before there is a database, so that whoever finds one can log in to it.
if ! opens "$TENANT_ROLE" "$role_password"; then
  [ "${ROTATION:-none}" != first-login ] || until_unused "$TENANT_ROLE"
  # psql makes the verifier itself, so that the server, and its log of statements, never see the password. Without
  # a terminal it reads the password twice from standard input.
  printf '%s\n%s\n' "$role_password" "$role_password" \
    | setsid --wait psql --no-psqlrc --set=ON_ERROR_STOP=1 -c "\\password \"$TENANT_ROLE\"" >/dev/null
fi
[ "${ONLY_ROLE:-no}" = no ] || exit 0

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

# What a failover has closed lets nobody in, and is set up when it is open again.
case $(ask <<<"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = :'db'") in
  "costack: fenc"*|"costack: handed"*) echo "database $TENANT_DATABASE is closed by a failover: nothing is set up in it" ;;
  *)
    # Odoo creates it only in databases it creates itself. It is trusted: who owns the database may create it.
    log_in "$TENANT_ROLE" "$role_password" "$TENANT_DATABASE" -c 'CREATE EXTENSION IF NOT EXISTS pg_trgm'
    echo "database $TENANT_DATABASE and role $TENANT_ROLE are ready" ;;
esac
