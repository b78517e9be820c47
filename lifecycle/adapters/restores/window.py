"""To which moments a server can be restored, and whether there is room for a second one, as RDS says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lifecycle.errors import LifecycleError
from lifecycle.in_place.point_in_time import Window
from tiers.facts.every_fact import DatabaseInstance
from tiers.inventory import Inventory


def rds(region: str) -> Any:
    """RDS in *region*."""
    make: Any = boto3.client
    return make("rds", region_name=region)


def window_of(inventory: Inventory, server: DatabaseInstance, ask: Callable[[str], Any] = rds) -> Window:
    """From when until when *server* can be restored, and what of the account's quotas is left.

    RDS API Reference: DescribeDBInstances (`LatestRestorableTime`, `BackupRetentionPeriod`,
    `InstanceCreateTime`), DescribeAccountAttributes (`DBInstances`, `AllocatedStorage` in GiB). RDS keeps
    what `BackupRetentionPeriod` says before the newest moment, and nothing of before the server was made.

    Raises:
        LifecycleError: When AWS does not say: that is neither "any time" nor "never".
    """
    name = inventory.cloud_ids.get(server.id, "").rpartition(":")[2]
    if not name:
        raise LifecycleError(f"{server.id}: the inventory has no ARN for it; run `pulumi up`")
    client = ask(server.region)
    try:
        (found,) = client.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        quotas = client.describe_account_attributes()["AccountQuotas"]
    except (ClientError, BotoCoreError, KeyError, ValueError) as error:
        raise LifecycleError(
            f"server '{name}': to which moments it can be restored cannot be read: {error}; let this login "
            "call rds:DescribeDBInstances and rds:DescribeAccountAttributes, or restore the newest backup of "
            "then or before with --backup"
        ) from None
    latest = found.get("LatestRestorableTime")
    kept = timedelta(days=int(found.get("BackupRetentionPeriod") or 0))
    if not isinstance(latest, datetime) or not kept:
        raise LifecycleError(
            f"server '{name}': RDS names no moment that it can be restored to, because it has no automated "
            "backup yet; wait until its first one is made, or restore the newest backup of then or before "
            "with --backup"
        )
    made = found.get("InstanceCreateTime")
    earliest = max(latest - kept, made) if isinstance(made, datetime) else latest - kept
    return Window(
        name,
        earliest.astimezone(UTC),
        latest.astimezone(UTC),
        servers_left=_left(quotas, "DBInstances"),
        gib_left=_left(quotas, "AllocatedStorage"),
        storage_gib=int(found.get("AllocatedStorage") or server.storage_gib),
    )


def _left(quotas: list[Mapping[str, Any]], name: str) -> int | None:
    """What may be made yet of *name*; None where the account has no such quota."""
    for each in quotas:
        if each.get("AccountQuotaName") == name:
            return int(each["Max"]) - int(each["Used"])
    return None
