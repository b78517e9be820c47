"""The rows of a FOCUS file as SQL: every charge that is not shared, and every share of those that are.

A share is an allocated charge, and its origin the sum of the charges that one rule sent to one pool (FOCUS
1.3, data generator-calculated split cost allocation): whatever the shares have of their origin is the same on
each, and costs, quantities and ratios add up to it. An origin sums charges of many resources, so it has no
resource and no tags of its own.
"""

# ruff: noqa: S608 - SQL is assembled from our own names
from __future__ import annotations

import re

from allocation.adapters.focus.columns import Column, columns_of
from allocation.adapters.focus.lines import (
    ALIKE,
    BEHIND_ALL_CHARGES,
    COMMON,
    DRIVER_VALUE,
    FILE,
    FREQUENCY,
    HAS_QUANTITY,
    JOINED,
    MOMENTS,
    MONEY,
    MUST_HAVE_ONE,
    NO_ORIGINAL,
    ORIGINAL,
    OWN,
    OWN_NAMES,
    RATIO,
    SERVICE,
    SERVICE_CATEGORY,
    SHARES,
    TRIMMED,
    WHOLE,
)
from allocation.adapters.focus.run import FocusVersion
from allocation.adapters.focus.services import CATEGORIES, SUBCATEGORIES
from allocation.engine.kinds import KINDS
from allocation.engine.tables import COSTS


def rows_sql(
    version: FocusVersion, *, as_text: bool = False, converts: bool = False, only: str = "true"
) -> str:
    """The SELECT of a whole file of *version*; *as_text* writes moments as text, which a CSV needs.

    *only* is a condition of the charges that are written, beside all shares.

    It reads `charged`, `origin`, `share` (`allocation.engine.tables`) and the tables that
    `allocation.adapters.focus.context` prepares.
    """
    return FILE.substitute(
        known=_known(),
        whole=_whole(only, converts=converts),
        shares=_shares(converts=converts),
        columns=_columns(version, as_text=as_text, converts=converts),
    )


def charges_sql(version: FocusVersion, only: str) -> str:
    """The SELECT of the charges alone that fulfil the condition *only*."""
    columns = _columns(version, converts=False)
    line = f"WITH {_known()}, line AS ({_whole(only, converts=False)})"
    return f"{line} SELECT {columns} FROM line CROSS JOIN focus_run AS run"


def shares_sql(version: FocusVersion, *, converts: bool = False) -> str:
    """The SELECT of the shares alone."""
    columns = _columns(version, converts=converts)
    line = f"WITH {_known()}, line AS ({_shares(converts=converts)})"
    return f"{line} SELECT {columns} FROM line CROSS JOIN focus_run AS run"


def kinds_sql(version: FocusVersion, *, converts: bool = False) -> str:
    """The SELECT of what charges have alike, for each number of `decided`: a column `decided`, and FOCUS'."""
    parts = _of("charge", "charge")
    charge = f"(SELECT * FROM {KINDS} JOIN decided USING (kind))"
    source = f"{charge} AS charge {JOINED.substitute(parts)}"
    items = f"SELECT {ALIKE.substitute(parts)}, charge.decided FROM {source}"
    columns = ", ".join(
        f'{_shown(column, as_text=False)} AS "{column.name}"'
        for column in columns_of(version, converts=converts)
        if not _is_own(column)
    )
    return f"""WITH {_known()}, line AS ({items})
        SELECT line.decided, {columns} FROM line CROSS JOIN focus_run AS run"""


def part_sql(version: FocusVersion, first: int, last: int, *, converts: bool = False) -> str:
    """The SELECT of the charges numbered *first* to *last*, beside the table `focus_kind` of `kinds_sql`."""
    parts = _of_charges(converts=converts)
    columns = ", ".join(
        f'{_shown(column, as_text=False) if _is_own(column) else _alike(column)} AS "{column.name}"'
        for column in columns_of(version, converts=converts)
    )
    return f"""SELECT {columns}
        FROM (
            SELECT {OWN.substitute(parts)}, charge.decided
            FROM charged AS charge CROSS JOIN focus_run AS run
            WHERE {WHOLE} AND charge.charge BETWEEN {first} AND {last}
        ) AS line
        CROSS JOIN focus_run AS run JOIN focus_kind AS alike ON alike.decided = line.decided"""


def _whole(only: str, *, converts: bool) -> str:
    parts = _of_charges(converts=converts)
    items = f"{OWN.substitute(parts)}, {ALIKE.substitute(parts)}"
    return f"SELECT {items} FROM charged AS charge {JOINED.substitute(parts)} WHERE {WHOLE} AND ({only})"


def _alike(column: Column) -> str:
    return f'alike."{column.name}"'


def _is_own(column: Column) -> bool:
    return bool(set(re.findall(r"line\.(\w+)", column.value)) & OWN_NAMES)


def _columns(version: FocusVersion, *, as_text: bool = False, converts: bool) -> str:
    return ", ".join(
        f'{_shown(column, as_text=as_text)} AS "{column.name}"'
        for column in columns_of(version, converts=converts)
    )


def _known() -> str:
    return SERVICE_CATEGORY.substitute(
        categories=", ".join(f"'{category}'" for category in CATEGORIES),
        subcategories=", ".join(
            f"('{service}', '{category}', '{subcategory}')"
            for (category, subcategory), services in SUBCATEGORIES.items()
            for service in services
        ),
    )


def _shares(*, converts: bool) -> str:
    return SHARES.substitute(
        _of("origin", "share"),
        behind_all_charges=BEHIND_ALL_CHARGES,
        ratio=TRIMMED.substitute(number=f"({RATIO})"),
        usage=TRIMMED.substitute(number=DRIVER_VALUE),
        driver_value=DRIVER_VALUE,
        origin_cost=MONEY.substitute(units="origin.billed"),
        original=NO_ORIGINAL if converts else "",
    )


def _of_charges(*, converts: bool) -> dict[str, str]:
    original = ORIGINAL if converts else ""
    return _of("charge", "charge") | {"has_quantity": HAS_QUANTITY, "original": original}


def _of(row: str, costs: str) -> dict[str, str]:
    """The columns that direct and allocated lines share: *row* has their values, *costs* their money."""
    service = SERVICE.substitute(row=row)
    money = {cost: MONEY.substitute(units=f"{costs}.{cost}") for cost in COSTS}
    return {
        "costs": ", ".join(f"{amount} AS {cost}" for cost, amount in money.items()),
        "contracted": money["contracted"],
        "service": service,
        "moments": MOMENTS.substitute(row=row),
        "common": COMMON.substitute(row=row, service=service, frequency=FREQUENCY.substitute(row=row)),
        "must_have_one": MUST_HAVE_ONE.substitute(row=row),
    }


def _shown(column: Column, *, as_text: bool) -> str:
    if not column.is_moment:
        return column.value
    if as_text:
        return f"strftime({column.value}, '%Y-%m-%dT%H:%M:%SZ')"
    # The tables' moments are UTC without a zone; in Parquet they carry it (isAdjustedToUTC). `timezone` asks
    # a calendar for each of them, which takes as long as to write nine other columns.
    return f"make_timestamptz(epoch_us({column.value}))"
