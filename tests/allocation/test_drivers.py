from __future__ import annotations

import pytest

from allocation.drivers import declared_weights
from allocation.rules import ComputeWeights, Driver
from tests.portfolios import local_plan, local_portfolio, plan_of, tenant
from tiers.hosting import NodeGroupSpec, Platform

EQUAL = ComputeWeights(vcpu=1, memory_gib=1)
MINUTES = 730 * 60


def with_nodes(count: int) -> Platform:
    platform = local_portfolio().platform
    group = NodeGroupSpec(name="general", node_class="m7g.large", nodes=count, volume_gib=50)
    cluster = platform.cluster.model_copy(update={"node_groups": (group,)})
    return platform.model_copy(update={"cluster": cluster})


def test_every_driver_has_a_weight_for_every_tenant() -> None:
    plan = local_plan()
    weights = declared_weights(plan, EQUAL)
    assert set(weights) == set(Driver)
    for driver in Driver:
        assert list(weights[driver].by_tenant) == [each.tenant for each in plan.tenants]


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        (Driver.USERS, (8, 3, 10, 2, 25, 60, 70)),
        # What a tenant has of its own is no part of what is shared: its own charge says what it costs.
        (Driver.DATABASE_GIB, (5, 5, 8, 5, 0, 0, 0)),
        (Driver.CACHE_MIB, (64, 32, 64, 32, 128, 0, 0)),
        (Driver.FILESTORE_GIB, (10, 10, 20, 10, 30, 100, 0)),
        # 30 daily dumps of a quarter of the database (37.5, 60, 150 GiB), 7 of staging (8.75), 360 of 90
        # days (4,500 GiB), and the files.
        (Driver.BACKUP_GIB, (48, 19, 80, 0, 180, 4600, 0)),
    ],
)
def test_declared_quantities(driver: Driver, expected: tuple[int, ...]) -> None:
    names = [each.tenant for each in local_plan().tenants]
    assert declared_weights(local_plan(), EQUAL)[driver].by_tenant == dict(zip(names, expected, strict=True))


def test_requests_are_weighted_by_the_minutes_they_are_asked_for() -> None:
    requested = declared_weights(plan_of(tenant("acme")), EQUAL)[Driver.COMPUTE_REQUESTS].by_tenant["acme"]
    pods = (250 + 100) * 1024 + (1024 + 512) * 1000  # web and cron, all month
    nightly = (100 * 1024 + 256 * 1000) * 300  # the backup: 30 runs of 10 minutes
    assert requested == pods * MINUTES + nightly


def test_capacity_is_requested_or_idle_to_the_last_unit() -> None:
    weights = declared_weights(local_plan(), EQUAL)[Driver.COMPUTE_REQUESTS]
    capacity = 3 * (3920 * 1024 + 14992 * 1000) * MINUTES
    assert sum(weights.by_tenant.values()) + weights.platform + weights.idle == capacity
    assert weights.idle > 0


def test_an_overcommitted_cluster_has_no_idle_capacity() -> None:
    tenants = [tenant(f"t{index}") for index in range(20)]
    assert (
        declared_weights(plan_of(*tenants, platform=with_nodes(1)), EQUAL)[Driver.COMPUTE_REQUESTS].idle == 0
    )


def test_weights_say_how_much_a_vcpu_counts() -> None:
    plan = plan_of(tenant("acme"))
    cpu_only = declared_weights(plan, ComputeWeights(vcpu=1000, memory_gib=1))
    memory_only = declared_weights(plan, ComputeWeights(vcpu=1, memory_gib=1000))
    ratio = [
        weights[Driver.COMPUTE_REQUESTS].by_tenant["acme"] / weights[Driver.COMPUTE_REQUESTS].platform
        for weights in (cpu_only, memory_only)
    ]
    assert ratio[0] == pytest.approx(350 / 1650, rel=0.02)  # millicores of the tenant and the platform
    assert ratio[1] == pytest.approx(1536 / 4096, rel=0.02)  # MiB of the tenant and the platform
