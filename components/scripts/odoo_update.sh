# Updates modules of a tenant's Odoo (`odoo --update`), in three steps, each a container of one pod: STEP is `stop`,
# `backup` or `update`. No pod works with the database meanwhile. Whoever fails, or is ended, starts the pods again that
# were there. What is done is written into the database, so that a job that comes twice disturbs nobody the second time.
shopt -s inherit_errexit
conf=/etc/odoo/odoo.conf
option() { sed -n "s/^$1 = //p" "$conf"; }
cannot() { echo "$1" >&2; exit 1; }
export PGHOST PGUSER PGPASSWORD PGDATABASE PGSSLMODE=require
PGHOST=$(option db_host) PGUSER=$(option db_user) PGPASSWORD=$(option db_password) PGDATABASE=$(option db_name)
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 -c "$1"; }
skipped=/tmp/update-skipped stopped=/tmp/update-stopped working=
[ ! -e "$skipped" ] || { echo "nothing to do"; exit 0; }

# A signal is heard at once only while the shell waits; pods have half a minute to end.
run() { local code=0; "$@" & working=$!; wait "$working" || code=$?; working=; return "$code"; }
scale() { DEPLOYMENTS=$1 MAY_MISS=yes MANAGER=costack-update /bin/bash -euo pipefail -c "$SCALE"; }
ended() {
  status=$?
  trap '' TERM INT
  [ "$status" != 0 ] || exit 0
  # `timeout` leads a group of its own, with Odoo in it; what Odoo has not committed is undone.
  [ -z "$working" ] || kill -KILL -- "-$working" 2>/dev/null || kill -KILL "$working" 2>/dev/null || true
  if [ -e "$stopped" ]; then
    rm -f "$stopped"
    if scale "$DEPLOYMENTS${NO_PAGE:+ $NO_PAGE}"; then
      echo "update $NUMBER of modules failed in its step $STEP: the pods of before were started again, with the image of before" >&2
    else
      echo "update $NUMBER of modules failed in its step $STEP, and its pods could not be started again: scale them by hand in namespace $NAMESPACE: $DEPLOYMENTS" >&2
    fi
  fi
  exit "$status"
}
trap ended EXIT
trap 'exit 143' TERM INT

waiting() { ask "SELECT string_agg(format('%s is %L', name, state), ', ' ORDER BY name) FROM ir_module_module WHERE state LIKE 'to %'"; }

# By the name of the database: a copy brings along what was made of another tenant.
noted() { ask "SELECT coalesce(max(value::bigint), 0) FROM ir_config_parameter WHERE key = 'costack.$1.$PGDATABASE'"; }
parameter() { ask "SELECT value FROM ir_config_parameter WHERE key = '$1'"; }
note() { ask "INSERT INTO ir_config_parameter (key, value) VALUES ('costack.$1.$PGDATABASE', '$NUMBER') ON CONFLICT (key) DO UPDATE SET value = '$NUMBER'"; }

stop() {
  schema=$(ask "SELECT to_regclass('public.ir_module_module') IS NOT NULL")
  [ "$schema" = t ] || { touch "$skipped"; echo "there is no Odoo in $PGDATABASE yet: it is installed with its modules up to date"; return; }
  # Odoo does not run on a copy of production before the set-up job, which comes next, has made it harmless.
  if [ "${NEUTRALISED:-no}" = yes ] && [ "$(parameter database.is_neutralized)/$(parameter costack.copy)" != "true/$PGDATABASE" ]; then
    touch "$skipped"
    echo "database $PGDATABASE is a copy that was not made harmless yet: its modules are not updated; a higher number updates them"
    return
  fi
  made=$(noted update)
  # A section that was taken out of the file and came back with a lower number would be passed over without a word.
  [ "$made" -le "$NUMBER" ] || cannot "update $made of modules was made in $PGDATABASE, and the tenant's file has number $NUMBER: nothing was stopped or changed; write $made, or $((made + 1)) to update once more"
  [ "$made" -lt "$NUMBER" ] || { touch "$skipped"; echo "update $NUMBER of modules was made before"; return; }
  unfinished=$(waiting)
  # An update that failed goes on where it is tried again.
  [ -z "$unfinished" ] || [ "$(noted update-began)" = "$NUMBER" ] || cannot "in database $PGDATABASE an installation or update of modules did not end ($unfinished): nothing was stopped or changed; end or cancel it in Odoo's Apps"
  # Odoo itself ignores such names.
  absent=$(ask "SELECT string_agg(wanted, ', ') FROM unnest(string_to_array('$MODULES', ',')) AS wanted
    WHERE wanted <> 'all' AND NOT EXISTS (SELECT FROM ir_module_module WHERE name = wanted AND state IN ('installed', 'to upgrade'))")
  [ -z "$absent" ] || cannot "modules that are to be updated are not installed in $PGDATABASE: $absent; nothing was stopped or changed; correct odoo.update.modules in the tenant's file"
  touch "$stopped"
  scale "${PAGE:+$PAGE }$NONE" # the maintenance page first, where the platform has one
  quiet=0 until=$((SECONDS + WAIT_SECONDS))  # pods that end may still begin something
  while [ "$quiet" -lt 3 ]; do
    # Autovacuum is nobody's session: it has no user, and may take longer than this waits. A report's login only reads
    # (reader_login.sh), and its programs stay connected.
    busy=$(ask "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
      AND usename <> 'reader_' || current_user")
    if [ "$busy" = 0 ]; then
      quiet=$((quiet + 1))
    else
      quiet=0
      [ "$SECONDS" -lt "$until" ] || cannot "$busy sessions still work with $PGDATABASE after $WAIT_SECONDS seconds, though its pods were stopped: a backup, a report, or somebody with psql"
    fi
    run sleep "$PAUSE_SECONDS"
  done
}

backup() {
  if [ -z "$BACKUP" ]; then echo "its offer has no dumps: none was made"; return; fi
  run /bin/bash -euo pipefail -c "$BACKUP"
}

update() {
  # The role's own limits are for requests.
  export PGOPTIONS='-c statement_timeout=0 -c idle_in_transaction_session_timeout=0'
  note update-began
  code=0
  run timeout --kill-after=30 "$MOST_SECONDS" odoo --config="$conf" --update="$MODULES" --stop-after-init --no-http --workers=0 --max-cron-threads=0 || code=$?
  [[ "$code" != 124 && "$code" != 137 ]] || cannot "the update of modules $MODULES took more than $((MOST_SECONDS / 60)) minutes and was ended"
  [ "$code" = 0 ] || cannot "the update of modules $MODULES ended with $code; Odoo's log above says why"
  unfinished=$(waiting)
  [ -z "$unfinished" ] || cannot "the update of modules $MODULES did not end: $unfinished; Odoo's log above says why"
  note update
  echo "update $NUMBER: modules $MODULES are up to date"
}

case "$STEP" in
  stop) stop ;;
  backup) backup ;;
  update) update ;;
esac
