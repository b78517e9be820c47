"""Knows database instances."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from localcloud.aws.errors import refuse
from localcloud.aws.insights import keeps_insights_for
from localcloud.aws.limits import between, matches
from localcloud.aws.operations import creates, tagged_by_pairs, tags_at_create
from localcloud.aws.rds_ending import SNAPSHOT_NAME, SNAPSHOT_RULE, delete_instance
from localcloud.aws.rds_restoring import restores_to_point_in_time
from localcloud.aws.row import Call, Change, Name, Row, fields, names
from localcloud.aws.rules import key_exists
from localcloud.aws.versions import told
from localcloud.aws.windows import SERVER_LEAST, backs_up_outside, lasts
from localcloud.provider import Failure, ProviderError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CLASS = re.compile(
    r"db\.(t[234]g?|m[3-8](g|gd|i|id|idn|d|in)?|r[3-8](g|gd|i|id|idn|b|d|in)?|x[12](g|gd|idn|iedn|e)?|z1d|c6gd)"
    r"\.(micro|small|medium|large|\d{0,2}xlarge)(\.tpc\d\.mem\dx)?"
)

_THRESHOLD_GIB, _BASE_IOPS = 400, 3000
"""From where gp3 of PostgreSQL is striped, and what it does below (RDS User Guide, "gp3 storage")."""

_HOSTED_ZONES = {  # https://docs.aws.amazon.com/general/latest/gr/rds-service.html
    "us-east-1": "Z2R2ITUGPM61AM",
    "us-east-2": "Z2XHWR1WZ565X2",
    "us-west-2": "Z1PVIF0B656C1W",
    "eu-west-1": "Z29XKXDKYMONMX",
    "eu-central-1": "Z1RLNUO7B9Q6NB",
}


def _instance_facts(call: Call, found: Mapping[str, Any]) -> dict[str, Any]:
    endpoint = found.get("Endpoint") or {}
    secret = found.get("MasterUserSecret")
    return {
        "endpoint": f"{endpoint['Address']}:{endpoint['Port']}" if endpoint.get("Address") else None,
        "hostedZoneId": endpoint.get("HostedZoneId") or _HOSTED_ZONES.get(call.region),
        "masterUserSecrets": [
            {
                "secretArn": secret.get("SecretArn"),
                "secretStatus": secret.get("SecretStatus"),
                "kmsKeyId": secret.get("KmsKeyId"),
            }
        ]
        if secret
        else [],
        "engineVersion": told(
            str((call.new or call.state or call.old).get("engineVersion") or ""),
            str(found["EngineVersion"]),
            str((found.get("PendingModifiedValues") or {}).get("EngineVersion") or ""),
        ),
        "replicateSourceDb": found.get("ReadReplicaSourceDBInstanceIdentifier") or "",
        "vpcSecurityGroupIds": sorted(g["VpcSecurityGroupId"] for g in found.get("VpcSecurityGroups") or []),
    }


def _class_is_real(call: Call) -> None:
    wanted = str(call.new.get("instanceClass"))
    if not _CLASS.fullmatch(wanted):
        refuse("InvalidParameterValue", f"Invalid DB Instance class: {wanted}")


def _storage_only_grows(call: Call) -> None:
    before, after = call.old.get("allocatedStorage") or 0, call.new.get("allocatedStorage")
    if after is not None and after < before:
        refuse(
            "InvalidParameterCombination",
            f"the allocated storage cannot shrink from {before} to {after} GiB; "
            "a smaller database is a new instance with the data restored into it",
        )


def _storage_that_grew(wanted: Mapping[str, Any], held: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where the storage may grow by itself, a smaller number is passed over."""
    size, limit = wanted.get("allocatedStorage"), wanted.get("maxAllocatedStorage")
    has = held.get("allocatedStorage")
    if isinstance(size, int) and isinstance(has, int) and isinstance(limit, int) and has > size < limit:
        return {"allocatedStorage": has}
    return {}


def _autoscaling_has_room(inputs: Mapping[str, Any]) -> Iterator[Failure]:
    size, limit = inputs.get("allocatedStorage"), inputs.get("maxAllocatedStorage")
    if isinstance(size, int) and isinstance(limit, int) and 0 < limit < size:
        yield Failure("maxAllocatedStorage", f"the storage limit {limit} GiB is below the storage {size} GiB")


_WINDOWS = ("PreferredMaintenanceWindow", "PreferredBackupWindow")
_RESTORED = ("allocatedStorage", "engine", "username", "password", "dbName", "storageEncrypted", "kmsKeyId")


