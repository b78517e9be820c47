"""Knows where moto leaves no room for any client to work, and completes it inside the server's own process.

The rest of what moto lacks is the provider's to simulate (`localcloud/aws/simulation.py`); here is only what
other programs would trip over as well, such as a search for leftovers after a teardown.
"""

from __future__ import annotations

import copy
import json
from typing import Any, Final

from moto.backup.models import BackupBackend, Plan
from moto.backup.responses import BackupResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.efs.models import FileSystem
from moto.efs.responses import EFSResponse
from moto.elasticache.models import CacheSubnetGroup, ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse
from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.rds.models import RDSBackend
from moto.rds.responses import RDSResponse
from moto.s3.models import S3Backend
from moto.s3.utils import compute_checksum

from localcloud.aws.cache_access import let_users_log_in
from localcloud.aws.cache_waiting import check_subnets_are_free, let_caches_wait
from localcloud.aws.cloudfront import refuse_to_delete_what_serves
from localcloud.aws.deferred import complete
from localcloud.aws.leftovers import refuse_what_aws_does
from localcloud.aws.rds_point_in_time import describe_account_attributes
from localcloud.aws.waiting import let_servers_wait

_WITHOUT_TLS: Final = {"Bool": {"aws:SecureTransport": "false"}}


def correct_moto() -> None:
    """Completes moto, once per process."""
    if RDSBackend.modify_db_instance.__module__ == let_servers_wait.__module__:
        return
    _let_replication_groups_go()
    _let_replicas_leave_their_region()
    _let_backup_plans_go()
    _take_the_loopback_for_tls()
    complete(S3Backend, "copy_object", _copy_object)
    refuse_what_aws_does()
    refuse_to_delete_what_serves()
    let_users_log_in()
    let_servers_wait()
    let_caches_wait()  # last of those about caches: what is outermost is made once
    for responses, operation in (
        (ElastiCacheResponse, _modify_cache_subnet_group),
        (ElastiCacheResponse, _delete_cache_subnet_group),
        (BackupResponse, _update_backup_plan),
        (EFSResponse, _update_file_system),
        (EFSResponse, _put_backup_policy),
        (EFSResponse, _delete_file_system_policy),
        (RDSResponse, _reset_db_parameter_group),
        (RDSResponse, describe_account_attributes),
    ):
        setattr(responses, operation.__name__.removeprefix("_"), operation)


def _let_replication_groups_go() -> None:
    """A deleted group would stay `deleting` for ever: its id taken, and listed by the tagging API."""
    original = ElastiCacheBackend.delete_replication_group
    if original.__module__ == __name__:
        return

    def delete_replication_group(self: ElastiCacheBackend, replication_group_id: str, **how: Any) -> Any:
        deleted = original(self, replication_group_id, **how)
        del self.replication_groups[replication_group_id]
        return deleted

    setattr(ElastiCacheBackend, original.__name__, delete_replication_group)


def _let_replicas_leave_their_region() -> None:
    """A replica of another region's server would look for its subnets and parameters in that region."""
    original = RDSBackend.create_db_instance_read_replica
    if original.__module__ == __name__:
        return

    def create_db_instance_read_replica(self: RDSBackend, db_kwargs: dict[str, Any]) -> Any:
        source = db_kwargs["source_db_instance_identifier"]
        if not self.arn_regex.match(source):
            return original(self, db_kwargs)
        primary = self.find_db_from_id(source)
        replica = copy.copy(primary)
        # Its own region first: what comes next is looked up there.
        replica.backend, replica.replicas, replica.tags = self, [], []
        replica.update(**db_kwargs)
        replica.set_as_replica()
        self.databases[db_kwargs["db_instance_identifier"]] = replica
        # By its name, because moto forgets it by its name when it goes.
        primary.replicas.append(replica.db_instance_identifier)
        return replica

    setattr(RDSBackend, original.__name__, create_db_instance_read_replica)


def _take_the_loopback_for_tls() -> None:
    """A statement that denies requests without TLS would deny all: moto takes any condition for unmet."""
    original = IAMPolicyStatement.is_action_permitted
    if original.__module__ == __name__:
        return

    def is_action_permitted(self: IAMPolicyStatement, *asked: Any, **more: Any) -> PermissionResult:
        if self._statement["Effect"] == "Deny" and self._statement.get("Condition") == _WITHOUT_TLS:
            return PermissionResult.NEUTRAL
        return original(self, *asked, **more)

    setattr(IAMPolicyStatement, original.__name__, is_action_permitted)


