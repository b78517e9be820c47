"""The page for engineering: pools and drivers, requests and usage, idle capacity, restore tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

from allocation.report.figures import first_of
from allocation.report.showback.content import (
    EMPTY,
    Cell,
    Figure,
    Page,
    Section,
    Sentences,
    Table,
    amount,
    quantity,
    share,
    summed,
    text,
)
from allocation.report.showback.first_screen import due, idle_of, proof
from allocation.report.showback.index import decisions
from allocation.report.showback.month import Showback
from allocation.report.showback.rehearsals import rehearsals, restores, unproven
from allocation.report.showback.review.register import signals
from allocation.report.showback.review.rightsizing import machines, nodes, rightsizing
from allocation.report.showback.usage import price_cell, used_cell
from allocation.report.showback.utilisation import MONTHS, idle_map, most_idle, pool_shares, utilisation
from allocation.review.signals import declared, sizes
from allocation.review.user_counts import user_counts
from allocation.statement.ledger.figure import alone
from tiers.facts.data import DatabaseInstance, TenantDatabase
from tiers.plan.plan import facts_of
from tiers.vocabulary import TenantId

_MOST_SIGNALS: Final = 100
_MOST_NAMED: Final = 10
_ELSEWHERE: Final = (
    "`costack recover --search` finds resources in the account that no stack knows; `costack decommission` "
    "reports what still costs money after a tenant has ended."
)


def engineering(showback: Showback) -> Page:
    """The page for engineering."""
    statement = showback.statement
    months = (*showback.past, statement)[-MONTHS:]
    sections: list[Section] = [
        *decisions(showback, _MOST_SIGNALS),
        replace(pools(showback), chart=pool_shares(showback)),
        utilisation(months),
        signals(showback),
        *_users(showback),
        *_sizes(showback),
        rightsizing(showback),
        machines(showback),
        nodes(showback),
        _servers(showback),
        _volumes(showback),
        _off_hours(showback),
        restores(showback),
        rehearsals(showback),
        _tags(showback),
        Sentences("Other resources in the account", (_ELSEWHERE,)),
    ]
    return Page(
        "engineering",
        f"{statement.portfolio} {statement.month}: engineering",
        f"{statement.month}: {amount(statement.totals.idle).shown} {statement.currency} of "
        f"{amount(statement.totals.charged).shown} is idle",
        (*most_idle(statement), due(showback), unproven(showback)),
        tuple(each for each in sections if not isinstance(each, Table) or each.rows),
        proof(statement),
        (("index.html", "The month"),),
        _first_figures(showback),
        idle_map(months) or pool_shares(showback),
    )


def _first_figures(showback: Showback) -> tuple[Figure, ...]:
    dumped = showback.dumped
    good = sum(1 for name in dumped if (tried := showback.recoveries.get(name)) and tried.succeeded)
    return (
        idle_of(showback),
        Figure("decisions due", quantity(len(showback.signals)), _first_kind(showback)),
        Figure("backups tested", quantity(good), f"of {len(dumped):,} tenants with backups"),
    )


def _first_kind(showback: Showback) -> str:
    return f"first: {showback.signals[0].kind}" if showback.signals else ""


def pools(showback: Showback) -> Table:
    """Every pool: its driver, the usage of all tenants, the price per unit of it, the idle part."""
    statement = showback.statement
    return Table(
        "pools",
        f"Pools, {statement.month}",
        ("pool", "driver", "tenants", "usage", "cost", "price per unit", "idle", "idle %"),
        tuple(
            (text(name), *_figures(showback, name, whole))
            for name in dict.fromkeys([*statement.pools_by_name, *statement.pool_totals])
            if (whole := statement.pool_totals.get(name, 0))
        ),
        note="Price per unit: the pool's cost without its idle part, divided by the usage of all tenants.",
    )


def _figures(showback: Showback, name: str, whole: int) -> tuple[Cell, ...]:
    """Driver, tenants, usage, cost and price of a pool; statements of version 2 know no drivers."""
    statement = showback.statement
    idle, pool = statement.idle.get(name, alone(0, statement.currency)), statement.pools_by_name.get(name)
    by_tenant = [pool.usage.get(name, Decimal(0)) for name in statement.by_tenant] if pool else []
    used = sum(by_tenant, Decimal(0))
    return (
        text(pool.driver if pool else ""),
        quantity(sum(1 for each in by_tenant if each)) if pool else EMPTY,
        used_cell(statement, pool, used),
        amount(whole),
        price_cell(statement, pool, whole - idle, used),
        amount(idle),
        share(idle, whole),
    )


def _sizes(showback: Showback) -> Iterator[Table]:
    rows = [
        (
            text(showback.name_of(size.tenant)),
            text(size.what),
            quantity(size.asked.average, size.unit),
            quantity(size.used.average, size.unit),
            quantity(size.used.p95, size.unit),
            quantity((100 * size.used.p95 / size.asked.average).quantize(Decimal("0.1")), "%"),
        )
        for size in sizes(showback.month)
    ]
    if rows:
        yield Table(
            "sizes",
            "Requests and usage of pods",
            (
                "tenant",
                "what",
                "requested",
                "used on average",
                "used at most, 95 % of the time",
                "percent of the request",
            ),
            tuple(rows),
            note="Read from the intervals of the usage files; peaks shorter than an interval are not seen.",
        )


def _users(showback: Showback) -> Iterator[Section]:
    """How many tenants' users were counted in Odoo, and the tenants that have others than declared."""
    counts = list(user_counts(showback.month.plan, showback.month.levels))
    unknown = [showback.name_of(each.tenant) for each in counts if each.active is None]
    where = f"; not counted: {first_of(unknown, _MOST_NAMED)}" if unknown else ""
    said = (
        f"The usage files count the users of {len(counts) - len(unknown)} of {len(counts)} tenants{where}. "
        "Counted are active users who are neither portal nor public."
    )
    yield Sentences("Users that Odoo has", (said,))
    rows = [
        (
            text(showback.name_of(each.tenant)),
            quantity(each.declared),
            quantity(each.active),
            quantity(each.difference),
            text(each.counted_on),
        )
        for each in counts
        if each.active is not None and each.difference
    ]
    heads = ("tenant", "declared", "active in Odoo", "difference", "counted on")
    yield Table("users", "Users other than declared", heads, tuple(rows))


