"""The inventory: the deployed plan with the cloud's ids; the one stack output.

It is plain data without secrets, so that cost allocation needs no access to the state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, Final, Literal

from pydantic import ValidationError

from tiers.errors import CatalogError
from tiers.expectations import faults
from tiers.facts.every_fact import FactId
from tiers.plan.plan import Plan
from tiers.plan.storage import grown
from tiers.portfolio.cells.section import PLATFORM_STACK, StackName, TenantsStack, order_of
from tiers.vocabulary import Count, Frozen, TenantId

OUTPUT_NAME: Final = "inventory"
SCHEMA_VERSION: Final = 1
_NAMED: Final = 5


class OneOfStacks(Frozen):
    """Which stack of a portfolio in several stacks an inventory is of."""

    stack: StackName
    """Its name within the portfolio, such as `platform` or `cell-3`."""
    contract: str
    """Digest of the platform's contract: as it tells it, or as a stack of tenants was told it last."""
    tenants: Mapping[TenantId, TenantsStack] = {}
    """Which stack has which tenant; only the platform stack says it."""


class Inventory(Frozen):
    """What a stack deployed.

    `cloud_ids` maps a fact to the ARN of the resource that bills for it, if there is one; a bill line
    that lost its tags is recognised by it. `storage_gib` is what servers were given or grew to;
    `read_inventory` puts it into the plan where it is larger than the plan's number. `pending` says of a
    tenant, or of the platform, in a sentence each, what was asked for and is not there yet: an update that
    was not finished, or a change that waits for a maintenance window. The plan counts what is there.
    `deployed_on` is the day, in UTC, of the update that last changed the plan of a tenant or of the platform.
    Who is not in it was not deployed completely yet, or by a version of costack that kept no records.
    `versions` is the version of Costack from whose templates that update was made; who is not in it was
    deployed by a version that did not say it. `one_of` is there where several stacks deploy the portfolio:
    then the plan has the platform's facts, or some tenants.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    plan: Plan
    cloud_ids: Mapping[FactId, str]
    storage_gib: Mapping[FactId, Count] = {}
    pending: Mapping[str, tuple[str, ...]] = {}
    deployed_on: Mapping[str, date] = {}
    versions: Mapping[str, str] = {}
    one_of: OneOfStacks | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """All that is pending, tenant by tenant."""
        return tuple(sentence for owner in sorted(self.pending) for sentence in self.pending[owner])


def read_inventory(document: object, source: str) -> Inventory:
    """Check that *document*, as parsed from JSON, is an inventory of the version this program knows.

    Args:
        document: What a stack output or a file held.
        source: Its name in error messages.

    Raises:
        CatalogError: When it is empty, has another version, or is not an inventory.
    """
    if not document:
        raise CatalogError(f"{source}: the inventory is empty; has `pulumi up` finished on this stack?")
    if not isinstance(document, dict):
        raise CatalogError(f"{source}: expected an inventory object, found {type(document).__name__}")
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        raise CatalogError(
            f"{source}: schema_version is {version!r}, this version of costack reads {SCHEMA_VERSION}; "
            "use the version that deployed the stack, or run `pulumi up` with this one"
        )
    try:
        inventory = Inventory.model_validate(document)
    except ValidationError as error:
        raise CatalogError(*(f"{source}: {problem}" for problem in faults(error))) from None
    return inventory.model_copy(update={"plan": grown(inventory.plan, inventory.storage_gib)})


def exported(
    plan: Plan,
    cloud_ids: Mapping[FactId, Any],
    storage_gib: Mapping[FactId, Any] = MappingProxyType({}),
    applied: Any = None,
    one_of: Any = None,
) -> dict[str, Any]:
    """The stack output: what was deployed of *plan* as plain data, with ids and sizes.

    Args:
        plan: What was declared.
        cloud_ids: As in `Inventory`; ids and sizes may still be Pulumi outputs.
        storage_gib: As in `Inventory`.
        applied: The plan that the records say; it may be a Pulumi output. None where all was applied.
        one_of: As in `Inventory`, as plain data.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "plan": plan.model_dump(mode="json") if applied is None else applied,
        "cloud_ids": dict(cloud_ids),
        "storage_gib": dict(storage_gib),
        **({} if one_of is None else {"one_of": one_of}),
    }


