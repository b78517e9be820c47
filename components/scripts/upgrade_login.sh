# What both jobs of an upgrade begin with: the master's login, and how to ask a database that a tenant owns.
#
# Elsewhere the master connects to `postgres` only. Here it must look into every database, because pg_upgrade does.
# Settings of a database or a role must not run anything of their owner's: search_path is said with the connection,
# which goes before both, so that every name is the system's, and no function of a tenant's is called.
secret=$(aws secretsmanager get-secret-value --secret-id "$MASTER_SECRET_ARN" --query SecretString --output text)
{ IFS= read -r PGUSER && IFS= read -r PGPASSWORD; } < <(jq -r '.username, .password' <<<"$secret")
export PGUSER PGPASSWORD PGSSLMODE=require PGDATABASE=postgres PGCONNECT_TIMEOUT=60
export PGOPTIONS="-c search_path=pg_catalog -c lock_timeout=60s -c statement_timeout=0"
cannot() { echo "$1" >&2; exit 1; }
sql() { psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$@"; }
wanted=${TO%%.*}
runs=$(sql <<<"SELECT current_setting('server_version_num')::integer / 10000")
runs_exactly=$(sql <<<"SELECT split_part(current_setting('server_version'), ' ', 1)")
client=$(psql --version | grep -oE '[0-9]+' | head -n1)
# An upgrade is for all that is on a server. `rdsadmin` is AWS' own, and lets nobody in.
databases=$(sql <<<"SELECT datname FROM pg_database WHERE datallowconn AND datconnlimit <> -2 AND datname <> 'rdsadmin' ORDER BY datname")
