"""The named rules that refuse a row of a bill; the first broken rule counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final, NamedTuple

from allocation.adapters.bill.formats.detection import Header
from allocation.adapters.bill.formats.layout import Layout
from allocation.charges import ChargePeriod

RULES: Final = (
    "missing-value",  # a column that every row must fill is empty, or says NULL
    "not-a-number",  # an amount or a quantity is no plain decimal: 1,5, 1_000, +1, $1, NaN, Infinity
    "too-large",  # 2**62 units of 1e-10 or more, or more than 14 digits before the point
    "bad-date",  # a moment is no date or time of ISO 8601, or there is no such day
    "empty-period",  # the charge period or the billing period ends where it starts, or before
    "outside-period",  # another month bills it: by its billing period, or without one by its charge period
    "other-currency",  # not the currency of the statement, and the rates have none for it
    "tags-not-json",  # the tags are no flat JSON object, or one key is there twice
    "duplicate-line",  # a line of the same name was read before; the first stays
)
"""The rules in the order in which they are checked."""

FARTHEST_EAST: Final = timedelta(hours=14)
"""Clocks are at most that far ahead of UTC, so that a month begins there that much earlier.

Tencent Cloud writes the month of Beijing: November starts at 2025-10-31T16:00:00Z ("FOCUS Billing Fields
Description", document 1085/78392). Google's starts in Pacific time, hours into the month of UTC.
"""

# A charge of another month than the one that bills it: it starts on a day before its billing period, or after
# it. Its month holds the middle of its charge period, or of the first four weeks of a longer one; so days and
# months are taken for what they are, wherever midnight is. The invoice's own month is no other.
_MIDDLE: Final = """make_timestamp(epoch_us(period_start)
    + least(epoch_us(period_end) - epoch_us(period_start), 28 * 86400000000) // 2)"""
_BILLED_IN: Final = f"billing_start + INTERVAL {FARTHEST_EAST // timedelta(hours=1)} HOUR"
_BILLED_UNTIL: Final = "coalesce(billing_end, billing_start + INTERVAL 1 MONTH)"
OTHER_MONTH: Final = f"""CASE
    WHEN (period_start < billing_start AND period_start < date_trunc('day', billing_start))
        OR (period_start >= {_BILLED_UNTIL} AND date_trunc('day', period_start) >= {_BILLED_UNTIL})
    THEN nullif(strftime({_MIDDLE}, '%Y-%m'), strftime({_BILLED_IN}, '%Y-%m')) END"""
"""SQL of a row's month where its charge period lies outside its billing period; NULL of all others."""

# Where a bill has several columns with tags, a character that nobody can see stands between their texts.
_TAGS: Final = r"ltrim(replace(regexp_replace(tags_text, '^\x1e[0-9a-f]{16}', ''), chr(30), ' '))"


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

    @property
    def is_of_another_invoice(self) -> bool:
        """Whether what it refuses is on the invoice of another month, by its billing period."""
        return self.rule == "outside-period" and self.found == "billing_start_text"


def has_billing_period(layout: Layout, header: Header) -> bool:
    """Whether the bill says which invoice a row is on."""
    return bool(layout.billing_start) and header.find(layout.billing_start) is not None


def checks(layout: Layout, header: Header, period: ChargePeriod, currency: str) -> list[Check]:
    """All checks of the rows of a bill, in the order of `RULES`.

    *currency* and *period* are validated before and safe inside SQL.
    """
    asked = [
        *_values(layout),
        *_numbers(layout, header),
        *_moments(layout),
        *_membership(layout, header, period),
        Check("other-currency", layout.currency, f"currency <> '{currency}' AND rate IS NULL", "currency"),
        Check("tags-not-json", _tagged(layout, header), "tags_text IS NOT NULL AND tags IS NULL", _TAGS),
    ]
    if layout.line:
        asked.append(Check("duplicate-line", layout.line[0], "is_repeated", "line_id"))
    return sorted(asked, key=lambda check: RULES.index(check.rule))


def _values(layout: Layout) -> Iterator[Check]:
    billed = next(iter(layout.amounts))
    yield Check("missing-value", layout.amounts[billed][0], f"NOT {billed}_given", "NULL")
    needed = {
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
            given = f"{name}_given"
            if name in layout.counts_for:
                words = ", ".join(f"'{word}'" for word in layout.counts_for[name])
                given = f"word IN ({words}) AND {given}"
            yield Check("not-a-number", column, f"{given} AND NOT {name}_formed", f"{name}_text")
            unread = "quantity_unread" if name == "quantity" else f"{name}_units IS NULL"
            yield Check("too-large", column, f"{given} AND {unread}", f"{name}_text")


def _tagged(layout: Layout, header: Header) -> str:
    """The column with all tags, or the columns, or how those of single tags begin."""
    whole = ", ".join(column for column in layout.tags if header.find(column) is not None)
    return whole or next(iter(layout.tag_prefixes), "")


def _moments(layout: Layout) -> Iterator[Check]:
    yield Check("bad-date", layout.start, "period_start IS NULL", "start_text")
    yield Check("bad-date", layout.end, "period_end IS NULL", "end_text")
    yield Check("empty-period", layout.end, "period_end <= period_start", "end_text")


def _membership(layout: Layout, header: Header, period: ChargePeriod) -> Iterator[Check]:
    """Whose month a row is: that of the invoice where the bill says it, else that of the charge.

    "The sum of the Billed Cost metric for rows in a given billing period MUST match the sum of the invoices
    received for that billing period", and BillingPeriodStart must not be null (FOCUS, billingperiodstart.md
    at 03e1561). So a row without it, in a bill that has the column, is refused and not guessed.
    """
    first, last = layout.billing_start, layout.billing_end
    if not has_billing_period(layout, header):
        yield _outside("period", layout.start, "start_text", period)
        return
    yield Check("missing-value", first, "billing_start_text IS NULL", "NULL")
    yield Check("bad-date", first, "billing_start IS NULL", "billing_start_text")
    yield Check("bad-date", last, "billing_end_text IS NOT NULL AND billing_end IS NULL", "billing_end_text")
    yield Check("empty-period", last, "billing_end <= billing_start", "billing_end_text")
    local = ChargePeriod(period.start - FARTHEST_EAST, period.end - FARTHEST_EAST)
    yield _outside("billing", first, "billing_start_text", local)


def _outside(name: str, column: str, found: str, period: ChargePeriod) -> Check:
    first, end = (f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}'" for moment in period)
    condition = f"{name}_start < {first} OR {name}_start >= {end}"
    return Check("outside-period", column, condition, found)
