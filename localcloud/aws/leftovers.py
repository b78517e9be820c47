"""Knows how AWS deletes what outlives a stack, and what it refuses: backups, recovery points, keys.

Recovery points and legal holds are in memory, beside moto's vaults, because moto has none.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from moto.backup import urls as backup_urls
from moto.backup.exceptions import InvalidRequestException, ResourceNotFoundException
from moto.backup.models import BackupBackend
from moto.backup.responses import BackupResponse
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import unix_time, utcnow
from moto.kms.exceptions import ValidationException
from moto.kms.responses import KmsResponse
from moto.rds.exceptions import DBSnapshotNotFoundFault, RDSClientError
from moto.rds.responses import RDSResponse

from localcloud.aws.deferred import complete
from localcloud.aws.grants import say_all_of_grants

if TYPE_CHECKING:
    from collections.abc import Iterator

_DISPATCH: Final = BackupResponse().dispatch
_PATHS: Final = (
    "{0}/backup-jobs$",
    "{0}/backup-vaults/(?P<vault>[^/]+)/recovery-points/$",
    "{0}/backup-vaults/(?P<vault>[^/]+)/recovery-points/(?P<arn>[^/]+)$",
    "{0}/legal-holds/$",
    "{0}/legal-holds/(?P<hold>[^/]+)$",
    "{0}/legal-holds/(?P<hold>[^/]+)/recovery-points$",
)
_WINDOW: Final = range(7, 31)
"""For how many days a key may wait for its deletion (KMS API Reference, ScheduleKeyDeletion)."""
_POINTS: Final = "recovery_points"
_HOLDS: Final = "legal_holds"
ARN: Final = "DBInstanceAutomatedBackupsArn"
"""Where an automated backup says its ARN."""


def refuse_what_aws_does() -> None:
    """Completes moto, once per process."""
    if BackupBackend.delete_backup_vault.__module__ == __name__:
        return
    for path in _PATHS:
        backup_urls.url_paths[path] = _DISPATCH
    complete(BackupBackend, "delete_backup_vault", _delete_backup_vault)
    for responses, operation in (
        (BackupResponse, _start_backup_job),
        (BackupResponse, _list_recovery_points_by_backup_vault),
        (BackupResponse, _describe_recovery_point),
        (BackupResponse, _delete_recovery_point),
        (BackupResponse, _create_legal_hold),
        (BackupResponse, _cancel_legal_hold),
        (BackupResponse, _list_legal_holds),
        (BackupResponse, _list_recovery_points_by_legal_hold),
        (RDSResponse, _delete_db_instance_automated_backup),
    ):
        setattr(responses, operation.__name__.removeprefix("_"), operation)
    complete(RDSResponse, "delete_db_snapshot", _delete_db_snapshot)
    complete(KmsResponse, "schedule_key_deletion", _schedule_key_deletion)
    say_all_of_grants()


def _held(backend: Any, name: str) -> dict[str, dict[str, Any]]:
    """What moto has no room for, on its own backend of a region."""
    found: dict[str, dict[str, Any]] = vars(backend).setdefault(name, {})
    return found


def _start_backup_job(self: BackupResponse) -> ActionResult:
    """Makes a recovery point at once; its day of deletion comes from the lifecycle that is asked for."""
    asked, backend = json.loads(self.body), self.backup_backend
    vault = backend.describe_backup_vault(asked["BackupVaultName"])
    arn = f"arn:aws:backup:{self.region}:{self.current_account}:recovery-point:{uuid.uuid4()}"
    made = utcnow()
    point: dict[str, Any] = {
        "RecoveryPointArn": arn,
        "BackupVaultName": vault.backup_vault_name,
        "BackupVaultArn": vault.backup_vault_arn,
        "ResourceArn": asked["ResourceArn"],
        "Status": "COMPLETED",
        "CreationDate": unix_time(made),
        "BackupSizeInBytes": 5 << 30,
        "EncryptionKeyArn": vault.encryption_key_arn,
    }
    if days := (asked.get("Lifecycle") or {}).get("DeleteAfterDays"):
        point["Lifecycle"] = {"DeleteAfterDays": days}
        point["CalculatedLifecycle"] = {"DeleteAt": unix_time(made + timedelta(days=days))}
    backend.tag_resource(arn, asked.get("RecoveryPointTags") or {})
    _held(backend, _POINTS)[arn] = point
    vault.num_of_recovery_points += 1
    return ActionResult({"BackupJobId": str(uuid.uuid4()), "RecoveryPointArn": arn})


def _points_of(backend: Any, vault: str) -> list[dict[str, Any]]:
    return [each for each in _held(backend, _POINTS).values() if each["BackupVaultName"] == vault]


def _part(self: BackupResponse, name: str) -> str:
    """A part of the path."""
    return unquote(str(self.uri_match[name]))


def _answer(document: dict[str, Any]) -> tuple[int, dict[str, str], str]:
    return 200, {"Content-Type": "application/json"}, json.dumps(document)


def _list_recovery_points_by_backup_vault(self: BackupResponse) -> tuple[int, dict[str, str], str]:
    vault = _part(self, "backupVaultName")
    self.backup_backend.describe_backup_vault(vault)
    return _answer({"RecoveryPoints": _points_of(self.backup_backend, vault)})


def _point_named(self: BackupResponse) -> tuple[Any, dict[str, Any]]:
    """The vault and the recovery point of the path."""
    arn = _part(self, "recoveryPointArn")
    vault = self.backup_backend.describe_backup_vault(_part(self, "backupVaultName"))
    point = _held(self.backup_backend, _POINTS).get(arn)
    if point is None or point["BackupVaultName"] != vault.backup_vault_name:
        raise ResourceNotFoundException(f"Cannot find recovery point. [{arn}]")
    return vault, point


def _describe_recovery_point(self: BackupResponse) -> tuple[int, dict[str, str], str]:
    return _answer(_point_named(self)[1])


def _delete_recovery_point(self: BackupResponse) -> EmptyResult:
    """AWS Backup Developer Guide, "Deleting backups", "AWS Backup Vault Lock" and "Legal holds"."""
    backend, (vault, point) = self.backup_backend, _point_named(self)
    arn = point["RecoveryPointArn"]
    if vault.locked:
        raise InvalidRequestException(
            f"Recovery point cannot be deleted or disassociated due to vault lock: {arn}"
        )
    if any(arn in kept for kept in _kept(backend)):
        raise InvalidRequestException(f"Recovery point is under a legal hold: {arn}")
    del _held(backend, _POINTS)[arn]
    vault.num_of_recovery_points -= 1
    return EmptyResult()


def _delete_backup_vault(self: BackupBackend, original: Any, backup_vault_name: str) -> None:
    self.describe_backup_vault(backup_vault_name)
    if held := _points_of(self, backup_vault_name):
        raise InvalidRequestException(
            f"Backup vault cannot be deleted because it contains {len(held)} recovery points."
        )
    original(self, backup_vault_name)


def _create_legal_hold(self: BackupResponse) -> tuple[int, dict[str, str], str]:
    asked = json.loads(self.body)
    made = str(uuid.uuid4())
    hold = {"LegalHoldId": made, "Title": asked["Title"], "Status": "ACTIVE"}
    _held(self.backup_backend, _HOLDS)[made] = {
        **hold,
        "selection": asked.get("RecoveryPointSelection") or {},
    }
    return _answer(hold)


def _cancel_legal_hold(self: BackupResponse) -> tuple[int, dict[str, str], str]:
    held = _held(self.backup_backend, _HOLDS).get(_part(self, "legalHoldId"))
    if held is None:
        raise ResourceNotFoundException(f"Legal hold {_part(self, 'hold')} not found")
    held["Status"] = "CANCELED"
    return _answer({})


def _list_legal_holds(self: BackupResponse) -> tuple[int, dict[str, str], str]:
    held = _held(self.backup_backend, _HOLDS).values()
    return _answer({"LegalHolds": [{k: v for k, v in each.items() if k != "selection"} for each in held]})


def _kept(backend: Any) -> Iterator[set[str]]:
    """The recovery points of each active hold."""
    for hold in _held(backend, _HOLDS).values():
        if hold["Status"] == "ACTIVE":
            yield _selected(backend, hold["selection"])


def _selected(backend: Any, selection: dict[str, Any]) -> set[str]:
    vaults, resources = selection.get("VaultNames") or (), selection.get("ResourceIdentifiers") or ()
    return {
        arn
        for arn, point in _held(backend, _POINTS).items()
        if point["BackupVaultName"] in vaults or point["ResourceArn"] in resources
    }


def _list_recovery_points_by_legal_hold(self: BackupResponse) -> tuple[int, dict[str, str], str]:
    hold = _held(self.backup_backend, _HOLDS).get(_part(self, "legalHoldId"))
    if hold is None:
        raise ResourceNotFoundException(f"Legal hold {_part(self, 'hold')} not found")
    arns = _selected(self.backup_backend, hold["selection"])
    return _answer({"RecoveryPoints": [{"RecoveryPointArn": each} for each in sorted(arns)]})


def _delete_db_snapshot(self: RDSResponse, original: Any) -> ActionResult:
    """RDS API Reference, DeleteDBSnapshot: it must be available, and a server's own go with the server."""
    name = str(self.params.get("DBSnapshotIdentifier"))
    held = self.backend.database_snapshots.get(name)
    if held is None:
        raise DBSnapshotNotFoundFault(name)
    if held.snapshot_type == "automated":
        raise RDSClientError("InvalidDBSnapshotState", f"The automated snapshot {name} cannot be deleted.")
    if held.status != "available":
        raise RDSClientError(
            "InvalidDBSnapshotState", f"Cannot delete the snapshot {name} because it is {held.status}."
        )
    answer: ActionResult = original(self)
    return answer


