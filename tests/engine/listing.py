"""What an inventory counts of AWS, beside what AWS itself lists."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TypeVar

from allocation.adapters.pulumi.deployed import inventory_of_state
from localcloud.aws import clock
from tests.engine.project import Project
from tiers.facts.every_fact import (
    Bucket,
    CacheGroup,
    DatabaseInstance,
    FactRecord,
    FileShare,
    FileSystem,
    Origin,
)
from tiers.inventory import Inventory

Held = dict[str, list[tuple[object, ...]]]
Kind = TypeVar("Kind", bound=FactRecord)


def told(project: Project) -> Inventory:
    """The inventory as the state has it."""
    found = inventory_of_state(json.loads(project.export()), "state")
    assert found is not None
    return found


def counted(inventory: Inventory) -> Held:
    """What an inventory counts of AWS."""

    def those(kind: type[Kind]) -> list[Kind]:
        created = (fact for fact in inventory.plan.all_facts() if fact.origin is Origin.CREATED)
        return [fact for fact in created if isinstance(fact, kind)]

    return {
        "server": sorted(
            (each.instance_class, each.multi_az, each.storage_gib) for each in those(DatabaseInstance)
        ),
        "cache": sorted((each.node_type,) for each in those(CacheGroup)),
        "bucket": [()] * len(those(Bucket)),
        "file system": [()] * len(those(FileSystem)),
        "directory": [()] * len(those(FileShare)),
    }


def listed(project: Project) -> Held:
    """What AWS itself lists."""
    clients = project.clients()
    rds, cache, efs = (clients.get(service) for service in ("rds", "elasticache", "efs"))
    return {
        "server": sorted(
            (each["DBInstanceClass"], each["MultiAZ"], each["AllocatedStorage"])
            for each in rds.describe_db_instances()["DBInstances"]
        ),
        "cache": sorted(
            (each["CacheNodeType"],)  # moto makes one node of any number
            for each in cache.describe_replication_groups()["ReplicationGroups"]
        ),
        "bucket": [()] * len(clients.get("s3").list_buckets()["Buckets"]),
        "file system": [()] * len(efs.describe_file_systems()["FileSystems"]),
        "directory": [()] * len(efs.describe_access_points()["AccessPoints"]),
    }


def pass_the_window(project: Project) -> None:
    """Every maintenance window: AWS makes what waits for it."""
    clients = project.clients()
    clock.move(clients, clock.now(clients) + timedelta(weeks=1))
