"""The containers of the job that upgrades a tenant's side database, run here as their pod runs them.

The command and the set-up of a copy are stand-ins that do with a database what Odoo does. What Kubernetes
mounts in the place of the tenant's own odoo.conf and files has its place here, too.
"""

from __future__ import annotations

import json
from typing import Any, Final

from components.scripts import script
from tests.lifecycle.odoo import DATABASE
from tests.lifecycle.pods import TENANT, Pods
from tests.lifecycle.side import COMMAND_LOGIN, SIDE
from tests.postgres import give

MAIN: Final = "account_move res_users crm_lead"
TO: Final = "19.0"
WORK: Final = "upgrading"
"""The folder that stands for the volume of what was prepared."""
# Each container in a shell of its own, with empty volumes, as when a pod begins.
_POD: Final = r"""
rm -rf "$FETCHED" "$RESTORED" "$SIDE" "$STOOD"
mkdir "$FETCHED" "$RESTORED" "$SIDE" "$STOOD"
for step in fetch fill report ready before neutralise; do
  name=STEP_$step
  bash -euo pipefail -c "${!name}"
done
bash -euo pipefail -c "$STEP_upgrade" upgrade $COMMAND
bash -euo pipefail -c "$STEP_after"
"""
# Odoo's own command: it marks the copy, and switches servers off.
_ODOO: Final = r"""#!/bin/bash
set -euo pipefail
[ "$1" = neutralize ] || exit 9
database=
for each; do case "$each" in --database=*) database=${each#*=} ;; esac; done
export PGDATABASE=$database
psql --no-psqlrc -qAt --set=ON_ERROR_STOP=1 <<'SQL'
INSERT INTO ir_config_parameter VALUES ('database.is_neutralized', 'true') ON CONFLICT (key) DO NOTHING;
UPDATE ir_mail_server SET active = false;
SQL
"""
# As an upgrade does: new versions, a column, rows and a file more; with `break` it ends in its middle,
# and with `bare` it leaves no file.
_UPGRADES: Final = r"""#!/bin/bash
set -euo pipefail
[ "$(basename "$ODOO_RC")" = odoo.conf ] && grep -q "^db_name = $PGDATABASE$" "$ODOO_RC"
psql --no-psqlrc -qAt --set=ON_ERROR_STOP=1 >/dev/null <<'SQL'
ALTER TABLE account_move ADD COLUMN checked boolean;
UPDATE account_move SET checked = true;
UPDATE ir_module_module SET state = 'to upgrade' WHERE state = 'installed';
INSERT INTO ir_module_module (name, state, latest_version) VALUES ('html_editor', 'installed', '19.0.1.0');
SQL
# Whose data people work with, as a command that names it by mistake would say: none of it may go well.
attack() {
  local into=$1; shift
  if psql --no-psqlrc -qAt --dbname="$into" "$@" 2>>@@data/attacks; then echo "went well: $*" >&2; exit 7; fi
}
case "${1:-}" in
  attack)
    attack odoo_acme -c "DROP TABLE account_move"
    for each in "DROP DATABASE odoo_acme" "ALTER DATABASE odoo_acme RENAME TO gone" \
        "ALTER DATABASE odoo_acme SET search_path = nowhere" "COMMENT ON DATABASE odoo_acme IS 'mine'" \
        "DROP DATABASE $PGDATABASE WITH (FORCE)" "SET ROLE t_acme" "ALTER ROLE t_acme PASSWORD 'known'" \
        "GRANT t_acme TO CURRENT_USER" "CREATE DATABASE another" "CREATE ROLE another"; do
      attack postgres -c "$each"
    done
    ;;
  break) echo "CRITICAL no such view" >&2; exit 3 ;;
  slow) sleep 60 ;;
  lose) psql -q -c "DELETE FROM account_move WHERE id > 2990" ;;
esac
sum=$(printf 'made by the upgrade' | sha1sum | cut -d' ' -f1)
folder=@@data/filestore/$PGDATABASE/${sum:0:2}
mkdir -p "$folder"
printf 'made by the upgrade' >"$folder/$sum"
printf 'of another content' >"$folder/${sum:0:2}$(printf '0%.0s' {1..38})"
find "@@data/filestore/$PGDATABASE" -type l | head -1 | xargs rm
psql --no-psqlrc -qAt --set=ON_ERROR_STOP=1 <<SQL
INSERT INTO ir_attachment (name, store_fname) VALUES ('new', '${sum:0:2}/$sum');
UPDATE ir_module_module SET state = 'installed', latest_version = '19.0.1.0'
 WHERE state IN ('to upgrade', 'installed');
SQL
[ "${1:-}" != bare ] || rm -rf "@@data/filestore/$PGDATABASE"/??
"""


