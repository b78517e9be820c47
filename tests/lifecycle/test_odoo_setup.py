"""The set-up of Odoo and the gate before copies, on a real server, with a stand-in for the command `odoo`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from components.scripts import script
from tests.lifecycle import pods as lifecycle_pods
from tests.lifecycle.odoo import DATABASE, PASSWORD, ROLE
from tests.lifecycle.pods import TENANT, Pods, set_up
from tests.postgres import OWNER, Server, give, programs, running_server, scratch

pytestmark = pytest.mark.postgres

MODULES: Final = """
CREATE TABLE ir_module_module (name varchar PRIMARY KEY, state varchar, latest_version varchar);
CREATE TABLE ir_attachment (store_fname varchar);
CREATE TABLE ir_config_parameter (key varchar PRIMARY KEY, value text);
CREATE TABLE ir_mail_server (id serial PRIMARY KEY, name varchar, smtp_host varchar, active boolean);
CREATE TABLE ir_cron (id serial PRIMARY KEY, active boolean);
CREATE TABLE ir_model_data (model varchar, module varchar, name varchar, res_id integer);
INSERT INTO ir_cron (active) VALUES (true), (true);
INSERT INTO ir_model_data VALUES ('ir.cron', 'base', 'autovacuum_job', 1);
INSERT INTO ir_mail_server (name, smtp_host, active) VALUES ('ours', 'mail.example.com', true);
"""
SETUP_JOB: Final = "--namespace odoo-staging --selector app.kubernetes.io/component=odoo-setup"
AGAIN: Final = f"run `kubectl delete job {SETUP_JOB}`, then `pulumi up --refresh`"
INSTALLED: Final = "INSERT INTO ir_module_module VALUES ('base', 'installed'), ('web', 'installed');"
KILLED: Final = "INSERT INTO ir_module_module VALUES ('base', 'installed'), ('web', 'to install');"
GOES_ON: Final = "UPDATE ir_module_module SET state = 'installed';"
# What Odoo's own command does with what these tables hold.
NEUTRALIZE: Final = """
UPDATE ir_mail_server SET active = false;
INSERT INTO ir_mail_server (name, smtp_host, active) VALUES ('neutralization', 'invalid', true);
UPDATE ir_cron SET active = false WHERE id NOT IN (SELECT res_id FROM ir_model_data);
INSERT INTO ir_config_parameter VALUES ('database.is_neutralized', 'true')
    ON CONFLICT (key) DO UPDATE SET value = 'true';
"""
OWN: Final = (
    "INSERT INTO ir_config_parameter SELECT 'costack.copy', current_database() ON CONFLICT DO NOTHING;"
)
ODOO: Final = """#!/bin/bash
echo "$*" >>"@/calls"
case "$*" in
  neutralize*) psql -qc "$(cat @/neutralize.sql)" ;;
  shell*) cat >"@/settings"; [ ! -e "@/refuses" ] || exit 1; psql -qc "$(cat @/settle.sql)" ;;
  *--init=base*) psql -qc "$(cat @/install.sql)" ;;
  *) exit 9 ;;
