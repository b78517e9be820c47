"""Charges that a month bills for other months: corrections of earlier ones, and what is paid in advance."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum, unique
from typing import NamedTuple

from allocation.engine.allocate import Allocation
from allocation.engine.shared_charges import AllocationType


@unique
class OtherMonthKind(StrEnum):
    """Whether charges correct an earlier month or pay for a later one; documents store these words."""

    CORRECTION = "correction"
    ADVANCE = "advance"


class Part(NamedTuple):
    """What a tenant pays for another month, directly or as a share of a pool, in units.

    `tenant` is None for visible idle capacity; `pool` is '' for direct cost.
    """

    tenant: str | None
    pool: str
    allocation_type: AllocationType
    units: int


class OtherMonth(NamedTuple):
    """The charges of one other month in a statement, in units.

    Attributes:
        month: The month as YYYY-MM.
        parts: The parts of tenants, and idle capacity.
        unallocated: What no rule gives to a tenant.
        as_filed: Pools that are divided as they were filed in that month.
        by_drivers: Pools that are divided by the drivers of the statement's month.
    """

    month: str
    kind: OtherMonthKind
    parts: tuple[Part, ...]
    unallocated: int
    as_filed: tuple[str, ...]
    by_drivers: tuple[str, ...]

    @property
    def units(self) -> int:
        """All of its cost."""
        return sum(part.units for part in self.parts) + self.unallocated


def other_months(allocation: Allocation, month: str) -> tuple[OtherMonth, ...]:
    """Every other month that the statement of *month* (YYYY-MM) has charges of, in their order."""
    found = {cell.other_month for cell in allocation.cells if cell.other_month}
    found |= {item.other_month for item in allocation.unallocated if item.other_month}
    return tuple(_other_month(allocation, other, month) for other in sorted(found))


def idle_of(others: Iterable[OtherMonth]) -> dict[str, int]:
    """The visible idle capacity of other months, by pool."""
    sums: dict[str, int] = {}
    for part in (part for other in others for part in other.parts if part.tenant is None):
        sums[part.pool] = sums.get(part.pool, 0) + part.units
    return sums


def sentence_of(other: OtherMonth, month: str) -> str:
    """What was done with the charges of another month, for a person."""
    what = "correction of" if other.kind is OtherMonthKind.CORRECTION else "paid in advance for"
    how = [
        f"{_pools(pools)} {way}"
        for pools, way in (
            (other.as_filed, f"as filed in {other.month}"),
            (other.by_drivers, f"by the drivers of {month}"),
        )
        if pools
    ]
    return f"{what} {other.month}" + (f", divided: {'; '.join(how)}" if how else "")


def _pools(pools: Iterable[str]) -> str:
    names = list(pools)
    return f"pool{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _other_month(allocation: Allocation, other: str, month: str) -> OtherMonth:
    sums: dict[tuple[str | None, str, AllocationType], int] = {}
    for cell in allocation.cells:
        if cell.other_month == other:
            key = (cell.tenant, cell.pool, cell.allocation_type)
            sums[key] = sums.get(key, 0) + cell.units
    filed = set(allocation.as_filed.get(other, ()))
    pools = sorted({pool for _, pool, _ in sums if pool})
    return OtherMonth(
        other,
        OtherMonthKind.CORRECTION if other < month else OtherMonthKind.ADVANCE,
        tuple(Part(*key, units) for key, units in sums.items()),
        sum(item.units for item in allocation.unallocated if item.other_month == other),
        tuple(pool for pool in pools if pool in filed),
        tuple(pool for pool in pools if pool not in filed),
    )
