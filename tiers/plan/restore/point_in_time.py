"""What a tenant has while its own server is there twice: as it is, and as it was at a moment."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from tiers.facts.every_fact import DatabaseInstance, Fact, Job, ManagedSecret, RestoredServer
from tiers.facts.names import RESTORED_SERVER
from tiers.plan.owner import about
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory, CostDomain


def restored_server(own: Collection[Fact], tenant: Tenant, at: datetime) -> Iterator[Fact]:
    """The server as it was *at* a moment, of the same class in one zone, and its master user's secret."""
    server = next((fact for fact in own if isinstance(fact, DatabaseInstance)), None)
    if server is None:
        raise ValueError(
            f"tenant {tenant.tenant} has no server of its own; the loader should have refused it"
        )
    made = RestoredServer(
        **about(tenant, RESTORED_SERVER, CostCategory.RESILIENCE, CostDomain.RESILIENCE),
        server=server.id,
        at=at,
        instance_class=server.instance_class,
        engine_version=server.engine_version,
        storage_gib=server.storage_gib,
        max_storage_gib=server.max_storage_gib,
        vcpus=server.vcpus,
    )
    yield made
    yield ManagedSecret(**about(tenant, f"{RESTORED_SERVER}-secret", CostCategory.SECURITY), owner=made.id)


def reading_files(job: Job, platform: Platform) -> Job:
    """*job* as Odoo's user, who alone reads a tenant's files: it says which of then are nowhere."""
    return job.model_copy(update={"run_as_user": platform.images.odoo.run_as_user})
