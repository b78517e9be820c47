"""Which resource of Pulumi's state a fact is, and where the resource says what the fact costs by.

The size of a resource on AWS is in its outputs: after a change that waits for a maintenance window the inputs
are the new ones already, and the outputs still the old. Of an object on Kubernetes the inputs are what was
applied last; its own outputs are changed by autoscalers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final, NamedTuple

from tiers.facts import every_fact as facts
from tiers.facts.every_fact import Fact, FactRecord
from tiers.schedule import MINUTES_PER_WEEK
from tiers.vocabulary import version_numbers

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a value that is not known yet (pulumi, sdk/go/common/resource/plugin/rpc.go)."""
_QUANTITY: Final = re.compile(
    r"\+?(?P<number>[0-9]+\.?[0-9]*|\.[0-9]+)(?:(?P<suffix>[numkMGTPE]|[KMGTPE]i)|[eE](?P<power>[+-]?[0-9]{1,2}))?"
)
_SCALES: Final[Mapping[str, Fraction]] = {
    **{suffix: Fraction(1000) ** power for power, suffix in enumerate(("n", "u", "m", "", "k"), -3)},
    **{suffix: Fraction(1000) ** power for power, suffix in enumerate("MGTPE", 2)},
    **{f"{suffix}i": Fraction(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
"""Suffix of a quantity -> its size (Kubernetes, apimachinery, pkg/api/resource, `Quantity`)."""
Sizes = dict[str, Any]
"""Name of a fact's field -> what a resource says; `compute.` stands before the fields of `compute`."""


class Resource(NamedTuple):
    """The type of the resource that bills for a kind of fact, and how its size is read from properties.

    `sizes` raises LookupError, TypeError or ValueError where the properties do not say it.
    """

    type: str
    sizes: Callable[[Mapping[str, Any], Fact], Sizes] = lambda _, __: {}
    in_outputs: bool = True


def _at(props: Mapping[str, Any], *path: str | int) -> Any:
    found: Any = props
    for step in path:
        found = found[step]
    return found


def _text(props: Mapping[str, Any], *path: str | int) -> str:
    found = _at(props, *path)
    if not isinstance(found, str) or found == UNKNOWN:
        raise TypeError(path)  # never with the value, which may be a secret
    return found


def _whole(props: Mapping[str, Any], *path: str | int) -> int:
    found = _at(props, *path)
    if not isinstance(found, int) or isinstance(found, bool):
        raise TypeError(path)
    return found


def in_units(quantity: str, suffix: str) -> int:
    """A quantity of Kubernetes in units of *suffix*, rounded up.

    Pulumi's official provider keeps a quantity as the API server writes it: 1000m as 1, 2048Mi as 2Gi. What
    somebody wrote there may be no whole number of units; Kubernetes rounds up, too (`Quantity.MilliValue`).

    >>> in_units("1", "m"), in_units("250m", "m"), in_units("1.5", "m"), in_units("2Gi", "Mi")
    (1000, 250, 1500, 2048)
    >>> in_units("2G", "Mi"), in_units("1e9", "Mi"), in_units("100u", "m")
    (1908, 954, 1)

    Raises:
        ValueError: When it is no quantity, or a negative one, which no pod has.
    """
    found = _QUANTITY.fullmatch(quantity)
    if found is None:
        raise ValueError("no quantity of Kubernetes")
    power = found["power"]
    scale = Fraction(10) ** int(power) if power else _SCALES[found["suffix"] or ""]
    return math.ceil(Fraction(found["number"]) * scale / _SCALES[suffix])


def _version(props: Mapping[str, Any]) -> Sizes:
    """The version that runs; RDS and ElastiCache tell it in an output of its own."""
    name = "engineVersionActual" if props.get("engineVersionActual") else "engineVersion"
    try:
        return {"engine_version": _text(props, name)}
    except (LookupError, TypeError):
        return {}


def _server(props: Mapping[str, Any], _: Fact) -> Sizes:
    both = False if props.get("multiAz") is None else props["multiAz"]
    if not isinstance(both, bool):
        raise TypeError("multiAz")
    return {
        "instance_class": _text(props, "instanceClass"),
        "multi_az": both,
        "storage_gib": _whole(props, "allocatedStorage"),
        **_version(props),
    }


def _standby(props: Mapping[str, Any], _: Fact) -> Sizes:
    # The official provider writes '' for the source of a server that follows nobody.
    follows = {"promoted": props["replicateSourceDb"] == ""} if "replicateSourceDb" in props else {}
    return {
        "instance_class": _text(props, "instanceClass"),
        "storage_gib": _whole(props, "allocatedStorage"),
        **follows,
    }


def _cache(props: Mapping[str, Any], _: Fact) -> Sizes:
    return {
        "node_type": _text(props, "nodeType"),
        "nodes": _whole(props, "numCacheClusters"),
        **_version(props),
    }


def _nodes(props: Mapping[str, Any], _: Fact) -> Sizes:
    count = _whole(props, "scalingConfig", "desiredSize")
    return {"instance_type": _text(props, "instanceTypes", 0), "nodes": count}


def _pods(props: Mapping[str, Any], fact: Fact) -> Sizes:
    found = _pod(props, fact)
    if not _scales(fact):
        found["replicas"] = _whole(props, "spec", "replicas")
    return found


def _pod(props: Mapping[str, Any], _: Fact) -> Sizes:
    """What each pod requests; of a DaemonSet nobody says how many there are."""
    told = _at(props, "spec", "template", "spec", "containers", 0, "resources")
    return {
        f"compute.{resource}_{bound}_{unit}": in_units(_text(told, f"{bound}s", resource), suffix)
        for resource, unit, suffix in (("cpu", "millicores", "m"), ("memory", "mib", "Mi"))
        for bound in ("request", "limit")
    }


def _scales(fact: Fact) -> bool:
    """Whether an autoscaler, a schedule or an update of modules sets the number of the pods."""
    if isinstance(fact, facts.MaintenancePage):
        return fact.replicas == 0
    return isinstance(fact, facts.Workload) and (
        fact.max_replicas > 0 or fact.awake_minutes_per_week < MINUTES_PER_WEEK
    )


RESOURCES: Final[Mapping[type[FactRecord], Resource]] = {
    facts.Bucket: Resource("aws:s3/bucket:Bucket"),
    facts.BucketReplication: Resource("aws:s3/bucketReplicationConfig:BucketReplicationConfig"),
    facts.CacheGroup: Resource("aws:elasticache/replicationGroup:ReplicationGroup", _cache),
    facts.ClusterControlPlane: Resource("aws:eks/cluster:Cluster"),
    facts.DatabaseBackupCopy: Resource(
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
    ),
    facts.DatabaseInstance: Resource("aws:rds/instance:Instance", _server),
    facts.DatabaseStandby: Resource("aws:rds/instance:Instance", _standby),
    facts.FileShare: Resource("aws:efs/accessPoint:AccessPoint"),
    facts.FileSystem: Resource("aws:efs/fileSystem:FileSystem"),
    facts.FileSystemBackup: Resource("aws:backup/vault:Vault"),
    facts.FileSystemReplica: Resource("aws:efs/replicationConfiguration:ReplicationConfiguration"),
    facts.IngressController: Resource("kubernetes:apps/v1:Deployment", _pods, in_outputs=False),
    facts.Key: Resource("aws:kms/key:Key"),
    facts.LogGroup: Resource("aws:cloudwatch/logGroup:LogGroup"),
    facts.LogShipper: Resource("kubernetes:apps/v1:DaemonSet", _pod, in_outputs=False),
    facts.MaintenancePage: Resource("kubernetes:apps/v1:Deployment", _pods, in_outputs=False),
    facts.NatGateway: Resource("aws:ec2/natGateway:NatGateway"),
    facts.NodeGroup: Resource("aws:eks/nodeGroup:NodeGroup", _nodes),
    facts.PostgresExporter: Resource("kubernetes:apps/v1:Deployment", _pods, in_outputs=False),
    facts.RedisExporter: Resource("kubernetes:apps/v1:Deployment", _pods, in_outputs=False),
    facts.RestoreTest: Resource("aws:backup/restoreTestingPlan:RestoreTestingPlan"),
    facts.StateExporter: Resource("kubernetes:apps/v1:Deployment", _pods, in_outputs=False),
    facts.UsageExporter: Resource("kubernetes:apps/v1:Deployment", _pods, in_outputs=False),
    facts.VaultCopy: Resource("aws:backup/vault:Vault"),
    facts.Workload: Resource("kubernetes:apps/v1:Deployment", _pods, in_outputs=False),
}
"""Kind of fact -> its resource, as `resources_by_fact` finds it.

A managed secret follows its server. Every other fact is an expectation, and follows its owner's record.
"""


def fits(fact: Fact, sizes: Sizes) -> bool:
    """Whether a resource of these sizes is what *fact* says; so are grown storage and any 17.x for "17"."""
    return not differing(fact, sizes)


def differing(fact: Fact, sizes: Sizes) -> list[str]:
    """The fields in which *sizes* are not what *fact* says."""
    return [name for name, value in sizes.items() if _differs(fact, name, value)]


def _differs(fact: Fact, name: str, value: Any) -> bool:
    wanted = said(fact, name)
    if name == "storage_gib":
        return bool(value < wanted)
    if name == "engine_version":
        return _is_other_version(version_numbers(value), version_numbers(wanted))
    if name == "replicas" and _scales(fact):
        return bool((value == 0) != (wanted == 0))  # between, others set the number
    return bool(value != wanted)


def _is_other_version(there: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    # "17" is every 17, and AWS makes minor upgrades by itself; "17.6" is no 17.7.
    known = min(len(there), len(wanted))
    return there[:known] != wanted[:known]


def said(fact: Fact, name: str) -> Any:
    """The value of a field of `Sizes` in *fact*."""
    found: Any = fact
    for step in name.split("."):
        found = getattr(found, step)
    return found


def resized(fact: Fact, sizes: Sizes) -> Fact:
    """*fact* with these sizes, where they differ."""
    others = {name: sizes[name] for name in differing(fact, sizes)}
    changes = {name: value for name, value in others.items() if "." not in name}
    inner = {name.partition(".")[2]: value for name, value in others.items() if "." in name}
    if inner and isinstance(fact, facts.Workload | facts.PlatformPart):
        changes["compute"] = fact.compute.model_copy(update=inner)
    return fact.model_copy(update=changes)
