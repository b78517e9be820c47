"""The costs that a format makes of several amounts, as SQL over the whole units of `steps`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from allocation.adapters.bill.formats.layout import Layout
from allocation.adapters.bill.net_costs import net_of
from allocation.adapters.distributed.columns import Columns
from allocation.adapters.distributed.numbers import is_given
from allocation.engine.tables import COSTS


def made_costs(columns: Columns) -> dict[str, str]:
    """Name -> SQL of every cost that is made by a formula, before and after discounts.

    It is linear in the amounts, so groups may be summed; but a cost may have another sign than its amounts,
    so that the rows of a group must agree in its sign, too.
    """
    layouts = {"": columns.layout}
    if any(columns.find(titles[0]) for titles in columns.layout.net.values()):
        layouts["net_"] = net_of(columns.layout)
    return {
        f"{prefix}{cost}": sql for prefix, layout in layouts.items() for cost, sql in _made(columns, layout)
    }


def _made(columns: Columns, layout: Layout) -> Iterator[tuple[str, str]]:
    numbers = {each.name: name for name, each in columns.sums.items()}
    values = {"word": columns.word(layout.word), "reservation": _given(columns, layout)}
    for amount, titles in layout.amounts.items():
        found = columns.find(titles[0])
        values[amount] = f"costack_{numbers[found.name]}" if found else "CAST(NULL AS BIGINT)"
    names = re.compile(rf"\b({'|'.join(values)})\b")
    for cost in COSTS:
        if "CASE" in layout.costs[cost].upper():
            yield cost, names.sub(lambda found: values[found[1]], layout.costs[cost])


def _given(columns: Columns, layout: Layout) -> str:
    for title in layout.texts.get("reservation", ()):
        if (column := columns.find(title)) is not None:
            return f"CASE WHEN {is_given(column)} THEN {column.sql} END"
    return "CAST(NULL AS VARCHAR)"
