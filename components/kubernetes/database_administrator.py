"""The administrator of a PostgreSQL server: the account of setup jobs, the only one with this access."""

from __future__ import annotations

from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from components.aws.iam import PodRole
from components.kubernetes import pods
from components.naming import physical_name
from components.places import KeyPlace, PlatformPlace, ServerPlace, Text
from tiers.facts.database_upgrade import ServerUpgrade, UpgradeStage
from tiers.facts.every_fact import Job
from tiers.plan.plan import TenantPlan, fact_named

DATABASE_ADMIN: Final = "database-admin"


def database_administrator(
    account: str,
    role: str,
    *,
    cluster: Text,
    namespace: str,
    region: str,
    server: ServerPlace,
    key: KeyPlace,
    child: pulumi.ResourceOptions,
    inside: pulumi.ResourceOptions,
    upgrade: ServerUpgrade | None = None,
) -> k8s.core.v1.ServiceAccount:
    """A service account whose pods may read the secret of one server's master user.

    Args:
        account: Its name, and the logical name of the resource.
        role: Name of the IAM role behind it.
        cluster: Name of the EKS cluster.
        namespace: The namespace of setup jobs.
        region: The region of the server.
        server: The server it may administer.
        key: The key of the secret.
        child: Options of AWS resources.
        inside: Options of objects in the namespace, which wait for it.
        upgrade: The upgrade of that server, whose check asks AWS which versions and extensions it offers.
    """
    made = pods.service_account(account, account, namespace, inside)
    secret = server.master_secret_arn
    may: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secret},
        {
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": key.arn,
            # The key protects more than this secret, so it may be used through Secrets Manager only.
            "Condition": {"StringEquals": {"kms:ViaService": f"secretsmanager.{region}.amazonaws.com"}},
        },
    ]
    if upgrade is not None and upgrade.stage is UpgradeStage.CHECK:
        # Neither names a resource of anybody (Service Authorization Reference, Amazon RDS).
        asks = ["rds:DescribeDBEngineVersions", "rds:DescribeEngineDefaultParameters"]
        may.append({"Effect": "Allow", "Action": asks, "Resource": "*"})
    PodRole(role, cluster=cluster, namespace=namespace, service_account=account, statements=may, opts=child)
    return made


def tenants_administrator(  # noqa: PLR0917 - what an account is made of
    tenant: TenantPlan,
    platform: PlatformPlace,
    part: str,
    server: ServerPlace,
    key: KeyPlace,
    child: pulumi.ResourceOptions,
    upgrade: ServerUpgrade | None = None,
) -> tuple[k8s.core.v1.ServiceAccount, str]:
    """The administrator of a server of *tenant*'s own, and its name, which ends with *part*."""
    name = physical_name(tenant.tenant, part)
    operations = fact_named(tenant.facts, Job, "database-setup").namespace
    account = database_administrator(
        name,
        physical_name(platform.name, tenant.tenant, part),
        cluster=platform.cluster,
        namespace=operations,
        region=tenant.region,
        server=server,
        key=key,
        child=child,
        inside=pulumi.ResourceOptions.merge(
            child, pulumi.ResourceOptions(depends_on=[platform.namespaces[operations]])
        ),
        upgrade=upgrade,
    )
    return account, name
