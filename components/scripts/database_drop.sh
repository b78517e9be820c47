# Drops a tenant's database and role on the shared server. Safe to run again: what is gone stays gone.
secret=$(aws secretsmanager get-secret-value --secret-id "$MASTER_SECRET_ARN" --query SecretString --output text)
{ IFS= read -r PGUSER && IFS= read -r PGPASSWORD; } < <(jq -r '.username, .password' <<<"$secret")
export PGUSER PGPASSWORD PGSSLMODE=require PGDATABASE=postgres

# Whose it is, database_setup.sh wrote on the role; where nothing is said, that job has just found it to be ours.
owned=$(psql --no-psqlrc --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=role="$TENANT_ROLE" \
  <<<"SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = :'role'")
case $owned in
  "costack: owner $OWNER"|"costack: owner $OWNER, "*) ;;
  "costack: owner "*)
    echo "role $TENANT_ROLE and database $TENANT_DATABASE on $PGHOST belong to ${owned#costack: owner }, and this tenant is $OWNER: nothing was dropped" >&2
    exit 1 ;;
esac
# Reports read with READER_ROLE, where reader_login.sh has made it; one that somebody else made is none of ours.
reads=$(psql --no-psqlrc --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=reader="$READER_ROLE" --set=mark="costack: reads for $OWNER" \
  <<<"SELECT rolname FROM pg_roles WHERE rolname = :'reader' AND shobj_description(oid, 'pg_authid') = :'mark'")
# After a move only what is not in use any longer may go: what was left, and a copy nobody worked with.
if [ "${ONLY_LEFT:-no}" = yes ]; then
  said=$(psql --no-psqlrc --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=db="$TENANT_DATABASE" \
    <<<"SELECT coalesce(shobj_description(oid, 'pg_database'), 'nothing') FROM pg_database WHERE datname = :'db'")
  case $said in
    ""|"costack: left"*|"costack: copy"*) ;;
    *) echo "database $TENANT_DATABASE on $PGHOST is in use (it says '$said'): it was not dropped" >&2; exit 1 ;;
  esac
fi
# SECOND_LOGIN is there when a rotation of the tenant's secrets did not end.
[ "${KEEP_ROLE:-no}" = yes ] || psql --no-psqlrc --set=ON_ERROR_STOP=1 --set=role="$TENANT_ROLE" --set=second="$SECOND_LOGIN" --set=reader="$reads" <<'SQL'
SELECT format('ALTER ROLE %I NOLOGIN', rolname) FROM pg_roles WHERE rolname IN (:'role', :'second', :'reader') \gexec
SQL
# DROP DATABASE ends an autovacuum worker itself, which no account of RDS may do before PostgreSQL 18, and waits
# five seconds for connections. WITH (FORCE) asks for the right to end the worker, and fails.
for ((attempt = 1; ; attempt++)); do
  if psql --no-psqlrc --set=ON_ERROR_STOP=1 --set=db="$TENANT_DATABASE" <<'SQL'
SELECT count(pg_terminate_backend(pid)) AS ended FROM pg_stat_activity
 WHERE datname = :'db' AND backend_type = 'client backend' AND pg_has_role(usesysid, 'MEMBER');
DROP DATABASE IF EXISTS :"db";
SQL
  then break; fi
  if [ "$attempt" -ge "${DROP_ATTEMPTS:-12}" ]; then
    echo "database $TENANT_DATABASE on $PGHOST is still in use after $attempt attempts and was not dropped; run this job again" >&2
    exit 1
  fi
  sleep 5
done
if [ "${KEEP_ROLE:-no}" = yes ]; then
  echo "database $TENANT_DATABASE is gone"
  exit 0
fi
# Whoever may connect to `postgres` may keep large objects there, and a role that owns something cannot be dropped.
role=(psql --no-psqlrc --set=ON_ERROR_STOP=1 --set=role="$TENANT_ROLE" --set=second="$SECOND_LOGIN" --set=reader="$reads")
"${role[@]}" <<'SQL'
SELECT count(pg_terminate_backend(pid)) AS ended FROM pg_stat_activity
 WHERE usename IN (:'role', :'second', :'reader') AND pg_has_role(usesysid, 'MEMBER');
SELECT format('DROP OWNED BY %I', rolname) FROM pg_roles WHERE rolname IN (:'role', :'second', :'reader') \gexec
SELECT format('DROP ROLE %I', rolname) FROM pg_roles
 WHERE rolname IN (:'second', :'reader') AND NOT EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = pg_roles.oid) \gexec
SQL
# A neighbour may have granted the role something in its own database, and only its owner can take that back.
elsewhere=$("${role[@]}" --tuples-only --no-align <<'SQL'
SELECT string_agg(DISTINCT datname, ', ') FROM pg_shdepend JOIN pg_database d ON d.oid = dbid
 WHERE refclassid = 'pg_authid'::regclass AND refobjid = to_regrole(quote_ident(:'role')) AND datname <> current_database();
SQL
)
if [ -n "$elsewhere" ]; then
  echo "database $TENANT_DATABASE is gone; role $TENANT_ROLE stays without login, because it was granted rights in $elsewhere"
  exit 0
fi
"${role[@]}" <<<'DROP ROLE IF EXISTS :"role"'
echo "database $TENANT_DATABASE and role $TENANT_ROLE are gone"
