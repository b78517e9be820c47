# Copies a tenant's database to another server and checks that the copy lacks nothing.
#
# Whose turn it is stands in the databases themselves, as a comment: "costack: copying" and "costack: copy" may be
# made anew, "costack: left" was worked with before and is not any longer. A database that says anything else is
# in use: it is never replaced. So neither a wrong line in a file nor a second run can put old data over new.
secret=$(aws secretsmanager get-secret-value --secret-id "$MASTER_SECRET_ARN" --query SecretString --output text)
{ IFS= read -r master_user && IFS= read -r master_password; } < <(jq -r '.username, .password' <<<"$secret")
role_password=$(cat /run/secrets/tenant/password)
# The role's own time limits are for requests, not for this.
export PGSSLMODE=require PGOPTIONS='-c statement_timeout=0 -c idle_in_transaction_session_timeout=0'
work=/tmp/move
mkdir -p "$work"
cannot() { echo "$1" >&2; exit 1; }
source() { PGHOST=$SOURCE_HOST PGUSER=$TENANT_ROLE PGPASSWORD=$role_password PGDATABASE=$TENANT_DATABASE "$@"; }
target() { PGHOST=$TARGET_HOST PGUSER=$TENANT_ROLE PGPASSWORD=$role_password PGDATABASE=$TENANT_DATABASE "$@"; }
master() { PGHOST=$TARGET_HOST PGUSER=$master_user PGPASSWORD=$master_password "$@"; }
sql=(psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=db="$TENANT_DATABASE")
# Comments of databases are read from `postgres`: one that is closed lets nobody in.
said() { PGDATABASE=postgres "$1" "${sql[@]}" --dbname=postgres <<<"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = :'db'"; }
say() { target "${sql[@]}" --set=said="$1" <<<"COMMENT ON DATABASE :\"db\" IS :'said'"; }
measure() {
  "$1" "${sql[@]}" <<<"$MEASURE_SQL" | LC_ALL=C sort
  "$1" "${sql[@]}" <<<"$SEQUENCES_SQL" | jq -S .
}
export PGDATABASE=postgres

# pg_dump reads servers of its own major version and older ones; what it makes goes into any version here.
made_for=$(($(PGDATABASE=postgres source "${sql[@]}" --dbname=postgres <<<'SHOW server_version_num') / 10000))
here=$(pg_dump --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
[ "$made_for" -le "$here" ] || cannot "$SOURCE_HOST is PostgreSQL $made_for and the operations image has pg_dump $here: nothing was copied; name an image with a newer pg_dump in platform.yaml"

# Where somebody else's data lies, nothing is looked at, replaced or dropped. The copy belongs to whom the original does.
owned=$(PGDATABASE=postgres source "${sql[@]}" --dbname=postgres <<<"SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = current_user")
found=no
[[ $owned != *", found unmarked" ]] || found=yes
ONLY_ROLE=yes FOUND_UNMARKED=$found PGHOST=$TARGET_HOST bash -euo pipefail -c "$SETUP" >&2

there=$(said master)
case $there in
  "costack: copy $MOVE "*) echo "database $TENANT_DATABASE was copied and checked already"; exit 0 ;;
esac
here=$(said source)
case $here in
  "costack: left"*) cannot "database $TENANT_DATABASE on $SOURCE_HOST is not in use any longer (it says '$here'): the data lies on $TARGET_HOST, so nothing was copied" ;;
  "costack: copy"*) cannot "database $TENANT_DATABASE on $SOURCE_HOST is a copy that nobody worked with (it says '$here'): nothing was copied" ;;
esac
case $there in
  "costack: copy"*|"costack: left"*) ;;
  *)
    exists=$(master "${sql[@]}" <<<"SELECT count(*) FROM pg_database WHERE datname = :'db'")
    if [ "$exists" = 1 ]; then
      tables=$(target "${sql[@]}" <<<"SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')")
      [ "$tables" = 0 ] || cannot "database $TENANT_DATABASE on $TARGET_HOST holds $tables tables and is in use: nothing was copied over it"
    fi ;;
esac

deadline=$((SECONDS + WAIT_SECONDS))
while :; do
  others=$(source "${sql[@]}" <<<"SELECT count(*) FROM pg_stat_activity WHERE datname = :'db' AND pid <> pg_backend_pid() AND backend_type = 'client backend'")
  [ "$others" != 0 ] || break
  [ "$SECONDS" -lt "$deadline" ] || cannot "$others connections to $TENANT_DATABASE are open after $WAIT_SECONDS s: something still works with it"
  sleep 2
done

KEEP_ROLE=yes PGHOST=$TARGET_HOST bash -euo pipefail -c "$DROP" >&2
PGHOST=$TARGET_HOST bash -euo pipefail -c "$SETUP" >&2
say "costack: copying $MOVE"
# The dump brings the extension with its comment.
target "${sql[@]}" <<<'DROP EXTENSION IF EXISTS pg_trgm'
measure source >"$work/before"
SERVER_VERSION=$(target "${sql[@]}" <<<'SHOW server_version_num')
export SERVER_VERSION
source pg_dump --format=custom --compress=0 \
  | bash -euo pipefail -c "$AS_SQL" \
  | target psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="$TENANT_DATABASE" >/dev/null
measure target >"$work/copy"
measure source >"$work/after"
diff "$work/before" "$work/after" >&2 || cannot "somebody wrote to $TENANT_DATABASE while it was copied: nobody may work with it now"
diff "$work/before" "$work/copy" >&2 || cannot "the copy of $TENANT_DATABASE differs as shown (<: expected, >: found); it is not used"
# A tenant may not gather statistics of shared catalogs, and a warning for each would read like a fault.
PGOPTIONS="$PGOPTIONS -c client_min_messages=error" target "${sql[@]}" <<<'ANALYZE'
say "costack: copy $MOVE $(sha256sum <"$work/before" | cut -d' ' -f1)"
jq -nc --arg database "$TENANT_DATABASE" --arg move "$MOVE" --argjson seconds "$SECONDS" \
  --slurpfile lines "$work/copy" '{$database, $move, $seconds,
    tables: ([$lines[] | select(has("rows"))] | length), rows: ([$lines[] | .rows // 0] | add),
    highest_ids: ([$lines[] | select(.highest != null and has("rows"))] | length),
    sequences: ([$lines[] | select(has("rows") | not)] | first // {} | length), result: "ok"}'
