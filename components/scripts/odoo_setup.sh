# Makes a tenant's database an Odoo that may be reached, or says in a sentence why it is none. Safe to run again,
# also after a run that was killed. Odoo itself logs an ERROR and ends with 0 where this must fail.
shopt -s inherit_errexit
conf=/etc/odoo/odoo.conf
option() { sed -n "s/^$1 = //p" "$conf"; }
cannot() { echo "$1" >&2; exit 1; }
export PGHOST PGUSER PGPASSWORD PGDATABASE PGSSLMODE=require
PGHOST=$(option db_host) PGUSER=$(option db_user) PGPASSWORD=$(option db_password) PGDATABASE=$(option db_name)
ask() { psql --no-psqlrc --tuples-only --no-align -c "$1"; }
# What a failover has closed lets nobody in, and is set up when it is open again.
case $(psql --no-psqlrc --tuples-only --no-align --dbname=postgres --set=db="$PGDATABASE" \
  <<<"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = :'db'") in
  "costack: fenc"*|"costack: handed"*) echo "database $PGDATABASE is closed by a failover: nothing is set up in it"; exit 0 ;;
esac

IFS=, read -ra folders <<<"$(option addons_path)"
for folder in "${folders[@]}"; do
  compgen -G "$folder/*/__manifest__.py" >/dev/null || cannot "the Odoo image has no addons in $folder: images.odoo.addons_path in platform.yaml lists the folders that hold yours"
done

# It asks for the schema, not for the database: the database exists before Odoo has ever started.
# Whoever changes the tier of a tenant without `move` gets an empty database, or an empty file system, beside the
# data. Work must not begin there: the directory remembers its database's server, the database its files.
filestore=/var/lib/odoo/filestore/$PGDATABASE
remembered=/var/lib/odoo/.costack-server
schema=$(ask "SELECT to_regclass('public.ir_module_module') IS NOT NULL")
# Whose the files are stands beside them. Files without a mark belong to whom the database does where that is older
# than marks too: database_setup.sh found it unmarked and wrote that on the role.
owners=/var/lib/odoo/.costack-owner
if [ -s "$owners" ]; then
  [ "$(cat "$owners")" = "$OWNER" ] || cannot "the files in this tenant's directory belong to $(cat "$owners"), and this tenant is $OWNER: nothing was changed; decommission that tenant, which empties the directory, or give this one another name"
else
  # A set-up that was killed before its mark had its name left that file; it is nobody's.
  before=$(find /var/lib/odoo -type f ! -path "$owners.new" | wc -l)
  if [ "$before" != 0 ]; then
    role=$(ask "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = current_user")
    [ "$role" = "costack: owner $OWNER, found unmarked" ] || cannot "this tenant's directory holds $before files without an owner's mark, and its database is younger than such marks: they may be somebody else's, so nothing was changed; remove them, or, if you know that they are this tenant's, write $OWNER into $owners"
  fi
  printf '%s' "$OWNER" >"$owners.new"
  mv "$owners.new" "$owners"
fi
if [ "$schema" != t ] && [ -s "$remembered" ] && [ "$(cat "$remembered")" != "$PGHOST" ]; then
  cannot "database $PGDATABASE on $PGHOST is empty, and the files here belong to the one on $(cat "$remembered"): the tier was changed without moving the data; put the old tier back and run \`costack move\`"
fi
if [ "$schema" = t ] && [ ! -d "$filestore" ]; then
  named=$(ask "SELECT count(*) FROM ir_attachment WHERE store_fname IS NOT NULL")
  if [ "$named" != 0 ]; then
    cannot "there is no $filestore, and $PGDATABASE names $named files of it: the tier was changed without moving the files; put the old tier back and run \`costack move\`"
  fi
fi

# A major version cannot read the schema of another, and writes into it what its own cannot read. The database says
# which one it is, also where it was restored, copied or upgraded by hand.
if [ "$schema" = t ]; then
  written=$(ask "SELECT latest_version FROM ir_module_module WHERE name = 'base'")
  # On the way back from an upgrade the database before takes its place after this job, and is looked at once more.
  if [ -n "${GOES_BACK:-}" ] && [ -n "$written" ] && [ "${written%%.*}" != "${VERSION%%.*}" ]; then
    echo "database $PGDATABASE is of Odoo ${written%%.*}, and goes back to ${VERSION%%.*}: nothing to set up"
    exit 0
  fi
  if [ -n "$written" ] && [ "${written%%.*}" != "${VERSION%%.*}" ]; then
    cannot "database $PGDATABASE is of Odoo ${written%%.*} ($written), and the image of Odoo $VERSION: nothing was changed; put the tenant's version back, or upgrade the database first"
  fi
fi

# The schema alone is no installation: Odoo commits after each module, and may be killed between two.
waiting() {
  ask "SELECT concat_ws(', ', CASE WHEN NOT EXISTS (SELECT FROM ir_module_module WHERE name = 'base' AND state = 'installed')
                                   THEN 'base is not installed' END,
              (SELECT string_agg(format('%s is %L', name, state), ', ' ORDER BY name) FROM ir_module_module WHERE state LIKE 'to %'))"
}
install() { odoo --config="$conf" --init=base --stop-after-init --no-http --workers=0 --max-cron-threads=0; }
unfinished=
[ "$schema" != t ] || unfinished=$(waiting)
fresh=
if [ "$schema" != t ]; then
  fresh=yes
  install
elif [ -z "$unfinished" ]; then
  echo "database $PGDATABASE already has Odoo's schema"
else
  # Where people have worked, somebody else began it and may still be at it.
  users=$(ask "SELECT to_regclass('public.res_users_log') IS NOT NULL")
  [ "$users" != t ] || users=$(ask "SELECT EXISTS (SELECT FROM res_users_log)")
  [ "$users" != t ] || cannot "in database $PGDATABASE an installation or update of modules did not end ($unfinished): end or cancel it in Odoo's Apps, or run 'odoo --config=$conf --update=base --stop-after-init', then deploy again"
  echo "an earlier set-up of $PGDATABASE did not end; this one goes on"
  install
fi
unfinished=$(waiting)
[ -z "$unfinished" ] || cannot "the set-up of database $PGDATABASE did not end: $unfinished; Odoo's log above says why"

# What was just installed needs no update of its modules (odoo_update.sh).
[ -z "$fresh" ] || [ -z "${UPDATE:-}" ] || ask "INSERT INTO ir_config_parameter (key, value) VALUES ('costack.update.$PGDATABASE', '$UPDATE')"

# What Odoo's own shell checks and settles: modules, passwords that everybody knows, addresses.
odoo shell --config="$conf" --no-http --workers=0 --max-cron-threads=0 <<<"$SETTINGS"

# Scheduled actions off, mail servers out, payment and delivery in test mode (Odoo 16 and later).
if [ "${NEUTRALISE:-no}" = yes ]; then
  /bin/bash -euo pipefail -c "$NEUTRALISED"
fi
# After modules and neutralisation have made their tables.
if [ -n "${READER_ROLE:-}" ]; then
  psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=reader="$READER_ROLE" --set=db="$PGDATABASE" <<<"$READER_RIGHTS" >/dev/null
fi
# Last of all: from here on there is a database that the files belong to.
printf '%s' "$PGHOST" >"$remembered"
