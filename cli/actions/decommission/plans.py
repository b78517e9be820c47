"""Makes a decommission plan of a deployed tenant, for one command or for all that are due."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from allocation.estimate.folders import folders_of_plan
from cli.console.deployed import deployed_inventory, portfolio_of
from lifecycle.adapters.aws_account import Account
from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.decommission.derivation import derived_plan, has_dumps
from lifecycle.decommission.guards import refusals_of_planning
from lifecycle.decommission.plan import DecommissionPlan
from lifecycle.errors import RefusedError
from tiers.catalog.loading import load_catalog
from tiers.errors import CatalogError
from tiers.plan.plan import Plan, TenantPlan
from tiers.portfolio.gates.reaper import ReaperSpec
from tiers.portfolio.names import id_of


def deployed_tenant(stack: Stack, name: str) -> tuple[Plan, TenantPlan]:
    """The plan of the portfolio that is deployed, and the tenant of that id or name in *stack*.

    Raises:
        CatalogError: When it has no such tenant.
    """
    inventory = deployed_inventory(stack.name, stack.project)
    here = inventory.plan
    tenant = here.tenant(id_of(here.tenants, name))
    if tenant is None:
        there = ", ".join(each.tenant for each in here.tenants) or "none"
        raise CatalogError(f"stack '{stack.name}' has no tenant '{name}'; its tenants: {there}")
    return portfolio_of(inventory, stack.name, stack.project), tenant


def grace_of(terms: ReaperSpec | None, days: int | None) -> timedelta | None:
    """How long after its cutover an environment is due: what was asked for, else what platform.yaml says."""
    if days is not None:
        return timedelta(days=days)
    return terms.grace if terms else None


def plan_of_tenant(  # noqa: PLR0917 - all that a plan is made of
    stack: Stack,
    plan: Plan,
    tenant: TenantPlan,
    portfolio: Path,
    now: datetime,
    early: str | None = None,
    *,
    final_dump: bool | None = None,
) -> DecommissionPlan:
    """The plan that ends *tenant*, once nothing speaks against carrying it out at once.

    Args:
        stack: Where the tenant is deployed.
        plan: What the stack has deployed.
        tenant: The deployed tenant.
        portfolio: The folder of the portfolio, with its catalog.
        now: The time, in UTC.
        early: Why it ends before its time.
        final_dump: Whether a last dump is made although its offer has none. None: it is, because nobody knows
            from outside that its database is empty.

    Raises:
        CatalogError: When state or catalog cannot be read, or the dump that its offer has is not wanted.
        RefusedError: When the plan would be refused.
    """
    if final_dump is False and has_dumps(tenant):
        raise CatalogError(
            f"{tenant.tenant}: its offer has dumps, and the last one is always made; leave out "
            "--no-final-dump"
        )
    made = derived_plan(
        plan,
        tenant,
        stack.state(),
        load_catalog(folders_of_plan(plan, portfolio).catalog).classes,
        stack.name,
        Account(plan.region).id,
        now,
        early,
        request_dump=final_dump is not False,
    )
    if too_early := refusals_of_planning(made, tenant, now):
        raise RefusedError(*too_early)
    return made
