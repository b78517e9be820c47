"""Attributes priced charges by the rulebook, each once, however many estimates it is in.

What a priced charge is, whose, and where it goes, its fact and the rulebook say. So one charge of each kind
is attributed for all tenants, and of a plan that differs little from another only few are. What is direct
is added up here; only what is divided goes to the engine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, NamedTuple

import duckdb

from allocation.charges import Charge, ChargePeriod
from allocation.engine import tables
from allocation.engine.allocate import Cell, Item
from allocation.engine.attribution import CATEGORY_TAG, Known, attribute
from allocation.engine.rulebook import Behaviour, Rulebook
from allocation.engine.shared_charges import AllocationType
from tiers.facts.record import FactRecord
from tiers.plan.plan import Plan, TenantPlan
from tiers.vocabulary import CostCategory, CostDomain, TenantId

_DECIDED: Final = """
    disposition VARCHAR NOT NULL, tenant VARCHAR, pool VARCHAR, rule VARCHAR NOT NULL,
    domain VARCHAR NOT NULL, category VARCHAR NOT NULL, behaviour VARCHAR NOT NULL, portfolio VARCHAR
"""
_NAMES: Final = tuple(tables.columns_of(_DECIDED))
_CHARGED: Final = f"{tables.CHARGE}, {_DECIDED}"
_NOTHING_DECIDED: Final = "disposition VARCHAR, rule VARCHAR, behaviour VARCHAR"
_DIRECT: Final = "direct"
_TRILLIONTH: Final = Decimal("1e-12")
"""As exact as the table `charge` keeps quantities."""


_Kind = tuple[str, ...] | int
_Decision = tuple[Any, ...]


class _Attributed(NamedTuple):
    """A charge of a tenant's plan, and the decision about it.

    `row` is its row of the table `charge` but for the number; nobody asks for that of a direct charge.
    """

    charge: Charge
    owner: TenantPlan | None
    row: tuple[object, ...]
    decision: _Decision


@dataclass(frozen=True)
class DirectCost:
    """What tenants caused themselves: its cells, its items, and the units of each tenant."""

    cells: tuple[Cell, ...]
    items: tuple[Item, ...]
    units: Mapping[str, int]


class AttributedCharges:
    """Attributes the charges of estimates of one month by one rulebook."""

    def __init__(self, period: ChargePeriod, rules: Rulebook) -> None:
        self._period = period
        self._rules = rules
        self._by_tags = bool(rules.virtual_tags) or any(rule.when.tags for rule in rules.rules)
        self._decisions: dict[_Kind, _Decision] = {}
        self._kept: dict[int, _Attributed] = {}
        """By the identity of the charge, which lives as long as it is kept. Shared ones are of one plan."""

    def attribute(
        self, connection: duckdb.DuckDBPyConnection, plan: Plan, charges: Sequence[Charge]
    ) -> DirectCost:
        """Make the tables `charged` and `decision` of what is not direct; returns what is."""
        attributed = self._attributed(connection, plan, charges)
        shared = (each for each in attributed if each.decision[0] != _DIRECT)
        rows = ((number, *each.row, *each.decision) for number, each in enumerate(shared, 1))
        connection.execute("DROP VIEW IF EXISTS charged")
        tables.create(connection, "decision", _NOTHING_DECIDED)
        tables.create(connection, "charged", _CHARGED)
        tables.insert(connection, "charged", _CHARGED, rows)
        return _summed(each for each in attributed if each.decision[0] == _DIRECT)

    def _attributed(
        self, connection: duckdb.DuckDBPyConnection, plan: Plan, charges: Sequence[Charge]
    ) -> list[_Attributed]:
        owners = {tenant.tenant: tenant for tenant in plan.tenants}
        found: dict[int, _Attributed] = {}
        unknown = []
        for charge in charges:
            kept = self._kept.get(id(charge))
            if kept is not None and kept.owner is owners[str(charge.tenant)]:
                found[id(charge)] = kept
            else:
                unknown.append(charge)
        for each in self._decided(connection, plan, unknown, owners) if unknown else ():
            found[id(each.charge)] = each
            if each.owner is not None:
                self._kept[id(each.charge)] = each
        return [found[id(charge)] for charge in charges]

    def _decided(
        self,
        connection: duckdb.DuckDBPyConnection,
        plan: Plan,
        charges: Sequence[Charge],
        owners: Mapping[TenantId, TenantPlan],
    ) -> Iterator[_Attributed]:
        kinds = {id(charge): self._kind(plan, charge) for charge in charges}
        asked = {kind: charge for charge in charges if (kind := kinds[id(charge)]) not in self._decisions}
        known = self._decisions | self._asked(connection, plan, asked)
        self._decisions |= {kind: decision for kind, decision in known.items() if isinstance(kind, tuple)}
        shared = [charge for charge in charges if known[kinds[id(charge)]][0] != _DIRECT]
        rows = zip(map(id, shared), _charge_rows(plan, shared, self._period), strict=True)
        row_of = dict(rows)
        for charge in charges:
            owner = None if charge.tenant is None else owners[charge.tenant]
            disposition, tenant, *others = known[kinds[id(charge)]]
            its = None if tenant is None else charge.tenant
            yield _Attributed(charge, owner, row_of.get(id(charge), ()), (disposition, its, *others))

    def _kind(self, plan: Plan, charge: Charge) -> _Kind:
        """What rules look at of a tenant's charge; of all others, and where they look at tags, itself.

        The tags of a tenant's charge are those of its plan: they are whole, and contradict nothing.
        """
        if charge.tenant is None or self._by_tags:
            return id(charge)
        return (plan.portfolio, charge.fact_kind, charge.service, charge.domain, charge.category)

    def _asked(
        self, connection: duckdb.DuckDBPyConnection, plan: Plan, asked: Mapping[_Kind, Charge]
    ) -> dict[_Kind, _Decision]:
        """The decisions about one charge of each kind, by the rulebook."""
        named = {charge.fact for charge in asked.values()}
        facts = [fact for fact in plan.all_facts() if fact.id in named]
        rows = enumerate(_charge_rows(plan, list(asked.values()), self._period), 1)
        tables.create(connection, "charge", tables.CHARGE)
        tables.insert(connection, "charge", tables.CHARGE, ((number, *row) for number, row in rows))
        attribute(connection, known_of(plan, facts=facts), self._rules)
        found = connection.execute(f"SELECT {', '.join(_NAMES)} FROM charged ORDER BY charge").fetchall()  # noqa: S608 - names of ours
        return dict(zip(asked, found, strict=True))


def _summed(direct: Iterable[_Attributed]) -> DirectCost:
    cells: dict[tuple[str, ...], int] = {}
    items: dict[tuple[str, ...], tuple[Decimal, int]] = {}
    units: dict[str, int] = {}
    for charge, _, _, (_, tenant, _, _, domain, category, behaviour, _) in direct:
        key = (str(tenant), str(domain), str(category), str(behaviour))
        cells[key] = cells.get(key, 0) + charge.units
        item = (str(tenant), charge.service, charge.item, charge.unit)
        quantity, cost = items.get(item, (Decimal(0), 0))
        items[item] = (quantity + _kept_quantity(charge), cost + charge.units)
        units[str(tenant)] = units.get(str(tenant), 0) + charge.units
    return DirectCost(
        tuple(
            Cell(
                tenant,
                AllocationType.DIRECT,
                "",
                CostDomain(domain),
                CostCategory(category),
                Behaviour(behaviour),
                cost,
            )
            for (tenant, domain, category, behaviour), cost in sorted(cells.items())
        ),
        tuple(
            Item(tenant, "", service, name, unit, quantity, cost)
            for (tenant, service, name, unit), (quantity, cost) in sorted(items.items())
        ),
        units,
    )


def _kept_quantity(charge: Charge) -> Decimal:
    return charge.quantity.quantize(_TRILLIONTH, ROUND_HALF_UP)


def known_of(
    plan: Plan, resources: Mapping[str, str] | None = None, facts: Sequence[FactRecord] | None = None
) -> Known:
    """What *plan* knows, of *facts* or else of all; an estimate's charges name their fact as the resource."""
    facts = list(plan.all_facts()) if facts is None else facts
    return Known(
        tenants=frozenset(tenant.tenant for tenant in plan.tenants),
        kinds={fact.id: fact.kind for fact in facts},
        owners={fact.id: fact.tenant for fact in facts if fact.tenant is not None},
        domains={fact.id: fact.domain for fact in facts},
        resources={fact.id: fact.id for fact in facts} if resources is None else resources,
        portfolios=frozenset({plan.portfolio}),
        clients={
            tenant.tenant: frozenset(
                name.casefold() for name in (tenant.client, tenant.first_client) if name is not None
            )
            for tenant in plan.tenants
        },
        second_regions=frozenset(fact.id for part in plan.second_regions for fact in part.facts),
    )


