"""The quarterly review: margins, resilience, utilisation, unit costs, decisions and signatures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from allocation.preview.unit_costs import UnitCost
from allocation.report.showback.content import (
    EMPTY,
    Cell,
    Page,
    Section,
    Sentences,
    Table,
    amount,
    amounts,
    bars,
    quantity,
    share,
    text,
)
from allocation.report.showback.decisions import reason
from allocation.report.showback.engineering import pools
from allocation.report.showback.finance import contributions, resilience
from allocation.report.showback.index import proof
from allocation.report.showback.month import Showback
from allocation.report.showback.register import decided, signals
from allocation.report.showback.rehearsals import rehearsals
from allocation.report.showback.trends import trend_table
from allocation.review.signals import preview_command
from allocation.statement.filed import FiledStatement
from allocation.statement.ledger.figure import alone

MONTHS: Final = 3
SIGN_OFF: Final = "quarterly.sign-off.yaml"
_SIGN: Final = (
    f"Sign the decisions in {SIGN_OFF} beside this page and pass the file with --sign-off to show them here."
)


class Curve(NamedTuple):
    """A tier, and the cost of one of its tenants as more of them join."""

    tier: str
    points: tuple[UnitCost, ...]
    unknown_because: str = ""
    """The reason why there are no points."""


def quarterly(showback: Showback, signed: Mapping[str, Mapping[str, str]], curve: Curve | None) -> Page:
    """The page of the review; *signed* holds the signed decisions by key."""
    statement = showback.statement
    months = (*showback.past, statement)[-MONTHS:]
    open_decisions = sum(1 for key in keys(showback) if key not in signed)
    sections: list[Section] = [
        decided(showback, months[0]),
        _margins(months),
        contributions(statement),
        resilience(showback),
        rehearsals(showback),
        pools(showback),
        _utilisation(months),
        *_unit_costs(months),
        *_curve(curve, statement.currency),
        trend_table(showback),
        signals(showback),
        _other_tiers(showback),
        _decided(showback, signed),
    ]
    return Page(
        "quarterly",
        f"{statement.portfolio} {months[0].month} to {statement.month}: review",
        f"{statement.portfolio}, {months[0].month} to {statement.month}: {open_decisions} decisions are open",
        (_SIGN,),
        tuple(each for each in sections if not isinstance(each, Table) or each.rows),
        proof(statement),
        (("index.html", "The month"),),
    )


def keys(showback: Showback) -> list[str]:
    """The keys of all decisions in a sign-off file, stable from month to month."""
    return [each.key for each in showback.signals]


def _margins(months: Sequence[FiledStatement]) -> Table:
    tiers = sorted({line.tier for month in months for line in month.tenants})
    rows: list[tuple[Cell, ...]] = []
    for tier in tiers:
        cells: list[Cell] = []
        for month in months:
            lines = [line for line in month.tenants if line.tier == tier]
            margin, fees = sum(line.margin for line in lines), sum(line.fee for line in lines)
            cells += [amount(margin), share(margin, fees)]
        rows.append((text(tier), *cells))
    heads = [head for month in months for head in (month.month, f"{month.month} %")]
    return Table("margins", "Margin by tier", ("tier", *heads), tuple(rows))


def _other_tiers(showback: Showback) -> Table:
    """The other tiers that a preview was made of: what the client would pay more, and what it would cost."""
    rows = [
        (
            text(showback.name_of(option.tenant)),
            text(option.tier),
            amount(option.fee_difference, signed=True),
            amount(option.cost_difference, signed=True),
            text(preview_command(showback.month, option.tenant, option.tier)),
        )
        for options in showback.options.values()
        for option in options
        if option.cost_difference is not None
    ]
    heads = ("tenant", "tier", "fee", "cost", "command to run")
    return Table("options", "Other tiers: change per month", heads, tuple(rows))


def _utilisation(months: Sequence[FiledStatement]) -> Table:
    """The requested part of each pool by month, for pools whose idle part is kept apart."""
    names = sorted({pool for month in months for pool in month.idle})
    return Table(
        "utilisation",
        "Utilisation of shared pools: requested part in percent of the cost",
        ("pool", *(month.month for month in months)),
        tuple(
            (
                text(name),
                *(
                    share(
                        month.pool_totals.get(name, 0) - month.idle.get(name, 0),
                        month.pool_totals.get(name, 0),
                    )
                    for month in months
                ),
            )
            for name in names
        ),
    )


def _unit_costs(months: Sequence[FiledStatement]) -> Iterator[Section]:
    """The average cost of a tenant by month, idle capacity included."""
    rows = [(month.month, _average(month), len(month.tenants)) for month in months if month.tenants]
    if not rows:
        return
    yield bars(
        "Average cost of a tenant",
        f"The bill divided by the number of tenants, {rows[0][0]} to {rows[-1][0]}.",
        [(f"{month}: {count} tenants", 0, units) for month, units, count in rows],
    )
    cells = amounts([units for _, units, _ in rows])
    yield Table(
        "unit-cost",
        "Average cost of a tenant, in figures",
        ("month", "tenants", "average cost"),
        tuple(
            (text(month), quantity(count), cell) for (month, _, count), cell in zip(rows, cells, strict=True)
        ),
    )


def _average(month: FiledStatement) -> int:
    return alone(month.totals.charged // len(month.tenants), month.currency)


def _curve(curve: Curve | None, currency: str) -> Iterator[Section]:
    if curve is None:
        return
    tier, points, unknown_because = curve
    if unknown_because:
        yield Sentences(f"Cost of a tenant on {tier} as more join", (f"Unknown: {unknown_because}",))
        return
    yield Table(
        "curve",
        f"Cost of a tenant on {tier} as more join",
        ("tenants added", "bill", "idle", "average cost", "cost of one more"),
        tuple(
            (
                quantity(point.more),
                *(amount(alone(units, currency)) for units in (point.bill, point.idle, point.each)),
                amount(alone(point.marginal, currency)) if point.marginal is not None else EMPTY,
            )
            for point in points
        ),
    )


def _decided(showback: Showback, signed: Mapping[str, Mapping[str, str]]) -> Table:
    rows = []
    for key, each in zip(keys(showback), showback.signals, strict=True):
        entry = signed.get(key, {})
        signature = " ".join(part for part in (entry.get("by"), entry.get("on")) if part)
        because = text(reason(each, showback.statement.currency))
        rows.append((text(key), because, text(entry.get("decision", "open")), text(signature)))
    return Table("signed", "Decisions", ("what", "reason", "decision", "signed"), tuple(rows))
