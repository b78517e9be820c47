"""Translates Pulumi's names to Terraform's: both use the same AWS provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_TOKEN: Final = re.compile(r"aws:(?P<module>\w+)/\w+:(?P<kind>\w+)")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Modules that Pulumi made: Terraform's names begin with another word there, or with none.
_WORDS: Final[Mapping[str, str]] = {"ec2": "", "ec2transitgateway": "ec2_transit_gateway", "rds": "db"}
_TYPES: Final[Mapping[str, str]] = {
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "aws_iam_openid_connect_provider",
    "aws:ec2transitgateway/transitGateway:TransitGateway": "aws_ec2_transit_gateway",
    "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
    "aws:rds/cluster:Cluster": "aws_rds_cluster",
    "aws:rds/clusterInstance:ClusterInstance": "aws_rds_cluster_instance",
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": "aws_rds_cluster_parameter_group",
    "aws:rds/globalCluster:GlobalCluster": "aws_rds_global_cluster",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": "aws_s3_bucket_replication_configuration",
}
_MAPS: Final = frozenset({"labels", "recoveryPointTags", "tags", "tagsAll", "variables"})
"""Properties whose keys are the user's own words; every other mapping is a block."""


def terraform_type(token: str) -> str | None:
    """Terraform's name of a type; None for what is not a resource of the AWS provider.

    >>> terraform_type("aws:rds/subnetGroup:SubnetGroup")
    'aws_db_subnet_group'
    >>> terraform_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    'aws_vpc_security_group_ingress_rule'
    >>> terraform_type("random:index/randomId:RandomId")
    """
    found = _TOKEN.fullmatch(token)
    if not found:
        return None
    word = _WORDS.get(found["module"], found["module"])
    parts = ("aws", word, snake(found["kind"]))
    return _TYPES.get(token) or "_".join(part for part in parts if part)


def snake(name: str) -> str:
    """A property's name as Terraform writes it.

    >>> snake("enabledCloudwatchLogsExports"), snake("cidrIpv4")
    ('enabled_cloudwatch_logs_exports', 'cidr_ipv4')
    """
    return _HUMP.sub("_", name).lower()


def terraform_values(props: Mapping[str, Any]) -> dict[str, Any]:
    """Properties as a Terraform plan spells them: one block of a kind is a list of one.

    >>> terraform_values({"rules": [{"applyX": {"sseAlgorithm": "aws:kms"}}], "tags": {"aB": "c"}})
    {'rule': [{'apply_x': [{'sse_algorithm': 'aws:kms'}]}], 'tags': {'aB': 'c'}}
    """
    return dict(_spelled(key, value) for key, value in props.items() if not key.startswith("__"))


def _spelled(key: str, value: Any) -> tuple[str, Any]:
    name = snake(key)
    if isinstance(value, Mapping):
        return name, dict(value) if key in _MAPS else [terraform_values(value)]
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        return _singular(name), [terraform_values(item) for item in value]
    return name, value


def _singular(name: str) -> str:
    """Pulumi gives repeated blocks the plural, Terraform does not."""
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    if name.endswith(("sses", "xes")):
        return name[:-2]
    return name.removesuffix("s") if not name.endswith("ss") else name
