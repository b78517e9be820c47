"""Finds two deliveries of one bill among files of which no manifest speaks, so that they are not added up.

Lines of FOCUS have no ids, and AWS says of those of a Cost and Usage Report that "the line item ID isn't
consistent between different Cost and Usage Reports and can't be used to identify the same line item across
different reports" (docs.aws.amazon.com/cur/latest/userguide/identity-columns.html). So what a line is about
counts: account, service, region, resource, SKU, category and the start of its charge period, whatever it
costs. This is asked only of deliveries whose days and accounts meet, not of a file for each day or account.
"""

# ruff: noqa: S608 - SQL is assembled from our own names and numbers
from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

_ACCOUNT: Final = ("billing_account", "sub_account")
_ABOUT: Final = (
    *_ACCOUNT,
    "service",
    "region",
    "resource_id",
    "sku_id",
    "sku_price_id",
    "word",
    "period_start",
)

Ask = Callable[[str], Sequence[Sequence[Any]]]
"""Runs SQL and gives its rows."""


class Rows(NamedTuple):
    """Rows of files in one format: *sql* has their `file`, and the columns of `_ABOUT`."""

    format: str
    sql: str


class Overlap(NamedTuple):
    """Two files of different deliveries with lines about the same.

    Attributes:
        first, second: Numbers of the files.
        lines: How many lines of either are about the same; None where their formats cannot be compared.
    """

    first: int
    second: int
    lines: int | None


class _Span(NamedTuple):
    """The time that a delivery has of one account, in one format."""

    start: datetime
    end: datetime
    delivery: int
    file: int


_Spans = Mapping[tuple[str, tuple[str | None, ...]], Sequence[_Span]]
"""Format and account -> one span for each delivery."""


def overlap_of(ask: Ask, rows: Sequence[Rows], deliveries: Sequence[int]) -> Overlap | None:
    """The two deliveries with most lines about the same; None when no two have any.

    *deliveries* has the delivery of each file.
    """
    if len(set(deliveries)) == 1 or not rows:
        return None
    number = f"[{', '.join(map(str, deliveries))}][file + 1]"
    spans = _spans(ask, rows, number)
    twice = _in_two_formats(spans)
    if twice:
        return Overlap(twice[0].file, twice[1].file, None)
    meeting = {delivery for found in spans.values() for delivery in _meeting(found)}
    return _same_lines(ask, rows, number, meeting) if meeting else None


def _spans(ask: Ask, rows: Sequence[Rows], number: str) -> _Spans:
    found: dict[tuple[str, tuple[str | None, ...]], dict[int, _Span]] = defaultdict(dict)
    for each in rows:
        sql = f"""SELECT {", ".join(_ACCOUNT)}, min(period_start), max(period_start), {number} AS delivery,
            min(file) FROM ({each.sql}) WHERE period_start IS NOT NULL
            GROUP BY {", ".join(_ACCOUNT)}, delivery"""
        for *account, start, end, delivery, file in ask(sql):
            known = found[each.format, tuple(account)]
            one = known.get(delivery, _Span(start, end, delivery, file))
            known[delivery] = one._replace(start=min(start, one.start), end=max(end, one.end))
    return {key: list(known.values()) for key, known in found.items()}


def _in_two_formats(spans: _Spans) -> tuple[_Span, _Span] | None:
    """Two deliveries that have the same days of one account in two formats.

    They have no line in common, and the account would be paid twice all the same.
    """
    for (one, account), (other, same) in itertools.combinations(spans, 2):
        if one != other and account == same and account[0] is not None:
            for first, second in itertools.product(spans[one, account], spans[other, same]):
                if first.start <= second.end and second.start <= first.end:
                    return first, second
    return None


def _meeting(spans: Iterable[_Span]) -> Iterator[int]:
    """The deliveries that share a moment with another one."""
    reaching: _Span | None = None
    for span in sorted(spans):
        if reaching and span.start <= reaching.end:
            yield from (reaching.delivery, span.delivery)
        if reaching is None or span.end > reaching.end:
            reaching = span


def _same_lines(ask: Ask, rows: Sequence[Rows], number: str, meeting: Iterable[int]) -> Overlap | None:
    among = ", ".join(map(str, sorted(meeting)))
    keys = " UNION ALL ".join(
        f"SELECT hash('{each.format}', {', '.join(_ABOUT)}) AS about, file, {number} AS delivery"
        f" FROM ({each.sql}) WHERE period_start IS NOT NULL AND {number} IN ({among})"
        for each in rows
    )
    same = f"""SELECT arg_min(file, delivery) AS first, arg_max(file, delivery) AS second
        FROM ({keys}) GROUP BY about HAVING min(delivery) <> max(delivery)"""
    pairs = ask(f"SELECT first, second, count(*) FROM ({same}) GROUP BY ALL ORDER BY 3 DESC, 1, 2 LIMIT 1")
    return Overlap(*pairs[0]) if pairs else None
