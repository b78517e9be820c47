from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lifecycle.adapters.replica_lag import replica_lag
from lifecycle.errors import LifecycleError
from tests.portfolios import plan_of, tenant
from tiers.inventory import Inventory
from tiers.plan.plan import TenantPlan

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


class CloudWatch:
    """Answers with *points*, or as AWS refuses."""

    def __init__(self, *points: tuple[int, float], refuses: bool = False) -> None:
        self.points, self.refuses = points, refuses
        self.asked: list[Mapping[str, Any]] = []

    def __call__(self, region: str) -> CloudWatch:
        assert region == "eu-west-1"
        return self

    def get_metric_statistics(self, **asked: Any) -> Mapping[str, Any]:
        if self.refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetMetricStatistics")
        self.asked.append(asked)
        points = [{"Timestamp": NOW - timedelta(minutes=ago), "Maximum": lag} for ago, lag in self.points]
        return {"Datapoints": points}


def standing_by(*, has: bool = True) -> tuple[Inventory, TenantPlan]:
    options = {"users": 5, "dr_region": "eu-west-1", **({"warm_standby": True} if has else {})}
    plan = plan_of(tenant("acme", tier="cross-region-backup", options=options))
    ids = {"acme/standby": "arn:aws:rds:eu-west-1:123456789012:db:local-acme-standby"}
    return Inventory(plan=plan, cloud_ids=ids), plan.tenants[0]


def test_the_newest_value_counts_and_part_of_a_second_is_one() -> None:
    client = CloudWatch((3, 90.0), (1, 12.2), (2, 40.0))
    assert replica_lag(*standing_by(), NOW, client) == 13
    (asked,) = client.asked
    assert asked["Dimensions"] == [{"Name": "DBInstanceIdentifier", "Value": "local-acme-standby"}]
    assert (asked["Namespace"], asked["MetricName"]) == ("AWS/RDS", "ReplicaLag")


def test_who_has_no_standby_is_asked_for_none() -> None:
    client = CloudWatch((1, 5.0))
    assert replica_lag(*standing_by(has=False), NOW, client) is None
    assert client.asked == []


@pytest.mark.parametrize("client", [CloudWatch(), CloudWatch((1, -1.0)), CloudWatch(refuses=True)])
def test_what_is_not_known_is_not_nothing(client: CloudWatch) -> None:
    with pytest.raises(LifecycleError, match="standby 'local-acme-standby'"):
        replica_lag(*standing_by(), NOW, client)
