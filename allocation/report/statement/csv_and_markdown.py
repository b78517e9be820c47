"""A statement as CSV or Markdown: tenants, then idle, unallocated and total, in cents that add up."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from allocation.engine.drivers import IDLE, UNALLOCATED
from allocation.statement.ledger.figure import cents_text
from allocation.statement.ledger.ledger import ledger_of_statement
from allocation.statement.statement import Statement

_NO_TENANT = ("", "", "")


def as_csv(statement: Statement) -> str:
    """The statement as RFC 4180 with a header; amounts are the settled cents, JSON has the exact ones."""
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
    pools, ledger = statement.pools, ledger_of_statement(statement)

    def texts(cents: Sequence[int]) -> list[str]:
        return [cents_text(each, ledger.digits) for each in cents]

    yield ["tenant", "client", "environment", "tier", "direct", *pools, "cost", "fee", "margin"]
    found = []
    for line in statement.tenants:
        name, term = line.tenant, line.term
        shares = [ledger.pooled[name].get(pool, 0) for pool in pools]
        cost, fee = ledger.total(name), ledger.fees[name]
        found.append((ledger.direct[name], *shares, cost, fee, fee - cost))
        yield [name, term.client, str(term.environment), term.tier, *texts(found[-1])]
    idle, unallocated = [ledger.idle.get(pool, 0) for pool in pools], sum(ledger.unallocated)
    found.append((0, *idle, sum(idle), 0, -sum(idle)))
    yield [IDLE, *_NO_TENANT, *texts(found[-1])]
    found.append((unallocated, *(0 for _ in pools), unallocated, 0, -unallocated))
    yield [UNALLOCATED, *_NO_TENANT, *texts(found[-1])]
    yield ["(total)", *_NO_TENANT, *texts([sum(column) for column in zip(*found, strict=True)])]