esac
"""


class Place:
    """A tenant whose database is there and empty."""

    def __init__(self, pods: Pods) -> None:
        self.pods, self.folder = pods, pods.folder
        self.write(install=MODULES + INSTALLED, neutralize=NEUTRALIZE, settle=OWN)
        addons = pods.folder / "addons"
        (addons / "session_redis").mkdir(parents=True)
        (addons / "session_redis" / "__manifest__.py").touch()
        self.conf(addons)
        give(pods.folder)

    def write(self, **texts: str) -> None:
        """What the stand-in does with the database."""
        for name, text in texts.items():
            (self.folder / f"{name}.sql").write_text(text, encoding="utf-8")

    def conf(self, addons: Path) -> None:
        path = self.folder / "odoo.conf"
        kept = [line for line in path.read_text(encoding="utf-8").splitlines() if "addons_path" not in line]
        path.write_text("\n".join([*kept, f"addons_path = {addons}", ""]), encoding="utf-8")

    def ask(self, sql: str) -> str:
        return self.pods.server.ask(sql, **TENANT)

    def set_up(
        self, *, copy: bool = False, version: str = "18.0", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the job, as it is declared for production or for a copy."""
        return self.pods.run(
            script("odoo_setup.sh"),
            NEUTRALISE="yes" if copy else "no",
            VERSION=version,
            SETTINGS="the settings",
            NEUTRALISED=self.here(script("neutralised.sh")),
            SETUP_JOB=SETUP_JOB,
            **more,
        )

    def gate(self) -> subprocess.CompletedProcess[str]:
        """Run what stands before the pods of a copy."""
        return self.pods.run(script("neutralised.sh"), SETUP_JOB=SETUP_JOB)

    def here(self, text: str) -> str:
        return text.replace("/etc/odoo/odoo.conf", str(self.folder / "odoo.conf"))

    @property
    def calls(self) -> list[str]:
        """The commands of Odoo that were called, each by what it is for."""
        path = self.folder / "calls"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [next(word for word in ("init", "shell", "neutralize") if word in line) for line in lines]

    def owned_by(self, owner: str) -> None:
        """Whose the directory is."""
        (self.folder / "odoo" / ".costack-owner").write_text(owner, encoding="utf-8")
        give(self.folder / "odoo")

    @property
    def remembered(self) -> bool:
        return (self.folder / "odoo" / ".costack-server").exists()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


