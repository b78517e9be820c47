"""The inventory as the state of a stack has it: what is there, and what was asked for and is not there yet.

Three things in the state tell it. A component's inputs are what the last update asked for. The record of a
tenant or platform (`components/record.py`) is the plan that was last applied completely. The resources that
bill say their own sizes. Where these differ, the resources are right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from allocation.adapters.pulumi.fact_resources import Made, resources_by_fact
from allocation.adapters.pulumi.pending import deleted, replaced, unfinished, unreadable, waiting
from allocation.adapters.pulumi.resource_sizes import RESOURCES, Resource, Sizes, fits, resized
from allocation.adapters.pulumi.stack_state import StateResource, below, readable, resources_of
from tiers.deployed import RECORD_TYPE, VERSION, is_released
from tiers.errors import CatalogError
from tiers.expectations import first_fault
from tiers.facts.every_fact import Fact, FactId, FileSystemReplica, ManagedSecret, Origin
from tiers.facts.names import SHARED_PLATFORM, STACK, TENANT_STACK
from tiers.inventory import OUTPUT_NAME, Inventory, read_inventory
from tiers.plan.plan import Plan, TenantPlan
from tiers.plan.storage import grown
from tiers.vocabulary import PLATFORM

_FACTS: Final[TypeAdapter[tuple[Fact, ...]]] = TypeAdapter(tuple[Fact, ...])


class _Found(NamedTuple):
    """The facts of one owner as they are there, with ids and sizes from the cloud."""

    facts: tuple[Fact, ...]
    pending: tuple[str, ...]
    arns: dict[FactId, str]
    storage_gib: dict[FactId, int]


def inventory_of_state(state: Mapping[str, Any], source: str) -> Inventory | None:
    """The inventory of a stack; None where the stack deploys no platform, or nothing yet.

    Args:
        state: The parsed output of `pulumi stack export`.
        source: Its name in error messages.

    Raises:
        CatalogError: When an update was interrupted, or the state cannot be read.
    """
    resources = resources_of(state, source)
    output = next((each.outputs.get(OUTPUT_NAME) for each in resources if each.type == STACK), None)
    told = read_inventory(output, source) if output else None
    root = next((each for each in resources if each.type == SHARED_PLATFORM), None)
    if (told is None or told.one_of is None) if root is None else (told and not _record(root, resources)):
        return told  # of another program, or of a version of costack that kept no records
    try:
        return _Reading(resources, told).inventory(root)
    except ValidationError as error:
        raise CatalogError(
            f"{source}: {first_fault(error)}; use the version of costack that deployed the stack"
        ) from None


class _Plans(NamedTuple):
    """The plan that was asked for, and the one that was applied; None before all of it was, once."""

    asked: Mapping[str, Any]
    applied: Mapping[str, Any] | None
    unread: tuple[str, ...] = ()
    """A sentence on a record that cannot be read."""


class _Reading:
    """One stack's resources, and the inventory that it exported last."""

    def __init__(self, resources: tuple[StateResource, ...], told: Inventory | None) -> None:
        self._resources, self._told = resources, told

    def inventory(self, root: StateResource | None) -> Inventory:
        """The inventory of the platform *root*, which another stack may have, and of all tenants."""
        told = self._told.plan.model_dump(mode="json") if self._told else {}
        about, found = (told, _Found((), (), {}, {})) if root is None else self._platform(root, told or None)
        tenants, parts, pending = [], [found], {"platform": found.pending}
        for each in sorted(self._resources, key=lambda one: one.name):
            if each.type == TENANT_STACK:
                tenant, part = self._tenant(each)
                tenants.append(tenant)
                parts.append(part)
                pending[each.name] = part.pending
        plan = Plan.model_validate({**about, "platform": found.facts, "tenants": tenants})
        told_ids = self._told.cloud_ids if self._told else {}
        storage = {fact: size for part in parts for fact, size in part.storage_gib.items()}
        return Inventory(
            plan=grown(plan, storage),
            cloud_ids={**told_ids, **{fact: arn for part in parts for fact, arn in part.arns.items()}},
            storage_gib=storage,
            pending={owner: sentences for owner, sentences in pending.items() if sentences},
            deployed_on={owner: record.changed_on for owner, record in self._records() if record.changed_on},
            versions={owner: version for owner, record in self._records() if (version := _version(record))},
            one_of=self._told.one_of if self._told else None,
        )

    def _platform(
        self, root: StateResource, told: Mapping[str, Any] | None
    ) -> tuple[Mapping[str, Any], _Found]:
        """The plan that the platform has a part of, and what is there of that."""
        asked, applied, unread = self._plans(root, told)
        region = (applied or asked).get("region")
        found = self._found(root, region, asked.get("platform"), (applied or {}).get("platform"))
        return applied or asked, found._replace(pending=(*unread, *found.pending))

    def _records(self) -> Iterator[tuple[str, StateResource]]:
        """The platform and each tenant that has a record, with it."""
        for root in self._resources:
            if root.type in (SHARED_PLATFORM, TENANT_STACK):
                record = _record(root, self._resources)
                if record is not None:
                    yield PLATFORM if root.type == SHARED_PLATFORM else root.name, record

    def _tenant(self, root: StateResource) -> tuple[TenantPlan, _Found]:
        known = self._told.plan.tenants if self._told else ()
        told = next((each.model_dump(mode="json") for each in known if each.tenant == root.name), None)
        asked, applied, unread = self._plans(root, told)
        leaves = is_released(asked) and _record(root, self._resources) is None
        applied = None if leaves else applied
        wanted, had = asked.get("facts"), (applied or {}).get("facts")
        found = self._found(root, asked.get("region"), wanted, had, leaves=leaves)
        # Nobody was promised anything yet, or nobody is any longer.
        fee = {} if applied else {"fee_per_month": "0"}
        tenant = TenantPlan.model_validate({**(applied or asked), **fee, "facts": found.facts})
        sentences = (*unread, *unfinished(root.name, asked, applied), *found.pending)
        return tenant, found._replace(pending=sentences)

    def _plans(self, root: StateResource, told: Mapping[str, Any] | None) -> _Plans:
        asked, record = _plan_in(root.inputs), _record(root, self._resources)
        applied = _plan_in(record.outputs.get("input")) if record else told
        if record is None or applied is not None:
            return _Plans(asked or applied or {}, applied)
        owner = "platform" if root.type == SHARED_PLATFORM else root.name
        # The plan that was asked for is all that is known then.
        return _Plans(asked or {}, told or asked or {}, (unreadable(owner),))

    def _found(
        self, root: StateResource, region: Any, asked: Any, applied: Any, *, leaves: bool = False
    ) -> _Found:
        """What is there of *asked* and *applied*; `leaves` says that what was asked for is removed now."""
        wanted = {fact.id: fact for fact in _FACTS.validate_python(asked or ())}
        had = {fact.id: fact for fact in _FACTS.validate_python(applied or ())}
        recorded = applied is not None
        if leaves:
            wanted, had = {}, wanted
        inside, either = tuple(below(root.urn, self._resources)), {**had, **wanted}.values()
        known = tuple(each for each in inside if not each.left)
        made = resources_by_fact(root, (each for each in known if not each.leaving), either, region)
        old = resources_by_fact(
            root, (each for each in known if each.leaving or not each.custom), either, region
        )
        left = resources_by_fact(
            root, (each for each in inside if each.left or not each.custom), either, region
        )
        facts: list[Fact] = []
        pending = [replaced(name) for name in old]
        arns: dict[FactId, str] = {}
        storage: dict[FactId, int] = {}
        for name in [*wanted, *(each for each in had if each not in wanted)]:
            fact, sentences = _there(wanted.get(name), had.get(name), made, recorded=recorded)
            facts += [fact] if fact else []
            pending += [deleted(name)] if name in left and name in wanted and name not in made else sentences
            resource = made.get(name)
            if resource is not None and fact is not None and type(fact) in RESOURCES:
                arn, size = resource.outputs.get("arn"), resource.outputs.get("allocatedStorage")
                arns |= {name: arn} if isinstance(arn, str) else {}
                storage |= {name: int(size)} if isinstance(size, int | float) else {}
        return _Found(tuple(facts), tuple(pending), arns, storage)


