"""Whose backup a tenant may be refreshed from: of the same client, where both may lie, and one that fits."""

from __future__ import annotations

import pytest

from tests.portfolios import catalog, plan_of, tenant
from tiers.portfolio.restore.source import source_faults
from tiers.portfolio.tenant import Tenant

RESTORE = {"at": "2026-11-29T01:15:00Z", "from_tenant": "acme", "stage": "prepare"}


def staging(**more: object) -> Tenant:
    return tenant(
        "acme-staging", **{"environment": "staging", "client": "acme-ltd", "restore": RESTORE, **more}
    )


def why_not(one: Tenant, *others: Tenant) -> list[str]:
    known = {each.tenant: each for each in (one, *others)}
    return [message for place, (_, message) in source_faults(known, catalog()) if place == one.tenant]


def test_production_of_the_same_client_may_be_taken() -> None:
    source = tenant("acme", client="acme-ltd")
    assert why_not(staging(), source) == []
    planned = plan_of(source, staging()).tenant("acme-staging")
    assert planned
    assert planned.restored_from
    assert (planned.restored_from.prefix, planned.restored_from.owner) == ("acme", "local/acme-ltd/acme")


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (staging(), tenant("borealis"), "'acme' is no tenant of this portfolio"),
        (
            staging(),
            tenant("acme", client="somebody"),
            "acme belongs to client somebody, and this tenant to acme-ltd",
        ),
        (
            staging(environment="production"),
            tenant("acme", client="acme-ltd"),
            "production is never refreshed",
        ),
        (
            staging(),
            tenant("acme", client="acme-ltd", data_residency=["eu-west-1"]),
            "may not lie in us-east-1, where this tenant's does",
        ),
        (
            staging(),
            tenant("acme", client="acme-ltd", options={"users": 5, "database_gib": 60}),
            "acme has database_gib 60, and this tenant 5: write 60 into its options",
        ),
        (
            staging(),
            tenant(
                "acme",
                client="acme-ltd",
                tier="cross-region-backup",
                options={"users": 5, "dr_region": "eu-west-1", "database_gib": 5, "filestore_gib": 10},
            ),
            "lie in a bucket of its own, which only acme may read",
        ),
    ],
)
def test_others_may_not(one: Tenant, other: Tenant, why: str) -> None:
    assert any(why in each for each in why_not(one, other))


def test_nobody_is_refreshed_from_itself() -> None:
    one = staging(restore={**RESTORE, "from_tenant": "acme-staging"})
    assert any("is acme-staging itself" in each for each in why_not(one))