def _create_instance(call: Call) -> str:
    origin = call.new.get("replicateSourceDb") or call.new.get("snapshotIdentifier")
    if call.new.get("restoreToPointInTime"):
        return restores_to_point_in_time(call, _RESTORED)
    if not origin:
        return creates("create_db_instance", "DBInstance.DBInstanceIdentifier")(call)
    tags = tags_at_create(call)
    inherited = {call.row.inputs[name] for name in (*_RESTORED, "engineVersion", "backupRetentionPeriod")}
    sent = {api: value for api, value in call.parameters().items() if api not in inherited}
    if call.new.get("replicateSourceDb"):
        if str(origin).startswith("arn:"):  # from another region, under a key of this one
            sent |= call.parameters(names("kmsKeyId"))
        # The official provider sends these once the replica is there, because its creation takes no windows.
        later = {api: sent.pop(api) for api in _WINDOWS if api in sent}
        made = call.ask("create_db_instance_read_replica", SourceDBInstanceIdentifier=origin, **sent, **tags)
        if later:
            name = made["DBInstance"]["DBInstanceIdentifier"]
            call.ask("modify_db_instance", DBInstanceIdentifier=name, ApplyImmediately=True, **later)
    else:
        made = call.ask("restore_db_instance_from_db_snapshot", DBSnapshotIdentifier=origin, **sent, **tags)
    return str(made["DBInstance"]["DBInstanceIdentifier"])


def _keeps_its_source(call: Call) -> None:
    """What the official provider refuses (internal/service/rds/instance.go, `resourceInstanceUpdate`)."""
    if "replicateSourceDb" in call.changed and call.new.get("replicateSourceDb"):
        raise ProviderError(f"{call.row.kind} {call.name}: cannot elect new source database for replication")


def _promote(call: Call) -> None:
    """A replica whose source is taken away becomes a server of its own."""
    if not call.new.get("replicateSourceDb"):
        call.ask(
            "promote_read_replica", DBInstanceIdentifier=_name(call), **call.parameters(names("backupWindow"))
        )


def _modify(call: Call) -> None:
    """As the official provider does (internal/service/rds/instance.go, `dbInstancePopulateModify`)."""
    sent = call.parameters(_CHANGEABLE & call.changed)
    if "manageMasterUserPassword" in call.changed:
        sent["ManageMasterUserPassword"] = bool(call.new.get("manageMasterUserPassword"))
    if not sent:
        return
    if "EngineVersion" in sent:
        sent["AllowMajorVersionUpgrade"] = bool(call.new.get("allowMajorVersionUpgrade"))
    if "AllocatedStorage" in sent and not _chooses_no_iops(call.new):
        sent["Iops"] = call.new.get("iops") or call.state.get("iops") or _BASE_IOPS
    if (renamed := sent.pop("DBInstanceIdentifier", None)) is not None:
        sent["NewDBInstanceIdentifier"] = renamed
    now = bool(call.new.get("applyImmediately"))
    call.ask("modify_db_instance", DBInstanceIdentifier=_name(call), ApplyImmediately=now, **sent)


def _chooses_no_iops(inputs: Mapping[str, Any]) -> bool:
    """Below the threshold the provider sends IOPS only where they changed."""
    return inputs.get("storageType") != "gp3" or int(inputs.get("allocatedStorage") or 0) < _THRESHOLD_GIB


def _name(call: Call) -> str:
    """What the server is called now; its id is what it was called first."""
    return str(call.state.get("identifier") or call.id)


def _find(call: Call) -> Mapping[str, Any] | None:
    """The server, which may have got its new name by now."""
    for name in dict.fromkeys((_name(call), str(call.new.get("identifier") or call.id))):
        answer = call.seek("describe_db_instances", DBInstanceIdentifier=name)
        if answer is not None:
            found: Mapping[str, Any] = answer["DBInstances"][0]
            return found
    return None


def _exported_logs(call: Call) -> None:
    before = set(call.old.get("enabledCloudwatchLogsExports") or [])
    after = set(call.new.get("enabledCloudwatchLogsExports") or [])
    plan = {"EnableLogTypes": sorted(after - before), "DisableLogTypes": sorted(before - after)}
    call.ask("modify_db_instance", DBInstanceIdentifier=_name(call), CloudwatchLogsExportConfiguration=plan)


