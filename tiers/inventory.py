"""The inventory: the deployed plan with the cloud's ids; the one stack output.

It is plain data without secrets, so that cost allocation needs no access to the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final, Literal

from pydantic import ValidationError

from tiers.errors import CatalogError
from tiers.expectations import faults
from tiers.facts.every_fact import FactId
from tiers.plan.plan import Plan
from tiers.plan.storage import grown
from tiers.vocabulary import Count, Frozen

OUTPUT_NAME: Final = "inventory"
SCHEMA_VERSION: Final = 1


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
    deployed by a version that did not say it.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    plan: Plan
    cloud_ids: Mapping[FactId, str]
    storage_gib: Mapping[FactId, Count] = {}
    pending: Mapping[str, tuple[str, ...]] = {}
    deployed_on: Mapping[str, date] = {}
    versions: Mapping[str, str] = {}

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
) -> dict[str, Any]:
    """The stack output: what was deployed of *plan* as plain data, with ids and sizes.

    Args:
        plan: What was declared.
        cloud_ids: As in `Inventory`; ids and sizes may still be Pulumi outputs.
        storage_gib: As in `Inventory`.
        applied: The plan that the records say; it may be a Pulumi output. None where all was applied.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "plan": plan.model_dump(mode="json") if applied is None else applied,
        "cloud_ids": dict(cloud_ids),
        "storage_gib": dict(storage_gib),
    }
