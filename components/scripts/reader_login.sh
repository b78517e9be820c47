# A login that only reads a tenant's tables, for reports: a role of its own, with its own limit and no rights but those
# that reader_rights.sql gives it in the tenant's database. These are functions: the set-up of the database comes first.
as_readers_master() {
  psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=reader="$READER_ROLE" \
    --set=connections="$READER_CONNECTIONS" --set=mark="costack: reads for $OWNER" "$@"
}

settle_reader() {
  local said password
  said=$(as_readers_master <<<"SELECT coalesce(shobj_description(oid, 'pg_authid'), 'nothing') FROM pg_roles WHERE rolname = :'reader'")
  case $said in
    ""|"costack: reads for $OWNER") ;;
    *) cannot "role $READER_ROLE on $PGHOST says '$said', and this tenant is $OWNER: it was not made for its reports, so nothing was changed; drop it, $again" ;;
  esac
  if [ "$READER_CONNECTIONS" = 0 ]; then
    [ -n "$said" ] || return 0
    # Whoever is connected already would read on for as long as it likes.
    as_readers_master >/dev/null <<'SQL'
ALTER ROLE :"reader" NOLOGIN;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :'reader' AND pg_has_role(usesysid, 'MEMBER');
SQL
    echo "role $READER_ROLE may not log in any longer"
    return 0
  fi
  password=$(cat /run/secrets/tenant/reader)
  as_readers_master <<'SQL'
BEGIN;
SELECT format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', :'reader')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'reader') \gexec
COMMENT ON ROLE :"reader" IS :'mark';
GRANT :"reader" TO CURRENT_USER;
ALTER ROLE :"reader" LOGIN CONNECTION LIMIT :connections;
ALTER ROLE :"reader" SET default_transaction_read_only = on;
ALTER ROLE :"reader" SET statement_timeout = '15min';
ALTER ROLE :"reader" SET idle_in_transaction_session_timeout = '10min';
COMMIT;
SQL
  opens "$READER_ROLE" "$password" || give_password "$READER_ROLE" "$password"
  echo "role $READER_ROLE is ready to read"
}
