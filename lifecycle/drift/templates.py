"""From which version of Costack each tenant was last deployed, and how long ago that was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tiers.inventory import Inventory
from tiers.vocabulary import PLATFORM


@dataclass(frozen=True)
class Template:
    """The templates of the platform or a tenant; None is unknown: a state of Costack 0.2 or older.

    Attributes:
        owner: `platform`, or a tenant.
        version: The version of Costack that last changed it.
        deployed_on: The day, in UTC, of the update that last changed it.
        age_days: Days since then.
    """

    owner: str
    version: str | None
    deployed_on: date | None
    age_days: int | None


def templates_of(inventory: Inventory, today: date) -> tuple[Template, ...]:
    """The platform and every tenant of *inventory*, as of *today*."""
    owners = (PLATFORM, *(each.tenant for each in inventory.plan.tenants))
    return tuple(_template(owner, inventory, today) for owner in owners)


def _template(owner: str, inventory: Inventory, today: date) -> Template:
    day = inventory.deployed_on.get(owner)
    age = None if day is None else max((today - day).days, 0)
    return Template(owner, inventory.versions.get(owner), day, age)
