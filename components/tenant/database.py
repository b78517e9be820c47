"""A tenant's role and database: the job that sets them up, and what other jobs about them need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import jobs, pods
from components.naming import physical_name
from components.places import Administered
from components.scripts import script
from tiers.facts.every_fact import Job, TenantDatabase

_MOUNT: Final = "/run/secrets/tenant"
_IDENTITY: Final = {"server", "database", "role", "connection_limit"}


class RoleSecret(NamedTuple):
    """Where jobs of the operations namespace find the password of a tenant's role."""

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
    fact: Job, wanted: TenantDatabase, on: Administered, role: RoleSecret, opts: pulumi.ResourceOptions
) -> jobs.OneOffJob:
    """Make role and database where they are not there yet."""
    return database_job(
        fact,
        script("database_setup.sh"),
        setup_environment(wanted, on),
        administrator=on.administrator_name,
        role=role,
        told_apart_by=[identity_of(wanted)],
        opts=opts,
    )


def setup_environment(wanted: TenantDatabase, on: Administered) -> dict[str, pulumi.Input[str]]:
    """What database_setup.sh asks for."""
    return {
        "PGHOST": on.server.address,
        "MASTER_SECRET_ARN": on.server.master_secret_arn,
        "CONNECTION_LIMIT": str(wanted.connection_limit),
        **named(wanted),
    }


def named(database: TenantDatabase) -> dict[str, pulumi.Input[str]]:
    """What every script about a database asks for."""
    return {"TENANT_ROLE": database.role, "TENANT_DATABASE": database.database}


def identity_of(database: TenantDatabase) -> dict[str, Any]:
    """What makes it another database, or needs setting anew."""
    return database.model_dump(mode="json", include=_IDENTITY)


def database_job(
    fact: Job,
    text: str,
    env: Mapping[str, pulumi.Input[str]],
    *,
    administrator: str,
    role: RoleSecret,
    told_apart_by: list[Any],
    opts: pulumi.ResourceOptions,
) -> jobs.OneOffJob:
    """A job about a tenant's database that finds the role's password, as an account that may administer."""
    mount = {"name": "tenant", "mountPath": _MOUNT, "readOnly": True}
    container = jobs.operations_container(fact, text, env, [mount])
    volume = {"name": "tenant", "secret": {"secretName": role.name, "defaultMode": 0o440}}
    spec = pods.pod(fact.run_as_user, fact.run_as_group, administrator, [container], [volume])
    if fact.tenant is None:
        raise ValueError(f"{fact.id}: a job about a tenant's database is the tenant's")
    return jobs.OneOffJob(fact.tenant, fact, spec=spec, told_apart_by=[text, *told_apart_by], opts=opts)
