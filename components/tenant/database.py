"""A tenant's role and database: the setup job, and what other database jobs need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import pulumi

from components.kubernetes import jobs, pods
from components.kubernetes.odoo import IDLE_IN_TRANSACTION_SECONDS
from components.kubernetes.secrets import secret_of
from components.naming import physical_name
from components.places import Administered, SecretPlace, ServerPlace
from components.scripts import script
from components.tenant.rotation import TenantPasswords, reader_role, second_role
from tiers.facts.every_fact import Job, TenantDatabase
from tiers.plan.plan import TenantPlan

_MOUNT: Final = "/run/secrets/tenant"
_IDENTITY: Final = {"server", "database", "role", "connection_limit"}
_READS: Final = {"reader_connections"}


class RoleSecret(NamedTuple):
    """The Secret with the passwords of a tenant's role, for jobs of the operations namespace."""

    name: pulumi.Input[str]
    secret: pulumi.Resource
    fingerprint: pulumi.Output[str]
    stage: str
    """The stage of a rotation, or `none`."""


def role_secret(
    tenant: str,
    namespace: str,
    passwords: TenantPasswords,
    *,
    place: SecretPlace,
    opts: pulumi.ResourceOptions,
) -> RoleSecret:
    """Declare the secret; the role has the same password on every server."""
    name = physical_name(tenant, "database")
    data: dict[str, pulumi.Input[str]] = {"password": passwords.database}
    if passwords.second is not None:
        data["second"] = passwords.second
    if passwords.reader is not None:
        data["reader"] = passwords.reader
    made = secret_of(name, namespace, data, called=name, place=place, opts=opts)
    return RoleSecret(*made, str(passwords.stage or "none"))


def set_up(
    tenant: TenantPlan,
    fact: Job,
    wanted: TenantDatabase,
    on: Administered,
    role: RoleSecret,
    *,
    opts: pulumi.ResourceOptions,
) -> jobs.OneOffJob:
    """Create role and database if they do not exist, and let in whom a rotation lets in at its stage.

    Those of another owner end the update.
    """
    return database_job(
        tenant,
        fact,
        setup_script(),
        {
            **setup_environment(wanted, on, tenant.owner),
            "ROTATION": role.stage,
            "READER_CONNECTIONS": str(wanted.reader_connections),
        },
        administrator=on.administrator_name,
        role=role,
        distinguished_by=[identity_of(wanted) | _reads(wanted), role.stage, tenant.owner],
        has_read=role.fingerprint,
        opts=opts,
    )


def setup_script() -> str:
    """What the set-up job runs: role and database first, then the second login and that of reports."""
    functions = (script("second_login.sh"), script("reader_login.sh"))
    return "\n".join((*functions, script("database_setup.sh"), "settle_second_login", "settle_reader"))


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
    return {
        "TENANT_ROLE": database.role,
        "SECOND_LOGIN": second_role(database.role),
        "READER_ROLE": reader_role(database.role),
        "TENANT_DATABASE": database.database,
    }


def reader_secret(
    database: TenantDatabase,
    namespace: str,
    passwords: TenantPasswords,
    server: ServerPlace,
    *,
    place: SecretPlace,
    opts: pulumi.ResourceOptions,
) -> None:
    """The Secret with what a program needs that makes reports, if the tenant has a login for one."""
    if passwords.reader is None:
        return
    name = physical_name(str(database.tenant), "reader")
    data: dict[str, pulumi.Input[str]] = {
        "PGHOST": server.address,
        "PGDATABASE": database.database,
        "PGUSER": reader_role(database.role),
        "PGPASSWORD": passwords.reader,
        "PGSSLMODE": "require",
    }
    secret_of(name, namespace, data, called=name, place=place, opts=opts)


def _reads(database: TenantDatabase) -> dict[str, Any]:
    """Where there is no login for reports, jobs stay the ones that have run."""
    return database.model_dump(mode="json", include=_READS, exclude_defaults=True)


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
    has_read: pulumi.Output[str] | None = None,
) -> jobs.OneOffJob:
    """A job on a tenant's database, with the role's password and an administrator's account."""
    mount = {"name": "tenant", "mountPath": _MOUNT, "readOnly": True}
    container = jobs.operations_container(fact, text, env, [mount])
    volume = {"name": "tenant", "secret": {"secretName": role.name, "defaultMode": 0o440}}
    spec = pods.pod(fact.run_as_user, fact.run_as_group, administrator, [container], [volume])
    described = [text, *distinguished_by]
    return jobs.OneOffJob(
        tenant.tenant,
        fact,
        gib=jobs.data_gib(tenant),
        spec=spec,
        distinguished_by=described,
        has_read=has_read,
        opts=opts,
    )
