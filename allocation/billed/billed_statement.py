"""Makes the billed statement of a period from bills, usage and inventories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final

import duckdb

from allocation.charges import ChargePeriod, CostBasis
from allocation.engine import tables
from allocation.engine.allocate import allocate
from allocation.engine.attribution import Known
from allocation.engine.drivers import CAPACITY, DECLARED, IDLE, MEASURED, Driver
from allocation.engine.rulebook import Rulebook
from allocation.engine.settlement import Residuals
from allocation.engine.weights import Presence
from allocation.errors import AllocationError
from allocation.estimate.declared_usage import declared_usage
from allocation.estimate.estimated_statement import known_of, usage_rows
from allocation.money import units_of
from allocation.statement.statement import Heading, Statement, Term, statement_of
from tiers.inventory import Inventory
from tiers.plan.plan import TenantPlan

_BOUNDED: Final = "SELECT DISTINCT driver FROM usage WHERE tenant IN (?, ?)"


@dataclass(frozen=True)
class Deployed:
    """The inventory that was deployed for an interval of the period, half-open."""

    inventory: Inventory
    start: datetime
    end: datetime

    @property
    def interval(self) -> ChargePeriod:
        """The interval as a charge period."""
        return ChargePeriod(self.start, self.end)


def deployed_in(period: ChargePeriod, since: Sequence[tuple[datetime, Inventory]]) -> tuple[Deployed, ...]:
    """Inventories in the order they came into force, cut to *period*; the first applies from the beginning.

    Raises:
        AllocationError: When there is none, or they have different portfolios or currencies.
    """
    if not since:
        raise AllocationError("no inventory: it is needed for the tenants and their fees")
    ordered = sorted(since, key=lambda pair: pair[0])
    starts = [period.start, *(moment for moment, _ in ordered[1:])]
    ends = [*starts[1:], period.end]
    kept = [
        Deployed(inventory, max(start, period.start), min(end, period.end))
        for (_, inventory), start, end in zip(ordered, starts, ends, strict=True)
        if max(start, period.start) < min(end, period.end)
    ]
    names = {(one.inventory.plan.portfolio, one.inventory.plan.currency) for one in kept}
    if len(names) != 1:
        listed = ", ".join(f"{portfolio} in {currency}" for portfolio, currency in sorted(names))
        raise AllocationError(f"expected inventories of one portfolio and currency, found {listed}")
    return tuple(kept)


def billed_allocation(  # noqa: PLR0917 - a bill, the tenants, and what is carried on
    connection: duckdb.DuckDBPyConnection,
    deployed: Sequence[Deployed],
    period: ChargePeriod,
    rules: Rulebook,
    carried: Residuals = MappingProxyType({}),
    ended: Sequence[Term] = (),
    worked: Known = Known(frozenset()),  # noqa: B008 - it cannot be changed
) -> tuple[Statement, Mapping[Driver, str], Residuals]:
    """The statement of the relations `charge` and `usage`, the source of each driver, and what is carried on.

    A driver without measured usage is taken from the declarations of the inventories; one with measured
    usage counts as measured for every tenant, so that all are compared alike. Retained resources of tenants
    that *ended* stay direct cost of these tenants, which take part in no pool. What people *worked* is
    known by facts of its own.
    """
    sources = _add_declared(connection, deployed, rules)
    known = _known(deployed)
    known = replace(known, tenants=known.tenants | {term.tenant for term in ended})
    known = replace(
        known,
        kinds={**known.kinds, **worked.kinds},
        owners={**known.owners, **worked.owners},
        domains={**known.domains, **worked.domains},
        resources={**known.resources, **worked.resources},
    )
    allocation = allocate(connection, known, list(_present(deployed)), rules, carried)
    plan = deployed[-1].inventory.plan
    versions = {"catalog": plan.catalog_version, "rulebook": rules.version}
    heading = Heading(plan.portfolio, period, plan.currency, CostBasis.BILLED, versions)
    present = terms_of(deployed, period)
    gone = [term for term in ended if term.tenant not in {each.tenant for each in present}]
    terms = sorted((*present, *gone), key=lambda term: term.tenant)
    statement = statement_of(heading, terms, allocation, rules.pools)
    return statement, sources, allocation.residuals


def terms_of(deployed: Sequence[Deployed], period: ChargePeriod) -> tuple[Term, ...]:
    """Every tenant of the period, in its last state, with the fee for the time it was deployed."""
    whole = _seconds(period.end - period.start)
    last: dict[str, TenantPlan] = {}
    fees: dict[str, Fraction] = {}
    for one in deployed:
        part = Fraction(_seconds(one.end - one.start), whole)
        for tenant in one.inventory.plan.tenants:
            last[tenant.tenant] = tenant
            fee = units_of(tenant.fee_per_month) * part
            fees[tenant.tenant] = fees.get(tenant.tenant, Fraction(0)) + fee
    return tuple(Term.of(tenant, round(fees[name])) for name, tenant in sorted(last.items()))


def _add_declared(
    connection: duckdb.DuckDBPyConnection, deployed: Sequence[Deployed], rules: Rulebook
) -> dict[Driver, str]:
    measured = {row[0] for row in connection.execute("SELECT DISTINCT driver FROM usage").fetchall()}
    bounded = {row[0] for row in connection.execute(_BOUNDED, [IDLE, CAPACITY]).fetchall()}
    asked = {
        driver
        for pool in rules.pools
        for rule in (pool.driver, pool.fallback, pool.entitlement)
        if rule
        for driver in rule.measures
    }
    if Driver.USERS in asked and Driver.USERS in measured:
        _refuse_uncounted(connection, deployed)
    usage = (
        each
        for one in deployed
        for each in declared_usage(one.inventory.plan, one.interval, _hours(one))
        if each.driver in asked
        # Pods are measured, nodes not always: the inventory knows the capacity as well.
        and each.driver not in (bounded if each.tenant == CAPACITY else measured)
    )
    tables.insert(connection, "usage", tables.USAGE, usage_rows(usage))
    return {driver: MEASURED if driver in measured else DECLARED for driver in sorted(asked)}


def _refuse_uncounted(connection: duckdb.DuckDBPyConnection, deployed: Sequence[Deployed]) -> None:
    """Whoever was not counted has some users, and not none: a pool that they share cannot be divided."""
    counted = {
        row[0]
        for row in connection.execute(
            "SELECT DISTINCT tenant FROM usage WHERE driver = ?", [str(Driver.USERS)]
        ).fetchall()
    }
    tenants = {tenant.tenant for one in deployed for tenant in one.inventory.plan.tenants}
    if missing := sorted(tenants - counted):
        raise AllocationError(
            f"the usage files count the users of {len(tenants & counted)} of {len(tenants)} tenants, and not "
            f"of {', '.join(missing)}: add rows for them (users times hours, such as their declared users), "
            "or leave all rows of the driver users out"
        )


def _known(deployed: Iterable[Deployed]) -> Known:
    """All that the inventories of the period know; a resource may be on the bill after its stack is gone."""
    tenants: set[str] = set()
    merged = Known(frozenset())
    for one in deployed:
        plan = one.inventory.plan
        known = known_of(plan, dict(_resources(one.inventory)))
        tenants |= known.tenants
        merged = Known(
            frozenset(tenants),
            {**merged.kinds, **known.kinds},
            {**merged.owners, **known.owners},
            {**merged.domains, **known.domains},
            {**merged.resources, **known.resources},
            merged.portfolios | known.portfolios,
        )
    return merged


def _resources(inventory: Inventory) -> Iterator[tuple[str, str]]:
    """The ARN of every fact, and the short id that some services are billed by, if it is unique."""
    facts = {fact.id for fact in inventory.plan.all_facts()}
    arns = {arn: fact for fact, arn in inventory.cloud_ids.items() if fact in facts}
    short: dict[str, set[str]] = {}
    for arn, fact in arns.items():
        short.setdefault(arn.rpartition("/")[2].rpartition(":")[2], set()).add(fact)
    yield from arns.items()
    yield from ((name, next(iter(owners))) for name, owners in short.items() if len(owners) == 1)


def _present(deployed: Iterable[Deployed]) -> Iterator[Presence]:
    for one in deployed:
        for tenant in one.inventory.plan.tenants:
            yield Presence(tenant.tenant, one.start, one.end, tenant.environment, tenant.tier)


def _hours(one: Deployed) -> Decimal:
    return Decimal(_seconds(one.end - one.start)) / 3600


def _seconds(length: timedelta) -> int:
    return length.days * 86_400 + length.seconds
