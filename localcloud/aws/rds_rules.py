"""Knows what RDS refuses and moto takes, inside the server of moto, so that every client is refused.

Each rule names its source; tests/localcloud/aws/test_data_service_refusals.py has a row for each.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn

from moto.rds.exceptions import RDSClientError
from moto.rds.models import rds_backends

from localcloud.aws.clock import inside
from localcloud.aws.versions import is_known, is_released_before, major, numbers

if TYPE_CHECKING:
    from moto.rds.models import DBInstance, RDSBackend

_THRESHOLD_GIB: Final = 400
_STRIPED_IOPS: Final = 12_000
_BETWEEN_GROWTHS: Final = timedelta(hours=6)
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


def _refuse(code: str, message: str) -> NoReturn:
    raise RDSClientError(code, message)


def check_create(self: RDSBackend, sent: dict[str, Any]) -> None:
    """What CreateDBInstance and CreateDBInstanceReadReplica refuse."""
    if sent.get("engine_version"):
        _check_known(str(sent["engine"]), str(sent["engine_version"]))
        _check_family(self, str(sent["engine"]), str(sent["engine_version"]), sent)
    _check_gp3(sent, sent.get("allocated_storage"), sent.get("storage_type"))


def check_modify(self: RDSBackend, held: DBInstance, sent: dict[str, Any]) -> None:
    """What ModifyDBInstance refuses."""
    if sent.get("engine_version"):
        allowed = bool(sent.get("allow_major_version_upgrade"))
        _check_version(held, str(sent["engine_version"]), allowed=allowed)
        _check_replicas(self, held, str(sent["engine_version"]))
    wanted = sent.get("engine_version") or held.engine_version
    upgraded = major(str(wanted)) != major(held.engine_version)
    group = {"db_parameter_group_name": held.db_parameter_group_name} if upgraded else {}
    _check_family(self, held.engine, str(wanted), {**group, **sent})
    _check_growth(held, sent)
    if held.replicas and sent.get("manage_master_user_password"):
        # As for making a replica of such a server (`check_replica`); that it holds here, too, is assumed.
        _refuse(
            "InvalidParameterCombination",
            "ManageMasterUserPassword is not supported for the source of a read replica",
        )
    if held.replicas and str(sent.get("backup_retention_period")) == "0":
        # RDS API Reference, ModifyDBInstance, `BackupRetentionPeriod`.
        _refuse(
            "InvalidParameterCombination", "Backups cannot be disabled: the instance is a source of replicas"
        )


def check_replica(self: RDSBackend, source: DBInstance, sent: dict[str, Any], *, abroad: bool) -> None:
    """RDS API Reference, CreateDBInstanceReadReplica, `SourceDBInstanceIdentifier` and `KmsKeyId`.

    A replica begins with the version of its source, so its parameter group is of that family. None follows a
    server whose password AWS manages (RDS User Guide, "Password management with Amazon RDS and AWS Secrets
    Manager", limitations; the words: terraform-aws-modules/terraform-aws-rds, issue 532).
    """
    if source.manage_master_user_password:
        _refuse(
            "InvalidParameterValue",
            f"Creating read replicas for source instance with engine {source.engine} where "
            "ManageMasterUserPassword is enabled is not supported.",
        )
    _check_family(self, source.engine, source.engine_version, sent)
    if not source.backup_retention_period:
        _refuse(
            "InvalidDBInstanceState",
            f"Automated backups are not enabled for {source.db_instance_identifier}: no replica is made",
        )
    if abroad and source.storage_encrypted and not sent.get("kms_key_id"):
        _refuse(
            "InvalidParameterCombination",
            "Cannot create an encrypted cross-region read replica without a KMS key of the destination "
            "region",
        )


def check_delete(held: DBInstance, **named: Any) -> None:
    """A replica leaves no final snapshot.

    RDS API Reference, DeleteDBInstance: `FinalDBSnapshotIdentifier` "can't be specified when deleting a read
    replica", and `SkipFinalSnapshot` must be enabled then. The words are AWS's
    (github.com/cloudposse/terraform-aws-rds-replica, issue 9).
    """
    final, skipped = named.get("final_db_snapshot_identifier"), named.get("skip_final_snapshot")
    if held.is_replica and (final or not skipped):
        _refuse(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier can not be specified when deleting a replica instance",
        )


def check_group_is_free(self: RDSBackend, name: str) -> None:
    """A parameter group that a server has cannot go (the words: terraform-provider-aws, issue 6448)."""
    if any(name in _groups_of(held) for held in self.databases.values()):
        _refuse(
            "InvalidDBParameterGroupState",
            f"One or more database instances are still members of this parameter group {name}, "
            "so the group cannot be deleted",
        )


def check_promotion(held: DBInstance) -> None:
    """RDS API Reference, PromoteReadReplica: of a read replica only."""
    if not held.is_replica or held.source_db_instance_identifier is None:
        _refuse("InvalidDBInstanceState", f"DB Instance {held.db_instance_identifier} is not a read replica")


def check_subnets_are_free(self: RDSBackend, name: str) -> None:
    """A subnet group that a server lies in cannot go (RDS API Reference, DeleteDBSubnetGroup)."""
    for held in self.databases.values():
        if vars(held).get("_db_subnet_group_name") == name:  # moto's property can only be written
            _refuse(
                "InvalidDBSubnetGroupStateFault",
                f"Cannot delete the subnet group '{name}' because at least one database instance: "
                f"{held.db_instance_identifier} is still using it.",
            )


def _groups_of(held: DBInstance) -> set[str | None]:
    return {held.db_parameter_group_name}


def _check_known(engine: str, version: str) -> None:
    """What DescribeDBEngineVersions does not list (words: tryretool/terraform-retool-modules, issue 70)."""
    if not is_known(engine, version):
        _refuse("InvalidParameterCombination", f"Cannot find version {version} for {engine}")


def _check_version(held: DBInstance, wanted: str, *, allowed: bool) -> None:
    """RDS API Reference, ModifyDBInstance, `EngineVersion` (to upgrade to) and `AllowMajorVersionUpgrade`.

    A newer major version must not be older by its day of release: its list of targets begins later
    (terraform-aws-modules/terraform-aws-rds, issue 627: from 16.13 not to 17.6, to 17.9). The words of the
    second refusal are AWS's (aws-controllers-k8s/community, issue 1265).
    """
    _check_known(held.engine, wanted)
    there = held.engine_version
    if numbers(wanted) < numbers(there) or (held.engine == "postgres" and is_released_before(wanted, there)):
        _refuse("InvalidParameterCombination", f"Cannot upgrade {held.engine} from {there} to {wanted}")
    if major(wanted) != major(there) and not allowed:
        _refuse(
            "InvalidParameterCombination",
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version: "
            f"from {there} to {wanted}",
        )
    if major(wanted) != major(there) and held.is_replica and held.engine == "postgres":
        # The words: terraform-provider-aws, pull 7013.
        _refuse(
            "InvalidParameterValue",
            "Major Version Upgrade not supported for Postgres Read Replica DB Instances",
        )


def _check_replicas(self: RDSBackend, held: DBInstance, wanted: str) -> None:
    """A minor upgrade waits until all replicas have it, in every region; a major one leaves those abroad.

    RDS User Guide, "Upgrades of the RDS for PostgreSQL DB engine"; the words:
    ministryofjustice/cloud-platform, issue 6068. Of a major one the page says only that "in-Region read
    replicas" are taken along: that it is refused while one is abroad is assumed, so that nothing here comes
    to rely on it.
    """
    regions = rds_backends[self.account_id].values()
    for each in (each for region in regions for each in region.databases.values()):
        follows = each.is_replica and each.source_db_instance_identifier in _names_of(held)
        left = major(wanted) == major(held.engine_version) or each.region != held.region
        if follows and left and numbers(each.engine_version) < numbers(wanted):
            _refuse(
                "DBUpgradeDependencyFailure",
                "One or more of the DB Instance's read replicas need to be upgraded: "
                f"{each.db_instance_identifier}",
            )


def _names_of(held: DBInstance) -> set[str]:
    return {held.db_instance_identifier, held.db_instance_arn}


def _check_family(self: RDSBackend, engine: str, version: str, sent: dict[str, Any]) -> None:
    """RDS API Reference, ModifyDBInstance, `DBParameterGroupName` (family) and `EngineVersion` (a new group).

    The words are AWS's (terraform-provider-aws, pull 47121).
    """
    name = sent.get("db_parameter_group_name")
    group = self.db_parameter_groups.get(str(name))
    if group is not None and engine == "postgres" and group.family != f"{engine}{major(version)}":
        _refuse(
            "InvalidParameterCombination",
            f"The parameter group {name} with DBParameterGroupFamily {group.family} can't be used for this "
            f"instance. Use a parameter group with DBParameterGroupFamily {engine}{major(version)}",
        )


def _check_growth(held: DBInstance, sent: dict[str, Any]) -> None:
    """Steps of storage, and IOPS of a striped volume (the words: terraform-provider-aws, issue 28382).

    RDS User Guide, "Scaling up DB instance storage": by at least 10 percent, and not again within six hours.
    """
    size = sent.get("allocated_storage") or held.allocated_storage
    if (grows := int(size or 0) - int(held.allocated_storage or 0)) > 0:
        if grows * 10 < held.allocated_storage:
            _refuse(
                "InvalidParameterValue",
                f"The allocated storage must grow by at least 10 percent, from {held.allocated_storage} to "
                f"{-(-held.allocated_storage * 11 // 10)} GiB or more: {size}",
            )
        if inside() < vars(held).get("grown_at", _LONG_AGO) + _BETWEEN_GROWTHS:
            _refuse(
                "InvalidParameterCombination",
                "You can't currently modify the storage of this DB instance because the previous storage "
                "change is being optimized.",
            )
    kind = sent.get("storage_type") or held.storage_type
    _check_gp3(sent, size, kind)
    chosen, striped = sent.get("iops"), int(size or 0) >= _THRESHOLD_GIB
    if kind == "gp3" and held.engine == "postgres" and striped and chosen and int(chosen) < _STRIPED_IOPS:
        _refuse(
            "InvalidParameterCombination",
            f"Invalid iops value for engine name {held.engine} and storage type gp3: {chosen}",
        )


def _check_gp3(sent: dict[str, Any], size: Any, kind: Any) -> None:
    """gp3 of PostgreSQL is striped from 400 GiB on: below that nobody chooses IOPS or throughput.

    RDS User Guide, "gp3 storage"; the words: crossplane-contrib/provider-aws, issue 1630.
    """
    chosen = sent.get("iops") or sent.get("storage_throughput")
    if kind == "gp3" and chosen and int(size or 0) < _THRESHOLD_GIB:
        _refuse(
            "InvalidParameterCombination",
            "You can't specify IOPS or storage throughput for engine postgres and a storage size less than "
            "400.",
        )