def _delete_db_instance_automated_backup(self: RDSResponse) -> ActionResult:
    """It is named by the resource id or the ARN, never by the server's name, and its server must be gone."""
    resource = self.params.get("DbiResourceId")
    backend, arn = self.backend, self.params.get("DBInstanceAutomatedBackupsArn")
    found = next(
        (
            each
            for each in automated_backups(backend)
            if resource == each["DbiResourceId"] or arn == each[ARN]
        ),
        None,
    )
    if found is None:
        raise RDSClientError("DBInstanceAutomatedBackupNotFound", f"{resource or arn} not found.")
    if found["Status"] != "retained":
        raise RDSClientError(
            "InvalidDBInstanceAutomatedBackupState", f"{resource or arn} is {found['Status']}, not retained."
        )
    for name in [
        name
        for name, each in backend.database_snapshots.items()
        if each.snapshot_type == "automated" and _resource_id(each) == found["DbiResourceId"]
    ]:
        del backend.database_snapshots[name]
    return ActionResult({"DBInstanceAutomatedBackup": found})


def automated_backups(backend: Any) -> list[dict[str, Any]]:
    """The automated backups of a region's own servers, as AWS lists them: one for each resource id."""
    found: dict[str, dict[str, Any]] = {}
    for each in backend.database_snapshots.values():
        if each.snapshot_type != "automated":
            continue
        live, made = backend.databases.get(each.db_instance_identifier), each.instance_create_time
        resource = _resource_id(each)
        found[resource] = {
            ARN: f"arn:aws:rds:{backend.region_name}:{backend.account_id}:auto-backup:{resource}",
            "DbiResourceId": resource,
            "DBInstanceIdentifier": each.db_instance_identifier,
            "Region": backend.region_name,
            "Status": "active" if live is not None and live.created == made else "retained",
            "InstanceCreateTime": made,
            "AllocatedStorage": each.allocated_storage,
            "Encrypted": each.encrypted,
            "KmsKeyId": each.kms_key_id,
            "TagList": each.tags,
        }
    return list(found.values())


def _resource_id(snapshot: Any) -> str:
    """The id of its server, of which no two have the same: moto gives all of them one."""
    said = f"{snapshot.db_instance_identifier} {snapshot.instance_create_time}"
    return f"db-{hashlib.sha256(said.encode()).hexdigest()[:26].upper()}"


def _schedule_key_deletion(self: KmsResponse, original: Any) -> str:
    days = self._get_param("PendingWindowInDays")
    if days is not None and days not in _WINDOW:
        raise ValidationException(f"PendingWindowInDays {days} must be between 7 and 30")
    name = self._get_param("KeyId")
    self._validate_cmk_id(name)
    key = self.kms_backend.keys[self.kms_backend.any_id_to_key_id(name)]
    if key.key_state == "PendingDeletion":
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    answer: str = original(self)
    return answer
