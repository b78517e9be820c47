"""The program of a stack: configuration, catalog, platform, one stack of resources per tenant, inventory."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pulumi

from allocation.estimate.estimated_month import monthly_estimates
from allocation.estimate.folders import OURS, Folders, folders_of
from components.platform import SharedPlatform
from components.process import known, prepare
from components.record import may_follow
from components.tenant_stacks import tenant_stacks
from costack.stacks import deploy_one_of
from tiers.errors import CatalogError
from tiers.inventory import OUTPUT_NAME, exported
from tiers.plan.plan import Plan
from tiers.plan.resolve import plan_and_catalog
from tiers.plan.storage import grown
from tiers.portfolio.folders import PORTFOLIOS


def run() -> None:
    """Deploy the portfolio that the stack's `costack:portfolio` names: `portfolios/NAME` of the project.

    With `costack:stack` that stack of it, as its `cells.yaml` says.
    """
    config = pulumi.Config("costack")
    folder = PORTFOLIOS / config.require("portfolio")
    if stack := config.get("stack"):
        pulumi.run(lambda: known(deploy_one_of(folder, stack)))
    else:
        pulumi.run(lambda: known(deploy(plan_of(folder), folders_of(folder))))


def plan_of(portfolio: Path) -> Plan:
    """The plan of a portfolio, if it may follow what is deployed; mistakes end the program with sentences."""
    try:
        return may_follow(*plan_and_catalog(portfolio))
    except CatalogError as error:
        raise pulumi.RunError(str(error)) from None


def deploy(plan: Plan, folders: Folders = OURS) -> list[pulumi.Output[Any]]:
    """Declare everything in *plan* and export it, with an estimate by the prices and rules in *folders*.

    Returns:
        What is known last: a program that waits for it has waited for everything.
    """
    prepare()
    platform = SharedPlatform(plan)
    cloud_ids, storage, applied = platform.cloud_ids(), platform.storage_gib(), [platform.applied]
    tenants = tenant_stacks(plan, platform.place)
    platform.build_ingress([made.services.namespace for made in tenants])
    for made in tenants:
        cloud_ids, storage = cloud_ids | made.cloud_ids(), storage | made.storage_gib()
        applied.append(made.applied)
    plans = pulumi.Output.all(*applied).apply(lambda known: {**known[0], "tenants": known[1:]})
    pulumi.export(OUTPUT_NAME, exported(plan, cloud_ids, storage, plans))
    today, sizes = datetime.now(UTC).date(), pulumi.Output.all(**storage)
    estimates = sizes.apply(lambda gib: monthly_estimates(grown(plan, gib), today, folders))
    pulumi.export("monthly_estimate", estimates)
    return applied
