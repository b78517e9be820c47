"""Writes the cost tags: on every taggable AWS resource, Kubernetes object and pod template below a component.

Tags are injected by one transform on the component, so they reach children of packaged components too and
cannot be forgotten. An AWS type is taggable exactly when it has the output `tagsAll`; a type that only has
an input called `tags` uses it as a selector (pulumi-aws 7.51: three of them).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi.runtime import rpc

from components.tags.propagation import with_propagated_tags
from tiers.tags import KEYS, CostTags

TAGGABLE_TYPES: Final = frozenset(
    (Path(__file__).parent / "taggable_types.txt").read_text(encoding="utf-8").split()
)
AUTO_SCALING_GROUP: Final = "aws:autoscaling/group:Group"
_KUBERNETES: Final = "kubernetes:"
_JOB: Final = "kubernetes:batch/v1:Job"
_LABELS_OF_A_JOB: Final = ("metadata.labels", "spec.template.metadata.labels")
_KEPT_BY_A_JOB: Final = tuple(f'{path}["{key}"]' for path in _LABELS_OF_A_JOB for key in KEYS.values())
"""A Job keeps the cost labels that it was created with: its template can never change.

One path for each label. Of a map that is ignored as a whole, an update writes what the server has into what
the provider compares with: the next one would replace the Job, on `controller-uid` and `job-name`. And of a
Job that is over it stores what was there before the update, so that the next one updates it again
(pulumi-kubernetes 4.25.0: `ssaUpdate` and `Diff`, and the informer in `await/job.go`)."""

# Kind -> the paths of its pod templates in the object. A volume claim template and a
# selector are never touched: both are immutable, and a label there would replace the object.
_POD_TEMPLATES: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "Deployment": (("spec", "template"),),
    "StatefulSet": (("spec", "template"),),
    "DaemonSet": (("spec", "template"),),
    "ReplicaSet": (("spec", "template"),),
    "ReplicationController": (("spec", "template"),),
    "PodTemplate": (("template",),),
    "Job": (("spec", "template"),),
    "CronJob": (("spec", "jobTemplate"), ("spec", "jobTemplate", "spec", "template")),
}


def cost_tagged(tags: CostTags, opts: pulumi.ResourceOptions | None = None) -> pulumi.ResourceOptions:
    """Options for a component whose children all have *tags*.

    A component inside it may have other tags: the innermost tags stay.
    """
    written = tags.as_tags()
    transforms: list[pulumi.ResourceTransform] = [lambda args: tag_transform(args, written)]
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transforms=transforms))


def tag_transform(
    args: pulumi.ResourceTransformArgs, tags: Mapping[str, str]
) -> pulumi.ResourceTransformResult | None:
    """What becomes of a resource below a component with *tags*; None when it has no tags."""
    props = tagged_properties(args.type_, args.props, tags) if args.custom else None
    if props is None:
        return None
    options = args.opts
    if args.type_ == _JOB:
        kept = pulumi.ResourceOptions(ignore_changes=list(_KEPT_BY_A_JOB))
        options = pulumi.ResourceOptions.merge(options, kept)
    return pulumi.ResourceTransformResult(props, options)


def tagged_properties(
    type_token: str, props: Mapping[str, Any], tags: Mapping[str, str]
) -> dict[str, Any] | None:
    """The properties of a resource with *tags* added; None when the type has no tags.

    Args:
        type_token: Such as `aws:rds/instance:Instance` or `kubernetes:apps/v1:Deployment`.
        props: The properties as the engine sends them.
        tags: Key to value.
    """
    if type_token in TAGGABLE_TYPES:
        props = with_propagated_tags(type_token, props, tags, merged)
        return {**props, "tags": merged(props.get("tags"), tags)}
    if type_token == AUTO_SCALING_GROUP:
        return {**props, "tags": _as_propagated_list(props.get("tags"), tags)}
    if type_token.startswith(_KUBERNETES) and "metadata" in props:
        props = with_propagated_tags(type_token, props, tags, merged)
        return _labelled(type_token.rpartition(":")[2], props, tags)
    return None


def merged(existing: Any, tags: Mapping[str, str]) -> Any:
    """*existing* with *tags* added, in any of its states; existing keys stay.

    A secret map stays secret: the engine sends it as a signed envelope, and a key added beside the
    signature would silently be dropped. A map that is still unknown is left unchanged
    in the preview and tagged in the update, where it is known.
    """
    if existing is None:
        return dict(tags)
    if rpc.is_rpc_secret(existing):
        return pulumi.Output.secret(merged(rpc.unwrap_rpc_secret(existing), tags))
    if isinstance(existing, pulumi.Output):
        return existing.apply(lambda known: merged(known, tags))
    if isinstance(existing, Mapping):
        return {**tags, **existing}
    return existing


def _as_propagated_list(existing: Any, tags: Mapping[str, str]) -> Any:
    if isinstance(existing, pulumi.Output):
        return existing.apply(lambda known: _as_propagated_list(known, tags))
    present = existing or []
    if not isinstance(present, list):
        return existing
    keys = {item.get("key") for item in present if isinstance(item, Mapping)}
    added = [
        {"key": key, "value": value, "propagateAtLaunch": True}
        for key, value in tags.items()
        if key not in keys
    ]
    return [*present, *added]


def _labelled(kind: str, props: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    labelled = _with_labels(props, (), tags)
    for path in _POD_TEMPLATES.get(kind, ()):
        labelled = _with_labels(labelled, path, tags)
    return dict(labelled)


def _with_labels(node: Any, path: tuple[str, ...], tags: Mapping[str, str]) -> Any:
    """A copy of *node* in which the object at *path* has the labels; its siblings are shared."""
    if isinstance(node, pulumi.Output):
        return node.apply(lambda known: _with_labels(known, path, tags))
    if rpc.is_rpc_secret(node):
        return pulumi.Output.secret(_with_labels(rpc.unwrap_rpc_secret(node), path, tags))
    if node is not None and not isinstance(node, Mapping):
        return node  # unknown until the update
    known = dict(node or {})
    if path:
        known[path[0]] = _with_labels(known.get(path[0]), path[1:], tags)
        return known
    metadata = known.get("metadata")
    if metadata is None or isinstance(metadata, Mapping):
        labels = dict(metadata or {})
        labels["labels"] = merged(labels.get("labels"), tags)
        known["metadata"] = labels
    return known
