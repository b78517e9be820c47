"""The statements of a run of several portfolios: one of each, and one over all with the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

import duckdb

from allocation.engine import tables
from allocation.engine.allocate import Allocation, Item, PoolUsage, Unallocated
from allocation.engine.owners.known import Known
from allocation.engine.portfolios import bare, scope_of
from allocation.engine.rulebook import Pool, Rulebook
from allocation.errors import UnreconciledStatementError
from allocation.money import amount_of
from allocation.statement.heading import Heading
from allocation.statement.statement import Statement, Term, statement_of

_HOME: Final = "tenant VARCHAR NOT NULL, portfolio VARCHAR NOT NULL"


def charged_by_portfolio(
    connection: duckdb.DuckDBPyConnection, known: Known, rules: Rulebook
) -> dict[str, int]:
    """What of the bill is each portfolio's, in units, summed from the charges and the shares.

    It is the cost of its tenants, the idle part and the undivided part of its own pools, and what is
    unallocated but says whose it is.
    """
    tables.create(connection, "home", _HOME)
    tables.insert(connection, "home", _HOME, known.homes.items())
    rows = connection.execute(
        f"""SELECT portfolio, SUM(units) FROM (
            SELECT portfolio, SUM({rules.cost}) AS units FROM charged
            WHERE disposition NOT IN ('pooled', 'shared') GROUP BY ALL
            UNION ALL
            SELECT COALESCE(home.portfolio, CASE WHEN CONTAINS(via, '/') THEN SPLIT_PART(via, '/', 1) END),
                SUM({rules.cost})
            FROM share LEFT JOIN home USING (tenant) GROUP BY ALL
        ) WHERE portfolio IS NOT NULL GROUP BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    return {portfolio: int(units) for portfolio, units in rows}


def statement_of_portfolios(  # noqa: PLR0917 - what makes one statement, and whose is what
    heading: Heading,
    terms: Iterable[Term],
    allocation: Allocation,
    pools: Iterable[Pool],
    known: Known,
    charged: Mapping[str, int],
) -> Statement:
    """The statement over all, with that of each portfolio in `parts`; each is reconciled, and all together.

    Raises:
        UnreconciledStatementError: When a unit is missing or one too many, in one of them or in their sum.
    """
    terms, pools = tuple(terms), tuple(pools)
    over_all = statement_of(heading, terms, _bare(allocation, allocation.unallocated), pools)
    parts = tuple(
        statement_of(
            replace(heading, portfolio=portfolio),
            [term for term in terms if known.homes.get(term.tenant) == portfolio],
            _of(portfolio, allocation, known, charged.get(portfolio, 0)),
            pools,
        )
        for portfolio in sorted(known.portfolios)
    )
    statement = replace(over_all, parts=parts)
    apart = sum(each.units for each in allocation.unallocated if each.portfolio is None) + sum(
        cell.units for cell in allocation.cells if cell.tenant is None and scope_of(cell.pool) is None
    )
    if statement.apart != apart:
        raise UnreconciledStatementError(
            f"{heading.period.start:%Y-%m}: the statements of {heading.portfolio} leave "
            f"{amount_of(statement.apart)} {heading.currency} of the bill, and {amount_of(apart)} is nobody's"
        )
    return statement


def _of(portfolio: str, allocation: Allocation, known: Known, charged: int) -> Allocation:
    """What of *allocation* is one portfolio's; it sees no other's tenants."""
    tenants = {tenant for tenant, home in known.homes.items() if home == portfolio}

    def is_own(tenant: str | None, pool: str) -> bool:
        return tenant in tenants if tenant is not None else scope_of(pool) == portfolio

    own = replace(
        allocation,
        cells=tuple(cell for cell in allocation.cells if is_own(cell.tenant, cell.pool)),
        charged=charged,
        fallbacks=tuple(each for each in allocation.fallbacks if scope_of(each.pool) in {None, portfolio}),
        unknown_consumers=(),
        usage=tuple(
            use
            for use in allocation.usage
            if use.consumer in tenants
            or scope_of(use.pool) == portfolio
            or scope_of(use.consumer) == portfolio
        ),
        items=tuple(item for item in allocation.items if is_own(item.tenant, item.pool)),
        kept=tuple(each for each in allocation.kept if each.tenant in tenants),
    )
    return _bare(own, [each for each in allocation.unallocated if each.portfolio == portfolio])


def _bare(allocation: Allocation, unallocated: Iterable[Unallocated]) -> Allocation:
    """*allocation* with pools by their names in the rulebook, and every reason once."""
    reasons: dict[str, Unallocated] = {}
    for each in unallocated:
        so_far = reasons.get(each.reason)
        reasons[each.reason] = (
            each._replace(portfolio=None)
            if so_far is None
            else so_far._replace(units=so_far.units + each.units, charges=so_far.charges + each.charges)
        )
    return replace(
        allocation,
        cells=tuple(cell._replace(pool=bare(cell.pool)) for cell in allocation.cells),
        unallocated=tuple(reasons.values()),
        fallbacks=tuple(each._replace(pool=bare(each.pool)) for each in allocation.fallbacks),
        usage=_usage(allocation.usage),
        items=_items(allocation.items),
    )


def _usage(usage: Iterable[PoolUsage]) -> tuple[PoolUsage, ...]:
    sums: dict[tuple[str, str], Decimal] = {}
    for each in usage:
        key = (bare(each.pool), bare(each.consumer))
        sums[key] = sums.get(key, Decimal(0)) + each.quantity
    return tuple(PoolUsage(*key, quantity) for key, quantity in sorted(sums.items()))


def _items(items: Iterable[Item]) -> tuple[Item, ...]:
    """Items of pools that have one name, added up; a quantity that one of them lacks is unknown."""
    sums: dict[tuple[str | None, str, str, str, str], tuple[Decimal | None, int]] = {}
    for each in items:
        key = (each.tenant, bare(each.pool), each.service, each.item, each.unit)
        if key not in sums:
            sums[key] = (each.quantity, each.units)
            continue
        quantity, units = sums[key]
        both = None if quantity is None or each.quantity is None else quantity + each.quantity
        sums[key] = (both, units + each.units)
    return tuple(Item(*key, *values) for key, values in sums.items())
