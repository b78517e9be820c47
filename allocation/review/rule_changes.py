"""What another rulebook moved: what lies in another pool than the month before, or is somebody's own now.

An item is a service's item by name and unit. Where a pool loses or gets all charges of one, and the other
month has it somewhere else, the rulebook moved it; where only a part of it moved, nobody can tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from allocation.statement.filed import FiledItem, FiledStatement

Item = tuple[str, str, str]


@dataclass(frozen=True)
class RuleChange:
    """What the rulebook of a month did to cost, seen from the month before; nothing where it is the same.

    Attributes:
        before: The rulebook of the month before; empty where nothing changed, or it is not known of both.
        after: The rulebook of the month.
        pools: By pool what it got, less what it lost, in units of the month that has it.
        moved: The items that some pool lost or got.
    """

    before: str = ""
    after: str = ""
    pools: Mapping[str, int] = field(default_factory=dict)
    moved: frozenset[Item] = frozenset()

    def __bool__(self) -> bool:
        """Whether another rulebook is in force."""
        return bool(self.after)


def rule_change(before: FiledStatement, after: FiledStatement) -> RuleChange:
    """What moved between two months because another rulebook divides the second one."""
    then, now = (month.versions.get("rulebook", "") for month in (before, after))
    if not (then and now) or then == now or before.basis != after.basis:
        return RuleChange()
    there, here = ({key for items in month.items_of.values() for key in items} for month in (before, after))
    pools: dict[str, int] = {}
    moved: set[Item] = set()
    for owner in before.items_of.keys() | after.items_of.keys():
        tenant, pool = owner
        if tenant is not None:
            continue
        old, new = (month.items_of.get(owner, {}) for month in (before, after))
        lost, got = (old.keys() - new.keys()) & here, (new.keys() - old.keys()) & there
        pools[pool] = _cost(new, got) - _cost(old, lost)
        moved |= lost | got
    return RuleChange(then, now, {name: units for name, units in pools.items() if units}, frozenset(moved))


def _cost(items: Mapping[Item, FiledItem], keys: set[Item]) -> int:
    return sum(int(items[key].amount) for key in keys)
