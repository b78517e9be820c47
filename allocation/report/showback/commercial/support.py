"""Hours that tiers include beside those that people worked: which assumption is off, by how much money."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from allocation.charges import LABOUR
from allocation.report.figures import money_of, number
from allocation.report.showback.content import EMPTY, Cell, Row, Sentences, Table, amount, quantity, text
from allocation.report.showback.month import Showback
from allocation.statement.filed import FiledStatement
from tiers.facts.every_fact import Labour
from tiers.plan.plan import facts_of

_HOUR: Final = " hour"
_BILLED: Final = "billed"
_EVERYBODY: Final = "for everybody"
_TITLE: Final = "Hours of people, included and worked"


@dataclass
class _Hours:
    """The hours of one kind of work in a tier; None included where no tier says how many."""

    included: int | None = None
    worked: Decimal = Decimal(0)


def support(showback: Showback) -> Iterator[Table | Sentences]:
    """Of a billed month, the largest difference in money first; what was worked is unknown without a file."""
    statement = showback.statement
    if statement.basis != _BILLED:
        return
    rates = _rates(statement)
    if not rates:
        yield Sentences(
            _TITLE, ("Nobody knows the hours that people worked: name their file with `--labour`.",)
        )
        return
    found = _hours(showback)
    money = {key: _money(each, rates.get(key[1])) for key, each in found.items()}
    ranked = sorted(found, key=lambda key: (money[key] is None, -abs(money[key] or 0), key))
    heads = ("tier", "work", "hours included", "hours worked", "more worked", "money of it")
    rows = tuple(_row(key, found[key], money[key]) for key in ranked)
    note = "Included are the hours of a whole month of each tenant; money is at the rate of the bill."
    yield Table("hours", _TITLE, heads, rows, note=f"{_worst(ranked[0], found, money)}{note}")


def _hours(showback: Showback) -> dict[tuple[str, str], _Hours]:
    found: dict[tuple[str, str], _Hours] = defaultdict(_Hours)
    tiers = {line.tenant: line.tier for line in showback.statement.tenants}
    for plan in showback.plans.values():
        if plan.tenant not in tiers:
            continue
        for fact in facts_of(plan.facts, Labour):
            each = found[tiers[plan.tenant], fact.activity]
            each.included = (each.included or 0) + fact.hours_per_month
    for item in showback.statement.items:
        if item.service == LABOUR and item.quantity is not None and not item.other_month:
            tier = _EVERYBODY if item.tenant is None else tiers.get(item.tenant, _EVERYBODY)
            found[tier, item.item.removesuffix(_HOUR)].worked += item.quantity
    return found


def _rates(statement: FiledStatement) -> Mapping[str, Fraction]:
    """The price of an hour of each kind of work that somebody did, in units."""
    return {
        item.item.removesuffix(_HOUR): Fraction(int(item.amount)) / Fraction(item.quantity)
        for item in statement.items
        if item.service == LABOUR and item.quantity
    }


def _money(each: _Hours, rate: Fraction | None) -> int | None:
    """What was worked beyond what is included; None where no hour of that kind has a price in the bill."""
    return None if rate is None else round((Fraction(each.worked) - (each.included or 0)) * rate)


def _row(key: tuple[str, str], each: _Hours, money: int | None) -> Row:
    more: Cell = quantity(each.worked - (each.included or 0))
    return (
        text(key[0]),
        text(key[1]),
        EMPTY if each.included is None else quantity(each.included),
        quantity(each.worked),
        more,
        EMPTY if money is None else amount(money, signed=True),
    )


def _worst(
    key: tuple[str, str],
    found: Mapping[tuple[str, str], _Hours],
    money: Mapping[tuple[str, str], int | None],
) -> str:
    """The assumption that is off by most money, as a sentence; '' where all fit."""
    units, each = money[key], found[key]
    if not units:
        return ""
    more = each.worked - (each.included or 0)
    word = "more" if more > 0 else "fewer"
    return (
        f"{key[0]}: {number(abs(more))} {word} hours of {key[1]} than it includes, {money_of(abs(units))}. "
    )
