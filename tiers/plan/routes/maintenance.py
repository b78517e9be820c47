"""The fact of a maintenance page: what people see of a tenant whose pods are stopped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tiers.facts.compute import Job, NodeGroup, Workload
from tiers.facts.every_fact import Fact
from tiers.facts.monitoring import MaintenancePage
from tiers.facts.names import MAINTENANCE, ODOO_UPDATE
from tiers.plan.dedicated import on_own_nodes
from tiers.plan.namespaces.priority import with_priority
from tiers.plan.owner import about
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory

_WEB = "web"


def with_maintenance(platform: Platform, tenant: Tenant, facts: Iterable[Fact]) -> Iterator[Fact]:
    """*facts* of *tenant*, and the page where a stage or an update of modules leaves no web pod to answer."""
    known = list(facts)
    yield from known
    web = next((fact for fact in known if isinstance(fact, Workload) and fact.name == _WEB), None)
    page, image = platform.ingress.maintenance_page, platform.images.operations
    updates = any(isinstance(fact, Job) and fact.name == ODOO_UPDATE for fact in known)
    if page is None or web is None or (web.replicas and not updates):
        return
    made = MaintenancePage(
        **about(tenant, MAINTENANCE, CostCategory.COMPUTE),
        namespace=web.namespace,
        replicas=0 if web.replicas else 1,
        image=image.image,
        run_as_user=image.run_as_user,
        run_as_group=image.run_as_group,
        compute=page.alone(),
        title=page.title,
        text=page.text,
        retry_after_seconds=page.retry_after_seconds,
    )
    owned = any(isinstance(fact, NodeGroup) for fact in known)
    yield with_priority(platform, tenant, on_own_nodes(made, tenant) if owned else made)
