"""Encryption: whatever a type calls it, it is on, and what has an input for it sets it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.clauses import Clause, Finding, NotYet
from policies.properties import NOT_KNOWN, Path, Properties, at, is_on, label, last_name, walk, words
from policies.protections import PROTECTIONS

SWITCH: Final = Clause(
    "AWS types with a switch for encryption (the provider's list)",
    "is not true: data would lie or travel unencrypted",
    "set it to true",
)
KEY: Final = Clause(
    "AWS types with a key or a record for encryption (the provider's list)",
    "is not set: nothing says with which key data is encrypted",
    "set it, best to a key of your own",
)
OFF: Final = Clause(
    "every AWS type, every property whose name says encryption, TLS, SSL or HTTPS",
    "turns encryption off",
    "turn it on",
)
DISK: Final = Clause(
    "disks of EC2 instances and launch templates",
    "does not encrypt the disk",
    "set encrypted to true there",
)
ROOT_DISK: Final = Clause(
    "EC2 instances and launch templates, node groups of EKS",
    "names no disk: whether it is encrypted depends on the account",
    "name the root disk there with encrypted set to true",
)
BUCKET_KEY: Final = Clause(
    "encryption rules of an S3 bucket",
    "does not encrypt with a KMS key",
    "set it to aws:kms or aws:kms:dsse",
)
IN_TRANSIT: Final = Clause(
    "parameter groups of databases",
    "accepts connections without TLS",
    "set it to 1 (SQL Server and PostgreSQL: rds.force_ssl), ON or enabled",
)
LISTENER: Final = Clause(
    "listeners of load balancers",
    "passes requests on unencrypted",
    "use HTTPS or TLS, or let the listener redirect to HTTPS",
)
WEAK_DOMAIN: Final = Clause(
    "domains of OpenSearch and Elasticsearch, clusters of MemoryDB and DAX, proxies of RDS",
    "is not on: data would travel or lie unencrypted",
    "turn it on",
)
CLAUSES: Final = (SWITCH, KEY, OFF, DISK, ROOT_DISK, BUCKET_KEY, IN_TRANSIT, LISTENER, WEAK_DOMAIN)

# One of them is enough, AWS refuses both.
_EITHER: Final = frozenset({"aws:sqs/queue:Queue"})
# Their encryption is another resource; `whole_stack` asks for it.
_ELSEWHERE: Final = frozenset(
    {
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketV2:BucketV2",
        "aws:s3/bucketObject:BucketObject",
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "aws:s3/objectCopy:ObjectCopy",
    }
)
_OFF: Final = frozenset(
    {
        "none",
        "disabled",
        "disable",
        "unencrypted",
        "plaintext",
        "tls_plaintext",
        "false",
        "off",
        "preferred",
        "no_encryption",
        "allow-all",
        "http-only",
    }
)
_WIRE: Final = frozenset({"tls", "ssl", "https"})
_REVERSED: Final = frozenset({"disabled", "disable", "unencrypted", "skip", "without"})
_PROTOCOLS: Final = frozenset({"viewerProtocolPolicy", "originProtocolPolicy"})
_COST_ONLY: Final = frozenset({"bucketKeyEnabled"})
_DISKS: Final = frozenset({"ebs", "rootBlockDevice", "rootBlockDevices", "ebsBlockDevice", "ebsBlockDevices"})
_ROOT_DISK: Final = {
    "aws:ec2/instance:Instance": "rootBlockDevice",
    "aws:ec2/spotInstanceRequest:SpotInstanceRequest": "rootBlockDevice",
    "aws:ec2/launchConfiguration:LaunchConfiguration": "rootBlockDevice",
    "aws:ec2/launchTemplate:LaunchTemplate": "blockDeviceMappings",
    "aws:eks/nodeGroup:NodeGroup": "launchTemplate",
}
_TLS_PARAMETERS: Final = frozenset({"rds.force_ssl", "require_secure_transport", "require_ssl", "tls"})
_NO: Final = frozenset({"0", "off", "false", "disabled"})
_DOMAIN: Final = (
    "encryptAtRest.enabled",
    "nodeToNodeEncryption.enabled",
    "domainEndpointOptions.enforceHttps",
)
_MUST_BE_ON: Final = {
    "aws:opensearch/domain:Domain": _DOMAIN,
    "aws:elasticsearch/domain:Domain": _DOMAIN,
    "aws:memorydb/cluster:Cluster": ("tlsEnabled",),
    "aws:dax/cluster:Cluster": ("serverSideEncryption.enabled",),
    "aws:rds/proxy:Proxy": ("requireTls",),
}
_LISTENERS: Final = ("aws:lb/listener:Listener", "aws:alb/listener:Listener")
_BUCKET_RULES: Final = "aws:s3/bucketServerSideEncryptionConfiguration:"


def encryption(type_token: str, props: Properties) -> Iterator[Finding]:
    """Data is encrypted at rest and in transit."""
    if not type_token.startswith("aws"):
        return
    yield from _inputs(type_token, props)
    for name in _MUST_BE_ON.get(type_token, ()):
        yield from _must_be_on(name, at(props, name))
    for path, value in walk(props):
        if last_name(path) in _PROTOCOLS and isinstance(value, str) and _says_off(value):
            yield OFF.at(label(path), value)
        yield from _turned_off(path, value)
        yield from _disk(type_token, path, value)
        yield from _parameter(path, value)
    if (disk := _ROOT_DISK.get(type_token)) and not props.get(disk):
        yield ROOT_DISK.at(disk)
    if type_token.startswith(_BUCKET_RULES):
        yield from _bucket_rules(props)
    if type_token in _LISTENERS:
        yield from _listener(props)


def _inputs(type_token: str, props: Properties) -> Iterator[Finding]:
    known = PROTECTIONS.get(type_token)
    if known is None or type_token in _ELSEWHERE:
        return
    if known.switches and type_token not in _EITHER:
        for name in known.switches:
            value = props.get(name)
            if value is NOT_KNOWN:
                yield NotYet(name)
            elif not is_on(value) and not _says_off(value):
                yield SWITCH.at(name)
        return
    either = (*known.switches, *known.keys)
    if either and not any(props.get(name) for name in either):
        yield KEY.at(" or ".join(either))
    yield from (NotYet(name) for name in either if props.get(name) is NOT_KNOWN)


def _must_be_on(path: str, value: Any) -> Iterator[Finding]:
    if value is NOT_KNOWN:
        yield NotYet(path)
    elif not is_on(value) and not (_says_off(value) and _about_encryption(tuple(path.split(".")))):
        yield WEAK_DOMAIN.at(path)


def _turned_off(path: Path, value: Any) -> Iterator[Finding]:
    name = last_name(path)
    if isinstance(value, dict | list) or not _about_encryption(path):
        return
    if value is NOT_KNOWN:
        yield NotYet(label(path))
        return
    wrong = is_on(value) if _REVERSED & set(words((name,))) else _says_off(value)
    if wrong:
        yield OFF.at(label(path), value)


def _about_encryption(path: Path) -> bool:
    said = words(path)
    return last_name(path) not in _COST_ONLY and any("encrypt" in word or word in _WIRE for word in said)


def _says_off(value: Any) -> bool:
    return value is False or (isinstance(value, str) and value.lower() in _OFF)


def _disk(type_token: str, path: Path, value: Any) -> Iterator[Finding]:
    if "ec2" not in type_token or last_name(path) not in _DISKS or not isinstance(value, dict):
        return
    encrypted = value.get("encrypted")
    if not is_on(encrypted) and encrypted is not NOT_KNOWN:
        yield DISK.at(label(path))


def _parameter(path: Path, value: Any) -> Iterator[Finding]:
    if not isinstance(value, dict) or value.get("name") not in _TLS_PARAMETERS:
        return
    setting = value.get("value")
    if setting is NOT_KNOWN:
        yield NotYet(label((*path, "value")))
    elif str(setting).lower() in _NO:
        yield IN_TRANSIT.at(label(path), f"{value['name']} = {setting}")


def _bucket_rules(props: Properties) -> Iterator[Finding]:
    rules = props.get("rules") or [{}]
    for index, rule in enumerate(rules if isinstance(rules, list) else [rules]):
        where = f"rules[{index}].applyServerSideEncryptionByDefault.sseAlgorithm"
        algorithm = at(rule, "applyServerSideEncryptionByDefault.sseAlgorithm")
        if algorithm is NOT_KNOWN:
            yield NotYet(where)
        elif not str(algorithm).startswith("aws:kms"):
            yield BUCKET_KEY.at(where, algorithm)


def _listener(props: Properties) -> Iterator[Finding]:
    protocol = props.get("protocol")
    if protocol is NOT_KNOWN:
        yield NotYet("protocol")
    elif str(protocol).upper() not in {"HTTPS", "TLS"} and not _redirects(props):
        yield LISTENER.at("protocol", protocol)


def _redirects(props: Properties) -> bool:
    actions = props.get("defaultActions") or ()
    to_https = [
        at(each, "type") == "redirect" and str(at(each, "redirect.protocol")).upper() == "HTTPS"
        for each in actions
    ]
    return bool(to_https) and all(to_https)
