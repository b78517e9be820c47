"""What AWS deletes already is listed for a while: it is neither in use, nor a reason to keep a key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from lifecycle.adapters.purge import databases, vaults
from lifecycle.adapters.purge.aws import Aws
from lifecycle.adapters.purge.key_users import users_of_key
from lifecycle.decommission.retained import Kind
from lifecycle.purge.ledger import LedgerLine
from tests.lifecycle.purge.world import DUE, ENDED_AT, KEY, REGION, resource

MADE = datetime(2026, 11, 1, tzinfo=UTC)
POINT = "arn:aws:backup:us-east-1:123456789012:recovery-point:11aa"
LISTED: dict[str, tuple[str, dict[str, Any]]] = {
    "describe_db_snapshots": (
        "available",
        {"DBSnapshotIdentifier": "one", "SnapshotCreateTime": MADE, "KmsKeyId": KEY, "Status": "deleting"},
    ),
    "describe_db_instance_automated_backups": (
        "retained",
        {"DBInstanceIdentifier": "one", "InstanceCreateTime": MADE, "KmsKeyId": KEY, "Status": "deleting"},
    ),
    "describe_snapshots": (
        "available",
        {
            "SnapshotName": "one",
            "KmsKeyId": KEY,
            "SnapshotStatus": "deleting",
            "NodeSnapshots": [{"SnapshotCreateTime": MADE}],
        },
    ),
    "list_recovery_points_by_backup_vault": (
        "COMPLETED",
        {"RecoveryPointArn": POINT, "CreationDate": MADE, "EncryptionKeyArn": KEY, "Status": "DELETING"},
    ),
}


class Listing:
    """An account in which one operation lists one entry."""

    everywhere = (REGION,)

    def __init__(self, operation: str, entry: dict[str, Any]) -> None:
        self.operation, self.entry = operation, entry

    def entries(self, service: str, _: str, operation: str, *__: str, **___: Any) -> Iterator[dict[str, Any]]:
        if operation == "list_backup_vaults":
            yield {"BackupVaultName": "vault"}
        if operation == self.operation and service != "ec2":
            yield self.entry

    def ask(self, *_: str, **__: Any) -> dict[str, Any]:
        return {}

    def once(self, look: Callable[..., Any], name: str) -> Any:
        return look(self, name)

    def tags(self, *_: str) -> None:
        return None


KINDS = {
    Kind.SNAPSHOT: "describe_db_snapshots",
    Kind.AUTOMATED_BACKUP: "describe_db_instance_automated_backups",
    Kind.CACHE_SNAPSHOT: "describe_snapshots",
    Kind.RECOVERY_POINT: "list_recovery_points_by_backup_vault",
}


def account(what: Kind, *, going: bool) -> Aws:
    there, entry = LISTED[KINDS[what]]
    named = "SnapshotStatus" if what is Kind.CACHE_SNAPSHOT else "Status"
    return cast("Aws", Listing(KINDS[what], entry if going else {**entry, named: there}))


@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("going", [True, False])
def test_it_ends_is_not_busy_and_keeps_no_key(what: Kind, *, going: bool) -> None:
    line = LedgerLine(
        tenant="acme",
        ended_by="0",
        recorded_at=ENDED_AT,
        what=what,
        id="11aa" if what is Kind.RECOVERY_POINT else "one",
        region=REGION,
        because="kept",
        until=DUE,
    )
    found = {**databases.HANDLINGS, **vaults.HANDLINGS}[what].look(account(what, going=going), line)
    assert found is not None
    assert (found.ends, found.busy) == (going, "")
    users = list(users_of_key(account(what, going=going), resource(Kind.KEY)))
    assert [each.what for each in users] == ([] if going else [what])


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("describe_db_cluster_snapshots", "DBClusterSnapshotIdentifier"),
        ("describe_db_cluster_automated_backups", "DBClusterIdentifier"),
        ("describe_serverless_caches", "ServerlessCacheName"),
        ("describe_serverless_cache_snapshots", "ServerlessCacheSnapshotName"),
    ],
)
def test_all_that_a_service_with_grants_encrypts_keeps_the_key(operation: str, name: str) -> None:
    """Its grants say nothing, because its listings do; no purged snapshot of that name stands for it."""
    listed = Listing(operation, {name: "one", "KmsKeyId": KEY, "Status": "available"})
    (user,) = users_of_key(cast("Aws", listed), resource(Kind.KEY))
    assert (user.id, user.region, user.what in {Kind.SNAPSHOT, Kind.CACHE_SNAPSHOT}) == ("one", REGION, False)
