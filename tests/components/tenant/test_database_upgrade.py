"""The jobs of an upgrade of a server: one at its stage, with the administrator's account."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import the
from tests.portfolios import plan_of, tenant, two_regions, wide_platform
from tiers.portfolio.platform import DatabaseSpec

JOB, INSTANCE = "kubernetes:batch/v1:Job", "aws:rds/instance:Instance"
WORKLOAD = "kubernetes:apps/v1:Deployment"
POLICY = "aws:iam/rolePolicy:RolePolicy"
ASKS_AWS = "rds:DescribeDBEngineVersions"


@cache
def declared(shared: str | None, own: str | None, *, now: bool = False) -> list[Declared]:
    """What is declared at a stage of an upgrade of the shared server, and of a tenant's own."""
    upgrades = [{"to": "18", "stage": stage, "now": now} if stage else None for stage in (shared, own)]
    spec = wide_platform().database.model_dump() | {"upgrade": upgrades[0]}
    platform = wide_platform().model_copy(update={"database": DatabaseSpec.model_validate(spec)})
    one = tenant("acme", tier="dedicated-db", database_upgrade=upgrades[1])
    return declare_plan(plan_of(one, platform=platform))


def upgrade_jobs(everything: list[Declared]) -> list[str]:
    words = ("check-database-upgrade", "gather-statistics")
    return [each.name for each in everything if each.type == JOB and each.name.endswith(words)]


def may_ask_aws(everything: list[Declared]) -> list[str]:
    policies = (each for each in everything if each.type == POLICY)
    return [each.name for each in policies if ASKS_AWS in json.dumps(each.props["policy"])]


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("stage", "job"),
    [
        (None, []),
        ("check", ["check-database-upgrade"]),
        ("without-standby", []),
        ("upgrade", []),
        ("statistics", ["gather-statistics"]),
    ],
)
def test_each_stage_has_its_job_and_no_other(stage: str | None, job: list[str]) -> None:
    asks = [] if stage != "check" else ["database-admin-policy"]
    assert upgrade_jobs(declared(None, stage)) == [f"acme-{name}" for name in job]
    assert upgrade_jobs(declared(stage, None)) == [f"local-{name}" for name in job]
    assert may_ask_aws(declared(None, stage)) == [f"local-acme-{name}" for name in asks]
    assert may_ask_aws(declared(stage, None)) == [f"local-{name}" for name in asks]


@pytest.mark.parametrize(("owner", "at"), [("acme", (None, "check")), ("local", ("check", None))])
def test_the_check_is_of_one_server_with_its_administrators_account(
    owner: str, at: tuple[str | None, str | None]
) -> None:
    spec: dict[str, Any] = the(declared(*at), JOB, f"{owner}-check-database-upgrade").props["spec"]
    pod = spec["template"]["spec"]
    assert pod["serviceAccountName"] == ("acme-database-admin" if owner == "acme" else "database-admin")
    (container,) = pod["containers"]
    given = {each["name"]: each["value"] for each in container["env"]}
    assert (given["TO"], given["REGION"]) == ("18", "us-east-1")
    assert "nothing was changed" in container["command"][-1]
    assert "pg_catalog" in given["CHECK_SQL"]
    setup = the(declared(*at), JOB, "acme-database-setup").props["spec"]["template"]["spec"]
    (usual,) = setup["containers"]
    where = {each["name"]: each["value"] for each in usual["env"]}["PGHOST"]
    assert (given["PGHOST"] == where) is (owner == "acme")


def test_only_the_stage_that_says_so_is_made_at_once() -> None:
    for stage in ("check", "upgrade", "statistics"):
        server = the(declared(None, stage, now=True), INSTANCE, "local-acme-postgresql").props
        assert server["applyImmediately"] is (stage == "upgrade")
        assert server["allowMajorVersionUpgrade"] is True
    assert not the(declared(None, "upgrade"), INSTANCE, "local-acme-postgresql").props["applyImmediately"]


@pytest.mark.parametrize("stage", [None, "check", "without-standby", "upgrade", "statistics"])
def test_what_waits_in_a_second_cluster_goes_with_the_standby_and_comes_back(stage: str | None) -> None:
    """It could not start there: nothing has its data until the standby is made anew."""
    upgrade = {"to": "18", "stage": stage} if stage else None
    options = {"users": 50, "warm_standby": True}
    one = tenant(tier="cross-region-backup", options=options, database_upgrade=upgrade)
    everything = declare_plan(plan_of(one, platform=two_regions()))
    standbys = [each for each in everything if each.type == INSTANCE and each.name.endswith("-standby")]
    waiting = [
        each for each in everything if each.type == WORKLOAD and each.props["spec"].get("replicas") == 0
    ]
    assert bool(standbys) is bool(waiting) is (stage in {None, "check"})
