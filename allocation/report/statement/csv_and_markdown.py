"""A statement as CSV or Markdown: a row per tenant, then idle, unallocated and total, all exact."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from allocation.engine.drivers import IDLE, UNALLOCATED
from allocation.money import text_of
from allocation.statement.statement import Statement

_NO_TENANT = ("", "", "")


def as_csv(statement: Statement) -> str:
    """The statement as RFC 4180 with a header; amounts are exact decimals of its currency."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows(statement))
    return text.getvalue()


def as_markdown(statement: Statement) -> str:
    """The statement as a table for a pull request or a wiki."""
    header, *body = rows(statement)
    lines = [header, ["---", "---", "---", "---", *("---:" for _ in header[4:])], *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def rows(statement: Statement) -> Iterator[Sequence[str]]:
    """Header and rows; the last three are idle, unallocated and the total charged."""
    pools = statement.pools
    yield ["tenant", "client", "environment", "tier", "direct", *pools, "cost", "fee", "margin"]
    for line in statement.tenants:
        shares = [line.pooled.get(pool, 0) for pool in pools]
        amounts = (line.direct, *shares, line.total, line.fee, line.margin)
        term = line.term
        yield [line.tenant, term.client, str(term.environment), term.tier, *map(text_of, amounts)]
    idle = [statement.idle.get(pool, 0) for pool in pools]
    yield _last(IDLE, (0, *idle, statement.idle_total, 0, -statement.idle_total))
    unallocated = statement.unallocated_total
    yield _last(UNALLOCATED, (unallocated, *(0 for _ in pools), unallocated, 0, -unallocated))
    fees = sum(line.fee for line in statement.tenants)
    sums = [
        sum(line.pooled.get(pool, 0) for line in statement.tenants) + statement.idle.get(pool, 0)
        for pool in pools
    ]
    charged = statement.charged
    yield _last("(total)", (statement.direct + unallocated, *sums, charged, fees, fees - charged))


def _last(name: str, amounts: Sequence[int]) -> list[str]:
    return [name, *_NO_TENANT, *map(text_of, amounts)]
