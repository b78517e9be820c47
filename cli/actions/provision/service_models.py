"""`costack unit-costs` without a tier: what each service model costs, earns and promises."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.table import Table

from allocation.money import text_of
from allocation.preview.cost_estimate import CostEstimate
from allocation.preview.unit_costs.service_models import ServiceModel, models, scenarios
from allocation.report.figures import money, percent
from allocation.statement.ledger.ledger import Ledger
from cli.console.output import echo
from cli.console.table import print_csv, print_table
from tiers.catalog.tier import Catalog

HEADS = ("tenants", "direct", "pooled", "cost", "fee", "margin", "margin %")
_NAMES = ("table", "name", "tenants", "direct", "pooled", "cost", "fee", "margin", "promises")


def print_service_models(estimate: CostEstimate, catalog: Catalog, output: str) -> None:
    """Print the two tables, or their exact amounts as `json` or `csv`."""
    found = {
        "models": models(estimate, catalog.classes),
        "scenarios": scenarios(estimate, catalog.classes),
    }
    if output == "json":
        document = {name: [_document(row) for row in rows] for name, rows in found.items()}
        echo(json.dumps(document, indent=2))
        return
    if output == "csv":
        rows = [{"table": name, **_document(row)} for name, each in found.items() for row in each]
        print_csv(rows, _NAMES)
        return
    currency = estimate.plan.currency
    for name, each in found.items():
        cells = figures(each, estimate.ledger)
        print_table(_table(f"service {name}, {currency} a month", each, cells), _promised(each))


def figures(rows: Iterable[ServiceModel], ledger: Ledger) -> list[tuple[str, ...]]:
    """Each row's cells below `HEADS`, in the settled cents of the estimate."""
    return [_figures(row, ledger) for row in rows]


def _figures(row: ServiceModel, ledger: Ledger) -> tuple[str, ...]:
    direct = sum(ledger.direct[tenant] for tenant in row.tenants)
    pooled = sum(map(ledger.shares, row.tenants))
    fee = sum(ledger.fees[tenant] for tenant in row.tenants)
    amounts = (direct, pooled, direct + pooled, fee, fee - direct - pooled)
    return (
        str(len(row.tenants)),
        *(money(each, digits=ledger.digits) for each in amounts),
        percent(row.margin, row.fee),
    )


def _table(title: str, rows: Sequence[ServiceModel], figured: Sequence[tuple[str, ...]]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in HEADS:
        table.add_column(name, justify="right", no_wrap=True)
    for row, cells in zip(rows, figured, strict=True):
        table.add_row(row.name, *cells)
    return table


def _promised(rows: Iterable[ServiceModel]) -> Iterator[str]:
    for row in rows:
        if row.promises:
            yield f"{row.name}: {'; '.join(row.promises)}"


def _document(row: ServiceModel) -> dict[str, Any]:
    amounts = ("direct", "pooled", "cost", "fee", "margin")
    return {
        "name": row.name,
        "tenants": list(row.tenants),
        **{name: text_of(getattr(row, name)) for name in amounts},
        "promises": list(row.promises),
    }