TAGS = tagged_by_pairs(
    "ResourceName",
    add="add_tags_to_resource",
    remove="remove_tags_from_resource",
    listed="list_tags_for_resource",
    at="TagList",
)
_INSTANCE = """allocatedStorage autoMinorVersionUpgrade availabilityZone backupRetentionPeriod
    backupWindow=PreferredBackupWindow caCertIdentifier=CACertificateIdentifier copyTagsToSnapshot
    dbName=DBName dbSubnetGroupName=DBSubnetGroupName deletionProtection engine engineVersion
    enabledCloudwatchLogsExports=EnableCloudwatchLogsExports
    iamDatabaseAuthenticationEnabled=EnableIAMDatabaseAuthentication identifier=DBInstanceIdentifier
    instanceClass=DBInstanceClass iops kmsKeyId licenseModel maintenanceWindow=PreferredMaintenanceWindow
    manageMasterUserPassword masterUserSecretKmsKeyId maxAllocatedStorage monitoringInterval monitoringRoleArn
    multiAz=MultiAZ networkType optionGroupName parameterGroupName=DBParameterGroupName
    password=MasterUserPassword performanceInsightsEnabled=EnablePerformanceInsights
    performanceInsightsKmsKeyId=PerformanceInsightsKMSKeyId performanceInsightsRetentionPeriod port
    publiclyAccessible storageEncrypted storageThroughput storageType timezone username=MasterUsername
    vpcSecurityGroupIds databaseInsightsMode dedicatedLogVolume engineLifecycleSupport"""
_IN_PLACE = """allocatedStorage autoMinorVersionUpgrade backupRetentionPeriod backupWindow caCertIdentifier
    copyTagsToSnapshot dbSubnetGroupName deletionProtection engineVersion iamDatabaseAuthenticationEnabled
    identifier instanceClass iops maintenanceWindow manageMasterUserPassword masterUserSecretKmsKeyId
    maxAllocatedStorage monitoringInterval monitoringRoleArn multiAz networkType optionGroupName
    parameterGroupName password performanceInsightsEnabled performanceInsightsKmsKeyId
    performanceInsightsRetentionPeriod publiclyAccessible storageThroughput storageType vpcSecurityGroupIds
    databaseInsightsMode dedicatedLogVolume"""
_CHANGEABLE = names(_IN_PLACE)

ROWS = (
    Row(
        kind="aws:rds/instance:Instance",
        service="rds",
        inputs=fields(
            _INSTANCE
            + """ allowMajorVersionUpgrade= applyImmediately= blueGreenUpdate= deleteAutomatedBackups=
            finalSnapshotIdentifier= skipFinalSnapshot= replicateSourceDb= snapshotIdentifier=
            restoreToPointInTime="""
        ),
        live=fields(
            """allocatedStorage autoMinorVersionUpgrade availabilityZone backupRetentionPeriod
            backupWindow=PreferredBackupWindow copyTagsToSnapshot dbName=DBName
            dbSubnetGroupName=DBSubnetGroup.DBSubnetGroupName deletionProtection engine
            engineVersionActual=EngineVersion
            iamDatabaseAuthenticationEnabled=IAMDatabaseAuthenticationEnabled identifier=DBInstanceIdentifier
            instanceClass=DBInstanceClass iops kmsKeyId licenseModel
            maintenanceWindow=PreferredMaintenanceWindow maxAllocatedStorage multiAz=MultiAZ
            parameterGroupName=DBParameterGroups[0].DBParameterGroupName publiclyAccessible storageEncrypted
            storageThroughput storageType username=MasterUsername port=Endpoint.Port address=Endpoint.Address
            arn=DBInstanceArn resourceId=DbiResourceId
            status=DBInstanceStatus replicas=ReadReplicaDBInstanceIdentifiers
            caCertIdentifier=CACertificateIdentifier"""
        ),
        derive=_instance_facts,
        derived=names(
            "endpoint hostedZoneId masterUserSecrets vpcSecurityGroupIds engineVersion replicateSourceDb"
        ),
        create=_create_instance,
        find=_find,
        changes=(
            Change(names("replicateSourceDb"), _promote),
            Change(_CHANGEABLE, _modify),
            Change(names("enabledCloudwatchLogsExports"), _exported_logs),
        ),
        delete=delete_instance,
        keeps=_storage_that_grew,
        waits=names("allocatedStorage engineVersion identifier instanceClass multiAz parameterGroupName"),
        replaces=names(
            """availabilityZone dbName engine identifierPrefix kmsKeyId restoreToPointInTime
            snapshotIdentifier storageEncrypted timezone username"""
        ),
        name=Name("identifier", "identifierPrefix", lower=True),
        tags=TAGS,
        checks=(
            between("backupRetentionPeriod", 0, 35),
            keeps_insights_for,
            lasts("maintenanceWindow", SERVER_LEAST),
            backs_up_outside,
            matches("finalSnapshotIdentifier", SNAPSHOT_NAME, SNAPSHOT_RULE),
            _autoscaling_has_room,
        ),
        before_create=(
            _class_is_real,
            key_exists("kmsKeyId"),
            key_exists("masterUserSecretKmsKeyId"),
            key_exists("performanceInsightsKmsKeyId"),
        ),
        before_update=(
            _class_is_real,
            _storage_only_grows,
            _keeps_its_source,
            key_exists("masterUserSecretKmsKeyId"),
        ),
        secrets=names("password"),
    ),
)
