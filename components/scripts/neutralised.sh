# Lets a pod start only on a database that can do no harm: a copy of production would send its mail and take
# its payments. What restores a copy must neutralise it first; until then nothing runs on it.
conf=/etc/odoo/odoo.conf
option() { sed -n "s/^$1 = //p" "$conf"; }
export PGHOST PGUSER PGPASSWORD PGDATABASE PGSSLMODE=require
PGHOST=$(option db_host) PGUSER=$(option db_user) PGPASSWORD=$(option db_password) PGDATABASE=$(option db_name)
ask() { psql --no-psqlrc --tuples-only --no-align -c "$1"; }
neutralised=$(ask "SELECT value FROM ir_config_parameter WHERE key = 'database.is_neutralized'")
servers=$(ask "SELECT count(*) FROM ir_mail_server WHERE active AND smtp_host <> 'invalid'")
if [ "$neutralised" != true ] || [ "$servers" != 0 ]; then
  echo "database $PGDATABASE is not neutralised (flag '$neutralised', $servers mail servers): run 'odoo neutralize --config=$conf --database=$PGDATABASE'" >&2
  exit 1
fi
