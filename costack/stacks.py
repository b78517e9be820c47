"""One stack of a portfolio in several: the platform, which tells a contract, or tenants, which read it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import pulumi

from components.platform import SharedPlatform
from components.process import prepare
from components.record import may_follow
from components.tenant_stacks import tenant_stacks
from plugin.contract import contract_of, place_from
from tiers.errors import CatalogError
from tiers.inventory import OUTPUT_NAME, exported
from tiers.plan.cells.stacks import part_of, without_platform
from tiers.plan.plan import Plan
from tiers.plan.resolve import plan_and_catalog
from tiers.portfolio.cells.assignment import CELLS_FILE, Assignment, load_assignment
from tiers.portfolio.cells.section import PLATFORM_STACK, pulumi_name

CONTRACT: Final = "contract"
"""The platform stack's output that stacks of tenants read."""


def deploy_one_of(portfolio: Path, stack: str) -> list[pulumi.Output[Any]]:
    """Declare what *stack* has of the portfolio in a folder, and export its part of the inventory.

    Args:
        portfolio: The folder.
        stack: Its name within the portfolio: `costack:stack` of its configuration.

    Returns:
        What is known last, as of `costack.program.deploy`.
    """
    prepare()
    base = _base(pulumi.get_stack(), stack)
    plan, assignment = _planned(portfolio, stack)
    if stack == PLATFORM_STACK:
        return _deploy_platform(plan, assignment)
    return _deploy_tenants(plan, stack, pulumi_name(base, PLATFORM_STACK))


def _planned(portfolio: Path, stack: str) -> tuple[Plan, Assignment]:
    try:
        plan, catalog = plan_and_catalog(portfolio)
        assignment = _assignment(portfolio, stack)
        part = part_of(plan, assignment, stack)
        elsewhere = {tenant: its for tenant, its in assignment.tenants.items() if its != stack}
        return may_follow(part, catalog, elsewhere), assignment
    except CatalogError as error:
        raise pulumi.RunError(str(error)) from None


def _assignment(portfolio: Path, stack: str) -> Assignment:
    assignment = load_assignment(portfolio)
    if assignment is None:
        raise CatalogError(
            f"{portfolio / CELLS_FILE}: is missing, and costack:stack is '{stack}'; take that out of the "
            "stack's configuration, or add `cells` to platform.yaml"
        )
    return assignment


def _base(stack: str, name: str) -> str:
    """What the names of all stacks of a portfolio begin with.

    Raises:
        pulumi.RunError: When the stack is not called by its name within the portfolio.
    """
    ending = pulumi_name("", name)
    if not stack.removesuffix(ending) or not stack.endswith(ending):
        raise pulumi.RunError(
            f"stack '{stack}': costack:stack is '{name}', so its name ends in '{ending}', such as "
            f"production{ending}; correct costack:stack in its configuration, or the name"
        )
    return stack.removesuffix(ending)


def _deploy_platform(plan: Plan, assignment: Assignment) -> list[pulumi.Output[Any]]:
    platform = SharedPlatform(plan)
    platform.build_ingress()
    contract = pulumi.Output.from_input(contract_of(platform.place))
    pulumi.export(CONTRACT, contract)
    told = {"stack": PLATFORM_STACK, "contract": contract.apply(_digest), "tenants": dict(assignment.tenants)}
    applied = platform.applied.apply(lambda known: {**known, "tenants": []})
    ids, sizes = platform.cloud_ids(), platform.storage_gib()
    pulumi.export(OUTPUT_NAME, exported(plan, ids, sizes, applied, told))
    return [platform.applied]


def _deploy_tenants(plan: Plan, stack: str, platform: str) -> list[pulumi.Output[Any]]:
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{platform}"
    reference = pulumi.StackReference(platform, stack_name=name)
    contract = reference.get_output(CONTRACT).apply(lambda known: _told(known, platform))
    made = tenant_stacks(plan, place_from(plan, contract, "", reference))
    own = without_platform(plan)
    about = own.model_copy(update={"tenants": ()}).model_dump(mode="json")
    applied = [each.applied for each in made]
    plans = pulumi.Output.all(*applied).apply(lambda known: {**about, "tenants": known})
    told = {"stack": stack, "contract": contract.apply(_digest)}
    ids = {fact: arn for each in made for fact, arn in each.cloud_ids().items()}
    sizes = {fact: size for each in made for fact, size in each.storage_gib().items()}
    pulumi.export(OUTPUT_NAME, exported(own, ids, sizes, plans, told))
    return applied


def _told(contract: Any, platform: str) -> Any:
    if not isinstance(contract, dict):
        raise pulumi.RunError(f"stack '{platform}' tells no contract yet; update it, then this one")
    return contract


def _digest(contract: Any) -> str:
    """The same of what is told and of what arrives: the engine has floats, and leaves out what is None."""
    return hashlib.sha256(json.dumps(_whole(contract), sort_keys=True).encode()).hexdigest()


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
