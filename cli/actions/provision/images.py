"""`costack images`: which images a portfolio runs, and whether their scans are good enough."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from allocation.errors import GateError
from allocation.runs.before_and_after import only_portfolio
from cli.console.output import echo
from cli.console.table import print_table
from lifecycle.adapters.scan_reports import read_report, read_sbom
from lifecycle.evidence import append
from lifecycle.image_scan.reports import images_of
from lifecycle.image_scan.scanned import STEP
from lifecycle.image_scan.verdict import ImageVerdict, Judged, Verdict, verdict
from tiers.errors import CatalogError
from tiers.plan.resolve import resolve
from tiers.portfolio.gates.image_scan import Severity
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.strict_yaml import collect

_SHOWN: Final = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.UNKNOWN)


@dataclass(frozen=True)
class CheckRequest:
    """What the command line asks for; each field is the option of its name."""

    portfolio: Path | None
    reports: tuple[Path, ...]
    sboms: tuple[Path, ...]
    now: datetime
    evidence: Path | None
    cwd: Path
    as_json: bool


def print_images(portfolio: Path | None, cwd: Path) -> None:
    """Print every image of the portfolio, one a line.

    Raises:
        CatalogError: When the portfolio cannot be read.
    """
    for image in images_of(resolve(*load_catalog_and_portfolio(portfolio or only_portfolio(cwd)))):
        echo(image)


def check_images(request: CheckRequest) -> None:
    """Print the verdict, record it, and fail when an image may not run.

    Raises:
        CatalogError: When the portfolio, its rules, a report or an SBOM cannot be read.
        GateError: When an image may not run.
    """
    folder = request.portfolio or only_portfolio(request.cwd)
    catalog, portfolio = load_catalog_and_portfolio(folder)
    rules = portfolio.platform.images.scan
    if rules is None:
        raise CatalogError(
            f"{folder / 'platform.yaml'}: images.scan is missing; expected rules such as fail_from: high"
        )
    problems: list[str] = []
    reports = [collect(problems, partial(read_report, path)) for path in request.reports]
    sboms = [collect(problems, partial(read_sbom, path)) for path in request.sboms]
    if problems:
        raise CatalogError(*problems)
    images = images_of(resolve(catalog, portfolio))
    found = verdict(images, filter(None, reports), filter(None, sboms), rules, request.now)
    record = _document(portfolio.platform.portfolio, found, images, request.now)
    _show(found, record, as_json=request.as_json)
    if request.evidence is not None:
        append(request.evidence, record)
    if found.failed:
        raise GateError(*found.failed)


def _show(found: Verdict, record: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        echo(json.dumps(record, indent=2, ensure_ascii=False))
        return
    table = Table(title="images", title_justify="left")
    for name in ("image", "scanned by", "on", *map(str, _SHOWN), "accepted", "failing"):
        table.add_column(name, justify="left" if name in ("image", "scanned by", "on") else "right")
    for each in found.images:
        table.add_row(*_row(each))
    notes = [*(f"note: {note}" for note in found.notes)]
    accepted = [
        f"accepted until {judged.waiver.until}: {each.image}: {judged.vulnerability.in_words}: "
        f"{judged.waiver.reason} ({judged.waiver.owner})"
        for each in found.images
        for judged in each.waived
        if judged.waiver is not None
    ]
    print_table(table, [*accepted, *notes])


def _row(each: ImageVerdict) -> tuple[str, ...]:
    by = ", ".join(report.scanner for report in each.reports) or "nobody"
    on = ", ".join(f"{report.taken_at:%Y-%m-%d}" for report in each.reports)
    counts = [str(each.count(severity)) if each.reports else "?" for severity in _SHOWN]
    judged = [str(len(found)) if each.reports else "?" for found in (each.waived, each.failing)]
    return each.image, by, on, *counts, *judged


def _document(
    portfolio: str, found: Verdict, images: Mapping[str, tuple[str, ...]], now: datetime
) -> dict[str, Any]:
    return {
        "at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "step": STEP,
        "portfolio": portfolio,
        "images": [_image(each, images[each.image]) for each in found.images],
        "notes": list(found.notes),
        "failed": list(found.failed),
        "result": "failed" if found.failed else "ok",
    }


def _image(each: ImageVerdict, facts: tuple[str, ...]) -> dict[str, Any]:
    return {
        "image": each.image,
        "runs": list(facts),
        "reports": [
            {
                "file": report.file.path,
                "sha256": report.file.sha256,
                "scanner": report.scanner,
                "taken_at": f"{report.taken_at:%Y-%m-%dT%H:%M:%SZ}",
            }
            for report in each.reports
        ],
        "sboms": [
            {
                "file": sbom.file.path,
                "sha256": sbom.file.sha256,
                "form": sbom.form,
                "components": sbom.components,
            }
            for sbom in each.sboms
        ],
        "found": {str(severity): each.count(severity) for severity in Severity},
        "accepted": [*_accepted(each.waived)],
        "failing": [judged.vulnerability.in_words for judged in each.failing],
        "missing": list(each.missing),
    }


def _accepted(waived: tuple[Judged, ...]) -> Iterator[dict[str, Any]]:
    for judged in waived:
        if judged.waiver is not None:
            yield {
                "what": judged.vulnerability.in_words,
                "until": judged.waiver.until.isoformat(),
                "reason": judged.waiver.reason,
                "owner": judged.waiver.owner,
            }
