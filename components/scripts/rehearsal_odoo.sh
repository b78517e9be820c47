# A container of a rehearsal: the tenant's own Odoo on what was restored, which answers nobody but its own pod. It has no
# role and no credentials. Mail, payments, webhooks and scheduled actions are off before it serves, and it starts on
# no database of another major version. It ends when the report is made; what ended it earlier stands in `ended`.
shopt -s inherit_errexit
conf=/etc/odoo/odoo.conf
ended=/etc/odoo/ended
told="Odoo ended by itself; its log says why"
process=
leave() {
  [ -z "$process" ] || kill "$process" 2>/dev/null || true
  printf '%s\n' "$told" >"$ended"
}
trap leave EXIT
trap 'exit 0' INT TERM
cannot() { told=$1; echo "$1" >&2; exit 0; }
over() { [ -e "$FETCHED/over" ]; }
[ -d "$RESTORED/server" ] || cannot "no database was restored for Odoo to start on"
export PGHOST=$RESTORED/socket PGUSER=restorer PGDATABASE=restored
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 -c "$1"; }
until ask "SELECT 1" >/dev/null 2>&1; do
  ! over || exit 0
  sleep 0.2
done
written=$(ask "SELECT latest_version FROM ir_module_module WHERE name = 'base'") || cannot "the restored database holds no Odoo"
[ "${written%%.*}" = "${VERSION%%.*}" ] || cannot "the restored database is of Odoo ${written:-an unknown version}, and this tenant runs Odoo $VERSION, which does not start on it"

umask 007
modules=base,web
[ "${VERSION%%.*}" -lt 19 ] || modules=base,rpc,web
cat >"$conf" <<CONF
[options]
${ADDONS_PATH:+addons_path = $ADDONS_PATH
}admin_passwd = $(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
data_dir = /var/lib/odoo
db_host = $PGHOST
db_maxconn = 16
db_name = $PGDATABASE
db_user = $PGUSER
http_interface = 127.0.0.1
http_port = $HTTP_PORT
list_db = False
server_wide_modules = $modules
CONF
# The gate of every copy looks for this mark, and would let nothing pass without it (neutralised.sh).
ask "DELETE FROM ir_config_parameter WHERE key = 'costack.copy'; INSERT INTO ir_config_parameter (key, value) VALUES ('costack.copy', '$PGDATABASE')"
NEUTRALISE=yes /bin/bash -euo pipefail -c "$NEUTRALISED" >&2 || cannot "the restored database could not be neutralised, so Odoo was not started on it; its log says why"
: >/etc/odoo/neutralised
odoo --config="$conf" --workers=0 --max-cron-threads=0 >&2 &
process=$!
until over; do
  kill -0 "$process" 2>/dev/null || cannot "Odoo ended before it answered; its log says why"
  sleep 0.2
done
told="the rehearsal was over"
