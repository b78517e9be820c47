"""The cents of causes: they add up to the difference of what two months show of a tenant's cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from allocation.money import completed
from allocation.review.causes import Cause, Reason, by_reason, causes
from allocation.statement.filed import FiledStatement
from allocation.statement.ledger.figure import Figure, cents_of, digits_of, figure, units_per_cent
from allocation.statement.ledger.rounding import Table


def settled_causes(before: FiledStatement, after: FiledStatement) -> dict[str, tuple[Cause, ...]]:
    """Why the cost of each tenant of either month changed, in settled cents.

    Each cause becomes one of the two whole values beside it. What these cannot take of a tenant's difference,
    less than two cents, is a cause of its own, rounding, whose exact amount is 0.

    Raises:
        UnreconciledStatementError: As `causes`.
    """
    digits = digits_of(after.currency)
    found = causes(before, after)
    table = Table(units_per_cent(digits))
    left = {}
    for name, parts in found.items():
        old, new = before.by_tenant.get(name), after.by_tenant.get(name)
        whole = cents_of((new.total if new else 0) - (old.total if old else 0), digits)
        settled = sum(cents_of(cause.units, digits) for cause in parts if _is_settled(cause))
        rest = by_reason(cause for cause in parts if not _is_settled(cause))
        left[name] = table.add(rest, whole - settled)
    return {
        name: (*_in_cents(parts, cents, digits), *_rounding(left[name], digits))
        for (name, parts), cents in zip(found.items(), table.rounded(), strict=True)
    }


def _is_settled(cause: Cause) -> bool:
    """Whether its cents are those of a statement: of a tenant that is new or gone, of another month."""
    return isinstance(cause.units, Figure)


def _in_cents(parts: Sequence[Cause], cents: Mapping[str, int], digits: int) -> Iterator[Cause]:
    """*parts*, of which those of each reason add up to its cents."""
    unit = units_per_cent(digits)
    yield from filter(_is_settled, parts)
    rest = sorted((cause for cause in parts if not _is_settled(cause)), key=lambda cause: cause.reason)
    for reason, several in groupby(rest, key=lambda cause: cause.reason):
        given = list(several)
        floors = [cause.units // unit for cause in given]
        shown = completed(floors, [cause.units % unit for cause in given], cents[reason])
        for cause, cent in zip(given, shown, strict=True):
            yield cause._replace(units=figure(cause.units, cent, digits))


def _rounding(cents: int, digits: int) -> tuple[Cause, ...]:
    return (Cause(Reason.ROUNDING, "", figure(0, cents, digits)),) if cents else ()
