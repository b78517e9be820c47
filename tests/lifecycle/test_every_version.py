"""A backup of every version of PostgreSQL that may be named is restored in a pod with the newest programs."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from allocation.adapters.usage.backup_manifests import counted_users
from allocation.charges import ChargePeriod
from components.scripts import script
from tests.lifecycle.pods import TENANT, Pods
from tests.postgres import MAJORS

pytestmark = pytest.mark.postgres


@pytest.mark.sample(1)
def test_a_backup_of_every_version_can_be_restored(damaged: Pods, backup: str) -> None:
    text = (damaged.bucket / "manifests" / "acme" / f"{backup}.json").read_text(encoding="utf-8")
    manifest = json.loads(text)
    assert manifest["postgresql"] // 10_000 == damaged.server.major
    assert manifest["active_users"] == 1
    done = damaged.restore_test()
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["result"], result["backup"]) == ("ok", backup)
    assert all(check["ok"] for check in result["checks"])


@pytest.mark.whole("nine seconds of five backups; counts of users are tried without a database")
def test_a_backup_counts_the_users_that_odoo_has(damaged: Pods) -> None:
    """Active ones that are neither portal nor public; where there are no users of Odoo, it counts none."""

    def counted(sql: str, undo: str) -> object:
        damaged.server.ask(sql, **TENANT)
        time.sleep(1.1)  # a backup is called after the second in which it began
        try:
            taken = damaged.back_up()
        finally:
            damaged.server.ask(undo, **TENANT)
        manifest = damaged.bucket / "manifests" / "acme" / f"{taken}.json"
        return json.loads(manifest.read_text(encoding="utf-8"))["active_users"]

    more = (
        "(11, 'ada', true, false), (12, 'new', true, NULL), (13, 'portal', true, true), "
        "(14, 'public', false, true), (15, '__system2__', false, false), (16, 'left', NULL, false)"
    )
    added = f"INSERT INTO res_users (id, login, active, share) VALUES {more}"  # noqa: S608 - made here
    assert counted(added, "DELETE FROM res_users WHERE id > 10") == 3
    away = "ALTER TABLE res_users RENAME TO users_of_something_else"
    assert counted(away, "ALTER TABLE users_of_something_else RENAME TO res_users") is None
    other = "ALTER TABLE res_users RENAME share TO shared"
    assert counted(other, "ALTER TABLE res_users RENAME shared TO share") is None


def test_the_counts_of_backups_are_a_days_use(damaged: Pods, backup: str) -> None:
    midnight = datetime.fromisoformat(backup[:10]).replace(tzinfo=UTC)
    counted = counted_users(
        damaged.bucket / "manifests", ChargePeriod(midnight, midnight + timedelta(days=1))
    )
    assert [(row.tenant, row.driver, row.quantity) for row in counted.rows] == [
        ("acme", "users", Decimal(24))
    ]


@pytest.mark.whole("an operations image that is too old")
@pytest.mark.parametrize("server", MAJORS[1:], indirect=True)
def test_an_older_client_makes_no_backup_and_says_so(pods: Pods) -> None:
    before = pods.manifests()
    old = Pods(pods.server, pods.folder, clients=MAJORS[0])
    refused = old.run(script("backup.sh"))
    assert refused.returncode == 1
    assert f"is PostgreSQL {pods.server.major} and the operations image has pg_dump 16" in refused.stderr
    assert "name an image with a newer pg_dump in platform.yaml" in refused.stderr
    assert pods.manifests() == before