def _let_backup_plans_go() -> None:
    """A deleted plan would hold its name for ever: a tenant could not come back to a tier that has one."""
    original = BackupBackend.delete_backup_plan
    if original.__module__ == __name__:
        return

    def delete_backup_plan(self: BackupBackend, backup_plan_id: str) -> Any:
        deleted = original(self, backup_plan_id)
        del self.plans[backup_plan_id]
        return deleted

    setattr(BackupBackend, original.__name__, delete_backup_plan)


def _copy_object(
    self: S3Backend, original: Any, src_key: Any, dest_bucket_name: str, dest_key_name: str, **how: Any
) -> None:
    """A copy of what was uploaded in parts would have the checksum of those parts as that of the whole.

    Every client that checks what it reads refuses such a copy. On AWS it has none of the parts, and a
    checksum of the whole by the same algorithm (S3 User Guide, "Checking object integrity").
    """
    original(self, src_key, dest_bucket_name, dest_key_name, **how)
    copied = self.get_object(dest_bucket_name, dest_key_name)
    if copied is not None and copied.checksum_value and copied.checksum_algorithm:
        copied.checksum_value = compute_checksum(copied.value, copied.checksum_algorithm).decode()


def _modify_cache_subnet_group(self: ElastiCacheResponse) -> ActionResult:
    backend, name = self.elasticache_backend, self._get_param("CacheSubnetGroupName")
    held = backend.describe_cache_subnet_groups(name)[0]
    backend.cache_subnet_groups[name] = CacheSubnetGroup(
        account_id=backend.account_id,
        region_name=backend.region_name,
        cache_subnet_group_name=name,
        cache_subnet_group_description=self._get_param("CacheSubnetGroupDescription")
        or held.cache_subnet_group_description,
        subnet_ids=self._get_param("SubnetIds", held.subnet_ids),
        tags=held.tags,
    )
    return ActionResult({"CacheSubnetGroup": backend.cache_subnet_groups[name]})


def _delete_cache_subnet_group(self: ElastiCacheResponse) -> ActionResult:
    backend, name = self.elasticache_backend, self._get_param("CacheSubnetGroupName")
    backend.describe_cache_subnet_groups(name)
    check_subnets_are_free(backend, name)
    del backend.cache_subnet_groups[name]
    return EmptyResult()


def _update_backup_plan(self: BackupResponse) -> str:
    backend, name = self.backup_backend, self.path.rstrip("/").split("/")[-1]
    held = backend.get_backup_plan(name, None)
    fresh = Plan(json.loads(self.body)["BackupPlan"], held.creator_request_id, backend)
    held.backup_plan, held.version_id = fresh.backup_plan, fresh.version_id
    return json.dumps(held.to_dict())


def _update_file_system(self: EFSResponse) -> Any:
    held = _file_system(self)
    held.throughput_mode = self._get_param("ThroughputMode") or held.throughput_mode
    provisioned = held.throughput_mode == "provisioned"
    fresh: Any = self._get_param("ProvisionedThroughputInMibps") if provisioned else None
    held.provisioned_throughput_in_mibps = fresh
    return json.dumps(held.info_json()), {"status": 202, "Content-Type": "application/json"}


def _file_system(self: EFSResponse) -> FileSystem:
    _, held = self.efs_backend.describe_file_systems(file_system_id=self._get_param("FileSystemId"))
    return held[0]


def _put_backup_policy(self: EFSResponse) -> Any:
    held = _file_system(self)
    policy = self._get_param("BackupPolicy")
    held._backup = policy["Status"] == "ENABLED"  # noqa: SLF001 - moto has no other door
    return json.dumps({"BackupPolicy": policy}), {"Content-Type": "application/json"}


def _delete_file_system_policy(self: EFSResponse) -> Any:
    _file_system(self).file_system_policy = None
    return "", {"Content-Type": "application/json"}


def _reset_db_parameter_group(self: RDSResponse) -> ActionResult:
    name = self.params.get("DBParameterGroupName")
    group = self.backend.describe_db_parameter_groups({"db_parameter_group_name": name})[0]
    for parameter in self.params.get("Parameters", []):
        group.parameters.pop(parameter.original_dict()["ParameterName"], None)
    return ActionResult({"DBParameterGroupName": name})
