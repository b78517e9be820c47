"""How long an update waits for pods: the provider's own patience ends after ten minutes."""

from __future__ import annotations

from tests.components.conftest import declare_plan
from tests.portfolios import plan_of, tenant

KINDS = {"kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Service"}


def waits(tier: str, **changes: object) -> dict[tuple[str, str], str]:
    declared = declare_plan(plan_of(tenant("acme", tier=tier, **changes)))
    return {
        (each.type.rpartition(":")[2], each.name): each.create_timeout
        for each in declared
        if each.type in KINDS
    }


def test_an_update_waits_for_each_pod_that_may_start_after_the_other() -> None:
    one, several = "20m", "50m"  # one pod; four, which an autoscaler may have made
    assert waits("shared-namespace") == {
        ("Deployment", "acme-web"): one,
        ("Deployment", "acme-cron"): one,
        ("Service", "acme-web"): one,
    }
    assert waits("ha-postgresql") == {
        ("Deployment", "acme-web"): several,
        ("Deployment", "acme-cron"): one,
        ("Service", "acme-web"): several,
    }


def test_pods_that_stop_need_no_more_than_a_node() -> None:
    stopped = waits("ha-postgresql", lifecycle_stage="decommissioning", protected=False)
    assert set(stopped.values()) == {"10m"}
