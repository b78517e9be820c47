"""What a resource needs beside it, such as a bucket its public access block: judged when all are declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from policies.clauses import Clause
from policies.properties import NOT_KNOWN, Properties, at

_BUCKETS: Final = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
BLOCK: Final = Clause(
    "S3 buckets",
    "has no public access block",
    "add an aws.s3.BucketPublicAccessBlock with all four blocks for it",
)
TLS: Final = Clause(
    "S3 buckets",
    "has no policy, so requests without TLS are served",
    "add an aws.s3.BucketPolicy for it that denies them",
)
KEY: Final = Clause(
    "S3 buckets",
    "has no rule of encryption: AWS encrypts with a key of its own that anybody with access may use",
    "add an aws.s3.BucketServerSideEncryptionConfiguration for it",
)
MOUNTS: Final = Clause(
    "EFS file systems",
    "has no policy, so whoever reaches it mounts all of it, as root and without TLS",
    "add an aws.efs.FileSystemPolicy for it that denies mounts without TLS and without an access point",
)
CLOSED: Final = Clause(
    "Namespaces",
    "has no NetworkPolicy that denies by default",
    "add one with an empty podSelector, Ingress and Egress, and no rule",
)
CLAUSES: Final = (BLOCK, TLS, KEY, MOUNTS, CLOSED)


class Declared(NamedTuple):
    """A resource of the stack, and the resources that its properties are made of."""

    urn: str
    type: str
    name: str
    props: Properties
    made_of: Mapping[str, Sequence[str]]
    """Property -> URNs."""


class Companion(NamedTuple):
    """What stands beside a resource."""

    owners: tuple[str, ...]
    type: str
    reference: str
    """The property of the companion that names the owner."""
    names: tuple[str, ...]
    """The properties of the owner that are its name."""
    clause: Clause


COMPANIONS: Final = (
    *(
        Companion(_BUCKETS, f"aws:s3/{token}", "bucket", ("bucket", "id"), clause)
        for token, clause in (
            ("bucketPublicAccessBlock:BucketPublicAccessBlock", BLOCK),
            ("bucketPolicy:BucketPolicy", TLS),
            (
                "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
                KEY,
            ),
        )
    ),
    Companion(
        ("aws:efs/fileSystem:FileSystem",),
        "aws:efs/fileSystemPolicy:FileSystemPolicy",
        "fileSystemId",
        ("id",),
        MOUNTS,
    ),
    Companion(
        ("kubernetes:core/v1:Namespace",),
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        "metadata.namespace",
        ("metadata.name",),
        CLOSED,
    ),
)


def companions(stack: Sequence[Declared]) -> Iterator[tuple[str, str]]:
    """URN and violation of every resource that lacks what it needs beside it."""
    for companion in COMPANIONS:
        beside = [each for each in stack if each.type == companion.type and _counts(each)]
        made = {urn for each in beside for urn in each.made_of.get(companion.reference.split(".")[0], ())}
        named = {_text(at(each.props, companion.reference)) for each in beside} - {None}
        for owner in stack:
            called = {_text(at(owner.props, name)) for name in companion.names}
            if owner.type in companion.owners and owner.urn not in made and not named & called:
                yield owner.urn, companion.clause.at(owner.name)


def _counts(resource: Declared) -> bool:
    """Whether it is the companion that is meant: of network policies, only the one that closes."""
    if not resource.type.endswith(":NetworkPolicy"):
        return True
    spec = resource.props.get("spec")
    if not isinstance(spec, Mapping):
        return False
    closes = {"Ingress", "Egress"} <= set(spec.get("policyTypes") or ())
    return closes and not spec.get("podSelector") and not spec.get("ingress") and not spec.get("egress")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value is not NOT_KNOWN else None
