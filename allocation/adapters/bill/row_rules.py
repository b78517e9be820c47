"""The named rules that refuse a row of a bill; the first broken rule counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from allocation.adapters.bill.formats import Header
from allocation.adapters.bill.layout import Layout
from allocation.charges import ChargePeriod

RULES: Final = (
    "missing-value",  # a column that every row must fill is empty, or says NULL
    "not-a-number",  # an amount or a quantity is no plain decimal: 1,5, 1_000, +1, $1, NaN, Infinity
    "too-large",  # 2**62 units of 1e-10 or more, or more than 14 digits before the point
    "bad-date",  # a moment is no date or time of ISO 8601, or there is no such day
    "empty-period",  # the charge period ends where it starts, or before
    "other-currency",  # not the currency of the statement, and the rates have none for it
    "unknown-category",  # the kind of charge is none that the format has
    "outside-period",  # the charge period starts outside the statement's
    "tags-not-json",  # the tags are no flat JSON object, or one key is there twice
    "duplicate-line",  # a line of the same name was read before; the first stays
)
"""The rules in the order in which they are checked."""


# Up to 26 characters without an exponent fit; making the decimal of every row only to know that takes as long
# as everything else that is asked.
_QUANTITY_UNREAD: Final = (
    "(length(quantity_text) > 26 OR contains(lower(quantity_text), 'e'))"
    " AND try_cast(quantity_text AS DECIMAL(38, 12)) IS NULL"
)


class Check(NamedTuple):
    """One check of a row.

    Attributes:
        rule: The rule that refuses the row when *condition* is true.
        column: The name of the wrong column in the bill.
        condition: SQL over the columns of `reading`.
        found: SQL of the value found.
    """

    rule: str
    column: str
    condition: str
    found: str


def checks(layout: Layout, header: Header, period: ChargePeriod, currency: str) -> list[Check]:
    """All checks of the rows of a bill, in the order of `RULES`.

    *currency* and *period* are validated before and safe inside SQL.
    """
    asked = [
        *_values(layout),
        *_numbers(layout, header),
        *_moments(layout, period),
        Check("other-currency", layout.currency, f"currency <> '{currency}' AND rate IS NULL", "currency"),
        Check("unknown-category", layout.word, "charge_category IS NULL", "word"),
        Check("tags-not-json", layout.tags, "tags_text IS NOT NULL AND tags IS NULL", "tags_text"),
    ]
    if layout.line:
        asked.append(Check("duplicate-line", layout.line[0], "is_repeated", "line_id"))
    return sorted(asked, key=lambda check: RULES.index(check.rule))


def _values(layout: Layout) -> Iterator[Check]:
    billed = next(iter(layout.amounts))
    needed = {
        layout.amounts[billed][0]: f"{billed}_text",
        layout.start: "start_text",
        layout.end: "end_text",
        layout.currency: "currency",
        layout.word: "word",
        **{layout.texts[text][0]: text for text in layout.needed},
    }
    for column, value in needed.items():
        yield Check("missing-value", column, f"{value} IS NULL", "NULL")


def _numbers(layout: Layout, header: Header) -> Iterator[Check]:
    named = {amount: columns[0] for amount, columns in layout.amounts.items()}
    if layout.quantity:
        named["quantity"] = layout.quantity
    for name, column in named.items():
        if header.find(column) is not None:
            given = f"{name}_text IS NOT NULL"
            if name in layout.counts_for:
                words = ", ".join(f"'{word}'" for word in layout.counts_for[name])
                given = f"word IN ({words}) AND {given}"
            yield Check("not-a-number", column, f"{given} AND NOT {name}_formed", f"{name}_text")
            unread = _QUANTITY_UNREAD if name == "quantity" else f"{name} IS NULL"
            yield Check("too-large", column, f"{given} AND {unread}", f"{name}_text")


def _moments(layout: Layout, period: ChargePeriod) -> Iterator[Check]:
    first, end = (f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}'" for moment in period)
    yield Check("bad-date", layout.start, "period_start IS NULL", "start_text")
    yield Check("bad-date", layout.end, "period_end IS NULL", "end_text")
    yield Check("empty-period", layout.end, "period_end <= period_start", "end_text")
    outside = f"period_start < {first} OR period_start >= {end}"
    yield Check("outside-period", layout.start, outside, "start_text")
