# Lets a tenant's role into its own server as it was at MOMENT, with the password that the tenant has today: what it had
# then may have been changed since. Whose the data is, is asked as on every server. Safe to run again; nobody works there.
secret=$(aws secretsmanager get-secret-value --secret-id "$MASTER_SECRET_ARN" --query SecretString --output text)
{ IFS= read -r master_user && IFS= read -r master_password; } < <(jq -r '.username, .password' <<<"$secret")
export PGSSLMODE=require
cannot() { echo "$1" >&2; exit 1; }
holder=$(PGUSER=$master_user PGPASSWORD=$master_password PGDATABASE=postgres psql --no-psqlrc --quiet --tuples-only --no-align \
  --set=ON_ERROR_STOP=1 --set=db="$TENANT_DATABASE" <<<"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = :'db'")
[ -n "$holder" ] || cannot "there was no database $TENANT_DATABASE at $MOMENT on the server that this one is a copy of: nothing was copied; take it back with --back, then choose a later moment"
ONLY_ROLE=yes bash -euo pipefail -c "$SETUP" >&2
echo "role $TENANT_ROLE may read database $TENANT_DATABASE as it was at $MOMENT"
