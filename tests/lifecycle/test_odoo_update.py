"""The update of modules on a real server: whoever fails, or is ended, leaves pods that run, and whole data.

The stand-in for `odoo` does with the database what Odoo does: it marks modules, commits each by itself, and
ignores names that it does not know. It fails where a pod works beside it, and where no backup was made.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from components.scripts import script
from components.tenant.rotation import reader_role
from tests.lifecycle.hostile import answered, connect
from tests.lifecycle.odoo import DATABASE
from tests.lifecycle.pods import TENANT, Pods, keeping
from tests.postgres import NEWEST_SOLD, give

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("server", [NEWEST_SOLD], indirect=True)]

RUNNING: Final = {"acme-web": 2, "acme-cron": 1}
STOPPED: Final = dict.fromkeys(RUNNING, 0)
# As the API server and curl: a Scale leaves out replicas of 0, who may not ask is refused, the body is shown,
# and `--fail-with-body` ends with 22. What is scaled to nothing ends its sessions.
CURL: Final = r"""#!/bin/bash
set -euo pipefail
method=GET written= data= url= token=
while [ $# -gt 0 ]; do
  case "$1" in
    --request) method=$2; shift ;;
    --data) data=$2; shift ;;
    --write-out) written=yes; shift ;;
    --header) case "$2" in @*) token=$(cat "${2#@}") ;; esac; shift ;;
    --cacert|--retry|--max-time) shift ;;
    http*) url=$1 ;;
  esac
  shift
done
end() { echo "$2"; [ -z "$written" ] || printf '\n%s' "$1"; [ "$1" -lt 400 ] || exit 22; exit 0; }
[ "$token" = "Authorization: Bearer secret" ] || end 401 unauthorized
name=${url##*/deployments/}
name=${name%%/scale*}
file=@@/deployments/$name
[ -e "$file" ] || end 404 "deployments.apps $name not found"
if [ "$method" = PATCH ]; then
  count=${data##*:}
  count=${count%%\}*}
  echo "$name=$count" >>"@@/scaled"
  echo "$count" >"$file"
  [ "$count" != 0 ] || [ -e "@@/stays" ] || psql -qAt >/dev/null -c "SELECT pg_terminate_backend(pid)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user"
fi
[ "$(cat "$file")" = 0 ] && spec='{}' || spec="{\"replicas\": $(cat "$file")}"
end 200 "{\"kind\": \"Scale\", \"spec\": $spec}"
"""
ODOO: Final = r"""#!/bin/bash
set -euo pipefail
echo "$*" >>"@@/calls"
modules=
for each; do case "$each" in --update=*) modules=${each#*=} ;; esac; done
case "$*" in
  *--stop-after-init*--no-http*--workers=0*--max-cron-threads=0) ;;
  *) exit 9 ;;
