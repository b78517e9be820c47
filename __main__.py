"""The composition root: configuration, catalog, platform, one stack of resources per tenant, inventory."""

from __future__ import annotations

from pathlib import Path

import pulumi

from components import SharedPlatform, TenantStack, prepare
from tiers.errors import CatalogError
from tiers.inventory import OUTPUT_NAME, exported
from tiers.plan import Plan, resolve
from tiers.portfolio import load_catalog, load_portfolio


def plan_of(portfolio: Path) -> Plan:
    """The plan of a portfolio; mistakes end the program with their sentences and no traceback."""
    try:
        catalog = load_catalog()
        return resolve(catalog, load_portfolio(portfolio, catalog))
    except CatalogError as error:
        raise pulumi.RunError(str(error)) from None


def deploy(plan: Plan) -> None:
    """Declare everything in *plan* and export what was declared."""
    prepare()
    platform = SharedPlatform(plan)
    cloud_ids = platform.cloud_ids()
    for tenant in plan.tenants:
        cloud_ids |= TenantStack(tenant, platform.place).cloud_ids()
    pulumi.export(OUTPUT_NAME, exported(plan, cloud_ids))


deploy(plan_of(Path("portfolios") / pulumi.Config().require("portfolio")))
