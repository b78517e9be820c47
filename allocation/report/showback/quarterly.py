"""The quarterly review: margins, resilience, utilisation, unit costs, decisions and signatures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from allocation.preview.unit_costs.curve import UnitCost
from allocation.report.charts.bars import bar, bars
from allocation.report.charts.chart import Caption, Chart
from allocation.report.charts.curve import Place
from allocation.report.charts.curve import curve as curve_chart
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
    amounts,
    quantity,
    share,
    text,
)
from allocation.report.showback.engineering import pools
from allocation.report.showback.finance import contributions, resilience
from allocation.report.showback.first_screen import due, margin_of, proof, ruled
from allocation.report.showback.month import Showback, changed
from allocation.report.showback.rehearsals import rehearsals
from allocation.report.showback.review.decisions import reason
from allocation.report.showback.review.register import decided, signals
from allocation.report.showback.review.trends import trend_table
from allocation.report.showback.utilisation import idle_map, utilisation
from allocation.review.signals import preview_command
from allocation.statement.filed import FiledStatement
from allocation.statement.ledger.figure import alone

MONTHS: Final = 3
SIGN_OFF: Final = "quarterly.sign-off.yaml"
_SIGN: Final = (
    f"Sign the decisions in {SIGN_OFF} beside this page and keep it beside the register, as reviews/{{}}."
    "sign-off.yaml, or pass it with --sign-off: the next report shows them."
)


_ON_PAPER: Final = f"On paper, write decision, name and day into the row, and from there into {SIGN_OFF}."
_NAMED: Final = 3


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
        _decided(showback, signed),
        decided(showback, months[0]),
        _margins(months),
        contributions(statement),
        resilience(showback),
        rehearsals(showback),
        pools(showback),
        replace(utilisation(months), chart=idle_map(months)),
        *_unit_costs(months),
        *_curve(curve, statement.currency),
        trend_table(showback),
        signals(showback),
        _other_tiers(showback),
    ]
    return Page(
        "quarterly",
        f"{statement.portfolio} {months[0].month} to {statement.month}: review",
        f"{statement.portfolio}, {months[0].month} to {statement.month}: {_open(open_decisions)}",
        (due(showback), *ruled(months), *_proven(showback), _SIGN.format(statement.month)),
        tuple(each for each in sections if not isinstance(each, Table) or each.rows),
        proof(statement),
        (("index.html", "The month"),),
        _figures(showback, months, open_decisions),
        _drawn(statement.currency, months, curve),
    )


def _figures(showback: Showback, months: Sequence[FiledStatement], open_decisions: int) -> tuple[Figure, ...]:
    counted = [month for month in months if month.tenants]
    costs = [_average(month) for month in counted]
    step = (
        changed(costs[0], costs[-1], showback.statement.currency, counted[0].month)
        if len(counted) > 1
        else "the first month known"
    )
    return (
        Figure("decisions open", quantity(open_decisions), f"of {len(showback.signals):,} due"),
        margin_of(showback.statement),
        Figure("cost of a tenant", amount(costs[-1] if costs else 0), step),
    )


def _open(count: int) -> str:
    return "1 decision is open" if count == 1 else f"{count:,} decisions are open"


def _average(month: FiledStatement) -> int:
    return alone(month.totals.charged // len(month.tenants), month.currency)


def _proven(showback: Showback) -> Iterator[str]:
    """Whether promised recoveries were rehearsed; nothing where none is promised."""
    unproven = [showback.name_of(each.tenant) for each in showback.rehearsals if not each.proven]
    if unproven:
        yield f"The recovery in the second region is not proven: {first_of(unproven, _NAMED)}."
    elif showback.rehearsals:
        yield "Every recovery that is promised in a second region was rehearsed."


def _drawn(currency: str, months: Sequence[FiledStatement], curve: Curve | None) -> Chart | None:
    """The curve of unit costs; where it is not known, the average cost by month."""
    if curve is not None and curve.points:
        return _curve_chart(curve, currency)
    return _average_chart([month for month in months if month.tenants])


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


def _unit_costs(months: Sequence[FiledStatement]) -> Iterator[Section]:
    """The average cost of a tenant by month, idle capacity included."""
    counted = [month for month in months if month.tenants]
    if not counted:
        return
    cells = amounts([_average(month) for month in counted])
    yield Table(
        "unit-cost",
        "Average cost of a tenant",
        ("month", "tenants", "average cost"),
        tuple(
            (text(month.month), quantity(len(month.tenants)), cell)
            for month, cell in zip(counted, cells, strict=True)
        ),
        chart=_average_chart(counted),
    )


def _average_chart(counted: Sequence[FiledStatement]) -> Chart | None:
    if not counted:
        return None
    return bars(
        Caption(
            "unit-cost",
            "Average cost of a tenant",
            f"The bill divided by the number of tenants, {counted[0].month} to {counted[-1].month}.",
            "unit-cost",
        ),
        [
            bar(
                f"{month.month}: {len(month.tenants)}",
                0,
                _average(month),
                amount(_average(month)).shown,
            )
            for month in counted
        ],
    )


def _curve_chart(found: Curve, currency: str) -> Chart:
    points = found.points
    first, last = (amount(points[place].each).shown for place in (0, -1))
    return curve_chart(
        Caption(
            "curve",
            f"Cost of a tenant on {found.tier} as more join, {currency}",
            f"From {first} with {points[0].more} more on {found.tier} to {last} with {points[-1].more}.",
            "curve",
        ),
        [Place(each.more, f"+{each.more}", each.each, amount(each.each).shown) for each in points],
    )


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
    heads = ("what", "reason", "decision", "signed")
    return Table("signed", "Decisions to sign", heads, tuple(rows), note=_ON_PAPER if rows else "")
