"""The page for finance: from the bill to the margin, with steps that add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Final

from allocation.report.charts.bars import bar, bars
from allocation.report.charts.chart import Caption, Chart, Series
from allocation.report.figures import UNKNOWN_PRICES, first_of, money_of
from allocation.report.showback.commercial.margins import NOT_DEPLOYED, body, grouped, margins
from allocation.report.showback.commercial.overage import overage
from allocation.report.showback.commercial.support import support
from allocation.report.showback.content import (
    EMPTY,
    Figure,
    Page,
    Section,
    Sentences,
    Table,
    amount,
    amounts,
    quantity,
    share,
    text,
)
from allocation.report.showback.first_screen import margin_of, proof
from allocation.report.showback.index import TERMS
from allocation.report.showback.month import PARTS, Showback, changed, why
from allocation.report.showback.review.commitments import commitments
from allocation.review.causes import by_reason
from allocation.statement.filed import FiledStatement, FiledTenant
from tiers.vocabulary import CostCategory, TenantId

_NAMED: Final = 3
_STEPS: Final = (Series.SECOND, Series.THIRD, Series.IDLE, Series.UNALLOCATED)
"""How the parts of the bill are drawn."""


def finance(showback: Showback) -> Page:
    """The page for finance."""
    statement = showback.statement
    fees = sum(line.fee for line in statement.tenants)
    sections: list[Section] = [
        _reconciled(showback),
        _parts(statement, "domain", lambda line: line.by_domain),
        _parts(statement, "category", lambda line: line.by_category),
        _behaviour(statement),
        *margins(showback),
        contributions(statement),
        resilience(showback),
        *overage(statement),
        *support(showback),
        *_fees(showback),
        *commitments(showback),
        *_unallocated(statement),
        *_readiness(showback),
    ]
    return Page(
        "finance",
        f"{statement.portfolio} {statement.month}: finance",
        f"{statement.month}: bill {amount(statement.totals.charged).shown} {statement.currency}, fees "
        f"{amount(fees).shown}, margin {amount(fees - statement.totals.charged).shown}",
        (_answer(showback, fees - statement.totals.charged), *_why_fees(showback), _ready(showback)),
        tuple(sections),
        proof(statement),
        (("index.html", "The month"),),
        _figures(showback, fees),
        _waterfall(showback, fees),
    )


def _figures(showback: Showback, fees: int) -> tuple[Figure, ...]:
    statement, before = showback.statement, showback.before
    then = sum(line.fee for line in before.tenants) if before else 0
    step = changed(then, fees, statement.currency, before.month) if before else "the first month known"
    paying = sum(1 for line in statement.tenants if line.fee)
    return (
        Figure("fees", amount(fees), step),
        Figure("bill", amount(statement.totals.charged), f"{paying:,} tenants pay a fee"),
        margin_of(statement),
    )


def _why_fees(showback: Showback) -> Iterator[str]:
    """Why the fees changed, in a sentence; nothing if they did not."""
    sums = by_reason(chain.from_iterable(showback.fee_causes.values()))
    if showback.before is not None and any(sums.values()):
        yield f"The fees changed for these reasons: {why(sums, showback.statement.currency)}."


def _ready(showback: Showback) -> str:
    """Whether the figures may be booked."""
    if showback.gates is None:
        return "An estimate is shown to clients and never booked."
    failing = [gate for gate, _, _, passed in showback.gates if not passed]
    if failing:
        return f"Not ready for chargeback: {first_of(failing, _NAMED)}."
    return f"Ready for chargeback: all {len(showback.gates)} gates pass."


def _answer(showback: Showback, margin: int) -> str:
    idle, unallocated = showback.statement.totals.idle, showback.statement.totals.unallocated
    return (
        f"Tenants leave a margin of {money_of(margin + idle + unallocated)}; idle capacity takes "
        f"{money_of(idle)} of it and unallocated cost {money_of(unallocated)}."
    )


def contributions(statement: FiledStatement) -> Table:
    """Fee, contribution margins and cross-subsidy of every tier."""
    names = ("fee", "contribution_margin_1", "contribution_margin_2", "margin", "cross_subsidy")
    rows = grouped(statement, lambda line: line.tier)
    columns = [[sum(getattr(line, name) for line in lines) for lines in rows.values()] for name in names]
    return Table(
        "contribution",
        f"Contribution margins by tier, {statement.month}",
        (
            "tier",
            "fee",
            "after variable direct cost",
            "after all direct cost",
            "after all costs",
            "subsidises",
        ),
        *body(list(rows), columns, "total"),
        note="A tier subsidises others with the margin above its part of all margins, in proportion to fees.",
    )


def resilience(showback: Showback) -> Table:
    """The cost of resilience by promise: backups, copies, and what a second zone adds to servers."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for line in showback.statement.tenants:
        plan = showback.plans.get(TenantId(line.tenant))
        row = sums[str(plan.resilience_class) if plan else NOT_DEPLOYED]
        row[0] += 1
        row[1] += line.by_category.get(CostCategory.RESILIENCE, 0)
        row[2] += line.total
    names = sorted(sums)
    units = [sums[name][1] for name in names]
    cells = amounts(units)
    return Table(
        "resilience",
        f"Cost of resilience by promise, {showback.statement.month}",
        ("promise", "tenants", "cost of resilience", "percent of their cost"),
        tuple(
            (text(name), quantity(sums[name][0]), cell, share(sums[name][1], sums[name][2]))
            for name, cell in zip(names, cells, strict=True)
        ),
        ((text("total"), quantity(len(showback.statement.tenants)), amount(sum(units)), EMPTY),),
    )


