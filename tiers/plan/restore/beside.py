"""What a tenant has while a database beside the one in use is filled, takes its place or gives it back."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from tiers.facts.every_fact import Fact, Job, TenantDatabase, Workload
from tiers.facts.names import (
    DROP_SIDE,
    MAKE_SIDE,
    ODOO_SETUP,
    OPEN_RESTORED,
    RESTORE_FILES,
    SIDE_DATABASE,
    SWITCH_SIDE,
    UPGRADE_SIDE,
)
from tiers.plan.namespaces.shared import operations_namespace
from tiers.plan.owner import about
from tiers.plan.versions.jobs import starts_pods
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory

_ADMINISTRATORS: Final = (OPEN_RESTORED, MAKE_SIDE, SWITCH_SIDE, DROP_SIDE)
_AS_ODOO: Final = (RESTORE_FILES, UPGRADE_SIDE)
"""Files belong to Odoo's user: only as this one can they be written."""
_CONNECTIONS: Final = 2


def working(own: Collection[Fact], *, stopped: bool, starts_again: bool) -> Iterator[Fact]:
    """A tenant's own facts at a stage: without pods where it is *stopped*."""
    for fact in own:
        if isinstance(fact, Workload):
            none = {"replicas": 0, "max_replicas": 0}
            yield fact.model_copy(update=none if stopped else {"starts_again": starts_again})
        elif not (stopped and starts_pods(fact)):
            yield fact


def database_beside(own: Collection[Fact], tenant: Tenant, called: str) -> TenantDatabase:
    """The database *called* so, on the server of the one in use."""
    used = next(fact for fact in own if isinstance(fact, TenantDatabase))
    named = about(tenant, SIDE_DATABASE, CostCategory.STORAGE)
    beside = {
        "id": named["id"],
        "database": called,
        # Its role is the one in use, whose limit counts already.
        "connection_limit": _CONNECTIONS,
        "changed_mib_per_day": 0,
        "reader_connections": 0,
    }
    return used.model_copy(update=beside)


def job_beside(own: Collection[Fact], platform: Platform, tenant: Tenant, name: str) -> Job:
    """A job of the operations image, of the size and on the nodes of the tenant's own jobs."""
    setup = next(fact for fact in own if isinstance(fact, Job) and fact.name == ODOO_SETUP)
    tools, odoo = platform.images.operations, platform.images.odoo
    about_it = {
        **about(tenant, name, CostCategory.COMPUTE),
        "namespace": operations_namespace(platform) if name in _ADMINISTRATORS else setup.namespace,
        "image": tools.image,
        "run_as_user": odoo.run_as_user if name in _AS_ODOO else tools.run_as_user,
        "run_as_group": odoo.run_as_group,
        "neutralises": False,
    }
    return setup.model_copy(update=about_it)
