"""The billed cost by invoice: compared with the invoice, and divided among tenants to the cent.

Invoices are of billed cost: effective cost spreads what was invoiced once. A bill's rows have more decimals
than an invoice, so the cents of all tenants are settled on the invoice's own total where both differ by less
than a cent; a larger difference has a row of its own.
"""

# ruff: noqa: S608 - names of our own
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

import duckdb

from allocation.billed.payers import IS_WHOLE, OF_CHARGE, OF_SHARE, TENANTS_FIRST
from allocation.billed.readiness import Gate
from allocation.engine.drivers import UNALLOCATED
from allocation.money import UNITS_PER_CENT, in_cents, text_of, units_of

NO_INVOICE: Final = "(none)"
"""Stands for rows without an invoice: the bill does not say, or there is none yet."""
REFUSED: Final = "(refused)"
DIFFERENCE: Final = "(difference)"

_PARTS: Final = f"""
SELECT COALESCE(invoice_id, '{NO_INVOICE}') AS invoice, payer, SUM(billed) FROM (
    SELECT invoice_id, {OF_CHARGE} AS payer, billed
    FROM charged WHERE {IS_WHOLE}
    UNION ALL
    SELECT origin.invoice_id, {OF_SHARE} AS payer, share.billed
    FROM share JOIN origin USING (origin)
) GROUP BY invoice, payer ORDER BY invoice, {TENANTS_FIRST}"""
# In another currency, or without one, the amount is not money of the statement.
_REFUSED: Final = f"""
SELECT COALESCE(invoice_id, '{NO_INVOICE}') AS invoice, COUNT(*), COUNT(*) FILTER (NOT known),
    COALESCE(SUM(amount) FILTER (known), 0)
FROM (
    SELECT *, amount IS NOT NULL AND rule NOT IN ('other-currency', 'missing-value') AS known FROM refused
) GROUP BY ALL ORDER BY ALL"""


@dataclass(frozen=True)
class Invoice:
    """The rows of one invoice.

    Attributes:
        parts: What each tenant pays, in units, and what is idle or unallocated.
        refused: The cost of refused rows whose amount is known, in units; `unknown` is how many others
            there are of `refused_rows`.
        total: The total of the invoice in cents, if it was given.
    """

    invoice: str
    parts: Mapping[str, int]
    refused: int = 0
    refused_rows: int = 0
    unknown: int = 0
    total: int | None = None

    @property
    def charged(self) -> int:
        """What was charged, in units."""
        return sum(self.parts.values())

    @property
    def difference(self) -> int | None:
        """The invoice less all rows whose amount is known, in units; None without a total."""
        read = self.charged + self.refused
        return None if self.total is None else self.total * UNITS_PER_CENT - read

    @property
    def is_settled(self) -> bool:
        """Whether the rows are the invoice, but for parts of a cent."""
        return self.difference is not None and abs(self.difference) < UNITS_PER_CENT and not self.unknown

    def cents(self) -> Iterator[tuple[str, int]]:
        """Every part in whole cents; with a total they add up to it, else to the rounded sum of the rows."""
        units = {**self.parts, **({REFUSED: self.refused} if self.refused else {})}
        cents = in_cents(list(units.values()), self.total if self.is_settled else None)
        yield from zip(units, cents, strict=True)
        if self.total is not None and not self.is_settled:
            yield DIFFERENCE, self.total - sum(cents)

    def gate(self) -> Gate:
        """Whether the rows are the invoice; only for one whose total was given."""
        found = f"unknown: refused rows without a known amount: {self.unknown}"
        if not self.unknown:
            found = text_of(self.difference or 0)
        return Gate(f"invoice {self.invoice} (difference)", found, "less than 0.01", self.is_settled)

    def document(self) -> dict[str, Any]:
        """The overview as plain JSON data; amounts are exact text."""
        return {
            "charged": text_of(self.charged),
            "unallocated": text_of(self.parts.get(UNALLOCATED, 0)),
            "refused": text_of(self.refused),
            "refused_rows": self.refused_rows,
            "unknown_amounts": self.unknown,
            "total": None if self.total is None else text_of(self.total * UNITS_PER_CENT),
            "difference": None if self.difference is None else text_of(self.difference),
        }


def invoices(connection: duckdb.DuckDBPyConnection, given: Mapping[str, Decimal]) -> tuple[Invoice, ...]:
    """Every invoice of the bill, and those *given* with their total in the currency of the statement."""
    found: dict[str, dict[str, int]] = {name: {} for name in given}
    for name, payer, units in connection.execute(_PARTS).fetchall():
        found.setdefault(name, {})[payer] = int(units)
    refused = {name: row for name, *row in connection.execute(_REFUSED).fetchall()}
    made = []
    for name in sorted({*found, *refused}):
        total = units_of(given[name]) // UNITS_PER_CENT if name in given else None
        invoice = Invoice(name, found.get(name, {}), total=total)
        if name in refused:
            rows, unknown, amount = refused[name]
            invoice = replace(invoice, refused=units_of(amount), refused_rows=rows, unknown=unknown)
        made.append(invoice)
    return tuple(made)


def table_rows(found: Iterable[Invoice]) -> Iterator[list[str]]:
    """A header and the rows of `invoices.csv`, in cents."""
    yield ["invoice_id", "tenant", "amount"]
    for invoice in found:
        for payer, cents in invoice.cents():
            yield [invoice.invoice, payer, f"{Decimal(cents).scaleb(-2):.2f}"]
