"""The composition root: configuration, catalog, platform, one stack of resources per tenant, inventory."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from runpy import run_module
from typing import Any

import pulumi

if len(sys.argv) > 1:  # as a plugin (PulumiPlugin.yaml) the engine runs this with its own address
    run_module("plugin", run_name="__main__")
    sys.exit()

from allocation.estimate.estimated_statement import monthly_estimates
from components.platform import SharedPlatform
from components.process import known, prepare
from components.record import may_follow
from components.tenant.stack import TenantStack
from tiers.errors import CatalogError
from tiers.inventory import OUTPUT_NAME, exported
from tiers.plan.plan import Plan
from tiers.plan.resolve import plan_and_catalog
from tiers.plan.storage import grown


def plan_of(portfolio: Path) -> Plan:
    """The plan of a portfolio, if it may follow what is deployed; mistakes end the program with sentences."""
    try:
        return may_follow(*plan_and_catalog(portfolio))
    except CatalogError as error:
        raise pulumi.RunError(str(error)) from None


def deploy(plan: Plan) -> list[pulumi.Output[Any]]:
    """Declare everything in *plan* and export it; what is known last."""
    prepare()
    platform = SharedPlatform(plan)
    cloud_ids, storage, applied = platform.cloud_ids(), platform.storage_gib(), [platform.applied]
    for made in (TenantStack(tenant, platform.place) for tenant in plan.tenants):
        cloud_ids, storage = cloud_ids | made.cloud_ids(), storage | made.storage_gib()
        applied.append(made.applied)
    plans = pulumi.Output.all(*applied).apply(lambda known: {**known[0], "tenants": known[1:]})
    pulumi.export(OUTPUT_NAME, exported(plan, cloud_ids, storage, plans))
    today, sizes = datetime.now(UTC).date(), pulumi.Output.all(**storage)
    pulumi.export("monthly_estimate", sizes.apply(lambda gib: monthly_estimates(grown(plan, gib), today)))
    return applied


pulumi.run(lambda: known(deploy(plan_of(Path("portfolios") / pulumi.Config().require("portfolio")))))
