"""Knows how the official provider makes a server as another one was at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.aws.operations import tags_at_create

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localcloud.aws.row import Call

_SOURCE = {
    "sourceDbInstanceIdentifier": "SourceDBInstanceIdentifier",
    "restoreTime": "RestoreTime",
    "useLatestRestorableTime": "UseLatestRestorableTime",
}
_AFTERWARDS = {
    "manageMasterUserPassword": "ManageMasterUserPassword",
    "masterUserSecretKmsKeyId": "MasterUserSecretKmsKeyId",
    "password": "MasterUserPassword",
}
_UNTAKEN = {
    *("engineVersion", "backupRetentionPeriod", "backupWindow", "maintenanceWindow", "caCertIdentifier"),
    *("performanceInsightsEnabled", "performanceInsightsKmsKeyId", "identifier"),
}


def restores_to_point_in_time(call: Call, inherited: Iterable[str]) -> str:
    """Restore; what the operation does not take is asked for once the server is there.

    terraform-provider-aws, pulls 15969, 33699 and 35589 (internal/service/rds/instance.go,
    `resourceInstanceCreate`).
    """
    source: dict[str, Any] = call.new["restoreToPointInTime"]
    sent = call.parameters(frozenset(call.row.inputs) - {*inherited, *_AFTERWARDS, *_UNTAKEN})
    name = str(call.new["identifier"])
    call.ask(
        "restore_db_instance_to_point_in_time",
        TargetDBInstanceIdentifier=name,
        **{api: source[key] for key, api in _SOURCE.items() if source.get(key)},
        **sent,
        **tags_at_create(call),
    )
    later = {api: call.new[key] for key, api in _AFTERWARDS.items() if call.new.get(key)}
    if later:
        call.ask("modify_db_instance", DBInstanceIdentifier=name, ApplyImmediately=True, **later)
    return name
