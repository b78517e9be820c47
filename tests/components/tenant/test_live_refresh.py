"""A live refresh: the other tenant backs itself up in the same update, and the copy waits for that."""

from __future__ import annotations

from functools import cache

import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import the
from tests.components.tenant.test_restore import JOB, env, jobs, pod, position
from tests.portfolios import plan_of, tenant
from tiers.portfolio.restore.stage import RestoreStage

CALLED = ("acme-live-backup", "a-staging-fill-side-database")


@cache
def declared(stage: str, tier: str = "shared-namespace") -> list[Declared]:
    """Production, and a staging that comes before it in the alphabet."""
    restore = {"at": "2026-11-29T01:15:00Z", "from_tenant": "acme", "live": True, "stage": stage}
    staging = tenant("a-staging", client="acme-ltd", environment="staging", restore=restore)
    return declare_plan(plan_of(staging, tenant("acme", client="acme-ltd", tier=tier)))


@pytest.mark.parametrize("tier", ["shared-namespace", "dedicated-db"])
def test_the_copy_is_the_others_own_backup_and_is_waited_for(tier: str) -> None:
    there = declared("prepare", tier)
    assert position(there, *CALLED) == sorted(position(there, *CALLED))
    backup, fill = pod(there, CALLED[0]), pod(there, CALLED[1])
    (container,) = backup["containers"]
    mark = "refresh of a-staging, 2026-11-29T01:15:00Z"
    assert env(container)["ASKED_FOR"] == mark
    assert (backup["serviceAccountName"], env(container)["PREFIX"]) == ("acme-backup", "acme")
    fetch = fill["initContainers"][0]
    assert (env(fetch)["ASKED_FOR"], env(fetch)["PREFIX"]) == (mark, "acme")
    assert "NOT_AFTER" not in env(fetch)
    assert the(there, JOB, CALLED[0]).urn in the(there, "costack:index:OneOffJob", CALLED[1]).dependencies


def test_the_sandbox_gets_no_way_to_the_others_database() -> None:
    """Its pods read the other one's prefix of the bucket, and know neither its secret nor its login."""
    fill = pod(declared("prepare"), CALLED[1])
    assert fill["serviceAccountName"] == "a-staging-refresh"
    mounted = {each["secret"]["secretName"] for each in fill["volumes"] if "secret" in each}
    assert mounted == {"a-staging-odoo"}
    for container in (*fill["initContainers"], *fill["containers"]):
        assert not {"PGHOST", "PGUSER", "PGPASSWORD", "MASTER_SECRET_ARN"} & env(container).keys()


def test_the_others_backup_is_made_at_the_first_stage_only() -> None:
    for stage in RestoreStage:
        assert (CALLED[0] in jobs(declared(stage))) is (stage is RestoreStage.PREPARE)
