"""The role with which a rehearsal reads a tenant's copies in the second region, and writes its result there.

The namespace that the role is for exists only while something is rehearsed: `costack failover --rehearse`
makes it and takes it away. EKS needs its name, no more.
"""

from __future__ import annotations

from typing import Any

import pulumi

from components.aws.iam import PodRole
from components.places import BucketPlace, Text
from components.tenant.backups.dumps import may_read
from tiers.facts.every_fact import Rehearsal

RESULTS = "rehearsals"
"""Below the prefix of a tenant's manifests: the folder of results."""


def rehearsal_role(
    name: str, fact: Rehearsal, cluster: Text, copies: BucketPlace, opts: pulumi.ResourceOptions
) -> None:
    """Declare the role *name* of the pods that rehearse, for the bucket of *copies*."""
    PodRole(
        name,
        cluster=cluster,
        namespace=fact.namespace,
        service_account=fact.service_account,
        statements=[*may_read(copies, fact.prefix), *_may_say_how_it_went(copies, fact.prefix)],
        opts=opts,
    )


def _may_say_how_it_went(copies: BucketPlace, prefix: str) -> list[dict[str, Any]]:
    """Results only: what was copied it can neither replace nor delete."""
    return [
        {
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": pulumi.Output.concat(copies.arn, f"/manifests/{prefix}/{RESULTS}/*"),
        },
        {
            "Effect": "Allow",
            "Action": "kms:GenerateDataKey",
            "Resource": copies.key_arn,
            "Condition": {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": copies.arn}},
        },
    ]
