"""The role with which a rehearsal reads a tenant's copies in the second region, and writes its result there.

The namespace that the role is for exists only while something is rehearsed: `costack failover --rehearse`
makes it and takes it away. EKS needs its name, no more.
"""

from __future__ import annotations

import pulumi

from components.aws.iam import PodRole
from components.places import BucketPlace, Text
from components.tenant.backups.dumps import may_read, may_say
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
        statements=[*may_read(copies, fact.prefix), *may_say(copies, fact.prefix, RESULTS)],
        opts=opts,
    )