@pytest.fixture
def place(server: Server) -> Iterator[Place]:
    with scratch() as folder:
        pods = Pods(server, folder)
        for name in ("tools", "bucket", "odoo"):
            (folder / name).mkdir()
        lifecycle_pods.equip(pods)
        tool = folder / "tools" / "odoo"
        tool.write_text(ODOO.replace("@", str(folder)), encoding="utf-8")
        tool.chmod(0o755)
        assert set_up(pods, ROLE, DATABASE, PASSWORD).returncode == 0
        try:
            yield Place(pods)
        finally:
            server.ask(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def test_an_empty_database_is_installed_and_settled(place: Place) -> None:
    done = place.set_up()
    assert done.returncode == 0, done.stderr
    assert place.calls == ["init", "shell"]
    assert (place.folder / "settings").read_text(encoding="utf-8") == "the settings\n"
    assert place.remembered


def test_a_database_that_is_whole_is_settled_only(place: Place) -> None:
    place.ask(MODULES + INSTALLED)
    assert place.set_up().returncode == 0
    assert place.calls == ["shell"]


def test_a_database_that_a_failover_closed_is_set_up_later_and_ends_no_update(place: Place) -> None:
    """Months may pass there: a new build of Odoo, or of this program, must not fail at it."""
    place.ask(MODULES + INSTALLED)
    for said in ("fencing m1", "fenced m1", "handed m1"):
        closed = f"ALTER DATABASE {DATABASE} CONNECTION LIMIT 0"
        place.pods.server.ask(f"COMMENT ON DATABASE {DATABASE} IS 'costack: {said}'; {closed}")
        for done in (set_up(place.pods, ROLE, DATABASE, PASSWORD), place.set_up()):
            assert done.returncode == 0, done.stderr
            assert "is closed by a failover: nothing is set up in it" in done.stdout
    assert place.calls == []
    limit = f"SELECT datconnlimit FROM pg_database WHERE datname = '{DATABASE}'"  # noqa: S608
    assert place.pods.server.ask(limit) == "0"


@pytest.mark.sample(1)
@pytest.mark.parametrize(("written", "stops"), [("18.0.1.3", False), ("17.0.1.3", True), ("19.0.1.3", True)])
def test_a_database_of_another_major_version_is_not_touched(
    place: Place, written: str, *, stops: bool
) -> None:
    place.ask(MODULES + INSTALLED)
    place.ask(f"UPDATE ir_module_module SET latest_version = '{written}'")  # noqa: S608 - a version from above
    done = place.set_up(version="18.0")
    assert bool(done.returncode) is stops
    assert place.calls == ([] if stops else ["shell"])
    if stops:
        assert done.stderr.startswith(
            f"database {DATABASE} is of Odoo {written[:2]} ({written}), and the image of Odoo 18.0: nothing"
        )


@pytest.mark.sample(1)
@pytest.mark.parametrize(("written", "calls"), [("19.0.1.3", []), ("18.0.1.3", ["shell"])])
def test_on_the_way_back_from_an_upgrade_the_newer_database_is_left_alone(
    place: Place, written: str, calls: list[str]
) -> None:
    """It goes after this job; where it never took the place, the one of before is set up as always."""
    place.ask(MODULES + INSTALLED)
    place.ask(f"UPDATE ir_module_module SET latest_version = '{written}'")  # noqa: S608 - a version from above
    done = place.set_up(version="18.0", GOES_BACK="yes")
    assert (done.returncode, place.calls) == (0, calls), done.stderr


@pytest.mark.whole("a rarer case than those that are tried here")
@pytest.mark.parametrize("half", [KILLED, "INSERT INTO ir_module_module VALUES ('base', 'to install');", ""])
def test_a_first_set_up_that_was_killed_goes_on(place: Place, half: str) -> None:
    place.ask(MODULES + half)
    place.write(install=GOES_ON if half else INSTALLED)
    done = place.set_up()
    assert done.returncode == 0, done.stderr
    assert "did not end; this one goes on" in done.stdout
    assert place.calls == ["init", "shell"]


@pytest.mark.whole("a rarer case than those that are tried here")
def test_a_set_up_that_stays_half_fails_and_says_what_waits(place: Place) -> None:
    place.ask(MODULES + KILLED)
    place.write(install="SELECT 1")  # as Odoo, which logs an ERROR and ends with 0
    done = place.set_up()
    assert done.returncode == 1
    assert done.stderr.startswith(f"the set-up of database {DATABASE} did not end: web is 'to install'")
    assert (place.calls, place.remembered) == (["init"], False)


def test_where_people_work_nobody_is_disturbed(place: Place) -> None:
    place.ask(MODULES + KILLED + "CREATE TABLE res_users_log AS SELECT 1 AS id")
    done = place.set_up()
    assert done.returncode == 1
    assert (
        "an installation or update of modules did not end (web is 'to install'): end or cancel it"
        in done.stderr
    )
    assert place.calls == []


def test_an_empty_database_beside_the_data_is_not_worked_with(place: Place) -> None:
    """The tier was changed without `move`: the directory remembers the server where the data is."""
    remembered = place.folder / "odoo" / ".costack-server"
    remembered.write_text("the old server", encoding="utf-8")
    place.owned_by(OWNER)
    done = place.set_up()
    assert done.returncode == 1
    assert done.stderr.startswith(f"database {DATABASE} on {place.pods.server.host} is empty, and the files")
    assert (remembered.read_text(encoding="utf-8"), place.calls) == ("the old server", [])
    place.ask(MODULES + INSTALLED)
    assert place.set_up().returncode == 0
    assert remembered.read_text(encoding="utf-8") == place.pods.server.host


@pytest.mark.whole("an empty database beside the data is tried here")
def test_an_empty_file_system_beside_the_files_is_not_worked_with(place: Place) -> None:
    place.ask(MODULES + INSTALLED)
    place.ask("INSERT INTO ir_attachment VALUES ('ab/abcd'), (NULL)")
    done = place.set_up()
    assert done.returncode == 1
    assert f"{DATABASE} names 1 files of it: the tier was changed without moving the files" in done.stderr
    (place.folder / "odoo" / "filestore" / DATABASE).mkdir(parents=True)
    assert place.set_up().returncode == 0


def test_a_directory_gets_its_owners_mark_before_anything_else(place: Place) -> None:
    place.write(install="SELECT 1")
    assert place.set_up().returncode == 1
    mark = place.folder / "odoo" / ".costack-owner"
    assert mark.read_text(encoding="utf-8") == OWNER
    place.write(install=MODULES + INSTALLED)
    assert place.set_up().returncode == 0


@pytest.mark.whole("a rarer case than those that are tried here")
def test_nobody_begins_with_the_files_of_somebody_else(place: Place) -> None:
    place.owned_by("local/newcomer/acme")
    done = place.set_up()
    assert done.returncode == 1
    assert f"belong to local/newcomer/acme, and this tenant is {OWNER}: nothing was changed" in done.stderr
    assert place.calls == []


@pytest.mark.whole("a first set-up that was killed goes on above")
def test_a_set_up_that_was_killed_while_it_marked_the_directory_goes_on(place: Place) -> None:
    """Between two lines: the new mark is written and has not its name yet."""
    odoo = place.folder / "odoo"
    half = odoo / ".costack-owner.new"
    half.write_text(OWNER[:5], encoding="utf-8")
    give(odoo)
    done = place.set_up()
    assert done.returncode == 0, done.stderr
    assert (odoo / ".costack-owner").read_text(encoding="utf-8") == OWNER
    assert not half.exists()


@pytest.mark.whole("the test above has files of somebody else")
def test_only_the_marks_own_new_name_is_no_file_of_somebody(place: Place) -> None:
    below = place.folder / "odoo" / "filestore" / ".costack-owner.new"
    below.parent.mkdir()
    below.touch()
    give(place.folder / "odoo")
    assert "holds 1 files without an owner's mark" in place.set_up().stderr


@pytest.mark.whole("test_owner has databases from before marks")
def test_files_from_before_marks_belong_to_a_database_from_before_marks(place: Place) -> None:
    left = place.folder / "odoo" / "filestore" / DATABASE / "ab" / "abcd"
    left.parent.mkdir(parents=True)
    left.touch()
    give(place.folder / "odoo")
    done = place.set_up()
    assert done.returncode == 1
    assert "holds 1 files without an owner's mark, and its database is younger than such marks" in done.stderr
    assert place.calls == []
    place.pods.server.ask(f"COMMENT ON ROLE {ROLE} IS NULL")
    assert set_up(place.pods, ROLE, DATABASE, PASSWORD).returncode == 0
    try:
        assert place.set_up().returncode == 0
        assert (place.folder / "odoo" / ".costack-owner").read_text(encoding="utf-8") == OWNER
    finally:
        place.pods.server.ask(f"COMMENT ON ROLE {ROLE} IS NULL")


@pytest.mark.whole("a mistake in an image, told as others are")
@pytest.mark.parametrize("there", [True, False])
def test_a_folder_of_addons_that_is_none_ends_the_job(place: Place, there: bool) -> None:  # noqa: FBT001
    shutil.rmtree(place.folder / "addons")
    if there:
        (place.folder / "addons" / "empty").mkdir(parents=True)
    done = place.set_up()
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"the Odoo image has no addons in {place.folder / 'addons'}: images.odoo.addons"
    )
    assert place.calls == []