esac
for each in "@@"/deployments/*; do [ "$(cat "$each")" = 0 ] || { echo "a pod works too" >&2; exit 8; }; done
[ -e "@@/no-dumps" ] || ls "@@/bucket/manifests/acme" | grep -q json || { echo "no backup" >&2; exit 7; }
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 -c "$1"; }
[ "$(ask "SHOW statement_timeout")" = 0 ] || exit 6
known=$(ask "SELECT name FROM ir_module_module WHERE state IN ('installed', 'to upgrade')
  AND ('$modules' = 'all' OR name = ANY (string_to_array('$modules', ',')) OR state = 'to upgrade')
  ORDER BY name")
for each in $known; do ask "UPDATE ir_module_module SET state = 'to upgrade' WHERE name = '$each'"; done
for each in $known; do
  [ ! -e "@@/slow" ] || sleep 30
  if [ -e "@@/breaks" ] && [ "$each" = "$(cat "@@/breaks")" ]; then echo "CRITICAL Failed" >&2; exit 255; fi
  ask "UPDATE ir_module_module SET state = 'installed', latest_version = '18.0.2.0' WHERE name = '$each'"
done
"""


class Place:
    """The tenant's Deployments, its Odoo, and its database with a session of a pod in it."""

    def __init__(self, pods: Pods) -> None:
        self.pods, self.folder = pods, pods.folder
        for name, text in (("curl", CURL), ("odoo", ODOO)):
            tool = self.folder / "tools" / name
            tool.write_text(text.replace("@@", str(self.folder)), encoding="utf-8")
            tool.chmod(0o755)
        (self.folder / "token").write_text("secret", encoding="utf-8")
        (self.folder / "deployments").mkdir()
        for name, count in RUNNING.items():
            (self.folder / "deployments" / name).write_text(str(count), encoding="utf-8")
        self.ask("CREATE TABLE IF NOT EXISTS ir_config_parameter (key varchar UNIQUE, value text)")
        give(self.folder)

    def ask(self, sql: str) -> str:
        return self.pods.server.ask(sql, **TENANT)

    def session(self) -> subprocess.Popen[bytes]:
        """A session of a pod; it ends with the pod."""
        kept = self.pods.server.connection(TENANT["user"], TENANT["password"], DATABASE)
        held = subprocess.Popen(
            [str(self.pods.server.programs / "psql"), "-qc", "SELECT pg_sleep(60)"],
            env=kept,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while self.sessions() != 1:
            time.sleep(0.02)
        return held

    def sessions(self) -> int:
        """How many work with its database."""
        known = "SELECT count(*) FROM pg_stat_activity WHERE datname"
        return int(self.pods.server.ask(f"{known} = '{DATABASE}'"))

    def environment(self, step: str, **more: str) -> dict[str, str]:
        return {
            "STEP": step,
            "DEPLOYMENTS": " ".join(f"{name}={count}" for name, count in sorted(RUNNING.items())),
            "NONE": " ".join(f"{name}=0" for name in sorted(RUNNING)),
            "NAMESPACE": "odoo-production",
            "ACCESS": str(self.folder),
            "SCALE": script("scale.sh"),
            "NUMBER": "1",
            "MODULES": "account",
            "MOST_SECONDS": "60",
            "WAIT_SECONDS": "20",
            "PAUSE_SECONDS": "0.05",
            "BACKUP": script("backup.sh") if step == "backup" else "",
            **more,
        }

    def run(self, **more: str) -> subprocess.CompletedProcess[str]:
        """The containers of the pod, until one fails; a pod begins with an empty scratch directory."""
        for left in self.folder.glob("update-*"):
            left.unlink()
        said = ""
        for step in ("stop", "backup", "update"):
            done = self.pods.run(script("odoo_update.sh"), **self.environment(step, **more))
            said += done.stdout + done.stderr
            if done.returncode:
                break
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout, said)

    def start(self, step: str, **more: str) -> subprocess.Popen[str]:
        return self.pods.start(script("odoo_update.sh"), **self.environment(step, **more))

    @property
    def running(self) -> dict[str, int]:
        """The pods of each Deployment."""
        return {path.name: int(path.read_text()) for path in (self.folder / "deployments").iterdir()}

    @property
    def scaled(self) -> list[str]:
        return self._lines("scaled")

    @property
    def calls(self) -> list[str]:
        return self._lines("calls")

    @property
    def states(self) -> str:
        """The installed modules, or what waits."""
        return self.ask("SELECT string_agg(name || ' ' || state, ', ' ORDER BY name) FROM ir_module_module")

    @property
    def made(self) -> str:
        mine = f"'costack.update.{DATABASE}'"
        return self.ask(f"SELECT max(value) FROM ir_config_parameter WHERE key = {mine}")  # noqa: S608 - made here

    def flag(self, name: str, text: str = "") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def _lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


BEFORE: Final = "account installed, base installed, sale uninstalled"


@pytest.fixture
def place(pods: Pods) -> Iterator[Place]:
    with pods.copied() as other, keeping(other) as put_back:
        put_back()
        yield Place(other)


def test_modules_are_updated_after_a_backup_while_nobody_works(place: Place) -> None:
    held = place.session()
    done = place.run()
    assert done.returncode == 0, done.stderr
    assert held.wait(5) != 0
    assert place.scaled == ["acme-cron=0", "acme-web=0"]
    assert place.running == STOPPED  # the update of the Deployments starts them
    assert (place.made, place.states) == ("1", BEFORE)
    assert len(place.calls) == 1
    assert "--update=account --stop-after-init" in place.calls[0]
    assert place.ask("SELECT latest_version FROM ir_module_module WHERE name = 'account'") == "18.0.2.0"
    again = place.run()
    assert (again.returncode, again.stderr.splitlines()[0]) == (0, "update 1 of modules was made before")
    assert len(place.calls) == 1
    higher = place.run(NUMBER="2", MODULES="all")
    assert higher.returncode == 0, higher.stderr
    assert (place.made, len(place.calls)) == ("2", 2)


@pytest.mark.whole("what is declared is tried in every run (tests/components/tenant/test_maintenance.py)")
def test_a_page_answers_from_before_the_pods_stop_until_they_start(place: Place) -> None:
    page = place.folder / "deployments" / "acme-maintenance"
    page.write_text("0", encoding="utf-8")
    told = {"PAGE": "acme-maintenance=1", "NO_PAGE": "acme-maintenance=0"}
    assert place.run(**told).returncode == 0
    assert place.scaled == ["acme-maintenance=1", "acme-cron=0", "acme-web=0"]
    assert place.running == {**STOPPED, "acme-maintenance": 1}
    # The update of the Deployments starts the pods, and the job after it stops the page.
    (place.folder / "deployments" / "acme-web").write_text("4", encoding="utf-8")
    given = place.environment("start", FROM_ZERO="yes")
    given["DEPLOYMENTS"] += " acme-maintenance=0"
    assert place.pods.run(script("scale.sh"), **given).returncode == 0
    assert place.running == {"acme-web": 4, "acme-cron": 1, "acme-maintenance": 0}
    place.flag("breaks", "account")
    assert place.run(NUMBER="2", **told).returncode == 1
    assert place.running == {**RUNNING, "acme-maintenance": 0}


def test_an_update_that_fails_starts_the_pods_again_and_goes_on_later(place: Place) -> None:
    breaks = place.flag("breaks", "base")
    done = place.run(MODULES="account,base")
    assert done.returncode == 1
    assert "the update of modules account,base ended with 255; Odoo's log above says why" in done.stderr
    assert done.stderr.rstrip().endswith(
        "update 1 of modules failed in its step update: the pods of before were started again, with the "
        "image of before"
    )
    assert (place.running, place.made) == (RUNNING, "")
    assert place.states == "account installed, base to upgrade, sale uninstalled"
    breaks.unlink()
    assert place.run(MODULES="account,base").returncode == 0
    assert (place.running, place.made, place.states) == (STOPPED, "1", BEFORE)


@pytest.mark.whole("one that fails is tried in every run")
def test_an_update_that_takes_too_long_is_ended(place: Place) -> None:
    place.flag("slow")
    done = place.run(MOST_SECONDS="1")
    assert done.returncode == 1
    assert "the update of modules account took more than 0 minutes and was ended" in done.stderr
    assert place.running == RUNNING


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("spoil", "more", "said"),
    [
        ("SELECT 1", {"MODULES": "account,sale,crm"}, "are not installed in odoo_acme: sale, crm; nothing"),
        (
            "UPDATE ir_module_module SET state = 'to install' WHERE name = 'sale'",
            {},
            "an installation or update of modules did not end (sale is 'to install'): nothing was stopped",
        ),
        ("DROP TABLE ir_config_parameter", {}, 'relation "ir_config_parameter" does not exist'),
    ],
)
def test_what_cannot_be_updated_stops_nobody(
    place: Place, spoil: str, more: dict[str, str], said: str
) -> None:
    place.ask(spoil)
    done = place.run(**more)
    assert done.returncode != 0
    assert said in done.stderr
    assert (place.scaled, place.calls, place.running) == ([], [], RUNNING)


def test_a_server_that_does_not_answer_is_no_tenant_without_odoo(place: Place) -> None:
    conf = place.folder / "odoo.conf"
    conf.write_text(conf.read_text(encoding="utf-8").replace(TENANT["password"], "wrong"), encoding="utf-8")
    assert place.run().returncode != 0
    assert (place.scaled, place.calls) == ([], [])


@pytest.mark.whole("what cannot be updated is tried in every run")
def test_where_odoo_was_never_installed_there_is_nothing_to_update(place: Place) -> None:
    place.ask("DROP TABLE ir_module_module")
    done = place.run()
    assert done.returncode == 0, done.stderr
    assert (place.scaled, place.calls) == ([], [])


@pytest.mark.whole("an update that fails starts them by the same lines")
def test_a_backup_that_fails_starts_the_pods_again(place: Place) -> None:
    (place.folder / "tools" / "pg_dump").write_text("#!/bin/bash\nexit 3\n", encoding="utf-8")
    (place.folder / "tools" / "pg_dump").chmod(0o755)
    done = place.run()
    assert done.returncode != 0
    assert "update 1 of modules failed in its step backup" in done.stderr
    assert (place.running, place.calls) == (RUNNING, [])


@pytest.mark.whole("an update with a backup is tried in every run")
def test_a_tenant_without_dumps_is_updated_without_one(place: Place) -> None:
    place.flag("no-dumps")
    done = place.run(BACKUP="")
    assert done.returncode == 0, done.stderr
    assert "its offer has no dumps: none was made" in done.stderr


@pytest.mark.whole("pods that end are waited for in every run")
def test_somebody_who_goes_on_working_is_not_worked_beside(place: Place) -> None:
    held = place.session()
    place.flag("stays")
    try:
        done = place.run(WAIT_SECONDS="0")
    finally:
        held.kill()
        held.wait()
    assert done.returncode == 1
    assert "1 sessions still work with odoo_acme after 0 seconds, though its pods were stopped" in done.stderr
    assert (place.running, place.calls) == (RUNNING, [])


@pytest.mark.whole("a rarer case than those that are tried here")
def test_a_report_that_stays_connected_stops_no_update(place: Place) -> None:
    server, reader = place.pods.server, reader_role(TENANT["user"])
    server.ask(f"CREATE ROLE {reader} LOGIN PASSWORD 'reads'")
    place.ask(f"GRANT CONNECT ON DATABASE {DATABASE} TO {reader}")
    try:
        with ExitStack() as stack:
            login = {"user": reader, "password": "reads", "database": DATABASE}
            assert answered(connect(server, login, stack)) == "here"
            done = place.run(WAIT_SECONDS="0")
        assert done.returncode == 0, done.stderr
        assert place.made == "1"
    finally:
        place.ask(f"REVOKE CONNECT ON DATABASE {DATABASE} FROM {reader}")
        server.ask(f"DROP ROLE {reader}")


@pytest.mark.whole("the jobs are tried with all Deployments in every run")
def test_deployments_that_are_not_there_yet_are_none_to_stop(place: Place) -> None:
    (place.folder / "deployments" / "acme-cron").unlink()
    done = place.run()
    assert done.returncode == 0, done.stderr
    assert "acme-cron: is not there" in done.stderr


@pytest.mark.whole("one that fails is tried in every run")
def test_who_may_not_scale_says_so_and_updates_nothing(place: Place) -> None:
    place.flag("token", "of somebody else")
    done = place.run()
    assert done.returncode == 22
    assert "unauthorized" in done.stderr
    assert done.stderr.rstrip().endswith(
        "its pods could not be started again: scale them by hand in namespace odoo-production: acme-cron=1 "
        "acme-web=2"
    )
    assert (place.running, place.calls) == (RUNNING, [])


@pytest.mark.whole("one that fails goes on later: tried here")
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGKILL, marks=pytest.mark.whole("SIGTERM is tried in every run")),
    ],
)
def test_an_update_that_is_ended_on_its_way_is_made_later(place: Place, number: signal.Signals) -> None:
    """Kubernetes ends pods by SIGTERM first: then their pods start again. A node that dies says nothing."""
    slow = place.flag("slow")
    for step in ("stop", "backup"):
        done = place.start(step)
        told = done.communicate()
        assert done.returncode == 0, told
    process = place.start("update")
    while not place.calls:
        time.sleep(0.02)
    if number == signal.SIGTERM:
        process.terminate()
        _, said = process.communicate()
        assert process.returncode == 143
        assert "the pods of before were started again" in said
    else:
        # All of the pod's processes, those in a group of their own too.
        subprocess.run(["/usr/bin/pkill", "-KILL", "--session", str(process.pid)], check=True)
        process.communicate()
    assert place.running == (RUNNING if number == signal.SIGTERM else STOPPED)
    slow.unlink()
    assert not place.sessions()
    assert place.run().returncode == 0
    assert (place.running, place.made, place.states) == (STOPPED, "1", BEFORE)


@pytest.mark.sample(1)
@pytest.mark.parametrize(("there", "left"), [(0, 2), (1, 1), (4, 4)])
def test_only_pods_that_nobody_started_are_started(place: Place, there: int, left: int) -> None:
    (place.folder / "deployments" / "acme-web").write_text(str(there), encoding="utf-8")
    done = place.pods.run(script("scale.sh"), **place.environment("start", FROM_ZERO="yes"))
    assert done.returncode == 0, done.stderr
    assert place.running == {"acme-web": left, "acme-cron": 1}


@pytest.mark.whole("a database that was brought from elsewhere")
def test_what_was_updated_elsewhere_is_not_taken_for_ones_own(place: Place) -> None:
    """A copy of another tenant brings along its numbers."""
    place.ask("INSERT INTO ir_config_parameter VALUES ('costack.update.odoo_other', '7')")
    done = place.run(NUMBER="2")
    assert done.returncode == 0, done.stderr
    assert (place.made, len(place.calls)) == ("2", 1)


def test_odoo_does_not_run_on_a_copy_that_was_not_made_harmless(place: Place) -> None:
    for known in ({}, {"database.is_neutralized": "true"}, {"costack.copy": "odoo_other"}):
        for key, value in known.items():
            place.ask(f"INSERT INTO ir_config_parameter VALUES ('{key}', '{value}')")  # noqa: S608 - from above
        done = place.run(NEUTRALISED="yes")
        assert (done.returncode, place.calls, place.scaled) == (0, [], [])
        assert "is a copy that was not made harmless yet: its modules are not updated" in done.stderr
    own = f"SET value = '{DATABASE}' WHERE key = 'costack.copy'"
    place.ask(f"UPDATE ir_config_parameter {own}")
    assert place.run(NEUTRALISED="yes").returncode == 0
    assert (place.made, len(place.calls)) == ("1", 1)


@pytest.mark.whole("a line that somebody took back by hand")
def test_a_lower_number_is_not_passed_over_without_a_word(place: Place) -> None:
    """The section may have been out of the file meanwhile: then nothing else knows of the higher one."""
    assert place.run(NUMBER="3").returncode == 0
    done = place.run(NUMBER="2")
    assert (done.returncode, len(place.calls), len(place.scaled)) == (1, 1, 2)
    assert "update 3 of modules was made in odoo_acme, and the tenant's file has number 2" in done.stderr
    assert done.stderr.rstrip().endswith("write 3, or 4 to update once more")
