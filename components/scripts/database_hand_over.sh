# Lets work go on with the copy of a tenant's database: closes the one it was made from and says so in both.
# Only a copy that was checked passes, and only when nothing was written since. Safe to run again.
role_password=$(cat /run/secrets/tenant/password)
export PGSSLMODE=require PGUSER=$TENANT_ROLE PGPASSWORD=$role_password PGDATABASE=$TENANT_DATABASE
# A database that is closed takes no writing, and has to say that it is closed.
export PGOPTIONS='-c statement_timeout=0 -c default_transaction_read_only=off'
cannot() { echo "$1" >&2; exit 1; }
source() { PGHOST=$SOURCE_HOST "$@"; }
target() { PGHOST=$TARGET_HOST "$@"; }
sql=(psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=db="$TENANT_DATABASE")
said() { "$1" "${sql[@]}" <<<"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = :'db'"; }
say() { "$1" "${sql[@]}" --set=said="$2" <<<"COMMENT ON DATABASE :\"db\" IS :'said'"; }
measure() {
  "$1" "${sql[@]}" <<<"$MEASURE_SQL" | LC_ALL=C sort
  "$1" "${sql[@]}" <<<"$SEQUENCES_SQL" | jq -S .
}

there=$(said target)
case $there in
  "costack: used $MOVE") echo "database $TENANT_DATABASE was handed over already"; exit 0 ;;
  "costack: copy $MOVE "*) ;;
  *) cannot "database $TENANT_DATABASE on $TARGET_HOST is no checked copy of this move (it says '$there'): stage migrate comes first" ;;
esac
now=$(measure source | sha256sum | cut -d' ' -f1)
[ "$there" = "costack: copy $MOVE $now" ] || cannot "database $TENANT_DATABASE on $SOURCE_HOST has changed since it was copied: go back to stage expand, then migrate again"
source "${sql[@]}" <<<'ALTER DATABASE :"db" SET default_transaction_read_only = on'
say source "costack: left $MOVE"
say target "costack: used $MOVE"
echo "work goes on with $TENANT_DATABASE on $TARGET_HOST; on $SOURCE_HOST it is kept and takes no writing"
