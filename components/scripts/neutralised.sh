# Lets a pod start only on a database that can do no harm: a copy of production would send its mail and take its
# payments. What restores a copy must run the set-up job first; until then nothing runs on it.
# A copy that was neutralised and has got something since, such as a module's scheduled actions, is neutralised again.
# A question that PostgreSQL refuses ends it, also within $(…), where bash would go on.
shopt -s inherit_errexit
conf=/etc/odoo/odoo.conf
option() { sed -n "s/^$1 = //p" "$conf"; }
cannot() { echo "$1" >&2; exit 1; }
again="run \`kubectl delete job $SETUP_JOB\`, then \`pulumi up --refresh\`"
export PGHOST PGUSER PGPASSWORD PGDATABASE PGSSLMODE=require
PGHOST=$(option db_host) PGUSER=$(option db_user) PGPASSWORD=$(option db_password) PGDATABASE=$(option db_name)
ask() { psql --no-psqlrc --tuples-only --no-align -c "$1"; }
neutralise() {
  odoo neutralize --config="$conf" --database="$PGDATABASE"
  # Odoo adds a mail server that leads nowhere at each run; the newest stays.
  ask "DELETE FROM ir_mail_server older USING ir_mail_server newer
        WHERE older.smtp_host = 'invalid' AND newer.smtp_host = 'invalid' AND older.name = newer.name AND older.id < newer.id"
}
schema=$(ask "SELECT to_regclass('public.ir_config_parameter') IS NOT NULL")
[ "$schema" = t ] || cannot "database $PGDATABASE holds no Odoo: $again"
parameter() { ask "SELECT value FROM ir_config_parameter WHERE key = '$1'"; }
# left WHAT TABLE CONDITION: what could do harm, counted; a module's table is there only with the module.
left() {
  local number
  number=$(psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 <<SQL
SELECT to_regclass('public.$2') IS NOT NULL AS there \\gset
\\if :there
SELECT count(*) FROM $2 t WHERE $3;
\\else
SELECT 0;
\\endif
SQL
  )
  [ "$number" = 0 ] || printf '%s' ", $number $1"
}
all_left() {
  left "mail servers" ir_mail_server "active AND smtp_host <> 'invalid'"
  left "servers of incoming mail" fetchmail_server "active"
  left "scheduled actions" ir_cron "active AND id NOT IN
    (SELECT res_id FROM ir_model_data WHERE model = 'ir.cron' AND module = 'base' AND name = 'autovacuum_job')"
  left "payment providers" payment_provider "state NOT IN ('test', 'disabled')"
  # Columns differ between versions: a row as JSON may be asked for one that is not there.
  left "webhooks" ir_act_server "state = 'webhook' AND to_jsonb(t) ->> 'webhook_url' NOT LIKE 'neutralization%'"
  left "paid services (IAP)" iap_account "to_jsonb(t) ->> 'account_token' NOT LIKE '%+disabled'"
}

if [ "${NEUTRALISE:-no}" = yes ]; then neutralise; fi
flag=$(parameter database.is_neutralized)
own=$(parameter costack.copy)
if [ "$flag" != true ] || [ "$own" != "$PGDATABASE" ]; then
  cannot "database $PGDATABASE is not neutralised (flag '$flag', identity of '${own:-production}'): $again"
fi
harmful=$(all_left)
if [ -n "$harmful" ] && [ "${NEUTRALISE:-no}" != yes ]; then
  echo "database $PGDATABASE has got${harmful#,} since it was neutralised: it is neutralised again"
  neutralise
  harmful=$(all_left)
fi
[ -z "$harmful" ] || cannot "database $PGDATABASE is not neutralised: 'odoo neutralize' leaves${harmful#,}"
