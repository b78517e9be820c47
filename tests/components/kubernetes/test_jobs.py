from __future__ import annotations

import pytest

from components.kubernetes.jobs import data_gib, deadline_seconds, patience_minutes
from tests.components.conftest import declare_plan
from tests.portfolios import plan_of, tenant
from tiers.portfolio.tenant import Move
from tiers.vocabulary import MoveStage

JOB = "kubernetes:batch/v1:Job"


def test_an_update_waits_longer_for_more_data_within_bounds() -> None:
    assert [patience_minutes(gib) for gib in (0, 1, 100, 1000, 100_000)] == [30, 32, 230, 2030, 2880]


def test_kubernetes_ends_a_job_long_after_its_data_should_be_done() -> None:
    """The provider never gives up on one that runs: an update would wait for ever."""
    hours = [deadline_seconds(gib) // 3600 for gib in (0, 1, 500, 2000, 100_000)]
    assert hours == [48, 48, 48, 134, 6667]
    (spec, other) = [each.props["spec"] for each in declare_plan(plan_of(tenant("acme"))) if each.type == JOB]
    assert spec["activeDeadlineSeconds"] == other["activeDeadlineSeconds"] == 48 * 3600


@pytest.mark.whole("the bounds are worked out above; Jobs are made by one function")
def test_every_job_of_a_tenant_may_last_as_long_as_its_data_needs() -> None:
    """Set-up, copies, final backup and removal: the provider's own patience ends after ten minutes."""
    sizes = {"users": 5, "database_gib": 200, "filestore_gib": 300}
    seen: dict[str, str] = {}
    for changes in (
        {},
        *(
            {"tier": "cross-region-backup", "move": Move(from_tier="shared-namespace", stage=each)}
            for each in MoveStage
        ),
        {"lifecycle_stage": "decommissioning", "protected": False},
    ):
        plan = plan_of(tenant("acme", options=sizes, **changes))
        assert data_gib(plan.tenants[0]) == 500
        seen |= {each.name: each.create_timeout for each in declare_plan(plan) if each.type == JOB}
    assert set(seen) == {
        "acme-database-setup",
        "acme-odoo-setup",
        "acme-copy-database",
        "acme-copy-filestore",
        "acme-hand-over-database",
        "acme-drop-left-database",
        "acme-empty-left-filestore",
        "acme-final-backup",
        "acme-drop-database",
        "acme-empty-filestore",
    }
    assert set(seen.values()) == {"1030m"}


def test_a_job_that_has_failed_is_made_again() -> None:
    jobs = [each for each in declare_plan(plan_of(tenant("acme"))) if each.type == JOB]
    assert len(jobs) == 2
    for each in jobs:
        assert each.props["metadata"]["annotations"] == {"pulumi.com/replaceUnready": "true"}
