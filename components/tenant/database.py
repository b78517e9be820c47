"""A tenant's role and database: the setup job, and what other database jobs need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import jobs, pods
from components.kubernetes.odoo import IDLE_IN_TRANSACTION_SECONDS
from components.naming import physical_name
from components.places import Administered
from components.scripts import script
from tiers.facts.every_fact import Job, TenantDatabase
from tiers.plan.plan import TenantPlan

_MOUNT: Final = "/run/secrets/tenant"
_IDENTITY: Final = {"server", "database", "role", "connection_limit"}


class RoleSecret(NamedTuple):
    """The Secret with the password of a tenant's role, for jobs of the operations namespace."""

    name: str
    secret: pulumi.Resource


def role_secret(
    tenant: str, namespace: str, password: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> RoleSecret:
    """Declare the secret; the role has the same password on every server."""
    name = physical_name(tenant, "database")
    metadata = {"name": name, "namespace": namespace}
    made = k8s.core.v1.Secret(name, metadata=metadata, string_data={"password": password}, opts=opts)
    return RoleSecret(name, made)


def set_up(
    tenant: TenantPlan,
    fact: Job,
    wanted: TenantDatabase,
    on: Administered,
    role: RoleSecret,
    *,
    opts: pulumi.ResourceOptions,
) -> jobs.OneOffJob:
    """Create role and database if they do not exist; those of another owner end the update."""
    return database_job(
        tenant,
        fact,
        script("database_setup.sh"),
        setup_environment(wanted, on, tenant.owner),
        administrator=on.administrator_name,
        role=role,
        distinguished_by=[identity_of(wanted), tenant.owner],
        opts=opts,
    )


def setup_environment(wanted: TenantDatabase, on: Administered, owner: str) -> dict[str, pulumi.Input[str]]:
    """The environment variables of database_setup.sh; *owner* as in `TenantPlan.owner`."""
    return {
        "OWNER": owner,
        "PGHOST": on.server.address,
        "MASTER_SECRET_ARN": on.server.master_secret_arn,
        "CONNECTION_LIMIT": str(wanted.connection_limit),
        "IDLE_IN_TRANSACTION_SECONDS": str(IDLE_IN_TRANSACTION_SECONDS),
        **named(wanted),
    }


def named(database: TenantDatabase) -> dict[str, pulumi.Input[str]]:
    """The environment variables of every database script."""
    return {"TENANT_ROLE": database.role, "TENANT_DATABASE": database.database}


def identity_of(database: TenantDatabase) -> dict[str, Any]:
    """The values whose change needs a new setup."""
    return database.model_dump(mode="json", include=_IDENTITY)


def database_job(
    tenant: TenantPlan,
    fact: Job,
    text: str,
    env: Mapping[str, pulumi.Input[str]],
    *,
    administrator: str,
    role: RoleSecret,
    distinguished_by: list[Any],
    opts: pulumi.ResourceOptions,
) -> jobs.OneOffJob:
    """A job on a tenant's database, with the role's password and an administrator's account."""
    mount = {"name": "tenant", "mountPath": _MOUNT, "readOnly": True}
    container = jobs.operations_container(fact, text, env, [mount])
    volume = {"name": "tenant", "secret": {"secretName": role.name, "defaultMode": 0o440}}
    spec = pods.pod(fact.run_as_user, fact.run_as_group, administrator, [container], [volume])
    return jobs.OneOffJob(tenant, fact, spec=spec, distinguished_by=[text, *distinguished_by], opts=opts)
