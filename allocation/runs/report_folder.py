"""Writes the pages of a month into a folder, completely or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from allocation.adapters.folders.earlier_months import ITEMS, STATEMENT
from allocation.adapters.folders.review_file import FILE as REVIEW_FILE
from allocation.adapters.folders.review_sign_off import sign_off_text
from allocation.adapters.folders.run import MANIFEST, new_run, sha256_of, write_json
from allocation.report.showback.client import account
from allocation.report.showback.content import Page
from allocation.report.showback.engineering import engineering
from allocation.report.showback.finance import finance
from allocation.report.showback.index import index
from allocation.report.showback.month import Showback
from allocation.report.showback.quarterly import SIGN_OFF, Curve, keys, quarterly
from allocation.report.showback.rendering import as_csv, as_html, as_json
from allocation.report.showback.review.register import document as register_document
from allocation.report.statement.openmetrics import as_openmetrics

METRICS: Final = "tenant_cost.prom"
"""The file name; node_exporter's textfile collector reads files with this ending."""


@dataclass(frozen=True)
class Extras:
    """What a report shows besides the month: signatures, a unit-cost curve, and the original documents."""

    documents: tuple[Mapping[str, Any], Mapping[str, Any] | None]
    signed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    curve: Curve | None = None


def pages(showback: Showback, extras: Extras) -> Iterator[Page]:
    """All pages, the first page first."""
    yield index(showback)
    yield engineering(showback)
    yield finance(showback)
    yield quarterly(showback, extras.signed, extras.curve)
    for client in showback.statement.by_client:
        yield account(showback, client)


def write_report(
    showback: Showback, extras: Extras, out: Path, progress: Callable[[str], None] = lambda _: None
) -> int:
    """Write all pages with their data, the statement and the sign-off file; returns the number of pages.

    Raises:
        AllocationError: When *out* is something else than an earlier report.
    """
    count = 0
    with new_run(out) as folder:
        (folder / "account").mkdir()
        for page in pages(showback, extras):
            progress(page.path)
            for ending, render in (("html", as_html), ("json", as_json), ("csv", as_csv)):
                path = folder / f"{page.path}.{ending}"
                path.write_text(render(page), encoding="utf-8", newline="")
            count += 1
        document, items = extras.documents
        write_json(folder / STATEMENT, document)
        if items is not None:
            (folder / ITEMS).write_text(json.dumps(items, sort_keys=True) + "\n", encoding="utf-8")
        write_json(folder / REVIEW_FILE, register_document(showback))
        (folder / METRICS).write_text(as_openmetrics(showback.statement), encoding="utf-8")
        signing = sign_off_text(showback.statement.month, keys(showback), extras.signed)
        (folder / SIGN_OFF).write_text(signing, encoding="utf-8")
        write_json(
            folder / MANIFEST,
            {
                "schema_version": 1,
                "kind": "report",
                "period": showback.statement.month,
                "pages": count,
                "statement_sha256": sha256_of(folder / STATEMENT),
            },
        )
    return count
