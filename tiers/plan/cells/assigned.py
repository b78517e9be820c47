"""Which stack a new tenant gets: a pure function of the tenants, the rule, and what was decided before.

Nobody moves: what a tenant holds is in the state of its stack. So a stored line stays, an ended tenant
leaves a hole, and a new tenant fills the first hole, in a cell of its client's if there is room.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tiers.facts.every_fact import CacheGroup, DatabaseInstance, FactRecord, Namespace, NodeGroup
from tiers.plan.plan import TenantPlan, facts_of
from tiers.portfolio.cells.assignment import Assignment
from tiers.portfolio.cells.section import CellsSpec, Owned, cell, number_of, own_stack

_KINDS: dict[Owned, type[FactRecord]] = {
    Owned.SERVER: DatabaseInstance,
    Owned.CACHE: CacheGroup,
    Owned.NODES: NodeGroup,
    Owned.NAMESPACE: Namespace,
}


def is_dedicated(tenant: TenantPlan, rule: CellsSpec) -> bool:
    """Whether *tenant* has something for itself that the rule gives a stack of its own for."""
    return any(facts_of(tenant.facts, _KINDS[owned]) for owned in rule.own_stack)


def assigned(tenants: Iterable[TenantPlan], rule: CellsSpec, stored: Assignment) -> Assignment:
    """Every tenant with its stack: as *stored* where that says one.

    Args:
        tenants: All of the portfolio.
        rule: How they are spread.
        stored: What was decided before. Who is no tenant any longer is left out.
    """
    ordered = sorted(tenants, key=lambda each: each.tenant)
    kept = {each.tenant: stored.tenants[each.tenant] for each in ordered if each.tenant in stored.tenants}
    room = _Room(rule, kept.values())
    clients: dict[str, list[str]] = {}
    for each in ordered:
        if each.tenant in kept:
            clients.setdefault(each.client, []).append(kept[each.tenant])
    for each in ordered:
        if each.tenant not in kept:
            stack = own_stack(each.tenant) if is_dedicated(each, rule) else room.take(clients, each.client)
            kept[each.tenant] = stack
            clients.setdefault(each.client, []).append(stack)
    return Assignment(tenants=dict(sorted(kept.items())))


class _Room:
    """What is left in each cell."""

    def __init__(self, rule: CellsSpec, taken: Iterable[str]) -> None:
        self._most = rule.tenants_per_cell
        self._taken = Counter(number for stack in taken if (number := number_of(stack)))

    def take(self, clients: dict[str, list[str]], client: str) -> str:
        """A place beside others of *client*, or in the first cell that has one, which may be a new cell."""
        beside = sorted(number for stack in clients.get(client, ()) if (number := number_of(stack)))
        last = max(self._taken, default=0)
        number = next(each for each in (*beside, *range(1, last + 2)) if self._taken[each] < self._most)
        self._taken[number] += 1
        return cell(number)
