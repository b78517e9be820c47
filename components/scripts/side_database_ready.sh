# Says of a side database that it was filled with the backup named in FETCHED, and that the backup's manifest agrees:
# the container before this one has compared them, and has ended well. Another major version of Odoo than VERSION ends
# it, while people still work with what is in use: its pods would not start on it.
conf=/etc/odoo/odoo.conf
option() { sed -n "s/^$1 = //p" "$conf"; }
export PGHOST PGUSER PGPASSWORD PGSSLMODE=require PGDATABASE=postgres
PGHOST=$(option db_host) PGUSER=$(option db_user) PGPASSWORD=$(option db_password)
sql=(psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=db="$SIDE_DATABASE")
backup=$(cat "$FETCHED/backup")
said=$("${sql[@]}" <<<"SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = :'db'")
case $said in
  "costack: side $MARK filling"|"costack: side $MARK ready $backup") ;;
  *) echo "database $SIDE_DATABASE on $PGHOST is not the side database of this run (it says '$said'): nothing was changed" >&2; exit 1 ;;
esac
written=$("${sql[@]}" --dbname="$SIDE_DATABASE" <<<"SELECT latest_version FROM ir_module_module WHERE name = 'base'")
if [ -n "${VERSION:-}" ] && [ "${written%%.*}" != "${VERSION%%.*}" ]; then
  echo "the backup of $backup is of Odoo ${written:-an unknown version}, and this tenant runs Odoo $VERSION, which does not start on it: nothing was stopped or changed; take it back with --back, then choose a backup of the same major version" >&2
  exit 1
fi
"${sql[@]}" --set=said="costack: side $MARK ready $backup" <<<"COMMENT ON DATABASE :\"db\" IS :'said'"
echo "database $SIDE_DATABASE is restored from the backup of $backup and checked"
