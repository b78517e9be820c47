"""Propagates cost tags to what AWS creates by itself: instances, disks, snapshots, load balancers.

Tags stay on their resource. Each type here has a property with the tags that the resources it creates
will get; `docs/tagging.md` lists them, and what no tag can reach.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeGuard

import pulumi
from pulumi.runtime import rpc

Properties = Mapping[str, Any]
Tags = Mapping[str, str]
Merge = Callable[[Any, Tags], Any]

# What a launch template starts and AWS bills (EC2 API, TagSpecifications of a launch template).
_STARTED: Final = ("instance", "volume", "network-interface")
_EBS_DRIVER: Final = "ebs.csi.aws.com"
_CSI_TAG: Final = "tagSpecification_"
_NLB_TAGS: Final = "service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags"
_ALB_TAGS: Final = "alb.ingress.kubernetes.io/tags"
_ALB_CLASS: Final = "alb"


def with_propagated_tags(type_token: str, props: Properties, tags: Tags, merge: Merge) -> Properties:
    """*props* with *tags* for the resources that it creates; unchanged for types that create none.

    Args:
        type_token: Such as `aws:backup/plan:Plan`.
        props: The properties as the engine sends them.
        tags: Key to value.
        merge: Adds tags to a map that may be absent, secret or unknown; existing keys stay.
    """
    hand_on = _BY_TYPE.get(type_token)
    return hand_on(props, tags, merge) if hand_on else props


def _launch_template(props: Properties, tags: Tags, merge: Merge) -> Properties:
    present = props.get("tagSpecifications") or []
    if not _is_list(present):
        return props
    by_type = {each.get("resourceType"): each for each in present if isinstance(each, Mapping)}
    for kind in _STARTED:
        held = by_type.get(kind, {"resourceType": kind})
        by_type[kind] = {**held, "tags": merge(held.get("tags"), tags)}
    return {**props, "tagSpecifications": list(by_type.values())}


def _backup_plan(props: Properties, tags: Tags, merge: Merge) -> Properties:
    rules = props.get("rules")
    if not _is_list(rules):
        return props
    tagged = [
        {**rule, "recoveryPointTags": merge(rule.get("recoveryPointTags"), tags)}
        if isinstance(rule, Mapping)
        else rule
        for rule in rules
    ]
    return {**props, "rules": tagged}


def _snapshots(props: Properties, tags: Tags, merge: Merge) -> Properties:  # noqa: ARG001 - they are copied
    return {"copyTagsToSnapshot": True, **props}


def _storage_class(props: Properties, tags: Tags, merge: Merge) -> Properties:  # noqa: ARG001
    parameters = props.get("parameters") or {}
    if props.get("provisioner") != _EBS_DRIVER or not _is_known_map(parameters):
        return props
    given = {str(value).partition("=")[0] for key, value in parameters.items() if key.startswith(_CSI_TAG)}
    missing = [f"{key}={value}" for key, value in tags.items() if key not in given]
    added = {f"{_CSI_TAG}{number}": tag for number, tag in enumerate(missing, start=len(given) + 1)}
    return {**props, "parameters": {**parameters, **added}}


def _service(props: Properties, tags: Tags, merge: Merge) -> Properties:  # noqa: ARG001
    spec = props.get("spec")
    if not isinstance(spec, Mapping) or spec.get("type") != "LoadBalancer":
        return props
    return _annotated(props, _NLB_TAGS, tags)


def _ingress(props: Properties, tags: Tags, merge: Merge) -> Properties:  # noqa: ARG001
    spec = props.get("spec")
    if not isinstance(spec, Mapping) or spec.get("ingressClassName") != _ALB_CLASS:
        return props
    return _annotated(props, _ALB_TAGS, tags)


def _annotated(props: Properties, annotation: str, tags: Tags) -> Properties:
    """Load balancer controllers read `key=value,key=value` from an annotation."""
    metadata = props.get("metadata") or {}
    annotations = metadata.get("annotations") or {} if _is_known_map(metadata) else None
    if not _is_known_map(annotations):
        return props
    given = [pair for pair in str(annotations.get(annotation, "")).split(",") if pair]
    keys = {pair.partition("=")[0] for pair in given}
    pairs = [*given, *(f"{key}={value}" for key, value in tags.items() if key not in keys)]
    return {
        **props,
        "metadata": {**metadata, "annotations": {**annotations, annotation: ",".join(pairs)}},
    }


def _is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_known_map(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return (
        isinstance(value, Mapping) and not rpc.is_rpc_secret(value) and not isinstance(value, pulumi.Output)
    )


_BY_TYPE: Final[Mapping[str, Callable[[Properties, Tags, Merge], Properties]]] = {
    "aws:ec2/launchTemplate:LaunchTemplate": _launch_template,
    "aws:backup/plan:Plan": _backup_plan,
    "aws:rds/instance:Instance": _snapshots,
    "aws:rds/cluster:Cluster": _snapshots,
    "aws:rds/clusterInstance:ClusterInstance": _snapshots,
    "aws:docdb/clusterInstance:ClusterInstance": _snapshots,
    "aws:neptune/cluster:Cluster": _snapshots,
    "kubernetes:storage.k8s.io/v1:StorageClass": _storage_class,
    "kubernetes:core/v1:Service": _service,
    "kubernetes:networking.k8s.io/v1:Ingress": _ingress,
}