@pytest.mark.whole("a mistake in an image, told as others are")
def test_what_odoo_cannot_load_ends_the_job_before_it_neutralises(place: Place) -> None:
    (place.folder / "refuses").touch()
    done = place.set_up(copy=True)
    assert done.returncode == 1
    assert (place.calls, place.remembered) == (["init", "shell"], False)


def test_a_server_that_does_not_answer_is_not_an_empty_database(place: Place) -> None:
    path = place.folder / "odoo.conf"
    path.write_text(path.read_text(encoding="utf-8").replace(PASSWORD, "wrong"), encoding="utf-8")
    for done in (place.set_up(), place.gate()):
        assert done.returncode != 0
    assert place.calls == []


REFUSING: Final = """#!/bin/bash
echo call >>"@/asked"
[ "$(wc -l <"@/asked")" -le %d ] || { echo "FATAL: too many connections for role" >&2; exit 2; }
exec %s "$@"
"""


def test_no_question_that_is_refused_opens_the_gate(place: Place) -> None:
    """PostgreSQL may turn away any of them: an unknown answer is none."""
    place.ask(MODULES + INSTALLED)
    assert place.set_up(copy=True).returncode == 0
    tool, asked = place.folder / "tools" / "psql", place.folder / "asked"
    real = programs(place.pods.clients) / "psql"

    def outcome(answered: int) -> int:
        tool.write_text((REFUSING % (answered, real)).replace("@", str(place.folder), 2), encoding="utf-8")
        tool.chmod(0o755)
        asked.unlink(missing_ok=True)
        return place.gate().returncode

    assert outcome(100) == 0
    needed = asked.read_text(encoding="utf-8").count("call")
    assert needed > 5
    assert all(outcome(answered) for answered in range(needed))
    assert outcome(needed) == 0


