from __future__ import annotations

from typing import Any

from tests.portfolios import catalog, grouped_platform, local_plan, local_portfolio, tenant
from tiers.plan.resolve import resolve
from tiers.plan.warnings import advice
from tiers.portfolio.tenant import Portfolio


def advised(*tenants: Any) -> list[str]:
    portfolio = Portfolio(platform=local_portfolio().platform, tenants=tenants)
    return advice(catalog(), portfolio, resolve(catalog(), portfolio))


def test_the_local_portfolio_needs_no_advice() -> None:
    assert advice(catalog(), local_portfolio(), local_plan()) == []


def test_a_minor_version_that_aws_does_not_upgrade_is_reported() -> None:
    local = local_portfolio()
    database = local.platform.database.model_copy(update={"engine_version": "17.6"})
    pinned = local.model_copy(update={"platform": local.platform.model_copy(update={"database": database})})
    (said,) = advice(catalog(), pinned, resolve(catalog(), pinned))
    assert said.startswith(
        "platform/database: engine_version 17.6 is a minor version, which AWS upgrades only"
    )
    assert said.endswith('write "17" to get newer ones in the maintenance window')


def test_a_crowded_platform_is_reported() -> None:
    said = advised(*(tenant(f"t{index}") for index in range(40)))
    assert [sentence.partition(":")[0] for sentence in said] == [
        "platform/database",
        "platform/database",
        "platform/cache",
        "platform",
        "platform",
    ]
    assert "40 tenants may open 1840 connections, more than 150 % of the 450" in said[0]
    assert "store 200 GiB, the server starts with 50 GiB" in said[1]
    assert "promised 2560 MiB of sessions, a node of cache_class xs has 512 MiB" in said[2]


def test_a_tenant_beyond_its_fair_use_is_reported() -> None:
    said = advised(tenant("acme", options={"users": 11, "database_gib": 10, "filestore_gib": 21}))
    assert said == [
        "acme: options.users 11 is beyond the fair use of shared-namespace, which is 10",
        "acme: options.filestore_gib 21 is beyond the fair use of shared-namespace, which is 20",
    ]


def test_pods_with_groups_need_nodes_with_interfaces_for_them() -> None:
    def told(*names: str) -> list[str]:
        tenants = tuple(tenant(name, tier="ha-postgresql") for name in names)
        portfolio = Portfolio(platform=grouped_platform(), tenants=tenants)
        said = advice(catalog(), portfolio, resolve(catalog(), portfolio))
        return [each for each in said if "branch interfaces" in each]

    # Each may have four web pods and one of scheduled actions, one more in a rollout, and a job.
    assert told(*(f"t{index}" for index in range(7))) == []
    (said,) = told(*(f"t{index}" for index in range(8)))
    assert said.startswith("platform: pods with a security group take 56 branch interfaces, the node groups")
    assert said.endswith("have 54; add nodes, or take a class that has more")
