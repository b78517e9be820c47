"""Names Kubernetes objects and compares what a program asked for with what an API server holds."""

from __future__ import annotations

import base64
import binascii
import copy
import re
import secrets
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from localcloud.auto_names import auto_name
from localcloud.properties import UNKNOWN, path_steps
from localcloud.provider import Subject

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

AUTONAMED: Final = "pulumi.com/autonamed"
"""Annotation the official provider puts on objects it has named."""

_OWNER_LABEL: Final = "cost/portfolio"
_SERVER_FIELDS: Final = frozenset(
    {
        "creationTimestamp",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
_VERBATIM: Final = frozenset({"annotations", "binaryData", "data", "labels", "matchLabels", "stringData"})
"""Maps of free text, in which "1" and "1000m" are different values."""
_QUANTITY: Final = re.compile(
    r"([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)(m|u|n|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?"
)
_SCALE: Final = {
    suffix: Decimal(1000) ** power for power, suffix in enumerate(("n", "u", "m", "", "k", "M"), -3)
} | {suffix: Decimal(1000) ** power for power, suffix in enumerate("GTPE", 3)}
_SUFFIX_LETTERS: Final = (
    "bcdfghjklmnpqrstvwxz2456789"  # k8s.io/apimachinery util/rand: no words, no lookalikes
)
_SUFFIX_LENGTH: Final = 5
_CLUSTER_SCOPED: Final = frozenset(
    {  # kinds of Kubernetes itself without a namespace, for runs without an API server to ask
        "APIService",
        "CSIDriver",
        "CSINode",
        "CertificateSigningRequest",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterTrustBundle",
        "CustomResourceDefinition",
        "DeviceClass",
        "FlowSchema",
        "IPAddress",
        "IngressClass",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "RuntimeClass",
        "ServiceCIDR",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
        "VolumeAttributesClass",
    }
)


def another_owner(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The portfolio whose label *present* carries, where *wanted* carries another's; '' where both agree."""
    theirs, ours = ((each.get("metadata") or {}).get("labels") or {} for each in (present, wanted))
    owner = str(theirs.get(_OWNER_LABEL) or "")
    return owner if owner and ours.get(_OWNER_LABEL) not in (None, owner) else ""


def label(obj: Mapping[str, Any]) -> str:
    """How messages name an object: `Deployment odoo-acme/web`."""
    return f"{obj.get('kind', 'object')} {object_id(obj)}"


def object_id(obj: Mapping[str, Any]) -> str:
    """`namespace/name`, or `name` for an object without namespace; the provider's resource id."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    return "/".join(str(part) for part in (metadata.get("namespace"), metadata.get("name")) if part)


def is_namespaced(kind: str) -> bool:
    """Whether a kind lives in a namespace, from Kubernetes' own list; custom kinds are taken to do so."""
    return kind not in _CLUSTER_SCOPED


def is_autonamed(obj: Mapping[str, Any]) -> bool:
    """Whether the provider, not the program, chose the name."""
    # The engine asks for the difference to unknown properties, when it plans what a deletion takes along.
    metadata = obj.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    return isinstance(annotations, dict) and annotations.get(AUTONAMED) == "true"


def named(subject: Subject, news: dict[str, Any], olds: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with a name: the program's, else that chosen before, else logical name and 8 hex digits."""
    metadata = news.get("metadata", {})
    if metadata is UNKNOWN or metadata.get("name") or metadata.get("generateName"):
        return news
    before = (olds.get("metadata") or {}).get("name") if is_autonamed(olds) else None
    annotations = {**metadata.get("annotations", {}), AUTONAMED: "true"}
    name = before or auto_name(subject, digits=8)
    return {**news, "metadata": {**metadata, "name": name, "annotations": annotations}}


def with_generated_name(obj: dict[str, Any]) -> dict[str, Any]:
    """The object with `generateName` completed as a server would; server-side apply needs the whole name."""
    metadata = obj["metadata"]
    if metadata.get("name"):
        return obj
    suffix = "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(_SUFFIX_LENGTH))
    return {**obj, "metadata": {**metadata, "name": f"{metadata['generateName']}{suffix}"}}


def without_nulls(value: Any) -> Any:
    """The tree without map entries that are null, which an API server would read as "remove"."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def stored(live: Mapping[str, Any]) -> dict[str, Any]:
    """A live object as outputs: everything but the record of who owns which field."""
    metadata = {key: item for key, item in live["metadata"].items() if key != "managedFields"}
    return {**live, "metadata": metadata}


def importable(live: Mapping[str, Any]) -> dict[str, Any]:
    """A live object as a program would write it: without status and without what only the server sets."""
    metadata = {key: item for key, item in live["metadata"].items() if key not in _SERVER_FIELDS}
    return {**{key: item for key, item in live.items() if key != "status"}, "metadata": metadata}


def observed(inputs: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as the live object has them: only fields the inputs name, so defaults are no drift."""
    seen: dict[str, Any] = _observed(dict(inputs), dict(live))
    texts = inputs.get("stringData")
    if inputs.get("kind") == "Secret" and isinstance(texts, dict):  # write-only: the server keeps it in data
        seen["stringData"] = {
            key: _decoded(live["data"][key]) for key in texts if key in (live.get("data") or {})
        }
    return seen


def with_live_values(
    target: Mapping[str, Any], live: Mapping[str, Any], ignored: Collection[str]
) -> dict[str, Any]:
    """*target* with what *live* has at the ignored property paths, so that applying it changes nothing there.

    The engine fills an ignored input with its value of the last update, which may be long out of date.
    """
    kept: dict[str, Any] = copy.deepcopy(dict(target))
    for text in ignored:
        *above, last = path_steps(text)
        holder: Any = kept
        value: Any = live
        for step in above:
            holder = holder.get(step) if isinstance(holder, dict) else None
            value = value.get(step) if isinstance(value, dict) else None
        if isinstance(holder, dict) and isinstance(value, dict):
            holder.pop(last, None)
            holder |= {last: value[last]} if last in value else {}
    return kept


def has_failed(job: Mapping[str, Any]) -> bool:
    """Whether a live Job has failed for good: its retries are spent, or its time is over."""
    conditions = (job.get("status") or {}).get("conditions") or []
    return any(each.get("type") == "Failed" and each.get("status") == "True" for each in conditions)


def _observed(wanted: Any, live: Any, *, verbatim: bool = False) -> Any:
    if isinstance(wanted, dict) and isinstance(live, dict):
        return {
            key: _observed(item, live[key], verbatim=verbatim or key in _VERBATIM) if key in live else item
            for key, item in wanted.items()
            if key in live or not item  # the server drops empty values
        }
    if isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        return [_observed(item, other, verbatim=verbatim) for item, other in zip(wanted, live, strict=True)]
    return wanted if not verbatim and _same_quantity(wanted, live) else live


def _same_quantity(wanted: Any, live: Any) -> bool:
    """Whether two texts are the same Kubernetes quantity: the server writes 1000m as 1."""
    first, second = quantity(wanted), quantity(live)
    return first is not None and first == second


def quantity(text: Any) -> Decimal | None:
    """The number a Kubernetes quantity stands for, None when the value is not one."""
    if not isinstance(text, str | int | float) or isinstance(text, bool):
        return None
    match = _QUANTITY.fullmatch(str(text))
    if match is None:
        return None
    number, suffix = Decimal(match.group(1)), match.group(2) or ""
    if suffix.endswith("i"):
        return number * Decimal(1024) ** ("KMGTPE".index(suffix[0]) + 1)
    return number * (_SCALE[suffix] if suffix in _SCALE else Decimal(f"1{suffix}"))


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return text
