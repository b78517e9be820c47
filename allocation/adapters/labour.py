"""Reads the hours of a ticket export strictly, and writes them as a bill that is read beside the others."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb

from allocation.adapters.csv_table import csv_rows, day_of
from allocation.adapters.folders.run import sha256_of
from allocation.billed.billed_statement import Deployed
from allocation.billed.labour import Worked, bill_rows, kinds_of, rate_of, support_usage, tenants_of
from allocation.charges import ChargePeriod
from allocation.engine import tables
from allocation.engine.drivers import Driver
from allocation.errors import InputError
from allocation.money import units_of
from allocation.prices.price_book import DIRECTORY, load_price_book
from tiers.errors import CatalogError

COLUMNS: Final = ("tenant", "day", "hours", "kind")
"""The columns of a labour file; others may stand beside them, such as the number of a ticket."""

_MOST_BYTES: Final = 64_000_000
_HOURS: Final = re.compile(r"[0-9]{1,5}(\.[0-9]{1,4})?")


@dataclass(frozen=True)
class Labour:
    """The hours of a period.

    Attributes:
        worked: Every row.
        bills: The file in which they stand as a bill; none without hours.
        units: What they cost, in units.
        account: What a manifest says of them.
    """

    worked: tuple[Worked, ...] = ()
    bills: tuple[Path, ...] = ()
    units: int = 0
    account: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def labour_bill(
    path: Path | None,
    period: ChargePeriod,
    deployed: Iterable[Deployed],
    currency: str,
    house: Path = DIRECTORY,
) -> Iterator[Labour]:
    """The hours in *path* as a bill in a folder of its own, which is removed afterwards.

    Raises:
        CatalogError: When the file or the house's prices cannot be read, with every mistake in them.
    """
    if path is None:
        yield Labour()
        return
    prices, tenants = load_price_book(currency, house, ()), tenants_of(deployed)
    worked = read_hours(path, period, kinds_of(prices), tenants)
    with TemporaryDirectory(prefix="costack-labour-") as folder:
        bill = Path(folder) / f"{path.stem}.labour.csv"
        rows = list(bill_rows(worked, tenants, prices, period))
        with bill.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]) if rows else [])
            writer.writeheader()
            writer.writerows(rows)
        account = {
            "file": {path.name: sha256_of(path)},
            "rows": len(worked),
            "hours": f"{sum((each.hours for each in worked), Decimal(0)):f}",
            "rates": {kind: f"{rate_of(prices, kind):f}" for kind in sorted({each.kind for each in worked})},
        }
        units = sum(units_of(each.hours * rate_of(prices, each.kind)) for each in worked)
        yield Labour(tuple(worked), (bill,) if rows else (), units, {"labour": account})


def add_support_usage(
    connection: duckdb.DuckDBPyConnection,
    labour: Labour,
    period: ChargePeriod,
    everybody: Iterable[str] = (),
) -> None:
    """Add the hours of support to the table `usage`, for pools that are divided by them.

    *everybody* are the tenants of several portfolios, which one file of hours is of.

    Raises:
        InputError: When a usage file has such hours, too: they would count twice.
    """
    rows = list(support_usage(labour.worked, period, everybody))
    measured = "SELECT COUNT(*) FROM usage WHERE driver = ?"
    if rows and connection.execute(measured, [str(Driver.SUPPORT_HOURS)]).fetchall() != [(0,)]:
        raise InputError(
            f"--labour and a usage file both have {Driver.SUPPORT_HOURS}: leave them out of the usage file"
        )
    tables.insert(connection, "usage", tables.USAGE, rows)


def read_hours(
    path: Path, period: ChargePeriod, kinds: Collection[str], tenants: Collection[str] = ()
) -> list[Worked]:
    """The rows of the CSV file *path*; a tenant is found whatever its case, and however it is padded.

    Args:
        path: CSV in UTF-8 with the columns `tenant,day,hours,kind`. A tenant may be empty: the work was for
            everybody. Hours are a decimal above 0 with at most four decimals.
        period: The days that may stand in it.
        kinds: The kinds of work that have a price.
        tenants: Ids of the tenants.

    Raises:
        CatalogError: With every wrong value, by row and column. Hours are money, so no row is left out.
    """
    spelled = {tenant.casefold(): tenant for tenant in tenants}
    problems: list[str] = []
    worked = []
    for row in csv_rows(path, COLUMNS, _MOST_BYTES):
        if row.fault:
            problems.append(row.fault)
            continue
        values = row.values
        faults = list(_faults(values, period, kinds))
        problems += [f"{row.where}, column {fault}" for fault in faults]
        if not faults:
            tenant = spelled.get(values["tenant"].casefold(), values["tenant"])
            day = date.fromisoformat(values["day"])
            worked.append(Worked(tenant, day, Decimal(values["hours"]), values["kind"]))
    if problems:
        raise CatalogError(*problems)
    return worked


def _faults(values: Mapping[str, str], period: ChargePeriod, kinds: Collection[str]) -> Iterator[str]:
    """What is wrong with a row: column, what was expected, what was found."""
    day = day_of(values["day"])
    if day is None:
        yield f"day: expected a day such as {period.start:%Y-%m-%d}, found '{values['day']}'"
    elif not period.start.date() <= day <= period.last_day:
        yield f"day: expected a day of {period.start:%Y-%m}, found {day}"
    if not _HOURS.fullmatch(values["hours"]) or not Decimal(values["hours"]):
        yield f"hours: expected hours above 0 such as 1.5, found '{values['hours']}'"
    if values["kind"] not in kinds:
        yield f"kind: expected one of {', '.join(kinds)}, which have a price, found '{values['kind']}'"
