"""What measures a tenant for Prometheus, with the tenant's own rights: its usage exporter."""

from __future__ import annotations

from typing import Any, Final

import pulumi

from components.aws.iam import PodRole
from components.kubernetes import jobs, odoo, pods
from components.kubernetes.filestore import Filestore
from components.kubernetes.network_policies import to_postgresql
from components.kubernetes.parts.exporter import exporter
from components.kubernetes.pod_group import membership
from components.kubernetes.priority import scheduling
from components.kubernetes.workload import OdooSettings
from components.naming import component_type, physical_name
from components.openings import to_aws
from components.places import BucketPlace, PlatformPlace, Text
from components.scripts import script
from components.tenant.backups.dumps import KINDS
from tiers.facts.every_fact import UsageExporter
from tiers.plan.plan import TenantPlan

PORT: Final = 9717
NAME: Final = "usage-exporter"
"""What it is called instead of `odoo`: what is open to the tenant's Odoo is closed to it."""
_START: Final = 'exec python3 -I -c "$EXPORTER"'
_SECONDS_PER_HOUR: Final = 3600


class TenantUsage(pulumi.ComponentResource):
    """One pod that reads the tenant's files and counts its users, and may list its prefixes of a bucket.

    Args:
        tenant: The tenant.
        fact: What it measures, and who may ask.
        platform: Where it runs.
        bucket: The bucket of the tenant's backups; None without any.
        mounted: Its filestore, and the Secret with odoo.conf.
        grouped: Whether it joins the tenant's security group, which its own server lets in.
        opts: Options of the component; what must exist first comes as `depends_on`.
    """

    def __init__(
        self,
        tenant: TenantPlan,
        fact: UsageExporter,
        platform: PlatformPlace,
        *,
        bucket: BucketPlace | None,
        mounted: tuple[Filestore, OdooSettings],
        grouped: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name = physical_name(tenant.tenant, fact.name)
        super().__init__(component_type("TenantUsage"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        labels = pods.identity(tenant.tenant, fact.name, name=NAME)
        account = pods.service_account(name, name, fact.namespace, child)
        openings = [to_postgresql(platform.network.subnet_cidrs), *(to_aws() if bucket else [])]
        roles = [_role(name, fact, platform, bucket, child)] if bucket else []
        exporter(
            name,
            fact,
            labels,
            _pod(fact, name, bucket, mounted),
            parent=self,
            port=PORT,
            openings=openings,
            after=[account, *roles],
            joining=membership(grouped=grouped),
        )
        self.register_outputs({})


def _role(
    name: str,
    fact: UsageExporter,
    platform: PlatformPlace,
    bucket: BucketPlace,
    child: pulumi.ResourceOptions,
) -> PodRole:
    """What its pod may do in AWS, which a pod has from its start or never (EKS User Guide, "Pod Identities").

    Jobs try again with a new pod; this one would go on without.
    """
    return PodRole(
        physical_name(platform.name, name),
        cluster=platform.cluster,
        namespace=fact.namespace,
        service_account=name,
        statements=[_may_list(bucket, fact.prefix)],
        opts=child,
    )


def _pod(
    fact: UsageExporter,
    account: str,
    bucket: BucketPlace | None,
    mounted: tuple[Filestore, OdooSettings],
) -> pods.Manifest:
    files, settings = mounted
    filestore, configuration = pods.odoo_volumes(files.claim_name, settings.secret_name)
    # The password of sessions lies beside it.
    configuration["secret"]["items"] = [{"key": odoo.CONFIGURATION_FILE, "path": odoo.CONFIGURATION_FILE}]
    container = pods.container(
        fact.name,
        fact.image,
        fact.compute,
        mounts=[{**mount, "readOnly": True} for mount in pods.odoo_mounts()],
        env=pods.variables(_environment(fact, bucket.name if bucket else "")),
        ports=[{"name": pods.METRICS_PORT, "containerPort": PORT}],
        livenessProbe={"httpGet": {"path": "/metrics", "port": pods.METRICS_PORT}, "timeoutSeconds": 10},
        **jobs.command(_START),
    )
    volumes = [filestore, configuration]
    return pods.pod(fact.run_as_user, fact.run_as_group, account, [container], volumes, **scheduling(fact))


def _environment(fact: UsageExporter, bucket: Text) -> dict[str, Any]:
    def place(*, shared: bool) -> str:
        return "shared" if shared else "own"

    return {
        "HOME": pods.SCRATCH_DIRECTORY,
        "TENANT": fact.tenant,
        "EXPORTER": script("usage_exporter.py"),
        "USERS_SQL": script("users.sql"),
        "PORT": str(PORT),
        "EVERY_SECONDS": str(fact.every_hours * _SECONDS_PER_HOUR),
        "CACHE_MIB": str(fact.cache_mib),
        "BUCKET": bucket,
        "PREFIX": fact.prefix,
        "DATABASE_PLACE": place(shared=fact.shares_database),
        "FILES_PLACE": place(shared=fact.shares_files),
        "BACKUPS_PLACE": place(shared=fact.shares_backups),
        "CACHE_PLACE": place(shared=fact.shares_cache),
    }


def _may_list(bucket: BucketPlace, prefix: str) -> dict[str, Any]:
    """Names and sizes below the tenant's own prefixes; what objects hold it may not read."""
    mine = [f"{kind}/{prefix}/*" for kind in KINDS]
    return {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": bucket.arn,
        "Condition": {"StringLike": {"s3:prefix": mine}},
    }
