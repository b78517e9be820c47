"""The jobs that run before a tenant's resources are removed: nothing else could do their work later."""

from __future__ import annotations

from typing import Any

import pulumi

from components.kubernetes import jobs, pods
from components.kubernetes.filestore import Filestore
from components.kubernetes.workload import OdooSettings
from components.places import ServerPlace
from components.scripts import script
from components.tenant.database import named
from tiers.facts.every_fact import Job, TenantDatabase
from tiers.facts.names import DROP_DATABASE, EMPTY_FILESTORE
from tiers.plan.plan import TenantPlan, facts_of


def close_down(
    tenant: TenantPlan,
    dropped: tuple[ServerPlace, str],
    mounted: tuple[Filestore, OdooSettings],
    opts: pulumi.ResourceOptions,
) -> None:
    """Declare the decommission jobs of a tenant's plan; an active tenant has none.

    Args:
        tenant: The tenant.
        dropped: The shared server its database is on, and the service account that may drop it.
        mounted: The directory to empty, and the account that may mount it.
        opts: Options of the jobs: they wait until all pods have stopped.
    """
    for fact in facts_of(tenant.facts, Job):
        if fact.name == DROP_DATABASE:
            _drop_database(tenant, fact, *dropped, opts)
        elif fact.name == EMPTY_FILESTORE:
            _empty_filestore(tenant, fact, *mounted, opts)


def _drop_database(
    tenant: TenantPlan, fact: Job, server: ServerPlace, administrator: str, opts: pulumi.ResourceOptions
) -> None:
    (database,) = facts_of(tenant.facts, TenantDatabase)
    text = script("database_drop.sh")
    env: dict[str, Any] = {
        "PGHOST": server.address,
        "MASTER_SECRET_ARN": server.master_secret_arn,
        "OWNER": tenant.owner,
        **named(database),
    }
    container = jobs.operations_container(fact, text, env)
    jobs.OneOffJob(
        tenant.tenant,
        fact,
        gib=jobs.data_gib(tenant),
        spec=pods.pod(fact.run_as_user, fact.run_as_group, administrator, [container]),
        distinguished_by=[text, database.database, database.role, tenant.owner],
        opts=opts,
    )


def _empty_filestore(
    tenant: TenantPlan, fact: Job, files: Filestore, settings: OdooSettings, opts: pulumi.ResourceOptions
) -> None:
    text = script("filestore_empty.sh")
    container = jobs.operations_container(fact, text, {"OWNER": tenant.owner}, pods.odoo_mounts())
    volumes = pods.odoo_volumes(files.claim_name, settings.secret_name)
    jobs.OneOffJob(
        tenant.tenant,
        fact,
        gib=jobs.data_gib(tenant),
        spec=pods.pod(fact.run_as_user, fact.run_as_group, settings.service_account, [container], volumes),
        distinguished_by=[text, tenant.owner],
        opts=opts,
    )
