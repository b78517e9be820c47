# Says of a side database that it was filled with the backup named in FETCHED, and that the backup's manifest agrees, or
# with what the tenant's server had at MOMENT: the containers before this one have compared that, and have ended well.
# Another major version of Odoo than VERSION ends it, while people still work with what is in use: its pods would not
# start on it.
# Of an UPLOADED one it asks, too, whether the image has its modules: the database in use knows all that the image had
# when it was set up. With ONLY_IF_NOBODY_WORKED anybody who ever logged in there ends it.
conf=/etc/odoo/odoo.conf
option() { sed -n "s/^$1 = //p" "$conf"; }
export PGHOST PGUSER PGPASSWORD PGSSLMODE=require PGDATABASE=postgres
PGHOST=$(option db_host) PGUSER=$(option db_user) PGPASSWORD=$(option db_password)
sql=(psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=db="$SIDE_DATABASE")
if [ -n "${MOMENT:-}" ]; then backup=$MOMENT data="the database of $MOMENT"; else
  backup=$(cat "$FETCHED/backup")
  data="the backup of $backup"
fi
# As what: the switch asks whether it was anonymised as the tenant's file says then.
what=$backup${ANONYMISED:+ anonymised $ANONYMISED}
said=$("${sql[@]}" <<<"SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = :'db'")
case $said in
  "costack: side $MARK filling"|"costack: side $MARK ready $what") ;;
  *) echo "database $SIDE_DATABASE on $PGHOST is not the side database of this run (it says '$said'): nothing was changed" >&2; exit 1 ;;
esac
written=$("${sql[@]}" --dbname="$SIDE_DATABASE" <<<"SELECT latest_version FROM ir_module_module WHERE name = 'base'")
if [ -n "${VERSION:-}" ] && [ "${written%%.*}" != "${VERSION%%.*}" ]; then
  echo "$data is of Odoo ${written:-an unknown version}, and this tenant runs Odoo $VERSION, which does not start on it: nothing was stopped or changed; take it back with --back, then choose one of the same major version" >&2
  exit 1
fi
ask() { "${sql[@]}" --dbname="$1" <<<"$2"; }
if [ -n "${UPLOADED:-}" ]; then
  used=$(option db_name)
  here=$(ask "$used" "SELECT to_regclass('public.ir_module_module') IS NOT NULL")
  if [ "$here" = t ]; then
    known=$(ask "$used" "SELECT name FROM ir_module_module" | LC_ALL=C sort)
    needed=$(ask "$SIDE_DATABASE" "SELECT name FROM ir_module_module WHERE state = 'installed'" | LC_ALL=C sort)
    lacking=$(LC_ALL=C comm -13 <(printf '%s\n' "$known") <(printf '%s\n' "$needed") | paste -sd ' ')
    if [ -n "$lacking" ]; then
      echo "the upload has modules installed that this tenant's image does not have: $lacking; nothing was stopped or changed; add them to the image (where it has them since, update the list of apps in Odoo), then go back with --back and import again" >&2
      exit 1
    fi
    worked=$([ -z "${ONLY_IF_NOBODY_WORKED:-}" ] || ask "$used" "SELECT to_regclass('public.res_users_log') IS NOT NULL")
    [ "$worked" != t ] || worked=$(ask "$used" "SELECT EXISTS (SELECT FROM res_users_log)")
    if [ "$worked" = t ]; then
      echo "people have worked in $used, and this is production: an upload takes the place of a production only before its first day; nothing was stopped or changed; take it back with --back, and import it into a sandbox" >&2
      exit 1
    fi
  fi
fi
"${sql[@]}" --set=said="costack: side $MARK ready $what" <<<"COMMENT ON DATABASE :\"db\" IS :'said'"
echo "database $SIDE_DATABASE is restored from $data and checked"