def _connections(database: TenantDatabase) -> int:
    return database.connection_limit + database.reader_connections


def _servers(showback: Showback) -> Table:
    """Database servers: class, reserved connections and their limit, storage and expected usage."""
    plan, classes = showback.month.plan, showback.month.catalog.classes.database_classes
    most = {each.instance_class: each.max_connections for each in classes.values()}
    promised: dict[str, list[TenantDatabase]] = {}
    for tenant in plan.tenants:
        for database in facts_of(tenant.facts, TenantDatabase):
            promised.setdefault(database.server, []).append(database)
    rows = []
    for fact in plan.all_facts():
        if not isinstance(fact, DatabaseInstance):
            continue
        held = promised.get(fact.id, [])
        limit, room = sum(_connections(each) for each in held), most.get(fact.instance_class)
        stored = sum(each.storage_gib for each in held)
        rows.append(
            (
                text(fact.id),
                text(fact.instance_class),
                quantity(len(held)),
                quantity(limit),
                quantity(room) if room else EMPTY,
                quantity(fact.storage_gib),
                quantity(stored),
            )
        )
    return Table(
        "servers",
        "Database servers",
        (
            "server",
            "class",
            "databases",
            "connections reserved",
            "connection limit",
            "storage, GiB",
            "expected usage, GiB",
        ),
        tuple(rows),
    )


def _volumes(showback: Showback) -> Table:
    """Storage requested and used, where usage was measured."""
    rows = []
    for each in showback.standings:
        if each.measured and each.measure != "users":
            plan = showback.plans[TenantId(each.tenant)]
            rows.append(
                (
                    text(showback.name_of(each.tenant)),
                    text(each.measure.removesuffix("_gib")),
                    quantity(declared(plan, each.measure), "GiB"),
                    quantity(each.used, "GiB"),
                )
            )
    return Table(
        "volumes",
        "Storage requested and used",
        ("tenant", "what", "requested", "used at most"),
        tuple(rows),
    )


def _off_hours(showback: Showback) -> Table:
    """Savings if environments other than production were awake in working hours only."""
    currency = showback.statement.currency
    columns = [
        [alone(getattr(each, name), currency) for each in showback.savings] for name in ("saved", "freed")
    ]
    names = [
        (text(showback.name_of(each.tenant)), quantity(each.awake_hours_per_week), text("options.schedule"))
        for each in showback.savings
    ]
    rows, whole = summed(names, columns, (text("total"), EMPTY, EMPTY))
    return Table(
        "off-hours",
        "Savings of an off-hours schedule, per month at list prices",
        ("tenant", "hours awake a week", "option to set", "saved on the bill", "node capacity freed"),
        rows,
        (whole,),
        note="Not part of the other figures. Freed node capacity lowers the bill once nodes are removed.",
    )


def _tags(showback: Showback) -> Sentences:
    found = [gate for gate in showback.gates or () if gate[0].startswith("tag coverage")]
    if found:
        return Sentences("Tag coverage", (f"{found[0][0]}: {found[0][1]}, required: {found[0][2]}.",))
    return Sentences(
        "Tag coverage",
        ("Tag coverage is known for a bill only. The plan declares cost tags for every resource.",),
    )