def test_a_database_without_odoo_is_no_copy(place: Place) -> None:
    done = place.gate()
    assert done.returncode == 1
    assert f"holds no Odoo: {AGAIN}" in done.stderr


def test_a_copy_is_neutralised_and_has_one_server_that_leads_nowhere(place: Place) -> None:
    place.ask(MODULES + INSTALLED)
    for _ in range(3):
        done = place.set_up(copy=True)
        assert done.returncode == 0, done.stderr
    assert place.ask("SELECT count(*) FROM ir_mail_server WHERE smtp_host = 'invalid'") == "1"
    assert place.ask("SELECT smtp_host FROM ir_mail_server WHERE active") == "invalid"
    assert place.gate().returncode == 0


@pytest.mark.sample(1)
@pytest.mark.parametrize("lacks", [NEUTRALIZE, OWN])
def test_what_was_never_neutralised_or_has_productions_identity_does_not_start(
    place: Place, lacks: str
) -> None:
    place.ask(MODULES + INSTALLED)
    place.ask(NEUTRALIZE if lacks == OWN else OWN)
    done = place.gate()
    assert done.returncode == 1
    assert "is not neutralised (flag" in done.stderr
    assert done.stderr.rstrip().endswith(f"): {AGAIN}")
    assert place.calls == []


HARMFUL: Final = {
    "mail servers": "INSERT INTO ir_mail_server (smtp_host, active) VALUES ('mail.example.com', true)",
    "servers of incoming mail": "CREATE TABLE fetchmail_server AS SELECT true AS active",
    "scheduled actions": "INSERT INTO ir_cron (active) VALUES (true)",
    "payment providers": "CREATE TABLE payment_provider AS SELECT 'enabled' AS state",
    "webhooks": "CREATE TABLE ir_act_server AS SELECT 'webhook' AS state, 'https://a.test' AS webhook_url",
    "paid services (IAP)": "CREATE TABLE iap_account AS SELECT 'a token' AS account_token",
}


@pytest.mark.sample(2)
@pytest.mark.parametrize("what", HARMFUL)
def test_what_a_copy_has_got_since_is_neutralised_again_or_named(place: Place, what: str) -> None:
    place.ask(MODULES + INSTALLED)
    assert place.set_up(copy=True).returncode == 0
    place.ask(HARMFUL[what])
    done = place.gate()
    assert f"has got 1 {what} since it was neutralised" in done.stdout
    if what in ("mail servers", "scheduled actions"):  # what the stand-in knows
        assert done.returncode == 0, done.stderr
    else:
        assert done.returncode == 1
        assert done.stderr.strip().endswith(f"'odoo neutralize' leaves 1 {what}")


HARMLESS: Final = """
CREATE TABLE fetchmail_server AS SELECT false AS active;
CREATE TABLE payment_provider AS SELECT unnest(ARRAY['test', 'disabled']) AS state;
CREATE TABLE ir_act_server AS SELECT 'webhook' AS state, 'neutralization - disable webhook' AS webhook_url;
CREATE TABLE iap_account AS SELECT 'a token+disabled' AS account_token;
"""


@pytest.mark.sample(1)
@pytest.mark.parametrize("more", [HARMLESS, "CREATE TABLE ir_act_server AS SELECT 'code' AS state"])
def test_what_can_do_no_harm_starts(place: Place, more: str) -> None:
    place.ask(MODULES + INSTALLED + more)
    assert place.set_up(copy=True).returncode == 0
    done = place.gate()
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
