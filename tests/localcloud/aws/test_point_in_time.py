"""A server as another one was at a moment: what RDS makes of it, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from lifecycle.adapters.restores.window import window_of
from lifecycle.errors import LifecycleError, RefusedError
from lifecycle.restore import check_window
from localcloud.aws.clock import START, move
from localcloud.provider import ProviderError
from tests.localcloud.aws.driver import Driver, Resource
from tests.localcloud.aws.examples import EXAMPLES, KEY, Ground
from tests.localcloud.aws.test_resource import DB, client
from tests.localcloud.aws.test_waiting import clients
from tests.portfolios import plan_of, tenant
from tiers.facts.every_fact import DatabaseInstance
from tiers.inventory import Inventory, exported
from tiers.plan.plan import facts_of

NOON = START + timedelta(hours=12)


def past(ground: Ground, of: Resource, **more: Any) -> Mapping[str, Any]:
    """A server as *of* was at noon, as components declare it."""
    return {
        "identifier": f"{of.id}-restored-server",
        "restoreToPointInTime": {
            "sourceDbInstanceIdentifier": of.id,
            "restoreTime": f"{NOON:%Y-%m-%dT%H:%M:%SZ}",
        },
        "instanceClass": "db.t4g.medium",
        "engine": "postgres",
        "multiAz": False,
        "storageType": "gp3",
        "storageEncrypted": True,
        "kmsKeyId": ground.out(KEY, "arn"),
        "publiclyAccessible": False,
        "manageMasterUserPassword": True,
        "masterUserSecretKmsKeyId": ground.out(KEY, "keyId"),
        "parameterGroupName": ground.need("aws:rds/parameterGroup:ParameterGroup").id,
        "skipFinalSnapshot": True,
        "deleteAutomatedBackups": True,
        **more,
    }


@pytest.fixture
def source(driver: Driver, ground: Ground) -> Resource:
    made = driver.create(DB, "its-own", {**EXAMPLES[DB](ground), "deletionProtection": False})
    move(clients(driver), NOON + timedelta(hours=1))
    return made


def test_it_has_the_data_of_its_source_and_none_of_its_protection(
    driver: Driver, ground: Ground, source: Resource
) -> None:
    made = driver.create(DB, "past", past(ground, source))
    (found,) = client(driver, "rds").describe_db_instances(DBInstanceIdentifier=made.id)["DBInstances"]
    (its,) = client(driver, "rds").describe_db_instances(DBInstanceIdentifier=source.id)["DBInstances"]
    assert found["MasterUserSecret"]["SecretArn"]
    assert "MasterUserSecret" not in its
    same = ("AllocatedStorage", "EngineVersion", "KmsKeyId", "MasterUsername", "StorageEncrypted")
    assert [found[each] for each in same] == [its[each] for each in same]
    assert (found["MultiAZ"], its["MultiAZ"], found["DeletionProtection"]) == (False, True, False)
    driver.delete(made)
    assert not client(driver, "rds").describe_db_snapshots(DBInstanceIdentifier=made.id)["DBSnapshots"]


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ({"restoreTime": "2026-11-30T13:00:01Z"}, "and not to 2026-11-30T13:00:01Z"),
        ({"restoreTime": "2026-11-29T23:59:59Z"}, "can be restored to times from 2026-11-30T00:00:00Z"),
        ({}, "either RestoreTime or UseLatestRestorableTime"),
        ({"restoreTime": "2026-11-30T12:00:00Z", "useLatestRestorableTime": True}, "expected either"),
        ({"sourceDbInstanceIdentifier": "nobody", "restoreTime": "2026-11-30T12:00:00Z"}, "nobody"),
    ],
)
def test_another_moment_is_refused(
    driver: Driver, ground: Ground, source: Resource, moment: Mapping[str, Any], words: str
) -> None:
    which = {"sourceDbInstanceIdentifier": source.id, **moment}
    with pytest.raises(ProviderError, match=words):
        driver.create(DB, "refused", past(ground, source, restoreToPointInTime=which))


def test_rds_makes_no_password_at_once_and_none_without_backups(driver: Driver, source: Resource) -> None:
    rds = client(driver, "rds")
    asked = {
        "SourceDBInstanceIdentifier": source.id,
        "TargetDBInstanceIdentifier": "other",
        "RestoreTime": NOON,
    }
    with pytest.raises(rds.exceptions.ClientError, match="Oracle only"):
        rds.restore_db_instance_to_point_in_time(**asked, ManageMasterUserPassword=True)
    rds.modify_db_instance(DBInstanceIdentifier=source.id, BackupRetentionPeriod=0, ApplyImmediately=True)
    with pytest.raises(rds.exceptions.ClientError, match="not enabled"):
        rds.restore_db_instance_to_point_in_time(**asked)


def inventory(arn: str) -> tuple[Inventory, DatabaseInstance]:
    """A stack whose tenant's server is *arn*."""
    plan = plan_of(tenant("acme", "dedicated-db"))
    (server,) = facts_of(plan.tenants[0].facts, DatabaseInstance)
    known = Inventory.model_validate(exported(plan, {server.id: arn}))
    return known, server


def test_the_command_asks_rds_for_the_window_and_the_quotas(driver: Driver, source: Resource) -> None:
    known, server = inventory(f"arn:aws:rds:eu-west-1:1:db:{source.id}")
    found = window_of(known, server, lambda _: client(driver, "rds"))
    assert (found.earliest, found.latest) == (START, NOON + timedelta(hours=1))
    assert (found.servers_left, found.storage_gib) == (39, 40)
    check_window(NOON, found)
    with pytest.raises(RefusedError, match="can be restored to any second from 2026-11-30T00:00:00Z"):
        check_window(NOON + timedelta(hours=2), found)
    with pytest.raises(RefusedError, match="leave 0 servers, and"):
        check_window(NOON, found._replace(servers_left=0))


def test_what_aws_does_not_say_is_no_answer(driver: Driver) -> None:
    known, server = inventory("arn:aws:rds:eu-west-1:1:db:nobody")
    with pytest.raises(LifecycleError, match=r"cannot be read: .*--backup"):
        window_of(known, server, lambda _: client(driver, "rds"))
    with pytest.raises(LifecycleError, match="has no ARN"):
        window_of(inventory("")[0], server, lambda _: client(driver, "rds"))
