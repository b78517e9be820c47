"""The inventory as the state of a stack has it: what is there, and what was asked for and is not there yet.

Three things in the state tell it. A component's inputs are what the last update asked for. The record of a
tenant or platform (`components/record.py`) is the plan that was last applied completely. The resources that
bill say their own sizes. Where these differ, the resources are right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from allocation.adapters.pulumi.resource_sizes import (
    RESOURCES,
    Resource,
    Sizes,
    differing,
    fits,
    resized,
    said,
)
from allocation.adapters.pulumi.stack_state import STACK, StateResource, below, resources_of
from tiers.deployed import RECORD_TYPE
from tiers.errors import CatalogError
from tiers.expectations import first_fault
from tiers.facts.every_fact import Fact, FactId, Origin
from tiers.facts.names import SHARED_PLATFORM, TENANT_STACK
from tiers.inventory import OUTPUT_NAME, Inventory, read_inventory
from tiers.plan.plan import Plan, TenantPlan
from tiers.plan.storage import grown

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
    if root is None or (told is not None and _record(root, resources) is None):
        return told  # of another program, or of a version of costack that kept no records
    try:
        return _Reading(resources, told).inventory(root)
    except ValidationError as error:
        raise CatalogError(
            f"{source}: {first_fault(error)}; use the version of costack that deployed the stack"
        ) from None


class _Reading:
    """One stack's resources, and the inventory that it exported last."""

    def __init__(self, resources: tuple[StateResource, ...], told: Inventory | None) -> None:
        self._resources, self._told = resources, told

    def inventory(self, root: StateResource) -> Inventory:
        """The inventory of the platform *root* and of all tenants."""
        asked, applied = self._plans(root, self._told.plan.model_dump(mode="json") if self._told else None)
        found = self._found(root, asked.get("platform"), (applied or {}).get("platform"))
        known = (
            {each.tenant: each.model_dump(mode="json") for each in self._told.plan.tenants}
            if self._told
            else {}
        )
        tenants, parts, pending = [], [found], {"platform": found.pending}
        for each in sorted(self._resources, key=lambda one: one.name):
            if each.type != TENANT_STACK:
                continue
            wanted, had = self._plans(each, known.get(each.name))
            part = self._found(each, wanted.get("facts"), (had or {}).get("facts"))
            tenants.append(TenantPlan.model_validate({**(had or wanted), "facts": part.facts}))
            pending[each.name] = (*_unfinished(wanted, had), *part.pending)
            parts.append(part)
        plan = Plan.model_validate({**(applied or asked), "platform": found.facts, "tenants": tenants})
        told_ids = self._told.cloud_ids if self._told else {}
        storage = {fact: size for part in parts for fact, size in part.storage_gib.items()}
        return Inventory(
            plan=grown(plan, storage),
            cloud_ids={**told_ids, **{fact: arn for part in parts for fact, arn in part.arns.items()}},
            storage_gib=storage,
            pending={owner: sentences for owner, sentences in pending.items() if sentences},
        )

    def _plans(self, root: StateResource, told: Any) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
        """The plan that was asked for, and the one that was applied; None before all of it was, once."""
        record = _record(root, self._resources)
        applied = record.outputs.get("input", {}).get("plan") if record else told
        return root.inputs.get("plan") or {}, applied

    def _found(self, root: StateResource, asked: Any, applied: Any) -> _Found:
        wanted = {fact.id: fact for fact in _FACTS.validate_python(asked or ())}
        had = None if applied is None else {fact.id: fact for fact in _FACTS.validate_python(applied)}
        inside = tuple(below(root.urn, self._resources))
        made = dict(_by_fact(inside))
        facts, pending = [], []
        arns: dict[FactId, str] = {}
        storage: dict[FactId, int] = {}
        for name in [*wanted, *(each for each in had or {} if each not in wanted)]:
            before = (had or {}).get(name)
            after = wanted.get(name)
            resource = made.get(name)
            fact, sentences = _there(after, before, resource, recorded=had is not None)
            facts += [fact] if fact else []
            pending += sentences
            if resource is not None and fact is not None and type(fact) in RESOURCES:
                arn, size = resource.outputs.get("arn"), resource.outputs.get("allocatedStorage")
                arns |= {name: arn} if isinstance(arn, str) else {}
                storage |= {name: int(size)} if isinstance(size, int | float) else {}
        return _Found(tuple(facts), tuple(pending), arns, storage)


