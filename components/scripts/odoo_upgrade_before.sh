# Prepares a side database, which a backup was restored into, for the command that upgrades it. Safe to run again.
#
# In SIDE it leaves what the two containers after it see in place of the tenant's own: an odoo.conf that leads to the side
# database, with a login that owns what is in it and may enter no other of the tenant's, and a directory of files. That has links to the tenant's files, which are mounted at FILES so that nobody
# writes them. What the command adds are files beside the links; what it removes are links. In STOOD is what stood in
# the database before; the command has no access to that.
conf=/etc/odoo/odoo.conf
option() { sed -n "s/^$1 = //p" "$conf"; }
export PGHOST PGUSER PGPASSWORD PGDATABASE=$SIDE_DATABASE PGSSLMODE=require PGOPTIONS='-c statement_timeout=0'
PGHOST=$(option db_host) PGUSER=$(option db_user) PGPASSWORD=$(option db_password)
used=$(option db_name)
cannot() { echo "$1" >&2; exit 1; }
sql=(psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=db="$SIDE_DATABASE")
said=$("${sql[@]}" --dbname=postgres <<<"SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = :'db'")
case $said in
  "costack: side $MARK ready "*) ;;
  *) cannot "database $SIDE_DATABASE on $PGHOST is not the side database of this run, restored and checked (it says '$said'): nothing was changed" ;;
esac
printf '%s' "${said#"costack: side $MARK ready "}" >"$STOOD/backup"
# From here on it is of no version, until it was upgraded and checked: whoever finds it so fills it anew.
"${sql[@]}" --dbname=postgres --set=said="costack: side $MARK upgrading" <<<"COMMENT ON DATABASE :\"db\" IS :'said'"

rm -rf "$SIDE/present" "$SIDE/target" "$SIDE/data"
files=$SIDE/data/filestore/$SIDE_DATABASE
mkdir -p "$SIDE/present" "$SIDE/target" "$files"
# The role gives itself a password that nobody else has ever seen; psql makes the verifier, and without a terminal it
# reads the password twice from standard input. It is taken away when the command has ended.
password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n%s\n' "$password" "$password" \
  | PGOPTIONS="$PGOPTIONS -c role=$COMMAND_LOGIN" PGDATABASE=postgres setsid --wait psql --no-psqlrc --set=ON_ERROR_STOP=1 -c "\\password \"$COMMAND_LOGIN\"" >/dev/null
{ grep -vE '^db_(name|user|password) = ' "$conf"; printf 'db_name = %s\ndb_user = %s\ndb_password = %s\n' "$SIDE_DATABASE" "$COMMAND_LOGIN" "$password"; } >"$SIDE/present/odoo.conf"
{ grep -vE '^(addons_path|server_wide_modules|without_demo) = ' "$SIDE/present/odoo.conf"; printf '%s' "$OPTIONS"; } >"$SIDE/target/odoo.conf"
for folder in "$FILES/filestore/$used"/[0-9a-f][0-9a-f]; do
  [ -d "$folder" ] || continue
  mkdir "$files/${folder##*/}"
  find "$folder" -maxdepth 1 -type f -print0 | xargs -0 --no-run-if-empty ln -s --target-directory="$files/${folder##*/}"
done
# As the set-up job marks a copy that has a life of its own: without it nobody neutralises one.
if [ "$REHEARSES" = yes ]; then
  "${sql[@]}" <<<"INSERT INTO ir_config_parameter (key, value) VALUES ('costack.copy', :'db') ON CONFLICT (key) DO UPDATE SET value = excluded.value"
fi
bash -euo pipefail -c "$STAND" >"$STOOD/before"
