# Installs the module `base` when the schema is absent. It asks for the schema, not for the database:
# the database exists before Odoo has ever started.
conf=/etc/odoo/odoo.conf
option() { sed -n "s/^$1 = //p" "$conf"; }
export PGHOST PGUSER PGPASSWORD PGDATABASE PGSSLMODE=require
PGHOST=$(option db_host) PGUSER=$(option db_user) PGPASSWORD=$(option db_password) PGDATABASE=$(option db_name)
# Whoever changes the tier of a tenant without `move` gets an empty database, or an empty file system, beside the
# data. Work must not begin there: the directory remembers its database's server, the database its files.
filestore=/var/lib/odoo/filestore/$PGDATABASE
remembered=/var/lib/odoo/.costack-server
installed=$(psql --no-psqlrc --tuples-only --no-align -c "SELECT to_regclass('public.ir_module_module') IS NOT NULL")
if [ "$installed" != t ] && [ -s "$remembered" ] && [ "$(cat "$remembered")" != "$PGHOST" ]; then
  echo "database $PGDATABASE on $PGHOST is empty, and the files here belong to the one on $(cat "$remembered"): the tier was changed without moving the data; put the old tier back and run \`costack move\`" >&2
  exit 1
fi
if [ "$installed" = t ] && [ ! -d "$filestore" ]; then
  named=$(psql --no-psqlrc --tuples-only --no-align -c "SELECT count(*) FROM ir_attachment WHERE store_fname IS NOT NULL")
  if [ "$named" != 0 ]; then
    echo "there is no $filestore, and $PGDATABASE names $named files of it: the tier was changed without moving the files; put the old tier back and run \`costack move\`" >&2
    exit 1
  fi
fi
if [ "$installed" = t ]; then
  echo "database $PGDATABASE already has Odoo's schema"
else
  odoo --config="$conf" --init=base --stop-after-init --no-http --workers=0 --max-cron-threads=0
fi
# Scheduled actions off, mail servers out, payment and delivery in test mode (Odoo 16 and later).
if [ "${NEUTRALISE:-no}" = yes ]; then
  odoo neutralize --config="$conf" --database="$PGDATABASE"
fi
# Last of all: from here on there is a database that the files belong to.
printf '%s' "$PGHOST" >"$remembered"
