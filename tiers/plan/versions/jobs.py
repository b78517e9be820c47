"""The jobs that run before Odoo's pods: its database, and Odoo in it."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.catalog.classes import WorkloadClass
from tiers.facts.compute import ModuleUpdate
from tiers.facts.every_fact import Fact, Job
from tiers.facts.names import ODOO_SETUP, ODOO_START, ODOO_UPDATE
from tiers.plan.namespaces.shared import operations_namespace
from tiers.plan.owner import about, is_decommissioning
from tiers.portfolio.platform import OperationsImage, Platform
from tiers.portfolio.tenant import Tenant
from tiers.portfolio.versions.chosen import image_of
from tiers.portfolio.versions.image import OdooImage
from tiers.vocabulary import CostCategory


def odoo_jobs(
    platform: Platform, tenant: Tenant, size: WorkloadClass, namespace: str, *, harmless: bool
) -> Iterator[Job]:
    """The jobs of *tenant* in the order in which they run; *harmless* copies are neutralised."""

    def job(
        name: str,
        image: OdooImage | OperationsImage,
        where: str,
        *,
        neutralises: bool = False,
        update: ModuleUpdate | None = None,
    ) -> Job:
        return Job(
            **about(tenant, name, CostCategory.COMPUTE),
            namespace=where,
            image=image.image,
            run_as_user=image.run_as_user,
            run_as_group=image.run_as_group,
            compute=size.job,
            neutralises=neutralises,
            update=update,
        )

    tools, odoo = platform.images.operations, image_of(platform, tenant)
    update = module_update(platform, tenant, size)
    yield job("database-setup", tools, operations_namespace(platform))
    if update:
        yield job(ODOO_UPDATE, odoo, namespace, update=update)
    yield job(ODOO_SETUP, odoo, namespace, neutralises=harmless)
    if update:
        yield job(ODOO_START, tools, namespace, update=update)


def module_update(platform: Platform, tenant: Tenant, size: WorkloadClass) -> ModuleUpdate | None:
    """The update of modules that its file has; None too for a tenant that ends, and has no pods."""
    wanted = tenant.odoo.update if tenant.odoo else None
    if wanted is None or is_decommissioning(tenant):
        return None
    return ModuleUpdate(
        number=wanted.number,
        modules=wanted.modules,
        minutes=wanted.minutes,
        api_cidrs=platform.cluster.api_ranges,
        replicas={"web": size.web.replicas, **({"cron": size.cron.replicas} if size.cron.replicas else {})},
    )


def starts_pods(fact: Fact) -> bool:
    """Whether *fact* is the job that starts pods after an update: none may run where a stage stops them."""
    return isinstance(fact, Job) and fact.name == ODOO_START
