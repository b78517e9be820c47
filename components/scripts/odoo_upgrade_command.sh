# Runs the operator's command ("$@") that upgrades the side database, for MOST_SECONDS at most. Here only its end counts:
# what it has done is checked by odoo_upgrade_after.sh. Where it fails, the side database is never used.
conf=/etc/odoo/odoo.conf
option() { sed -n "s/^$1 = //p" "$conf"; }
export ODOO_RC=$conf
# Programs that know no odoo.conf find the database by these. The role's own time limits are for requests.
export PGHOST PGUSER PGPASSWORD PGDATABASE PGSSLMODE=require
PGHOST=$(option db_host) PGUSER=$(option db_user) PGPASSWORD=$(option db_password) PGDATABASE=$(option db_name)
export PGOPTIONS='-c statement_timeout=0 -c idle_in_transaction_session_timeout=0'
began=$SECONDS code=0
timeout --kill-after=30 "$MOST_SECONDS" "$@" || code=$?
[[ "$code" != 124 && "$code" != 137 ]] || { echo "the command that upgrades took more than $((MOST_SECONDS / 60)) minutes and was ended; the database in use is as it was" >&2; exit 1; }
[ "$code" = 0 ] || { echo "the command that upgrades ended with $code, and its log above says why; the database in use is as it was" >&2; exit 1; }
echo $((SECONDS - began)) >/var/lib/odoo/command-seconds
