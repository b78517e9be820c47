"""How far a standby in a second region is behind, as RDS measures it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lifecycle.errors import LifecycleError
from tiers.facts.every_fact import DatabaseStandby
from tiers.inventory import Inventory
from tiers.plan.plan import TenantPlan, facts_of

_LOOKED_BACK: Final = timedelta(minutes=10)
_PERIOD_SECONDS: Final = 60


def cloudwatch(region: str) -> Any:
    """CloudWatch in *region*."""
    make: Any = boto3.client
    return make("cloudwatch", region_name=region)


def replica_lag(
    inventory: Inventory,
    plan: TenantPlan,
    asked: datetime,
    ask: Callable[[str], Any] = cloudwatch,
    *,
    promoted: bool = False,
) -> int | None:
    """By how many seconds the standby of *plan* was behind when it was *asked*; None where it has none.

    A server that was *promoted* since is a standby no more: it is asked about the time before if told so.

    It is the newest value of `ReplicaLag` in the ten minutes before: how long ago the last change was written
    that the standby has (Amazon RDS User Guide, "Monitoring read replication"). Where nobody writes, it grows
    to the five minutes after which RDS writes something itself.

    Raises:
        LifecycleError: When AWS does not say: that is not 0.
    """
    for standby in facts_of(plan.facts, DatabaseStandby):
        if promoted or not standby.promoted:
            name = inventory.cloud_ids.get(standby.id, "").rpartition(":")[2]
            if not name:
                raise LifecycleError(f"{standby.id}: the inventory has no ARN for it; run `pulumi up`")
            return _newest(_points(ask(standby.region), name, asked), name)
    return None


def _points(client: Any, name: str, asked: datetime) -> list[Mapping[str, Any]]:
    try:
        said = client.get_metric_statistics(
            Namespace="AWS/RDS",
            MetricName="ReplicaLag",
            Dimensions=[{"Name": "DBInstanceIdentifier", "Value": name}],
            StartTime=asked - _LOOKED_BACK,
            EndTime=asked,
            Period=_PERIOD_SECONDS,
            Statistics=["Maximum"],
        )
    except (ClientError, BotoCoreError) as error:
        raise LifecycleError(f"standby '{name}': its lag cannot be read: {error}") from None
    return list(said.get("Datapoints", ()))


def _newest(points: list[Mapping[str, Any]], name: str) -> int:
    newest = max(points, key=lambda point: point["Timestamp"], default=None)
    # RDS says -1 where it cannot tell (User Guide, as above).
    if newest is None or newest["Maximum"] < 0:
        raise LifecycleError(f"standby '{name}': RDS has not said for ten minutes how far it is behind")
    return -int(-newest["Maximum"] // 1)