def _charge_rows(plan: Plan, charges: Sequence[Charge], period: ChargePeriod) -> Iterator[tuple[object, ...]]:
    """The rows of the table `charge`, without their numbers."""
    tags, named = _Tags(plan), {charge.fact for charge in charges}
    regions = {fact.id: fact.region for fact in plan.all_facts() if fact.id in named}
    alike: dict[str, object] = dict.fromkeys(tables.columns_of(tables.CHARGE)) | {
        "source": "estimate",
        "row_number": 1,
        "period_start": f"{period.start:%Y-%m-%d %H:%M:%S}",
        "period_end": f"{period.end:%Y-%m-%d %H:%M:%S}",
        "charge_category": "Usage",
    }
    del alike["charge"]
    for charge in charges:
        values = alike | {
            "line_id": charge.id,
            "description": charge.item,
            "service": charge.service,
            "region": charge.region or regions[charge.fact],
            "resource_id": charge.fact,
            "resource_type": charge.fact_kind,
            "quantity": f"{charge.quantity:f}",
            "unit": charge.unit,
            "tags": tags.of(charge),
        }
        yield tuple((values | dict.fromkeys(tables.COSTS, charge.units)).values())


class _Tags:
    """The tags of priced charges as JSON, made once for each tenant, domain and category."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._tenants = {tenant.tenant: tenant for tenant in plan.tenants}
        self._made: dict[tuple[object, ...], str] = {}

    def of(self, charge: Charge) -> str:
        key = (charge.tenant, charge.domain, charge.category)
        if key not in self._made:
            owner = charge.tenant and self._tenants[charge.tenant]
            tags = owner.cost_tags(charge.domain) if owner else self._plan.platform_tags()
            self._made[key] = json.dumps(
                tags.as_tags() | {CATEGORY_TAG: str(charge.category)}, sort_keys=True
            )
        return self._made[key]