def _record(root: StateResource, resources: Iterable[StateResource]) -> StateResource | None:
    return next((each for each in resources if each.type == RECORD_TYPE and each.parent == root.urn), None)


def _version(record: StateResource) -> str | None:
    """The version of Costack that wrote a record; None where an older one did."""
    told = (readable(record.outputs.get("input")) or {}).get(VERSION)
    return told if isinstance(told, str) else None


def _plan_in(holder: object) -> Mapping[str, Any] | None:
    held = readable(holder)
    return (readable(held.get("plan")) or None) if held else None


def _there(
    after: Fact | None, before: Fact | None, made: Made, *, recorded: bool
) -> tuple[Fact | None, list[str]]:
    """The fact as it is there, None where it is not, and what is pending."""
    either = after or before
    if either is None or either.origin is Origin.ADOPTED:
        return (before if recorded else after), []
    if isinstance(either, ManagedSecret):
        return (before or after) if either.owner in made else None, []
    if isinstance(either, FileSystemReplica) and either.writable:
        return _replica(before if recorded else after, made)
    kind, resource = RESOURCES.get(type(either)), made.get(either.id)
    if kind is None:
        # An expectation: before the first complete update nobody works with what is there.
        return (before if recorded else None), []
    if resource is None:
        return None, [f"{either.id}: is not there yet; run `pulumi up`"] if after else []
    props = {**resource.inputs, **resource.outputs} if kind.in_outputs else resource.inputs
    both = [each for each in (before, after) if each is not None]
    # Of pods that scale only a plan that stops them says a number.
    sizes = {name: size for each in both for name, size in _sizes(kind, props, each).items()}
    fact = next((each for each in both if fits(each, sizes)), None)
    if after is None:
        told = [f"{either.id}: is still there; run `pulumi up` to remove it"]
    else:
        applied = _sizes(kind, resource.inputs, after) if kind.in_outputs else {}
        told = waiting(after, sizes, applied)
    return fact or resized(before or either, sizes), told


def _replica(there: Fact | None, made: Made) -> tuple[Fact | None, list[str]]:
    """A replica that follows nobody: EFS made it, so no resource of the stack is it, but its replication.

    Pulumi deletes last, after the record says so: where AWS does not end a replication, it is still there.
    """
    if there is None or there.id not in made:
        return there, []
    still = f"{there.id}: its replication has not ended yet; run `pulumi up`"
    return there.model_copy(update={"writable": False}), [still]


def _sizes(kind: Resource, props: Mapping[str, Any], fact: Fact) -> Sizes:
    try:
        return kind.sizes(props, fact)
    except (LookupError, TypeError, ValueError):
        return {}  # a secret, or still unknown: then the plan is what is known
