# Lets a tenant's role into its own server as it was at MOMENT, with the password that the tenant has today: what it had
# then may have been changed since. Whose the data is, is asked as on every server. Safe to run again; nobody works there.
secret=$(aws secretsmanager get-secret-value --secret-id "$MASTER_SECRET_ARN" --query SecretString --output text)
{ IFS= read -r master_user && IFS= read -r master_password; } < <(jq -r '.username, .password' <<<"$secret")
export PGSSLMODE=require
cannot() { echo "$1" >&2; exit 1; }
of_database() {
  PGUSER=$master_user PGPASSWORD=$master_password PGDATABASE=postgres psql --no-psqlrc --quiet --tuples-only --no-align \
    --set=ON_ERROR_STOP=1 --set=db="$TENANT_DATABASE" <<<"SELECT $1 FROM pg_database WHERE datname = :'db'"
}
[ -n "$(of_database 'pg_get_userbyid(datdba)')" ] || cannot "there was no database $TENANT_DATABASE at $MOMENT on the server that this one is a copy of: nothing was copied; take it back with --back, then choose a later moment"
# Before a move had ended, or while it was failed over, people worked with another server: what is here is no data of then.
said=$(of_database "shobj_description(oid, 'pg_database')")
case $said in
  "costack: copy"*|"costack: left"*|"costack: fenc"*|"costack: handed"*)
    cannot "nobody worked with database $TENANT_DATABASE on this server at $MOMENT (it says '$said'): the data of then was on another one, so nothing was copied; take it back with --back, then choose a moment at which it was in use here, or restore a backup with --backup" ;;
esac
ONLY_ROLE=yes bash -euo pipefail -c "$SETUP" >&2
echo "role $TENANT_ROLE may read database $TENANT_DATABASE as it was at $MOMENT"
