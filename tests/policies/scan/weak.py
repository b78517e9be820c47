"""A stack that is weak on purpose: what a scan that works must complain about."""

from __future__ import annotations

import json
from typing import Any, Final

_EVERYTHING: Final = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
_ANYONE: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
)
_OPEN: Final = {"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}
_AWS: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("aws:rds/instance:Instance", "database"): {
        "engine": "postgres",
        "instanceClass": "db.t4g.micro",
        "publiclyAccessible": True,
        "skipFinalSnapshot": True,
        "backupRetentionPeriod": 0,
        "autoMinorVersionUpgrade": False,
    },
    ("aws:elasticache/replicationGroup:ReplicationGroup", "sessions"): {
        "description": "open",
        "engine": "redis",
        "numCacheClusters": 1,
    },
    ("aws:s3/bucket:Bucket", "backups"): {"forceDestroy": True},
    ("aws:efs/fileSystem:FileSystem", "files"): {"encrypted": False},
    ("aws:kms/key:Key", "key"): {"enableKeyRotation": False},
    ("aws:cloudwatch/logGroup:LogGroup", "logs"): {"name": "/weak"},
    ("aws:ec2/securityGroup:SecurityGroup", "open"): {"ingress": [_OPEN], "egress": [_OPEN]},
    ("aws:iam/role:Role", "anyone"): {"assumeRolePolicy": _ANYONE},
    ("aws:iam/policy:Policy", "everything"): {"policy": _EVERYTHING},
}
_KUBERNETES: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("kubernetes:apps/v1:Deployment", "web"): {
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "hostNetwork": True,
                    "hostPID": True,
                    "containers": [
                        {"name": "web", "image": "odoo:latest", "securityContext": {"privileged": True}}
                    ],
                },
            },
        },
    },
}


def weak_state() -> dict[str, Any]:
    """The stack, as Pulumi would export it."""
    resources = [
        {"urn": f"urn:pulumi:test::weak::{token}::{name}", "type": token, "custom": True, "inputs": inputs}
        for (token, name), inputs in (_AWS | _KUBERNETES).items()
    ]
    return {"version": 3, "deployment": {"resources": resources}}
