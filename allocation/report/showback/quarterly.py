"""The quarterly review: margin by tier, resilience by promise, utilisation, unit cost, what is decided."""

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
from allocation.report.showback.engineering import pools
from allocation.report.showback.finance import contributions, resilience
from allocation.report.showback.index import proof
from allocation.report.showback.month import Showback
from allocation.statement.filed import FiledStatement

MONTHS: Final = 3
SIGN_OFF: Final = "quarterly.sign-off.yaml"
_SIGN: Final = f"Sign in {SIGN_OFF} beside this page and hand it in with --sign-off: it stands here then."


class Curve(NamedTuple):
    """A tier, and what one of its tenants costs when there are more of them."""

    tier: str
    points: tuple[UnitCost, ...]
    untold: str = ""
    """Why there are no points."""


def quarterly(showback: Showback, signed: Mapping[str, Mapping[str, str]], curve: Curve | None) -> Page:
    """The pack; *signed* holds what was decided, by the key of each decision."""
    statement = showback.statement
    months = (*showback.past, statement)[-MONTHS:]
    waiting = sum(1 for key in keys(showback) if key not in signed)
    sections: list[Section] = [
        _margins(months),
        contributions(statement),
        resilience(showback),
        pools(showback),
        _utilisation(months),
        *_unit_costs(months),
        *_curve(curve),
        _decided(showback, signed),
    ]
    return Page(
        "quarterly",
        f"{statement.portfolio} {months[0].month} to {statement.month}: review",
        f"{statement.portfolio}, {months[0].month} to {statement.month}: {waiting} decisions are open",
        (_SIGN,),
        tuple(each for each in sections if not isinstance(each, Table) or each.rows),
        proof(statement),
        (("index.html", "The month"),),
    )


def keys(showback: Showback) -> list[str]:
    """What a sign-off calls each decision: the same for the same thing every month."""
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


def _utilisation(months: Sequence[FiledStatement]) -> Table:
    """What of each pool somebody asked for, month by month; only of pools whose idle part is kept apart."""
    names = sorted({pool for month in months for pool in month.idle})
    return Table(
        "utilisation",
        "How much of what is shared was asked for, in percent of its cost",
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
    """What a tenant cost on average, month by month, idle capacity included."""
    rows = [
        (month.month, month.totals.charged // len(month.tenants), len(month.tenants))
        for month in months
        if month.tenants
    ]
    if not rows:
        return
    yield bars(
        "What a tenant costs",
        f"The bill by the number of tenants, {rows[0][0]} to {rows[-1][0]}.",
        [(f"{month}: {count} tenants", 0, units) for month, units, count in rows],
    )
    cells = amounts([units for _, units, _ in rows])
    yield Table(
        "unit-cost",
        "What a tenant costs, in figures",
        ("month", "tenants", "bill by tenants"),
        tuple(
            (text(month), quantity(count), cell) for (month, _, count), cell in zip(rows, cells, strict=True)
        ),
    )


def _curve(curve: Curve | None) -> Iterator[Section]:
    if curve is None:
        return
    tier, points, untold = curve
    if untold:
        yield Sentences(f"What one on {tier} would cost, were there more", (f"Not known: {untold}",))
        return
    yield Table(
        "curve",
        f"What one on {tier} would cost, were there more",
        ("more", "bill", "idle", "each costs", "one more costs"),
        tuple(
            (
                quantity(point.more),
                amount(point.bill),
                amount(point.idle),
                amount(point.each),
                amount(point.marginal) if point.marginal is not None else EMPTY,
            )
            for point in points
        ),
    )


def _decided(showback: Showback, signed: Mapping[str, Mapping[str, str]]) -> Table:
    rows = []
    for key, each in zip(keys(showback), showback.signals, strict=True):
        said = signed.get(key, {})
        who = " ".join(part for part in (said.get("by"), said.get("on")) if part)
        rows.append((text(key), text(each.sentence), text(said.get("decision", "open")), text(who)))
    return Table("signed", "Decisions", ("what", "because", "decision", "signed"), tuple(rows))
