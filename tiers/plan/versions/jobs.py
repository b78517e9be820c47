"""The jobs that run before Odoo's pods: its database, and Odoo in it."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.catalog.classes import WorkloadClass
from tiers.facts.every_fact import Job
from tiers.facts.names import ODOO_SETUP
from tiers.plan.namespaces.shared import operations_namespace
from tiers.plan.owner import about
from tiers.portfolio.platform import OperationsImage, Platform
from tiers.portfolio.tenant import Tenant
from tiers.portfolio.versions.chosen import image_of
from tiers.portfolio.versions.image import OdooImage
from tiers.vocabulary import CostCategory


def odoo_jobs(
    platform: Platform, tenant: Tenant, size: WorkloadClass, namespace: str, *, harmless: bool
) -> Iterator[Job]:
    """The jobs of *tenant* in the order in which they run; *harmless* copies are neutralised."""

    def job(name: str, image: OdooImage | OperationsImage, where: str, *, neutralises: bool) -> Job:
        return Job(
            **about(tenant, name, CostCategory.COMPUTE),
            namespace=where,
            image=image.image,
            run_as_user=image.run_as_user,
            run_as_group=image.run_as_group,
            compute=size.job,
            neutralises=neutralises,
        )

    operations = operations_namespace(platform)
    yield job("database-setup", platform.images.operations, operations, neutralises=False)
    yield job(ODOO_SETUP, image_of(platform, tenant), namespace, neutralises=harmless)
