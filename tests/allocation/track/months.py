"""Bills by day of a small firm: three tenants that share a platform, and as many months as are asked for."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from allocation.engine.rulebook import DIRECTORY
from allocation.track.series import Span
from tests.cli.reporting import costack, said
from tests.portfolios import ROOT

FIRM: Final = ROOT / "tests" / "golden" / "small-firm-shared"
TENANTS: Final = ("acme", "borealis", "cygnus")
_COLUMNS: Final = (
    *("id", "start", "end", "service", "cost", "currency", "resource_id", "region", "charge_category"),
    "tags",
)
_WEEKEND: Final = (5, 6)


def cents_of(day: date, tenant: str) -> int:
    """What a tenant's own use costs on a day: less at weekends, and a cent more or less from day to day."""
    base = 400 + 100 * TENANTS.index(tenant)
    return (base // 2 if day.weekday() in _WEEKEND else base) + day.toordinal() * 7 % 11 - 5


def days_of(month: str, until: int | None = None) -> Iterator[date]:
    """The days of a month, or its first so many."""
    first = date.fromisoformat(f"{month}-01")
    for number in range(until or Span.month(first).days):
        yield first + timedelta(days=number)


def rows_of(
    month: str, until: int | None = None, more: Mapping[tuple[str, int], int] | None = None
) -> list[dict[str, str]]:
    """The rows of a month: each tenant's use by day, nodes by day, a fee of the month, tax at its end.

    *more* has cents beyond the usual ones, by tenant and number of the day.
    """
    rows = [_fee(month)]
    for day in days_of(month, until):
        rows.append(_row(day, "Amazon Elastic Compute Cloud", 2880, "platform-nodes"))
        for tenant in TENANTS:
            rows.append(_row(day, "Amazon Simple Storage Service", cents_of(day, tenant), "", tenant))
            if extra := (more or {}).get((tenant, day.day)):
                rows.append(_row(day, "AWS Data Transfer", extra, f"restore-{tenant}", tenant))
    if until is None:
        rows.append({**_row(day, "Tax", 5000, ""), "charge_category": "Tax"})
    return [{**row, "id": f"{month}-{number}"} for number, row in enumerate(rows)]


def written(path: Path, rows: Iterable[Mapping[str, str]]) -> Path:
    """The rows as a bill."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, _COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def rules(folder: Path) -> Path:
    """The rulebook of the firm, in force all year."""
    text = (DIRECTORY / "2026-11.yaml").read_text(encoding="utf-8")
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    dated = re.sub(r"(?m)^effective: .*$", "effective: 2026-01-01", text)
    (folder / "rules" / "2026-01.yaml").write_text(dated, encoding="utf-8")
    return folder / "rules"


def filed(folder: Path, months: Iterable[str]) -> Path:
    """A folder in which *months* are closed."""
    for month in months:
        bill = written(folder / "bills" / f"{month}.csv", rows_of(month))
        said(
            "allocate", "--bill", bill, "--inventory", FIRM / "inventory.json", "--period", month,
            "--history", folder / "filed", "--close", "--despite", "a made-up month",
            "--rulebook", rules(folder),
        )  # fmt: skip
    return folder / "filed"


def track(bill: Path, *more: object, month: str = "2026-11") -> Any:
    """What `costack track` says of a month so far."""
    return costack(
        "track", "--bill-so-far", bill, "--inventory", FIRM / "inventory.json", "--period", month, *more
    )


def _fee(month: str) -> dict[str, str]:
    first = date.fromisoformat(f"{month}-01")
    end = date.fromordinal(Span.month(first).end)
    return {**_row(first, "Amazon Elastic Kubernetes Service", 7300, ""), "end": f"{end}"}


def _row(day: date, service: str, cents: int, resource: str, tenant: str = "") -> dict[str, str]:
    domain = "tenant-runtime" if tenant else "shared-platform"
    tags = {
        "cost/domain": domain, "cost/lifecycle-stage": "active", "cost/region": "us-east-1",
        "cost/service-line": "odoo-hosting",
    }  # fmt: skip
    if tenant:
        tags |= {
            "cost/tenant": tenant, "cost/client": f"{tenant}-ltd", "cost/environment": "production",
            "cost/service-tier": "shared-namespace", "cost/recovery-class": "standard",
        }  # fmt: skip
    return {
        "id": "", "start": f"{day}", "end": f"{day + timedelta(days=1)}", "service": service,
        "cost": f"{Decimal(cents) / 100:.2f}", "currency": "USD", "resource_id": resource,
        "region": "us-east-1", "charge_category": "Usage", "tags": json.dumps(tags),
    }  # fmt: skip