def _waterfall(showback: Showback, fees: int) -> Chart:
    totals = showback.statement.totals
    left, rows = fees, [bar("fees", 0, fees, amount(fees).shown)]
    for name, series in zip(PARTS, _STEPS, strict=True):
        units = getattr(totals, name)
        rows.append(bar(name, left, left - units, money_of(-units), series))
        left -= units
    margin = amount(fees - totals.charged).shown
    rows.append(bar("margin", 0, fees - totals.charged, margin))
    return bars(
        Caption(
            "waterfall",
            f"From the fees to the margin, {showback.statement.currency}",
            f"The fees minus direct, pooled, idle and unallocated cost leave {margin}.",
            "waterfall",
        ),
        rows,
    )


def _reconciled(showback: Showback) -> Table:
    totals = showback.statement.totals
    names = ("direct", "pooled shares", "idle", "unallocated")
    units = [totals.direct, totals.pooled, totals.idle, totals.unallocated]
    return Table(
        "waterfall",
        "The bill, reconciled",
        ("part", "amount", "percent"),
        tuple(
            (text(name), cell, share(part, totals.charged))
            for name, cell, part in zip(names, amounts(units), units, strict=True)
        ),
        ((text("bill"), amount(sum(units)), EMPTY), (text("difference"), amount(totals.difference), EMPTY)),
    )


def _parts(statement: FiledStatement, name: str, get: Callable[[FiledTenant], Mapping[str, int]]) -> Table:
    sums: dict[str, int] = defaultdict(int)
    for line in statement.tenants:
        for part, units in get(line).items():
            sums[part] += units
    rows, foot = body(sorted(sums), [[sums[part] for part in sorted(sums)]], "allocated")
    return Table(f"by-{name}", f"Allocated cost by {name}", (name, "cost"), rows, foot)


def _behaviour(statement: FiledStatement) -> Table:
    groups = grouped(statement, lambda line: line.tier)
    variable = [sum(line.variable for line in lines) for lines in groups.values()]
    cost = [sum(line.total for line in lines) for lines in groups.values()]
    fixed = [whole - part for whole, part in zip(cost, variable, strict=True)]
    rows, foot = body(list(groups), [fixed, variable, cost], "allocated")
    return Table(
        "behaviour",
        "Fixed and variable by tier",
        ("tier", "fixed", "variable", "cost"),
        rows,
        foot,
        note="Variable cost moves with a tenant's activity within a month, as the rulebook says.",
    )


def _fees(showback: Showback) -> Iterator[Table]:
    """Why the fees changed; nothing if they did not."""
    sums = by_reason(chain.from_iterable(showback.fee_causes.values()))
    if showback.before is not None and sums:
        rows, foot = body([str(reason) for reason in sums], [list(sums.values())], "change of the fees")
        title = f"Why the fees changed since {showback.before.month}"
        yield Table("fees", title, ("reason", "amount"), rows, foot, note=TERMS)


def _unallocated(statement: FiledStatement) -> Iterator[Section]:
    if statement.unallocated:
        yield Table(
            "unallocated",
            "Unallocated cost and the reasons",
            ("reason", "charges", "amount"),
            tuple(
                (text(item.reason), quantity(item.charges), amount(item.amount))
                for item in statement.unallocated
            ),
        )
    if statement.unpriced:
        yield Sentences(
            UNKNOWN_PRICES,
            tuple(
                f"{item.fact}: {item.quantity} of {item.service} '{item.item}' ({item.reason})"
                for item in statement.unpriced
            ),
        )


def _readiness(showback: Showback) -> Iterator[Section]:
    if showback.gates is None:
        yield Sentences(
            "Ready for chargeback", ("This is an estimate: it is shown to clients and never booked.",)
        )
        return
    yield Table(
        "readiness",
        "Ready for chargeback",
        ("gate", "found", "limit", "passes"),
        tuple(
            (text(gate), text(found), text(limit), text("yes" if passed else "NO"))
            for gate, found, limit, passed in showback.gates
        ),
    )
