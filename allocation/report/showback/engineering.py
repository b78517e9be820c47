"""The page for engineering: pools and their drivers, sizes against use, what is idle or was never tried."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from allocation.report.preview.rows import money
from allocation.report.showback.content import (
    EMPTY,
    Cell,
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
from allocation.report.showback.index import decisions, proof
from allocation.report.showback.month import Showback
from allocation.review.signals import declared, sizes
from tiers.facts.data import DatabaseInstance, TenantDatabase
from tiers.plan.plan import facts_of
from tiers.vocabulary import TenantId

_MOST_SIGNALS: Final = 100
_WEIGHT: Final = "weight"
_ROUND: Final = Decimal("0.0000000001")
_ELSEWHERE: Final = (
    "Things in the account that no stack knows are found by `costack recover --search`, what ended and still "
    "bills by `costack decommission`."
)


def engineering(showback: Showback) -> Page:
    """The page."""
    statement = showback.statement
    sections: list[Section] = [
        pools(showback),
        *decisions(showback, _MOST_SIGNALS),
        *_sizes(showback),
        _servers(showback),
        _volumes(showback),
        _off_hours(showback),
        _restores(showback),
        _tags(showback),
        Sentences("What else is out there", (_ELSEWHERE,)),
    ]
    return Page(
        "engineering",
        f"{statement.portfolio} {statement.month}: engineering",
        f"{statement.month}: {money(showback.parts['idle'])} {statement.currency} of "
        f"{amount(statement.totals.charged).shown} is idle",
        (_answer(showback),),
        tuple(each for each in sections if not isinstance(each, Table) or each.rows),
        proof(statement),
        (("index.html", "The month"),),
    )


def pools(showback: Showback) -> Table:
    """Every pool: its driver, how much of it was used, what one of it costs, how much stayed idle."""
    statement = showback.statement
    return Table(
        "pools",
        f"Pools, {statement.month}",
        ("pool", "driver", "tenants", "used", "cost", "cost of one", "idle", "idle %"),
        tuple(
            (text(name), *_figures(showback, name, whole))
            for name in dict.fromkeys([*statement.uses, *statement.pool_totals])
            if (whole := statement.pool_totals.get(name, 0))
        ),
        note="What one costs is the pool's cost without its idle part, for a unit of its driver.",
    )


def _figures(showback: Showback, name: str, whole: int) -> tuple[Cell, ...]:
    """Its driver, how many tenants use how much of it, its cost; months of version 2 know no drivers."""
    statement = showback.statement
    idle, pool = statement.idle.get(name, 0), statement.uses.get(name)
    use = [amount_used for who, amount_used in pool.use.items() if who in statement.by_tenant] if pool else []
    used = sum(use, Decimal(0))
    counted = pool is not None and pool.unit != _WEIGHT
    one: Cell = EMPTY
    if used and counted:
        exact = (Decimal(whole - idle).scaleb(-10) / used).quantize(_ROUND)
        one = Cell(f"{exact:.6f}", f"{exact:f}")
    return (
        text(pool.driver if pool else ""),
        quantity(sum(1 for each in use if each)) if pool else EMPTY,
        quantity(used, pool.unit) if pool and counted else EMPTY,
        amount(whole),
        one,
        amount(idle),
        share(idle, whole),
    )


def _sizes(showback: Showback) -> Iterator[Table]:
    rows = [
        (
            text(size.tenant),
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
            "What pods ask for and what they use",
            (
                "tenant",
                "what",
                "asked for",
                "used on average",
                "used at most, 95 % of the time",
                "of what was asked",
            ),
            tuple(rows),
            note="Of the intervals in the usage files; peaks shorter than an interval are not seen.",
        )


def _servers(showback: Showback) -> Table:
    """Database servers: class, connections promised against what the class takes, storage against use."""
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
        limit, room = sum(each.connection_limit for each in held), most.get(fact.instance_class)
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
            "connections promised",
            "connections it takes",
            "GiB",
            "GiB expected",
        ),
        tuple(rows),
    )


def _volumes(showback: Showback) -> Table:
    """Stored against asked for, where somebody measured it."""
    rows = []
    for each in showback.standings:
        if each.measured and each.measure != "users":
            plan = showback.plans[TenantId(each.tenant)]
            rows.append(
                (
                    text(each.tenant),
                    text(each.measure.removesuffix("_gib")),
                    quantity(declared(plan, each.measure), "GiB"),
                    quantity(each.used, "GiB"),
                )
            )
    return Table(
        "volumes",
        "Storage asked for and used",
        ("tenant", "what", "asked for", "used at most"),
        tuple(rows),
    )


def _off_hours(showback: Showback) -> Table:
    """What would be saved were test systems awake in working hours only."""
    columns = [[getattr(each, name) for each in showback.savings] for name in ("saved", "freed")]
    names = [
        (text(each.tenant), quantity(each.awake_hours_per_week), text("options.schedule"))
        for each in showback.savings
    ]
    rows, whole = summed(names, columns, (text("together"), EMPTY, EMPTY))
    return Table(
        "off-hours",
        "What never sleeps and could, a month at list prices",
        ("tenant", "hours awake a week", "what sets it", "less on the bill", "nodes set free"),
        rows,
        (whole,),
        note="In none of the other figures. What is set free falls off the bill once nodes are taken away.",
    )


def _restores(showback: Showback) -> Table:
    """How old the proof is that a tenant can be restored."""
    end = showback.statement.period.end
    most = showback.month.thresholds.most_restore_test_age_days
    rows = []
    for name in showback.plans:
        tried = showback.recoveries.get(name)
        days = (end - tried.tried_at).days if tried else None
        state = "never tried, as far as is known here"
        if tried is not None and days is not None:
            state = "failed" if not tried.succeeded else "too old" if days > most else "good"
        rows.append(
            (
                text(name),
                text(f"{tried.tried_at:%Y-%m-%d}" if tried else ""),
                text(state),
                quantity(days) if days is not None else EMPTY,
            )
        )
    return Table(
        "restores",
        "Restores that were tried",
        ("tenant", "last", "state", "days before the month's end"),
        tuple(rows),
        note="From the evidence that `costack restore-test` writes; name it with --evidence.",
    )


def _tags(showback: Showback) -> Sentences:
    found = [gate for gate in showback.gates or () if gate[0].startswith("tag coverage")]
    if found:
        return Sentences("Tag coverage", (f"{found[0][0]}: {found[0][1]}, {found[0][2]} is asked for.",))
    return Sentences(
        "Tag coverage",
        ("Known from a bill only: every resource of the plan is declared with its cost tags.",),
    )


def _answer(showback: Showback) -> str:
    untried = sum(1 for name in showback.plans if name not in showback.recoveries)
    return (
        f"{len(showback.signals)} things to decide; of {untried} tenants it is not known here that a restore "
        "was tried."
    )
