"""Where the data of a restore comes from: the tenant's own backups, another tenant's, or an upload."""

from __future__ import annotations

from typing import NamedTuple

import pulumi

from components.aws.iam import PodRole
from components.kubernetes import pods
from components.naming import physical_name
from components.places import BucketPlace, PlatformPlace
from components.tenant.backups.dumps import backup_account, may_read
from tiers.facts.every_fact import LogicalBackup, Route
from tiers.plan.plan import TenantPlan, fact_named
from tiers.portfolio.restore.source import BackupSource


class Origin(NamedTuple):
    """Whose backup is restored: its bucket and prefix, whose it must be, and the account that may read it."""

    account: str
    bucket: BucketPlace
    tenant: str
    owner: str
    prefix: str
    ready: tuple[pulumi.Resource, ...] = ()
    """What a pod of that account must wait for: EKS gives a role to pods that are made after it."""


def origin_of_its_own(tenant: TenantPlan, kept: LogicalBackup, bucket: BucketPlace) -> Origin:
    """Its own backups."""
    return Origin(backup_account(tenant.tenant), bucket, tenant.tenant, tenant.owner, kept.prefix)


def origin_of_another(
    tenant: TenantPlan, source: BackupSource, platform: PlatformPlace, opts: pulumi.ResourceOptions
) -> Origin:
    """The backups of another tenant, or an upload, in the platform's bucket while a stage reads them.

    It declares an account of its own that may read there and write nothing.
    """
    bucket = platform.bucket
    name, where = physical_name(tenant.tenant, "refresh"), fact_named(tenant.facts, Route, "route").namespace
    account = pods.service_account(name, name, where, opts)
    role = PodRole(
        physical_name(platform.name, tenant.tenant, "refresh"),
        cluster=platform.cluster,
        namespace=where,
        service_account=name,
        statements=may_read(bucket, source.prefix),
        opts=opts,
    )
    return Origin(name, bucket, source.tenant, source.owner, source.prefix, (account, role))