def equip(pods: Pods) -> None:
    """Give the pods what upgrades, and the database what a copy is neutralised by."""
    for name, text in (("odoo", _ODOO), ("upgrades", _UPGRADES)):
        tool = pods.folder / "tools" / name
        tool.write_text(text.replace("@@data", str(pods.folder / WORK / "data")), encoding="utf-8")
        tool.chmod(0o755)
    pods.server.ask(
        "CREATE TABLE ir_config_parameter (key varchar UNIQUE, value text);"
        "CREATE TABLE ir_mail_server (id serial PRIMARY KEY, name varchar, smtp_host varchar, "
        "active boolean);"
        "INSERT INTO ir_mail_server (name, smtp_host, active) VALUES ('real', 'mail.example.com', true);",
        **TENANT,
    )
    give(pods.folder)


def environment(pods: Pods, mode: str, **more: str) -> dict[str, str]:
    """What the containers get: a rehearsal's, or those of an upgrade of the backup with the mark LAST."""
    work = pods.folder / WORK
    own = {"/etc/odoo/odoo.conf": f"{work}/%s/odoo.conf", "/var/lib/odoo": f"{work}/data"}

    def seen(text: str, part: str) -> str:
        for place, here in own.items():
            text = text.replace(place, here.replace("%s", part))
        return text

    return {
        **{
            f"STEP_{step}": script(name)
            for step, name in (
                ("fetch", "restore_test_fetch.sh"),
                ("fill", "side_database_fill.sh"),
                ("report", "restore_test_report.sh"),
                ("ready", "side_database_ready.sh"),
                ("before", "odoo_upgrade_before.sh"),
                ("after", "odoo_upgrade_after.sh"),
            )
        },
        "STEP_neutralise": script("odoo_upgrade_neutralise.sh"),
        "STEP_upgrade": seen(script("odoo_upgrade_command.sh"), "target"),
        "NEUTRALISE": "yes",
        "NEUTRALISED": seen(script("neutralised.sh"), "present"),
        "SETUP_JOB": "",
        "STAND": script("odoo_upgrade_stand.sh"),
        "REHEARSES": "yes" if mode == "rehearsal" else "no",
        "FETCHED": str(pods.folder / "fetched"),
        "RESTORED": str(pods.folder / "restored"),
        "SIDE": str(work),
        "STOOD": str(pods.folder / "stood"),
        "FILES": str(pods.folder / "odoo"),
        "SIDE_DATABASE": SIDE,
        "COMMAND_LOGIN": COMMAND_LOGIN,
        "MARK": "m1",
        "OPTIONS": "addons_path = /mnt/new\nserver_wide_modules = base,web\n",
        "VERSION": "18.0",
        "COMMAND": "upgrades",
        "COMMAND_IMAGE": "registry.example.com/upgrade",
        "MAY_LOSE_ROWS": "",
        "MAIN_TABLES": MAIN,
        "MOST_SECONDS": "50",
        **more,
    }


def pod(pods: Pods) -> str:
    """The script that runs the containers; the last one judges by the version to come."""
    del pods
    return _POD.replace('"$STEP_after"', f'"VERSION={TO}; $STEP_after"')


def run(pods: Pods, mode: str, **more: str) -> Any:
    """Run them to the end."""
    return pods.run(pod(pods), **environment(pods, mode, **more))


def result(stdout: str) -> dict[str, Any]:
    """What the last container has found."""
    found: dict[str, Any] = json.loads(stdout.strip().splitlines()[-1])
    return found


def asked(pods: Pods, sql: str, database: str = DATABASE) -> str:
    """What a database of the tenant answers."""
    return pods.server.ask(sql, **{**TENANT, "database": database})
