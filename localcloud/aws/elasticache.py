"""Knows caches: replication groups, their subnet groups and parameter groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from localcloud.aws.cache_users import TAGS
from localcloud.aws.errors import refuse
from localcloud.aws.limits import between
from localcloud.aws.operations import (
    changes_in_the_window,
    creates,
    deletes,
    finds,
    sends_all,
)
from localcloud.aws.remembered import remembered, remembered_document
from localcloud.aws.row import Call, Change, Name, Row, fields, names
from localcloud.aws.rules import key_exists
from localcloud.aws.versions import major, replaces_cache
from localcloud.aws.windows import CACHE_LEAST, lasts
from localcloud.provider import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CLASS = re.compile(
    r"cache\.(t[234]g?|m[3-8]g?|r[3-8](g|gd)?|c7gn)\.(micro|small|medium|large|\d{0,2}xlarge)"
)
_PAIR = 2
_GROUP = "aws:elasticache/parameterGroup:ParameterGroup"
_TOKEN = re.compile(r"[0-9A-Za-z!&#$^<>-]{16,128}")
_VERSION = re.compile(r"[1-5](\.\d+){2}|6\.x|[6-9]\.\d+")


def _class_is_real(call: Call) -> None:
    wanted = call.new.get("nodeType")
    if wanted and not _CLASS.fullmatch(str(wanted)):
        refuse("InvalidParameterValue", f"The instance type {wanted} is not a valid cache node type")


def _failover_needs_a_pair(call: Call) -> None:
    nodes, replicas = call.new.get("numCacheClusters"), call.new.get("replicasPerNodeGroup")
    alone = (nodes or 1) < _PAIR and not replicas
    if call.new.get("automaticFailoverEnabled") and alone:
        refuse("InvalidParameterValue", "automatic failover needs numCacheClusters of at least 2")
    if call.new.get("multiAzEnabled") and not call.new.get("automaticFailoverEnabled"):
        refuse("InvalidParameterCombination", "multiAzEnabled needs automaticFailoverEnabled")


def _token_needs_tls(call: Call) -> None:
    if call.new.get("authToken") and not call.new.get("transitEncryptionEnabled"):
        refuse("InvalidParameterCombination", "authToken needs transitEncryptionEnabled")


def _one_way_in(inputs: Mapping[str, Any]) -> Iterator[Failure]:
    """What the official provider refuses: ConflictsWith, and authTokenUpdateStrategyValidate."""
    if inputs.get("authToken") and inputs.get("userGroupIds"):
        yield Failure("authToken", "authToken conflicts with userGroupIds")
    if inputs.get("authToken") and inputs.get("authTokenUpdateStrategy") == "DELETE":
        yield Failure("authToken", "authToken must not be specified when authTokenUpdateStrategy is DELETE")


def _version_has_a_shape(inputs: Mapping[str, Any]) -> Iterator[Failure]:
    """terraform-provider-aws, internal/service/elasticache/engine_version.go (`validRedisVersionString`)."""
    version = inputs.get("engineVersion")
    if isinstance(version, str) and not _VERSION.fullmatch(version):
        yield Failure("engineVersion", f"engineVersion {version} is invalid: use <major>.<minor>")


def _token_is_allowed(inputs: Mapping[str, Any]) -> Iterator[Failure]:
    """ElastiCache API Reference, CreateReplicationGroup, `AuthToken`."""
    token = inputs.get("authToken")
    if isinstance(token, str) and not _TOKEN.fullmatch(token):
        yield Failure("authToken", "authToken needs 16 to 128 letters, digits and !&#$^<>-")


def _family_fits(call: Call) -> None:
    """What the official provider refuses (`customizeDiffValidateEngineVersion`).

    Source: terraform-provider-aws, internal/service/elasticache/engine_version.go.
    """
    name, version = call.new.get("parameterGroupName"), str(call.new.get("engineVersion") or "")
    group = remembered_document(call, _GROUP, str(name)) if name and version else None
    if group is None:
        return
    engine, first = str(call.new.get("engine") or "redis"), major(version)
    family = f"{engine}6.x" if (engine, first) == ("redis", "6") else f"{engine}{first}"
    if group["family"] != family:
        refuse(
            "InvalidParameterCombination",
            f"engine_version {version} is not compatible with parameter_group_name {name}: engine version "
            f"family {family} does not match parameter group family {group['family']}",
        )


def _change_who_logs_in(call: Call) -> None:
    """As the official provider does (terraform-provider-aws, resourceReplicationGroupUpdate).

    Groups are changed with the rest, in the window or at once; a token always at once. A strategy that is
    taken away again is sent with an empty token, which AWS refuses.
    """
    strategy, changed = call.new.get("authTokenUpdateStrategy"), call.changed
    of_token = bool({"authToken", "authTokenUpdateStrategy"} & changed)
    old, new = (set(each.get("userGroupIds") or []) for each in (call.old, call.new))
    sent: dict[str, Any] = {"UserGroupIdsToAdd": sorted(new - old), "UserGroupIdsToRemove": sorted(old - new)}
    if new - old and of_token and strategy == "DELETE":
        sent["AuthTokenUpdateStrategy"] = strategy
    if new != old:
        now, given = bool(call.new.get("applyImmediately")), {k: v for k, v in sent.items() if v}
        call.ask("modify_replication_group", ReplicationGroupId=call.id, ApplyImmediately=now, **given)
    if of_token and strategy != "DELETE":
        if not call.new.get("authToken"):
            refuse("InvalidParameterValue", "AuthToken: an empty token would be sent")
        call.ask(
            "modify_replication_group",
            ReplicationGroupId=call.id,
            ApplyImmediately=True,
            AuthToken=call.new["authToken"],
            AuthTokenUpdateStrategy=strategy,
        )


def _group_facts(call: Call, found: Mapping[str, Any]) -> dict[str, Any]:
    nodes = found.get("NodeGroups") or [{}]
    primary = (nodes[0].get("PrimaryEndpoint") or {}).get("Address")
    (node,) = call.ask("describe_cache_clusters", CacheClusterId=f"{call.id}-001")["CacheClusters"]
    actual = str(node["EngineVersion"])
    reader = (nodes[0].get("ReaderEndpoint") or {}).get("Address")
    count = (call.new or call.old).get("numCacheClusters")
    members = [f"{call.id}-{number:03d}" for number in range(1, count + 1)] if count else None
    return {
        "primaryEndpointAddress": primary,
        "readerEndpointAddress": reader or (primary.replace("master.", "replica.", 1) if primary else None),
        "memberClusters": members or found.get("MemberClusters"),
        "engine": node["Engine"],
        "engineVersion": ".".join(actual.split(".")[:2]),
        "engineVersionActual": actual,
    }


def _delete_group(call: Call) -> None:
    final = call.old.get("finalSnapshotIdentifier")
    if final:
        if call.seek("describe_snapshots", SnapshotName=final) is not None:
            refuse("SnapshotAlreadyExistsFault", f"the final snapshot {final} exists already; choose another")
        call.ask("create_snapshot", SnapshotName=final, ReplicationGroupId=call.id)
    call.ask("delete_replication_group", ReplicationGroupId=call.id)


_IN_PLACE = """description=ReplicationGroupDescription autoMinorVersionUpgrade
    automaticFailoverEnabled multiAzEnabled=MultiAZEnabled engine engineVersion
    maintenanceWindow=PreferredMaintenanceWindow nodeType=CacheNodeType notificationTopicArn
    parameterGroupName=CacheParameterGroupName securityGroupIds snapshotRetentionLimit snapshotWindow
    transitEncryptionEnabled transitEncryptionMode ipDiscovery clusterMode"""
_AT_CREATE = """replicationGroupId atRestEncryptionEnabled dataTieringEnabled kmsKeyId networkType
    numCacheClusters numNodeGroups replicasPerNodeGroup port snapshotArns snapshotName
    subnetGroupName=CacheSubnetGroupName preferredCacheClusterAzs=PreferredCacheClusterAZs
    globalReplicationGroupId authToken userGroupIds"""

ROWS = (
    Row(
        kind="aws:elasticache/replicationGroup:ReplicationGroup",
        service="elasticache",
        inputs=fields(
            f"{_IN_PLACE} {_AT_CREATE} applyImmediately= authTokenUpdateStrategy= finalSnapshotIdentifier="
        ),
        live=fields(
            """replicationGroupId description nodeType=CacheNodeType snapshotRetentionLimit arn=ARN
            automaticFailoverEnabled=AutomaticFailover=='enabled' multiAzEnabled=MultiAZ=='enabled'
            transitEncryptionEnabled atRestEncryptionEnabled clusterEnabled kmsKeyId
            userGroupIds configurationEndpointAddress=ConfigurationEndpoint.Address
            port=NodeGroups[0].PrimaryEndpoint.Port||ConfigurationEndpoint.Port"""
        ),
        derive=_group_facts,
        derived=names(
            """primaryEndpointAddress readerEndpointAddress memberClusters engine engineVersion
            engineVersionActual"""
        ),
        create=creates("create_replication_group", "ReplicationGroup.ReplicationGroupId"),
        find=finds(
            "describe_replication_groups",
            "ReplicationGroupId",
            "ReplicationGroups[?Status!='deleting']|[0]",
        ),
        changes=(
            changes_in_the_window(
                " ".join(fields(_IN_PLACE)),
                "modify_replication_group",
                "ReplicationGroupId",
            ),
            Change(names("authToken authTokenUpdateStrategy userGroupIds"), _change_who_logs_in),
        ),
        waits=names("nodeType engine engineVersion"),
        replaces_if=replaces_cache,
        delete=_delete_group,
        replaces=names(
            """atRestEncryptionEnabled dataTieringEnabled globalReplicationGroupId kmsKeyId networkType port
            replicationGroupId snapshotArns snapshotName subnetGroupName"""
        ),
        name=Name("replicationGroupId", lower=True),
        tags=TAGS,
        checks=(
            _one_way_in,
            _version_has_a_shape,
            _token_is_allowed,
            lasts("maintenanceWindow", CACHE_LEAST),
            between("snapshotRetentionLimit", 0, 35),
        ),
        before_create=(
            _class_is_real,
            _failover_needs_a_pair,
            _token_needs_tls,
            _family_fits,
            key_exists("kmsKeyId"),
        ),
        before_update=(_class_is_real, _failover_needs_a_pair, _token_needs_tls, _family_fits),
        secrets=names("authToken"),
    ),
    Row(
        kind="aws:elasticache/subnetGroup:SubnetGroup",
        service="elasticache",
        inputs=fields("name=CacheSubnetGroupName description=CacheSubnetGroupDescription subnetIds"),
        live=fields(
            """name=CacheSubnetGroupName description=CacheSubnetGroupDescription vpcId arn=ARN
            subnetIds=Subnets[].SubnetIdentifier"""
        ),
        create=lambda call: creates(
            "create_cache_subnet_group",
            "CacheSubnetGroup.CacheSubnetGroupName",
            **({} if call.new.get("description") else {"CacheSubnetGroupDescription": "Managed by Pulumi"}),
        )(call),
        find=finds("describe_cache_subnet_groups", "CacheSubnetGroupName", "CacheSubnetGroups[0]"),
        changes=(sends_all("description subnetIds", "modify_cache_subnet_group", "CacheSubnetGroupName"),),
        delete=deletes("delete_cache_subnet_group", "CacheSubnetGroupName"),
        replaces=names("name"),
        name=Name("name", lower=True),
        tags=TAGS,
    ),
    remembered(
        _GROUP,
        service="elasticache",
        inputs="name family description parameters",
        replaces="name family description",
        name=Name("name", lower=True),
        identify=lambda call: str(call.new["name"]),
        facts=lambda call, made: {"arn": call.arn(f"parametergroup:{made}")},
        taken="CacheParameterGroupAlreadyExists",
        taggable=True,
        defaults={"description": "Managed by Pulumi"},
    ),
)
