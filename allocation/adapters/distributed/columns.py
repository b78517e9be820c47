"""What the columns of a delivered bill are to an allocation: words, amounts, moments, or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from allocation.adapters.bill.failures import BillError
from allocation.adapters.bill.formats.columns import FOCUS
from allocation.adapters.bill.formats.detection import Column, Header
from allocation.adapters.bill.formats.layout import Layout
from allocation.adapters.bill.tags import sources_of
from allocation.adapters.focus.allocated_columns import OF_OTHERS, is_ours

_SPECIAL: Final = ("line_id", "resource_id", "description")
"""Texts that differ from row to row and of which only something is kept."""
_UNASKED: Final = ("resource_name", "resource_type", "sku_price_id")
"""Texts that no statement asks for; a FOCUS file has them of each line."""
MOMENT_TYPES: Final = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a bill by what they are.

    Attributes:
        layout: Its format.
        words: Columns that a group has as they are delivered.
        amounts: Columns of money.
        quantity: Of what was used; None without one.
        start, end: Of the charge period.
        resource, description, sku: None where the bill has none.
        line: Columns that name a line once and for all; empty for FOCUS.
        line_id: The column of a line's own name, which need not be its only one.
        allocated: Columns of charges that somebody allocated before.
        unasked: Texts that only a FOCUS file asks for, by our name.
    """

    layout: Layout
    words: tuple[Column, ...]
    amounts: tuple[Column, ...]
    quantity: Column | None
    start: Column
    end: Column
    resource: Column | None
    description: Column | None
    sku: Column | None
    line: tuple[Column, ...]
    line_id: Column | None
    allocated: tuple[Column, ...]
    unasked: Mapping[str, Column]

    @property
    def has_moments(self) -> bool:
        """Whether the charge period has types of moments; text is kept as it is."""
        return self.start.type in MOMENT_TYPES and self.end.type in MOMENT_TYPES

    @property
    def named_words(self) -> dict[str, Column]:
        """The words by their names in an answer."""
        return {f"w{number}_{plain_name(each)}": each for number, each in enumerate(self.words)}

    @property
    def sums(self) -> dict[str, Column]:
        """The amounts by their names in an answer."""
        return {f"a{number}_{plain_name(each)}": each for number, each in enumerate(self.amounts)}

    @property
    def delivered(self) -> tuple[Column, ...]:
        """Every column that is read, once."""
        rest = (self.quantity, self.start, self.end, self.resource, self.description, self.sku, self.line_id)
        found = (*self.words, *self.amounts, *rest, *self.line, *self.allocated)
        return tuple({each.name: each for each in found if each is not None}.values())

    @property
    def commitments(self) -> tuple[Column, ...]:
        """The words that name a commitment."""
        titles = self.layout.texts.get("commitment_discount_id", ())
        return tuple(found for title in titles if (found := self.find(title)))

    def find(self, title: str) -> Column | None:
        """The column called *title*, in any case, if it is read."""
        return next((each for each in self.delivered if each.name.casefold() == title.casefold()), None)

    def word(self, title: str) -> str:
        """SQL of the column *title*, NULL if the bill has none."""
        found = self.find(title)
        return found.sql if found else "CAST(NULL AS VARCHAR)"


def columns_of(layout: Layout, header: Header) -> Columns:
    """The columns of *header*, a bill in the format *layout*.

    Raises:
        BillError: When an engine cannot group the bill.
    """
    if is_ours(header.names):
        raise BillError(f"{header.bill}: costack wrote it; leave --engine out, it has few rows to read back")
    amounts = tuple(_amounts(layout, header))
    special = {name: header.find(layout.texts[name][0]) for name in _SPECIAL if name in layout.texts}
    start, end = header.find(layout.start), header.find(layout.end)
    if start is None or end is None:  # both are required of the format
        raise BillError(f"{header.bill}: expected {layout.start} and {layout.end}, found {header.names}")
    quantity = header.find(layout.quantity) if layout.quantity else None
    allocated = tuple(_found(header, OF_OTHERS.values())) if layout is FOCUS else ()
    line = tuple(_found(header, layout.line))
    asked_by_focus = ((name, header.find(layout.texts[name][0])) for name in _UNASKED if name in layout.texts)
    unasked = {name: column for name, column in asked_by_focus if column is not None}
    apart = {
        each.name for each in (*amounts, *line, *allocated, start, end, quantity, *special.values()) if each
    }
    words = {each.name: each for each in _words(layout, header) if each.name not in apart}
    return Columns(
        layout,
        tuple(words.values()),
        amounts,
        quantity,
        start,
        end,
        special.get("resource_id"),
        special.get("description"),
        header.find(layout.texts["sku_id"][0]) if "sku_id" in layout.texts else None,
        line,
        special.get("line_id"),
        allocated,
        unasked,
    )


def plain_name(column: Column) -> str:
    """The name of *column* in the answer of an engine: small letters, digits and `_`.

    >>> plain_name(Column("lineItem/UsageAmount", '"lineItem/UsageAmount"', "DOUBLE"))
    'lineitem_usageamount'
    """
    return re.sub("[^a-z0-9]+", "_", column.name.lower())


def _found(header: Header, names: Iterable[str]) -> Iterator[Column]:
    """The columns that *names* call, where a name with a dot is a key in a map."""
    for name in names:
        if (column := header.find(name.partition(".")[0])) is not None:
            yield column


def _words(layout: Layout, header: Header) -> Iterator[Column]:
    for name, titles in layout.texts.items():
        if name not in _UNASKED and name not in _SPECIAL:
            yield from _found(header, titles)
    named = (layout.currency, layout.word, layout.billing_start, layout.billing_end)
    yield from _found(header, filter(None, named))
    yield from (source.column for source in sources_of(layout, header))


def _amounts(layout: Layout, header: Header) -> Iterator[Column]:
    taken = [titles[0] for titles in (*layout.amounts.values(), *layout.net.values())]
    yield from _found(header, taken)
    has_net = any(True for titles in layout.net.values() for _ in _found(header, titles[:1]))
    for column in _found(header, layout.discount):
        if column.type.startswith("MAP") and not has_net:
            raise BillError(
                f"{header.bill}: its discounts are in a map, and no column has the costs after them: select "
                f"{next(iter(layout.net.values()))[0]} for the export, or leave --engine out"
            )
        if not column.type.startswith("MAP"):
            yield column