def joined(parts: Sequence[Inventory], source: str) -> Inventory:
    """The inventory of a portfolio in several stacks, as one stack would have it.

    What a stack has not deployed yet, or deployed by an older contract, is `pending`.

    Args:
        parts: The inventories of all its stacks, in any order.
        source: Where they are from, in error messages.

    Raises:
        CatalogError: With every stack that is missing, is there twice, or is another portfolio's.
    """
    platforms = [each for each in parts if each.one_of and each.one_of.stack == PLATFORM_STACK]
    if len(platforms) != 1 or platforms[0].one_of is None:
        raise CatalogError(f"{source}: expected one inventory of a platform stack, found {len(platforms)}")
    platform, told = platforms[0], platforms[0].one_of
    if problems := list(_incomplete(parts, platform.plan.portfolio, told)):
        raise CatalogError(*(f"{source}: {problem}" for problem in problems))
    tenants = sorted((tenant for each in parts for tenant in each.plan.tenants), key=lambda one: one.tenant)
    return Inventory(
        plan=platform.plan.model_copy(update={"tenants": tuple(tenants)}),
        cloud_ids=_merged(each.cloud_ids for each in parts),
        storage_gib=_merged(each.storage_gib for each in parts),
        pending=_merged(each.pending for each in parts) | _behind(parts, told),
        deployed_on=_merged(each.deployed_on for each in parts),
        versions=_merged(each.versions for each in parts),
    )


def _incomplete(parts: Sequence[Inventory], portfolio: str, told: OneOfStacks) -> Iterator[str]:
    stacks = Counter(each.one_of.stack if each.one_of else "" for each in parts)
    for stack in sorted({*told.tenants.values()} - stacks.keys(), key=order_of):
        has = sorted(tenant for tenant, its in told.tenants.items() if its == stack)
        others = f" and {len(has) - _NAMED} more" if len(has) > _NAMED else ""
        yield f"the inventory of stack '{stack}' is missing, which has {', '.join(has[:_NAMED])}{others}"
    for stack, count in sorted(stacks.items()):
        if stack and count > 1:
            yield f"stack '{stack}' is there {count} times"
    for other in sorted({each.plan.portfolio for each in parts} - {portfolio}):
        yield f"portfolio '{other}' is not '{portfolio}', whose platform is there; keep each apart"
    if stacks[""]:
        yield "an inventory is that of a whole portfolio and not of one of its stacks"
    times = Counter(tenant.tenant for each in parts for tenant in each.plan.tenants)
    for tenant in sorted(name for name, count in times.items() if count > 1):
        yield f"tenant '{tenant}' is deployed by {times[tenant]} stacks"


def _behind(parts: Sequence[Inventory], told: OneOfStacks) -> dict[str, tuple[str, ...]]:
    """Who is assigned to a stack that has not deployed it yet, and which stacks know an older contract."""
    there = {tenant.tenant for each in parts for tenant in each.plan.tenants}
    late: dict[str, tuple[str, ...]] = {
        tenant: (f"{tenant}: is not deployed yet; update stack '{stack}'",)
        for tenant, stack in told.tenants.items()
        if tenant not in there
    }
    known = [each.one_of for each in parts if each.one_of and each.one_of.contract != told.contract]
    old = sorted((each.stack for each in known), key=order_of)
    return late | {stack: (f"stack '{stack}' was told an older contract; update it",) for stack in old}


def _merged(mappings: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {key: value for mapping in mappings for key, value in mapping.items()}