def _record(root: StateResource, resources: Iterable[StateResource]) -> StateResource | None:
    return next((each for each in resources if each.type == RECORD_TYPE and each.parent == root.urn), None)


def _by_fact(inside: tuple[StateResource, ...]) -> Iterator[tuple[FactId, StateResource]]:
    """Each fact's resource: the child, of its kind's type, of the component that has the fact as inputs."""
    kinds = {kind.model_fields["kind"].default: resource.type for kind, resource in RESOURCES.items()}
    owners = {
        each.urn: (str(each.inputs["id"]), kinds.get(str(each.inputs.get("kind"))))
        for each in inside
        if not each.custom and "id" in each.inputs
    }
    for each in inside:
        fact, wanted = owners.get(each.parent, ("", None))
        if each.type == wanted and not each.leaving:
            yield fact, each


def _there(
    after: Fact | None, before: Fact | None, resource: StateResource | None, *, recorded: bool
) -> tuple[Fact | None, list[str]]:
    """The fact as it is there, None where it is not, and what is pending."""
    either = after or before
    kind = RESOURCES.get(type(either)) if either else None
    if either is None or kind is None or either.origin is Origin.ADOPTED:
        return (before if recorded else after), []
    if resource is None:
        return None, [f"{either.id}: is not there yet; run `pulumi up`"] if after else []
    props = {**resource.inputs, **resource.outputs} if kind.in_outputs else resource.inputs
    sizes = _sizes(kind, props, either)
    fact = next((each for each in (before, after) if each is not None and fits(each, sizes)), None)
    if after is None:
        told = [f"{either.id}: is still there; run `pulumi up` to remove it"]
    else:
        told = _waiting(after, kind, sizes, _sizes(kind, resource.inputs, after))
    return fact or resized(before or either, sizes), told


def _sizes(kind: Resource, props: Mapping[str, Any], fact: Fact) -> Sizes:
    try:
        return kind.sizes(props, fact)
    except (LookupError, TypeError, ValueError):
        return {}  # a secret, or still unknown: then the plan is what is known


def _waiting(after: Fact, kind: Resource, sizes: Sizes, asked: Sizes) -> list[str]:
    """A sentence for what AWS changes later, and one for what no update has changed yet."""
    open_, later, never = differing(after, sizes), [], []
    for name in open_:
        if kind.in_outputs and asked.get(name) == said(after, name):
            later.append(f"{name} from {sizes[name]} to {said(after, name)}")
        else:
            never.append(f"{name} is {sizes[name]}, not {said(after, name)}")
    window = getattr(after, "maintenance_window", None)
    when = f"in the maintenance window {window} (UTC)" if window else "later"
    return [
        *([f"{after.id}: AWS changes {', '.join(later)} {when}"] if later else []),
        *([f"{after.id}: {', '.join(never)} yet; run `pulumi up`"] if never else []),
    ]


def _unfinished(asked: Mapping[str, Any], applied: Mapping[str, Any] | None) -> list[str]:
    """Whether the last update of a tenant came to its end, and what it was about."""
    name = str(asked.get("tenant"))
    if applied is None:
        return [f"{name}: was never deployed completely; run `pulumi up`"]
    if asked == applied:
        return []
    told = [
        f"{field.replace('_', ' ')} is {_words(applied.get(field))}, not {_words(asked.get(field))}"
        for field in ("tier", "move", "environment", "lifecycle_stage", "fee_per_month")
        if asked.get(field) != applied.get(field)
    ]
    about = "; ".join(told) or "some of it is as it was before"
    return [f"{name}: the last update was not finished ({about}); run `pulumi up`"]


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"at stage {value.get('stage')}"
    return "none" if value is None else str(value)
