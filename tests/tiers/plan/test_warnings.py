from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.portfolios import catalog, grouped_platform, local_plan, local_portfolio, measured, tenant
from tiers.plan.resolve import resolve
from tiers.plan.warnings import advice
from tiers.portfolio.platform import Platform
from tiers.portfolio.routes.ingress import IngressSpec
from tiers.portfolio.tenant import Portfolio, Tenant


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


@pytest.mark.parametrize(("platform", "room"), [(local_portfolio().platform, 99), (measured(), 98)])
def test_a_user_group_with_too_many_users_is_reported(platform: Platform, room: int) -> None:
    """An exporter of the cache is one of them."""

    def said(count: int) -> list[str]:
        tenants = tuple(tenant(f"t{number}") for number in range(count))
        portfolio = Portfolio(platform=platform, tenants=tenants)
        told = advice(catalog(), portfolio, resolve(catalog(), portfolio))
        return [each for each in told if "users per user group" in each]

    assert not said(room)
    (sentence,) = said(room + 1)
    assert f"{room + 1} tenants have a user in the shared cache" in sentence
    assert f"100 with {100 - room} of our own" in sentence


def through(*tenants: Tenant, **ingress: Any) -> list[str]:
    """What is said of an ingress that is written so."""
    local = local_portfolio().platform
    written = {"replicas": None, "zones": None, **ingress}
    way = local.ingress.model_copy(update=written)
    portfolio = Portfolio(platform=local.model_copy(update={"ingress": way}), tenants=tenants)
    said = advice(catalog(), portfolio, resolve(catalog(), portfolio))
    return [each for each in said if each.startswith("platform/ingress")]


def test_who_is_promised_two_zones_is_not_to_be_reached_through_one() -> None:
    wide = tuple(tenant(f"t{number}", tier="ha-postgresql") for number in range(5))
    who = "platform/ingress: t0, t1, t2 and 2 more: promised to outlive a zone, and"
    (unknown,) = through(*wide)
    assert unknown.startswith(f"{who} nobody says whether the ingress controller does")
    assert through(*wide, replicas=2) == [unknown]
    (single,) = through(*wide, replicas=1, zones=1)
    assert single.startswith(
        f"{who} everybody reaches them through 1 pod of the ingress controller in one zone"
    )
    (together,) = through(*wide, replicas=3, zones=1)
    assert "through 3 pods of the ingress controller in one zone" in together
    assert through(*wide, replicas=2, zones=2) == []
    (address,) = through(*wide, replicas=2, zones=2, public_addresses=1)
    assert address.startswith(f"{who} the load balancer has one public address, which is in one zone")


def test_who_is_promised_one_zone_may_be_reached_through_one() -> None:
    sandbox = tenant("halcyon-staging", tier="ha-postgresql", environment="staging")
    assert through(tenant("acme"), sandbox, replicas=1, zones=1, public_addresses=1) == []
    weaker = tenant("b", tier="ha-postgresql", options={"users": 5, "resilience_class": "standard"})
    assert through(weaker) == []


def test_an_ingress_controller_that_nobody_mends_is_reported() -> None:
    def told(controller: str | None) -> list[str]:
        usual = local_portfolio().platform
        ingress = IngressSpec.model_validate({**usual.ingress.model_dump(), "controller": controller})
        portfolio = Portfolio(platform=usual.model_copy(update={"ingress": ingress}), tenants=(tenant(),))
        return [
            each for each in advice(catalog(), portfolio, resolve(catalog(), portfolio)) if "mends" in each
        ]

    assert told(None) == told("traefik") == []
    (said,) = told("ingress-nginx")
    assert said.startswith("platform/ingress: ingress-nginx ended in March 2026")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"replicas": 1, "zones": 2}, "zones: 2 zones take as many pods, and replicas is 1"),
        ({"zones": 2}, "zones: 2 zones take as many pods, and replicas is unknown"),
        ({"replicas": 0}, "greater than 0"),
    ],
)
def test_pods_are_in_as_many_zones_as_there_are_pods_at_most(written: dict[str, int], said: str) -> None:
    usual = local_portfolio().platform.ingress.model_dump(exclude={"replicas", "zones"})
    with pytest.raises(ValidationError, match=said):
        IngressSpec.model_validate({**usual, **written})


def test_a_tenant_beyond_its_fair_use_that_agreed_to_pay_overage_is_not_reported() -> None:
    options = {"users": 11, "database_gib": 10, "filestore_gib": 21, "overage": "agreed"}
    assert advised(tenant("acme", options=options)) == []


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
