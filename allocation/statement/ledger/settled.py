"""A filed statement with its ledger: each of its amounts knows the cents in which it is shown.

The divisions of a tenant's cost (by pool, by category, by domain, into fixed and variable) add up to the
same cents.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from allocation.money import completed, split
from allocation.statement.ledger.figure import digits_of, figure, units_per_cent
from allocation.statement.ledger.ledger import Account, Ledger, ledger_of
from allocation.statement.ledger.rounding import Network, Table

if TYPE_CHECKING:
    from allocation.statement.filed import FiledOtherMonth, FiledStatement, FiledTenant


_REST: Final = "(rest)"


def settled(statement: FiledStatement) -> FiledStatement:
    """*statement* whose amounts are figures of one ledger; exact amounts are what they were.

    Items keep their exact amounts alone: no table shows them.
    """
    digits = digits_of(statement.currency)
    ledger = ledger_of(
        (Account(line.tenant, line.client, line.fee, line.direct, line.pooled) for line in statement.tenants),
        statement.idle,
        [item.amount for item in statement.unallocated],
        digits,
    )
    tenants = _tenants(statement, ledger)
    changes = {
        "tenants": tenants,
        "idle": _figures(statement.idle, ledger.idle, digits),
        "unallocated": tuple(
            item.model_copy(update={"amount": figure(item.amount, cents, digits)})
            for item, cents in zip(statement.unallocated, ledger.unallocated, strict=True)
        ),
        "other_months": tuple(_other_months(statement, digits)),
    }
    return statement.model_copy(update={**changes, "totals": _totals(statement, ledger)})


def _totals(statement: FiledStatement, ledger: Ledger) -> Any:
    totals, digits = statement.totals, ledger.digits
    cents = {
        "direct": sum(ledger.direct.values()),
        "pooled": sum(map(ledger.shares, ledger.pooled)),
        "idle": sum(ledger.idle.values()),
        "unallocated": sum(ledger.unallocated),
    }
    shown = {**cents, "charged": sum(cents.values()), "difference": 0}
    return totals.model_copy(
        update={name: figure(getattr(totals, name), each, digits) for name, each in shown.items()}
    )


def _tenants(statement: FiledStatement, ledger: Ledger) -> tuple[FiledTenant, ...]:
    lines, digits = statement.tenants, ledger.digits
    categories, domains = _divisions(lines, ledger)
    moving = _moving(lines, ledger)
    made = []
    for line in lines:
        name = line.tenant
        fee = figure(line.fee, ledger.fees[name], digits)
        direct = figure(line.direct, ledger.direct[name], digits)
        total = figure(line.total, ledger.total(name), digits)
        variable, variable_direct = moving[name]
        changes = {
            "direct": direct,
            "pooled": _figures(line.pooled, ledger.pooled[name], digits),
            "total": total,
            "variable": figure(line.variable, variable, digits),
            "by_category": categories[name],
            "by_domain": domains[name],
            "fee": fee,
            "contribution_margin_1": figure(
                line.contribution_margin_1, ledger.fees[name] - variable_direct, digits
            ),
            "contribution_margin_2": fee - direct,
            "margin": fee - total,
        }
        made.append(line.model_copy(update=changes))
    return tuple(_with_subsidies(made, digits))


def _with_subsidies(lines: Sequence[FiledTenant], digits: int) -> Iterable[FiledTenant]:
    """The margin above a part of all margins in proportion to fees: the parts are settled on all margins."""
    fair = {line.tenant: int(line.margin) - int(line.cross_subsidy) for line in lines}
    whole = sum(getattr(line.margin, "cents", int(line.margin) // units_per_cent(digits)) for line in lines)
    cents = _spread(fair, whole, digits)
    for line in lines:
        part = figure(fair[line.tenant], cents[line.tenant], digits)
        yield line.model_copy(update={"cross_subsidy": line.margin - part})


def _spread(units: Mapping[str, int], cents: int, digits: int) -> dict[str, int]:
    """*units* in cents that add up to *cents*: the largest remainders go up, what is left is divided."""
    unit = units_per_cent(digits)
    names = sorted(units)
    floors = [units[name] // unit for name in names]
    within = min(max(cents, sum(floors)), sum(-(-units[name] // unit) for name in names))
    found = completed(floors, [units[name] % unit for name in names], within)
    if cents != within and any(units.values()):
        extra = split(cents - within, [abs(units[name]) for name in names])
        found = [each + more for each, more in zip(found, extra, strict=True)]
    return dict(zip(names, found, strict=True))


def _divisions(lines: Sequence[FiledTenant], ledger: Ledger) -> Iterator[dict[str, dict[str, int]]]:
    """The cost of each tenant by category, and by domain, settled on the tenant's cents.

    A part that is the same in both, in name and amount, has the same cents in both.
    """
    ranked = sorted(lines, key=lambda each: each.tenant)
    same = [dict(line.by_category.items() & line.by_domain.items()) for line in ranked]
    wholes = {line.tenant: ledger.total(line.tenant) for line in ranked}
    rests = [line.total - sum(parts.values()) for line, parts in zip(ranked, same, strict=True)]
    together = [{**parts, _REST: rest} for parts, rest in zip(same, rests, strict=True)]
    settled = _divided(together, wholes.values(), ledger.digits)
    for name in ("by_category", "by_domain"):
        divisions = [getattr(line, name) for line in ranked]
        others = [
            {part: units for part, units in division.items() if part not in parts}
            for division, parts in zip(divisions, same, strict=True)
        ]
        cents = _divided(others, [row[_REST] for row in settled], ledger.digits)
        yield {
            line.tenant: _figures(division, {**known, **found}, ledger.digits)
            for line, division, known, found in zip(ranked, divisions, settled, cents, strict=True)
        }


def _divided(rows: Iterable[Mapping[str, int]], cents: Iterable[int], digits: int) -> list[dict[str, int]]:
    table = Table(units_per_cent(digits))
    for row, whole in zip(rows, cents, strict=True):
        table.add(row, whole)
    return table.rounded()


def _moving(lines: Sequence[FiledTenant], ledger: Ledger) -> dict[str, tuple[int, int]]:
    """The cents of variable cost of each tenant, and those of its direct part."""
    table = Table(units_per_cent(ledger.digits))
    ranked = sorted(lines, key=lambda each: each.tenant)
    for line in ranked:
        direct = line.fee - line.contribution_margin_1
        shares = line.variable - direct
        whole = sum(line.pooled.values())
        table.add({"fixed": line.direct - direct, "variable": direct}, ledger.direct[line.tenant])
        table.add({"fixed": whole - shares, "variable": shares}, ledger.shares(line.tenant))
    cents = [row["variable"] for row in table.rounded()]
    pairs = zip(ranked, cents[::2], cents[1::2], strict=True)
    return {line.tenant: (own + shared, own) for line, own, shared in pairs}


def _other_months(statement: FiledStatement, digits: int) -> Iterable[FiledOtherMonth]:
    """The charges of other months: each month is as much as what every tenant pays of it."""
    network = Network(units_per_cent(digits))
    months = []
    sums: dict[Any, int] = {}
    for place, other in enumerate(statement.other_months):
        numbers = [network.add(place, ("of", part.tenant), part.amount) for part in other.parts]
        for part in other.parts:
            sums[part.tenant] = sums.get(part.tenant, 0) + part.amount
        nobodys = network.add(place, "all", other.unallocated)
        whole = sum(part.amount for part in other.parts) + other.unallocated
        months.append((other, numbers, nobodys, network.add("all", place, whole, 1)))
    for tenant, units in sums.items():
        network.add(("of", tenant), "all", units)
    cents = network.rounded()
    for other, numbers, nobodys, number in months:
        parts = tuple(
            part.model_copy(update={"amount": figure(part.amount, cents[each], digits)})
            for part, each in zip(other.parts, numbers, strict=True)
        )
        unallocated = figure(other.unallocated, cents[nobodys], digits)
        amount = figure(other.amount, cents[number], digits)
        yield other.model_copy(update={"parts": parts, "unallocated": unallocated, "amount": amount})


def _figures(units: Mapping[str, int], cents: Mapping[str, int], digits: int) -> dict[str, int]:
    return {name: figure(each, cents[name], digits) for name, each in units.items()}
