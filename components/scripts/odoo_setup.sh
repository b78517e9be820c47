# Installs the module `base` when the schema is absent. It asks for the schema, not for the database:
# the database exists before Odoo has ever started.
conf=/etc/odoo/odoo.conf
option() { sed -n "s/^$1 = //p" "$conf"; }
export PGHOST PGUSER PGPASSWORD PGDATABASE PGSSLMODE=require
PGHOST=$(option db_host) PGUSER=$(option db_user) PGPASSWORD=$(option db_password) PGDATABASE=$(option db_name)
installed=$(psql --no-psqlrc --tuples-only --no-align -c "SELECT to_regclass('public.ir_module_module') IS NOT NULL")
if [ "$installed" = t ]; then
  echo "database $PGDATABASE already has Odoo's schema"
else
  odoo --config="$conf" --init=base --stop-after-init --no-http --workers=0 --max-cron-threads=0
fi
# Scheduled actions off, mail servers out, payment and delivery in test mode (Odoo 16 and later).
if [ "${NEUTRALISE:-no}" = yes ]; then
  odoo neutralize --config="$conf" --database="$PGDATABASE"
fi
