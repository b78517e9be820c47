# A second login of a tenant: a role with another password, which works as the tenant's own role. PostgreSQL keeps one
# password per role, and pods that are being replaced open connections to the last moment: so a password is changed while
# nobody logs in with it. What a stage of a rotation needs is made, and what it does not need goes; safe to run again.
#
#   second-login       pods log in as the second role; the first keeps its password
#   first-login, back  pods log in as the first role again; the second stays for those that have not gone yet
#   none               the second role goes, as soon as nobody uses it
#
# These are functions: the set-up of the database comes first, with the master's account.
as_master() {
  psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=first="$TENANT_ROLE" \
    --set=second="$SECOND_LOGIN" --set=db="$TENANT_DATABASE" --set=connections="$CONNECTION_LIMIT" \
    --set=idle="${IDLE_IN_TRANSACTION_SECONDS}s" "$@"
}
as_second() { # PASSWORD DATABASE
  log_in "$SECOND_LOGIN" "$1" "$2" --quiet --tuples-only --no-align --set=first="$TENANT_ROLE" --set=second="$SECOND_LOGIN"
}
give_password() { # ROLE PASSWORD
  # psql makes the verifier itself, so that neither the server nor its log ever sees the password.
  printf '%s\n%s\n' "$2" "$2" | setsid --wait psql --no-psqlrc --set=ON_ERROR_STOP=1 -c "\\password \"$1\"" >/dev/null
}
until_unused() { # ROLE
  local open deadline=$((SECONDS + ${LOGIN_WAIT_SECONDS:-300}))
  while :; do
    open=$(as_master --set=login="$1" <<<"SELECT count(*) FROM pg_stat_activity WHERE usename = :'login'")
    [ "$open" != 0 ] || return 0
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "$open connections of role $1 are open after ${LOGIN_WAIT_SECONDS:-300} s: somebody still logs in with it, so nothing was changed; end what does, $again" >&2
      exit 1
    fi
    sleep 2
  done
}

settle_second_login() {
  case ${ROTATION:-none} in
    none) drop_second_login ;;
    *) make_second_login ;;
  esac
}

make_second_login() {
  local password worked_as
  password=$(cat /run/secrets/tenant/second)
  # Its connections count on their own, so the database has the first one's limit for both together.
  as_master <<'SQL'
SELECT format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', :'second')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'second') \gexec
GRANT :"second" TO CURRENT_USER;
GRANT :"first" TO :"second";
SET client_min_messages = warning;
ALTER ROLE :"second" SET role = :'first';
ALTER ROLE :"second" IN DATABASE :"db" SET statement_timeout = '15min';
ALTER ROLE :"second" IN DATABASE :"db" SET idle_in_transaction_session_timeout = :'idle';
ALTER ROLE :"second" LOGIN CONNECTION LIMIT :connections;
ALTER DATABASE :"db" CONNECTION LIMIT :connections;
SQL
  if ! opens "$SECOND_LOGIN" "$password"; then
    give_password "$SECOND_LOGIN" "$password"
  fi
  # Whoever goes back must not be held up by what cannot be had.
  [ "$ROTATION" != back ] || return 0
  # What it makes must belong to the first role, also when Odoo's pool hands a connection out again (psycopg2's reset).
  # Its role is the same in every database, and in the tenant's own all connections may be in use.
  worked_as=$(as_second "$password" postgres <<<'RESET ALL; SET SESSION AUTHORIZATION DEFAULT; SELECT current_user')
  if [ "$worked_as" != "$TENANT_ROLE" ]; then
    echo "PostgreSQL $(as_master <<<'SHOW server_version') on $PGHOST lets role $SECOND_LOGIN work as '$worked_as' and not as $TENANT_ROLE: a rotation needs the minor version 16.6, 17.2 or a newer one; go back with \`costack rotate --back\`, or update the server" >&2
    exit 1
  fi
  echo "role $SECOND_LOGIN logs in for $TENANT_ROLE"
}

drop_second_login() {
  local lets_in password database elsewhere
  lets_in=$(as_master <<<"SELECT rolcanlogin FROM pg_roles WHERE rolname = :'second'")
  [ -n "$lets_in" ] || return 0
  until_unused "$SECOND_LOGIN"
  if [ "$lets_in" = t ]; then
    # Only itself may give away what it owns in the tenant's database, where the master never goes; the password it had
    # ends here.
    password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
    give_password "$SECOND_LOGIN" "$password"
    for database in "$TENANT_DATABASE" postgres; do
      as_second "$password" "$database" <<'SQL'
SET client_min_messages = warning;
SET ROLE NONE;
REASSIGN OWNED BY :"second" TO :"first";
DROP OWNED BY :"second";
SQL
    done
    as_master <<'SQL'
ALTER DATABASE :"db" CONNECTION LIMIT -1;
ALTER ROLE :"second" NOLOGIN;
SQL
  fi
  # A neighbour may have granted the role something in its own database, and only its owner can take that back.
  elsewhere=$(as_master <<'SQL'
SELECT string_agg(DISTINCT datname, ', ') FROM pg_shdepend JOIN pg_database d ON d.oid = dbid
 WHERE refclassid = 'pg_authid'::regclass AND refobjid = to_regrole(quote_ident(:'second'));
SQL
)
  if [ -n "$elsewhere" ]; then
    as_master <<<'REVOKE :"first" FROM :"second"'
    echo "role $SECOND_LOGIN stays without login, because it was granted rights in $elsewhere"
    return 0
  fi
  as_master <<<'DROP ROLE :"second"'
  echo "role $SECOND_LOGIN is gone"
}
