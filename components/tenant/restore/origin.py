"""Where the data of a restore comes from: the tenant's own backups, another tenant's, or an upload."""

from __future__ import annotations

from typing import Final, NamedTuple

import pulumi

from components.aws.iam import PodRole
from components.kubernetes import pods
from components.naming import physical_name
from components.places import BucketPlace, Text
from components.tenant.backups.dumps import backup_account, may_read, may_say
from tiers.facts.every_fact import LogicalBackup, Route
from tiers.plan.plan import TenantPlan, fact_named, facts_of

REFRESHES: Final = "refreshes"
"""Below the prefix of a tenant's manifests: the results of its refreshes."""
REFRESH_TESTS: Final = "refresh-tests"
"""Beside them: what was found when the other tenant's backup was restored and compared."""


class Origin(NamedTuple):
    """Whose backup is restored: its bucket and prefix, whose it must be, and the account that may read it."""

    account: str
    bucket: BucketPlace
    tenant: str
    owner: str
    prefix: str
    ready: tuple[pulumi.Resource, ...] = ()
    """What a pod of that account must wait for: EKS gives a role to pods that are made after it."""

    def in_bucket(self, owner: str) -> dict[str, pulumi.Input[str]]:
        """Where the backups lie, and whose they, or the files of the tenant, must be."""
        return {"TENANT": self.tenant, "OWNER": owner, "BUCKET": self.bucket.name, "PREFIX": self.prefix}


def origin_of(
    tenant: TenantPlan, bucket: BucketPlace, portfolio: str, cluster: Text, opts: pulumi.ResourceOptions
) -> Origin:
    """Its own backups, or another tenant's or an upload while a stage reads it, or its second region's.

    But for the first it declares an account of its own that may read there, and writes nothing but results of
    a refresh, below the tenant's own prefix.
    """
    # A sandbox without backups reads an upload only; at its other stages nothing reads any.
    prefix = next((kept.prefix for kept in facts_of(tenant.facts, LogicalBackup)), "")
    source = tenant.reads_another
    mine = (str(tenant.tenant), tenant.owner, prefix)
    if source is None and tenant.failover is None:
        return Origin(backup_account(tenant.tenant), bucket, *mine)
    whose = mine if source is None else (source.tenant, source.owner, source.prefix)
    statements = may_read(bucket, whose[2])
    if tenant.restore is not None and tenant.restore.from_tenant:
        statements += may_say(bucket, str(tenant.tenant), REFRESHES, REFRESH_TESTS)
    name, where = physical_name(tenant.tenant, "refresh"), fact_named(tenant.facts, Route, "route").namespace
    account = pods.service_account(name, name, where, opts)
    role = PodRole(
        physical_name(portfolio, tenant.tenant, "refresh"),
        cluster=cluster,
        namespace=where,
        service_account=name,
        statements=statements,
        opts=opts,
    )
    return Origin(name, bucket, *whose, (account, role))
