"""The jobs of an upgrade of a PostgreSQL server: what is asked before, and what is gathered after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tiers.facts.compute import ComputeRequest, Job
from tiers.facts.database_upgrade import ServerUpgrade, UpgradeStage
from tiers.facts.names import CHECK_UPGRADE, GATHER_STATISTICS
from tiers.plan.namespaces.priority import priority_class
from tiers.plan.namespaces.shared import operations_namespace
from tiers.plan.owner import about, about_platform
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory

_JOBS: Final[Mapping[UpgradeStage, str]] = {
    UpgradeStage.CHECK: CHECK_UPGRADE,
    UpgradeStage.STATISTICS: GATHER_STATISTICS,
}
# It asks the server, which does the work.
_ASKS: Final = ComputeRequest(
    cpu_request_millicores=50, memory_request_mib=128, cpu_limit_millicores=500, memory_limit_mib=512
)


def shared_server_jobs(platform: Platform) -> Iterator[Job]:
    """The job of an upgrade of the shared server at its stage."""
    for name in _names(platform.database.upgrade):
        priority = priority_class(platform, "production", jobs=True)
        yield _job(
            platform, {**about_platform(platform, name, CostCategory.COMPUTE), "priority_class": priority}
        )


def own_server_jobs(platform: Platform, tenant: Tenant) -> Iterator[Job]:
    """The job of an upgrade of a tenant's own server at its stage."""
    for name in _names(tenant.database_upgrade):
        yield _job(platform, about(tenant, name, CostCategory.COMPUTE))


def _names(upgrade: ServerUpgrade | None) -> Iterator[str]:
    if upgrade is not None and upgrade.stage in _JOBS:
        yield _JOBS[upgrade.stage]


def _job(platform: Platform, about_it: Mapping[str, Any]) -> Job:
    image = platform.images.operations
    return Job(
        **about_it,
        namespace=operations_namespace(platform),
        image=image.image,
        run_as_user=image.run_as_user,
        run_as_group=image.run_as_group,
        compute=_ASKS,
    )
