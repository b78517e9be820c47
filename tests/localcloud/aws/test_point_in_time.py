"""A server as another one was at a moment: what RDS makes of it, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.adapters.restores.window import window_of
from lifecycle.errors import LifecycleError, RefusedError
from lifecycle.in_place.point_in_time import check_window
from localcloud.aws import clock
from localcloud.provider import ProviderError
from tests.localcloud.aws.driver import Driver, Resource
from tests.localcloud.aws.examples import EXAMPLES, KEY, Ground
from tests.localcloud.aws.test_resource import DB, client
from tests.localcloud.aws.test_waiting import clients
from tests.portfolios import plan_of, tenant
from tiers.facts.every_fact import DatabaseInstance
from tiers.inventory import Inventory, exported
from tiers.plan.plan import facts_of

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Source:
    """A server that is thirteen hours old, and when it was made."""

    server: Resource
    made: datetime

    @property
    def noon(self) -> datetime:
        """A moment at which it was there."""
        return self.made + 12 * HOUR


def told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def past(ground: Ground, of: Source, **more: Any) -> Mapping[str, Any]:
    """A server as *of* was at noon, as components declare it."""
    return {
        "identifier": f"{of.server.id}-restored-server",
        "restoreToPointInTime": {
            "sourceDbInstanceIdentifier": of.server.id,
            "restoreTime": told(of.noon),
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


@pytest.fixture(scope="module")
def source(driver: Driver, ground: Ground) -> Iterator[Source]:
    made = clock.now(clients(driver))
    server = driver.create(DB, "its-own", {**EXAMPLES[DB](ground), "deletionProtection": False})
    clock.move(clients(driver), made + 13 * HOUR)
    yield Source(server, made)
    driver.delete(server)


def test_it_has_the_data_of_its_source_and_none_of_its_protection(
    driver: Driver, ground: Ground, source: Source
) -> None:
    made = driver.create(DB, "past", past(ground, source))
    rds = client(driver, "rds")
    (found,) = rds.describe_db_instances(DBInstanceIdentifier=made.id)["DBInstances"]
    (its,) = rds.describe_db_instances(DBInstanceIdentifier=source.server.id)["DBInstances"]
    assert found["MasterUserSecret"]["SecretArn"]
    assert "MasterUserSecret" not in its
    same = ("AllocatedStorage", "EngineVersion", "KmsKeyId", "MasterUsername", "StorageEncrypted")
    assert [found[each] for each in same] == [its[each] for each in same]
    assert (found["MultiAZ"], its["MultiAZ"], found["DeletionProtection"]) == (False, True, False)
    driver.delete(made)
    assert not rds.describe_db_snapshots(DBInstanceIdentifier=made.id)["DBSnapshots"]


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("hours", "more", "words"),
    [
        (13.01, {}, "can be restored to times from"),
        (-0.01, {}, "can be restored to times from"),
        (None, {}, "either RestoreTime or UseLatestRestorableTime"),
        (12, {"useLatestRestorableTime": True}, "expected either"),
        (12, {"sourceDbInstanceIdentifier": "nobody"}, "nobody"),
    ],
)
def test_another_moment_is_refused(  # noqa: PLR0917 - fixtures and a row
    driver: Driver,
    ground: Ground,
    source: Source,
    hours: float | None,
    more: Mapping[str, Any],
    words: str,
) -> None:
    moment = {} if hours is None else {"restoreTime": told(source.made + hours * HOUR)}
    which = {"sourceDbInstanceIdentifier": source.server.id, **moment, **more}
    with pytest.raises(ProviderError, match=words):
        driver.create(DB, "refused", past(ground, source, restoreToPointInTime=which))


def test_rds_makes_no_password_at_once_and_none_without_backups(driver: Driver, source: Source) -> None:
    rds = client(driver, "rds")
    name = source.server.id
    asked = {
        "SourceDBInstanceIdentifier": name,
        "TargetDBInstanceIdentifier": "other",
        "RestoreTime": source.noon,
    }
    with pytest.raises(rds.exceptions.ClientError, match="Oracle only"):
        rds.restore_db_instance_to_point_in_time(**asked, ManageMasterUserPassword=True)
    for days, refused in ((0, True), (7, False)):
        rds.modify_db_instance(DBInstanceIdentifier=name, BackupRetentionPeriod=days, ApplyImmediately=True)
        (found,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        assert ("LatestRestorableTime" not in found) is refused
        if refused:
            with pytest.raises(rds.exceptions.ClientError, match="not enabled"):
                rds.restore_db_instance_to_point_in_time(**asked)


def inventory(arn: str) -> tuple[Inventory, DatabaseInstance]:
    """A stack whose tenant's server is *arn*."""
    plan = plan_of(tenant("acme", tier="dedicated-db"))
    (server,) = facts_of(plan.tenants[0].facts, DatabaseInstance)
    known = Inventory.model_validate(exported(plan, {server.id: arn}))
    return known, server


def test_the_command_asks_rds_for_the_window_and_the_quotas(driver: Driver, source: Source) -> None:
    known, server = inventory(f"arn:aws:rds:eu-west-1:1:db:{source.server.id}")
    found = window_of(known, server, lambda _: client(driver, "rds"))
    assert (found.earliest, found.latest) == (source.made, source.made + 13 * HOUR)
    there = client(driver, "rds").describe_db_instances()["DBInstances"]
    assert (found.servers_left, found.storage_gib) == (40 - len(there), 40)
    check_window(source.noon, found)
    with pytest.raises(RefusedError, match=f"can be restored to any second from {told(source.made)}"):
        check_window(source.noon + 2 * HOUR, found)
    with pytest.raises(RefusedError, match="leave 0 servers, and"):
        check_window(source.noon, found._replace(servers_left=0))


def test_what_aws_does_not_say_is_no_answer(driver: Driver) -> None:
    known, server = inventory("arn:aws:rds:eu-west-1:1:db:nobody")
    with pytest.raises(LifecycleError, match=r"cannot be read: .*--backup"):
        window_of(known, server, lambda _: client(driver, "rds"))
    with pytest.raises(LifecycleError, match="has no ARN"):
        window_of(inventory("")[0], server, lambda _: client(driver, "rds"))
