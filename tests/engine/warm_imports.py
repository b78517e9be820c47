"""What every forked interpreter finds done: libraries imported, descriptions read, annotations resolved."""

from __future__ import annotations

import importlib
import sys
import typing
from typing import Any

LIBRARIES = (
    "boto3",
    "google.protobuf.struct_pb2",
    "grpc.aio",
    "httpx",
    "pulumi",
    "pulumi.provider.experimental.server",
    "pulumi.runtime.proto.language_pb2_grpc",
    "pulumi_kubernetes",
    "pulumi_random",
    "pydantic",
    "yaml",
)
SERVICES = (
    "autoscaling backup cloudwatch ec2 efs eks elasticache iam kms logs rds resourcegroupstaggingapi s3 "
    "scheduler secretsmanager ssm sts"
)
"""Whose descriptions botocore has read: megabytes of JSON that every provider would parse anew."""
# What the program declares most of. A type that is missing here costs time and nothing else.
RESOURCES = {
    "pulumi_aws.autoscaling": "Tag",
    "pulumi_aws.backup": "Plan RestoreTestingPlan RestoreTestingSelection Selection Vault",
    "pulumi_aws.cloudwatch": "LogGroup",
    "pulumi_aws.ec2": "DefaultSecurityGroup LaunchTemplate SecurityGroup Subnet Vpc",
    "pulumi_aws.efs": "AccessPoint FileSystem FileSystemPolicy MountTarget ReplicationConfiguration",
    "pulumi_aws.eks": "Addon Cluster NodeGroup PodIdentityAssociation",
    "pulumi_aws.elasticache": "ReplicationGroup SubnetGroup User UserGroup UserGroupAssociation",
    "pulumi_aws.iam": "Role RolePolicy RolePolicyAttachment",
    "pulumi_aws.kms": "Alias Key KeyPolicy",
    "pulumi_aws.rds": "Instance InstanceAutomatedBackupsReplication ParameterGroup SubnetGroup",
    "pulumi_aws.s3": "Bucket BucketLifecycleConfiguration BucketOwnershipControls "
    "BucketPolicy BucketPublicAccessBlock BucketReplicationConfig "
    "BucketServerSideEncryptionConfiguration BucketVersioning",
    "pulumi_aws.secretsmanager": "Secret SecretVersion",
    "pulumi_aws.vpc": "SecurityGroupIngressRule",
    "pulumi_kubernetes.apps.v1": "Deployment",
    "pulumi_kubernetes.autoscaling.v2": "HorizontalPodAutoscaler",
    "pulumi_kubernetes.batch.v1": "CronJob Job",
    "pulumi_kubernetes.core.v1": "ConfigMap LimitRange Namespace PersistentVolume PersistentVolumeClaim "
    "ResourceQuota Secret Service ServiceAccount",
    "pulumi_kubernetes.networking.v1": "Ingress NetworkPolicy",
    "pulumi_kubernetes.policy.v1": "PodDisruptionBudget",
    "pulumi_kubernetes.rbac.v1": "Role RoleBinding",
    "pulumi_kubernetes.scheduling.v1": "PriorityClass",
    "pulumi_random": "RandomId RandomPassword",
}


def warm_up() -> None:
    """Do it, in the process that all others are forked from."""
    _load_lazily()
    for name in LIBRARIES:
        importlib.import_module(name)
    _read_services()
    _resolve_annotations()


def _load_lazily() -> None:
    """Load SDKs as programs do. Their package `components` is forgotten: each has a copy of its own."""
    importlib.import_module("components")
    for name in [each for each in sys.modules if each.partition(".")[0] == "components"]:
        del sys.modules[name]


def _read_services() -> None:
    """Read once what AWS's services are, for every session of a forked process; none changes it."""
    sessions, loaders = (importlib.import_module(f"botocore.{name}") for name in ("session", "loaders"))
    session = sessions.Session()
    loader = session.get_component("data_loader")
    for service in SERVICES.split():
        session.create_client(service, "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    for module in (sessions, loaders):
        module.create_loader = lambda *_where: loader  # type: ignore[attr-defined]


def _resolve_annotations() -> None:
    """Ask the SDK for the types of properties, which it resolves once per process and class."""
    types = importlib.import_module("pulumi._types")
    left = [
        getattr(importlib.import_module(module), name)
        for module, names in RESOURCES.items()
        for name in names.split()
    ]
    seen = set(left)
    while left:
        resolved = types._types_from_py_properties(left.pop())
        named = {each for hint in resolved.values() for each in _classes(hint)}
        fresh = {each for one in named for each in (one, *_argument(one))} - seen
        seen |= fresh
        left += fresh


def _classes(hint: Any) -> set[type]:
    """The classes of an SDK that an annotation names."""
    inner = {each for part in typing.get_args(hint) for each in _classes(part)}
    own = isinstance(hint, type) and hint.__module__.startswith(("pulumi_aws.", "pulumi_kubernetes."))
    return inner | ({hint} if own else set())


def _argument(output: type) -> list[type]:
    """The class of inputs beside one of outputs."""
    inputs = importlib.import_module(f"{output.__module__.rpartition('.')[0]}._inputs")
    found = getattr(inputs, f"{output.__name__}Args", None)
    return [found] if found else []
