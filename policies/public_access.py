"""Public access: flags, access lists, shares and address ranges that would open data to the internet."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any, Final

from policies.clauses import Clause, Finding, NotYet
from policies.properties import NOT_KNOWN, Path, Properties, at, is_on, label, last_name, walk, words
from policies.protections import PROTECTIONS

FLAG: Final = Clause(
    "every AWS type, every switch whose name says public", "opens it to the internet", "set it to false"
)
UNSET: Final = Clause(
    "AWS types with a switch for a public endpoint (the provider's list)",
    "is not set: whether it is public is left to a default",
    "set it to false",
)
BLOCK: Final = Clause(
    "every AWS type, every block of public access", "does not block public access", "set it to true"
)
ACL: Final = Clause(
    "every AWS type, every access control list",
    "grants access to everybody",
    "use private, and a bucket policy for those who need access",
)
PUBLIC_IMAGES: Final = Clause(
    "repositories of ECR Public", "gives images to everybody", "use aws.ecr.Repository"
)
SSH: Final = Clause(
    "remoteAccess of node groups of EKS",
    "opens SSH on the nodes to the internet",
    "name sourceSecurityGroupIds, or leave remoteAccess out",
)
WEBSITE: Final = Clause(
    "S3 buckets and their website configuration",
    "publishes the bucket as a website",
    "serve files through CloudFront with origin access control",
)
SHARED: Final = Clause(
    "snapshots and images of disks and databases, shares of the Resource Access Manager",
    "gives the data to another account",
    "share a copy that is encrypted with a key the other account may use, by hand and for a time",
)
NO_LOGIN: Final = Clause(
    "function URLs, API methods and routes, caches, and every switch of AWS for callers without a login",
    "lets in whoever asks, without a login",
    "require one: IAM, a token, users or an authorizer",
)
RANGE: Final = Clause(
    "every AWS type, every range of addresses that may connect",
    "is open to the internet",
    "name the ranges of those who need access",
)
ENDPOINT: Final = Clause(
    "vpcConfig.publicAccessCidrs of EKS clusters",
    "is not set: the API of the cluster would be open to the internet",
    "name the ranges of administrators, or set endpointPublicAccess to false",
)
OUTSIDE: Final = Clause(
    "vpcOptions of domains of OpenSearch and Elasticsearch",
    "is not set: the domain would have a public endpoint",
    "put the domain into subnets of your VPC",
)
CLAUSES: Final = (
    FLAG, UNSET, BLOCK, ACL, PUBLIC_IMAGES, SSH, WEBSITE, SHARED, NO_LOGIN, RANGE, ENDPOINT, OUTSIDE,
)  # fmt: skip

_PUBLIC: Final = frozenset({"public", "publicly"})
_BLOCKING: Final = frozenset({"block", "ignore", "restrict"})
_BLOCKS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_FOUR_BLOCKS: Final = frozenset(
    {
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
    }
)
_OPEN_LISTS: Final = frozenset({"public-read", "public-read-write", "authenticated-read", "open-access"})
_EVERYBODY: Final = ("/global/AllUsers", "/global/AuthenticatedUsers")
_SHARES: Final = frozenset(
    {
        "aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission",
        "aws:ec2/amiLaunchPermission:AmiLaunchPermission",
    }
)
# Only clusters in several zones know the switch, and those of Aurora refuse it.
_AURORA: Final = "aws:rds/cluster:Cluster"
_EKS: Final = "aws:eks/cluster:Cluster"
_VPC_ONLY: Final = ("aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain")
_LOGINS: Final = {
    "aws:elasticache/replicationGroup:ReplicationGroup": ("authToken", "userGroupIds"),
    "aws:lambda/functionUrl:FunctionUrl": ("authorizationType",),
    "aws:apigateway/method:Method": ("authorization",),
    "aws:apigatewayv2/route:Route": ("authorizationType",),
}
# An address range on the other side: where packets go, not who may send them.
_OUTBOUND: Final = frozenset({"egress", "destination", "route", "routes", "target", "except"})
_CIDR: Final = frozenset({"cidr", "cidrs"})
# No firm's own network is larger: halves and quarters of the internet are the internet.
_LARGEST_V4: Final = 8
_LARGEST_V6: Final = 16
_NETWORK_ACLS: Final = ("networkAcl:", "networkAclRule:", "defaultNetworkAcl:")


def no_public_data(type_token: str, props: Properties) -> Iterator[Finding]:
    """No data is reachable from the internet."""
    if not type_token.startswith("aws"):
        return
    yield from _must_be_set(type_token, props)
    for path, value in walk(props):
        yield from _flag(type_token, path, value)
        yield from _named(path, value)
    if not _outbound(type_token, props):
        for path, value in walk(props):
            yield from _range(path, value)


def _must_be_set(type_token: str, props: Properties) -> Iterator[Finding]:
    known = PROTECTIONS.get(type_token)
    if known and type_token != _AURORA:
        yield from (UNSET.at(name) for name in known.public if props.get(name) is None)
    if type_token in _FOUR_BLOCKS:
        yield from (BLOCK.at(name) for name in _BLOCKS if props.get(name) is None)
    if type_token in _SHARES or "sharedAccounts" in props:
        yield SHARED.at("accountId" if type_token in _SHARES else "sharedAccounts")
    names = _LOGINS.get(type_token, ())
    if names and not any(props.get(name) for name in names):
        yield NO_LOGIN.at(" or ".join(names))
    if type_token.startswith("aws:s3/bucketWebsite") or props.get("website"):
        yield WEBSITE.at("website")
    yield from _endpoint(type_token, props)


def _endpoint(type_token: str, props: Properties) -> Iterator[Finding]:
    if type_token == "aws:ecrpublic/repository:Repository":  # noqa: S105 - a type
        yield PUBLIC_IMAGES.at("repositoryName")
    with_ssh = type_token.startswith("aws:eks/nodeGroup") and at(props, "remoteAccess.ec2SshKey")
    if with_ssh and not at(props, "remoteAccess.sourceSecurityGroupIds"):
        yield SSH.at("remoteAccess")
    if type_token in _VPC_ONLY and not props.get("vpcOptions"):
        yield OUTSIDE.at("vpcOptions")
    is_public = type_token == _EKS and at(props, "vpcConfig.endpointPublicAccess") is not False
    if is_public and not at(props, "vpcConfig.publicAccessCidrs"):
        yield ENDPOINT.at("vpcConfig.publicAccessCidrs")


def _flag(type_token: str, path: Path, value: Any) -> Iterator[Finding]:
    said = words((last_name(path),))
    if not _PUBLIC & set(said) or isinstance(value, dict | list) or value is None:
        return
    # The public endpoint of a cluster is judged by the ranges that may use it.
    if type_token == _EKS:
        return
    if value is NOT_KNOWN:
        yield NotYet(label(path))
    elif _BLOCKING & set(said):
        if value is False or value == "false":
            yield BLOCK.at(label(path))
    elif is_on(value):
        yield FLAG.at(label(path))


def _named(path: Path, value: Any) -> Iterator[Finding]:
    name = last_name(path)
    if value is NOT_KNOWN and name in {"acl", "authorizationType", "authorization"}:
        yield NotYet(label(path))
    if is_on(value) and ("unauthenticated" in name.lower() or name == "noPasswordRequired"):
        yield NO_LOGIN.at(label(path))
    if is_on(value) and name == "allowExternalPrincipals":
        yield SHARED.at(label(path))
    if not isinstance(value, str):
        return
    if value in _OPEN_LISTS or value.endswith(_EVERYBODY):
        yield ACL.at(label(path), value)
    if name in {"authorizationType", "authorization"} and value.upper() == "NONE":
        yield NO_LOGIN.at(label(path), value)
    if name == "directInternetAccess" and value.lower() != "disabled":
        yield FLAG.at(label(path), value)


def _outbound(type_token: str, props: Properties) -> bool:
    """Whether the resource is about where packets go, or a list in front of security groups."""
    name = type_token.rsplit("/", 1)[-1]
    if name.startswith(_NETWORK_ACLS) or "Egress" in name or name.lower().startswith("route"):
        return True
    return name.startswith("securityGroupRule:") and props.get("type") == "egress"


def _range(path: Path, value: Any) -> Iterator[Finding]:
    said = set(words(path))
    if not said & _CIDR or said & _OUTBOUND:
        return
    if value is NOT_KNOWN:
        yield NotYet(label(path))
    elif isinstance(value, str) and "/" in value and is_world(value):
        yield RANGE.at(label(path), value)


def is_world(text: str) -> bool:
    """Whether a range holds most of the internet; parts of it count, and so does what cannot be read.

    >>> is_world("0.0.0.0/0"), is_world("128.0.0.0/1"), is_world("2000::/3"), is_world("10.0.0.0/8")
    (True, True, True, False)
    """
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return True
    return network.prefixlen < (_LARGEST_V4 if isinstance(network, ipaddress.IPv4Network) else _LARGEST_V6)
