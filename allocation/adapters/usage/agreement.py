"""Compares usage from two sources, such as AWS' own measurement with that of Prometheus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import duckdb

from allocation.adapters.usage.intake import read_usage
from allocation.adapters.usage.rows import WIDE, UsageFileError, UsageRow
from allocation.charges import ChargePeriod
from allocation.engine.drivers import Driver

_WHOLE: Final = Decimal(100)
_SUMS: Final = "SELECT tenant, driver, SUM(quantity) FROM usage GROUP BY ALL"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A tenant's quantity of a driver in both sources; None where one has none."""

    tenant: str
    driver: str
    here: Decimal | None
    there: Decimal | None

    def __str__(self) -> str:
        """A sentence."""
        here, there = (f"{each:.3f}" if each is not None else "none" for each in (self.here, self.there))
        return f"{self.driver} of {self.tenant}: {here} here, {there} in the other file"


def disagreements(
    rows: Iterable[UsageRow], other: Path, period: ChargePeriod, percent: int
) -> tuple[tuple[Disagreement, ...], int]:
    """What differs by more than *percent* of the larger quantity, largest first; and how much was compared.

    Only drivers that both sources have are compared.

    Args:
        rows: Usage of one source.
        other: A usage file of the other.
        period: The month of both.
        percent: What is let pass.

    Raises:
        UsageFileError: When the file cannot be read, has rows that are refused, or no driver of *rows*.
    """
    here: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        here[row.tenant, row.driver] += row.quantity or Decimal()
    there = _sums(other, period)
    both = {driver for _, driver in here} & {driver for _, driver in there}
    if not both:
        raise UsageFileError(
            f"{other}: has none of the drivers {', '.join(sorted({driver for _, driver in here}))}"
        )
    keys = sorted(key for key in here.keys() | there.keys() if key[1] in both)
    off = [(_apart(here.get(key), there.get(key)), key) for key in keys]
    found = sorted((-by, key) for by, key in off if by > percent)
    return tuple(Disagreement(*key, here.get(key), there.get(key)) for _, key in found), len(keys)


def _sums(path: Path, period: ChargePeriod) -> Mapping[tuple[str, str], Decimal]:
    connection = duckdb.connect()
    intake = read_usage(connection, [path], period, list(Driver))
    if intake.refused:
        rules = ", ".join(f"{rule} ({count})" for rule, count in intake.refused.items())
        raise UsageFileError(f"{path}: has rows that cannot be compared: {rules}")
    return {(tenant, driver): quantity for tenant, driver, quantity in connection.execute(_SUMS).fetchall()}


def _apart(here: Decimal | None, there: Decimal | None) -> Decimal:
    """By how many per cent of the larger one they differ."""
    one, two = here or Decimal(), there or Decimal()
    larger = max(one, two)
    return WIDE.divide(WIDE.multiply(abs(one - two), _WHOLE), larger) if larger else Decimal()
