"""Bills of a million rows and more: Parquet in, statement and FOCUS Parquet out, then one charge explained.

python -m tests.bench.bills --rows 1000000 10000000

Each run is a process of its own, `costack` as a user starts it. Printed are time, rows a second, peak memory
and growth; beside each run stands what merely reading the same file and writing it again takes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import duckdb

ROOT: Final = Path(__file__).resolve().parents[2]
SIZES: Final = (1_000_000, 10_000_000)
TENANTS: Final = 1000
_SERVICES: Final = (
    ("Amazon Elastic Compute Cloud", "Compute"),
    ("Amazon Relational Database Service", "Databases"),
    ("Amazon ElastiCache", "Databases"),
    ("Amazon Elastic File System", "Storage"),
    ("Amazon Simple Storage Service", "Storage"),
    ("Amazon Elastic Kubernetes Service", "Compute"),
    ("Elastic Load Balancing", "Networking"),
    ("AmazonCloudWatch", "Management and Governance"),
)

_BILL: Final = """
COPY (
    SELECT
        CAST(CAST(hash(number) % 1000000 AS DECIMAL(18, 0)) / 100000000 AS DOUBLE) AS BilledCost,
        BilledCost AS EffectiveCost, BilledCost AS ListCost, BilledCost AS ContractedCost,
        '123456789012' AS BillingAccountId, 'Example' AS BillingAccountName, 'USD' AS BillingCurrency,
        TIMESTAMP '2026-11-01' AS BillingPeriodStart, TIMESTAMP '2026-12-01' AS BillingPeriodEnd,
        'Usage' AS ChargeCategory, NULL::VARCHAR AS ChargeClass, 'a line of ' || service AS ChargeDescription,
        'Usage-Based' AS ChargeFrequency,
        TIMESTAMP '2026-11-01' + INTERVAL 1 HOUR * CAST(number % 720 AS INTEGER) AS ChargePeriodStart,
        ChargePeriodStart + INTERVAL 1 HOUR AS ChargePeriodEnd,
        'AWS' AS InvoiceIssuerName, 'AWS' AS ProviderName, 'AWS' AS PublisherName, 'us-east-1' AS RegionId,
        'arn:aws:x:us-east-1:123456789012:' || (number % 50000) AS ResourceId,
        category AS ServiceCategory, service AS ServiceName, 'sku-' || (number % 200) AS SkuId,
        1.0::DOUBLE AS PricingQuantity, 'Hours' AS PricingUnit, tags AS Tags
    FROM (
        SELECT number, hash(number * 7) % 1000 AS kind,
            services[CAST(1 + number % {services} AS INTEGER)].name AS service,
            services[CAST(1 + number % {services} AS INTEGER)].category AS category,
            CASE WHEN kind < 600 THEN tenants[CAST(1 + hash(number * 13) % {tenants} AS INTEGER)]
                WHEN kind < 995 THEN $platform ELSE NULL END AS tags
        FROM range({rows}) AS made(number), (SELECT $services AS services, $tenants AS tenants)
    )
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""


def main() -> int:
    """Exit code 0 when every run ended well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inventory(folder)
        before: tuple[int, float] | None = None
        for rows in options.rows:
            before = _measure(folder, rows, before)
    return 0


def _measure(folder: Path, rows: int, before: tuple[int, float] | None) -> tuple[int, float]:
    bill = folder / "bill.parquet"
    write_bill(folder, rows, bill)
    copying = f"COPY (SELECT * FROM '{bill}') TO '{folder / 'copy.parquet'}' (COMPRESSION zstd)"  # noqa: S608
    copy, copied = _timed([sys.executable, "-c", f"import duckdb; duckdb.connect().execute({copying!r})"])
    out = folder / "run"
    costack = [sys.executable, "-c", "from cli.main import main; main()"]
    taken, peak = _timed(
        [*costack, "allocate", "--bill", str(bill), "--usage", str(folder / "usage.csv"),
         "--inventory", str(folder / "inventory.json"), "--period", "2026-11",
         "--out", str(out), "--focus", "1.3", "-o", "csv"]
    )  # fmt: skip
    explained, _ = _timed([*costack, "explain", "tenant-0007", "--run", str(out), "--charge", "12345"])
    summed, _ = _timed([*costack, "explain", "tenant-0007", "--run", str(out)])
    growth = f", {taken / before[1]:.1f} x for {rows / before[0]:.0f} x the rows" if before else ""
    print(  # noqa: T201 - a script prints
        f"{rows:>11,} rows ({bill.stat().st_size / 1e6:.0f} MB): {taken:.1f} s, {rows / taken:,.0f} rows/s, "
        f"peak {peak / 1e6:.2f} GB; only copied {copy:.1f} s, {copied / 1e6:.2f} GB, "
        f"ratio {taken / copy:.1f}; "
        f"explain a charge {explained:.2f} s, a tenant {summed:.2f} s{growth}",
        flush=True,
    )
    return rows, taken


def _timed(command: list[str]) -> tuple[float, int]:
    """Seconds of a process and its peak memory in kB; the peak is of this child alone."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:6])} ... ended with exit code {process.returncode}")
    return time.perf_counter() - begun, used.ru_maxrss


def write_inventory(folder: Path) -> None:
    """Write `inventory.json` of the tenants, their `usage.csv`, and `tags.json` for `write_bill`."""
    from tests.portfolios import plan_of, tenant  # noqa: PLC0415 - takes a second
    from tiers.inventory import exported  # noqa: PLC0415

    tenants = (tenant(f"tenant-{number:04}", options={"users": 1 + number % 9}) for number in range(TENANTS))
    plan = plan_of(*tenants)
    (folder / "inventory.json").write_text(json.dumps(exported(plan, {})), encoding="utf-8")
    tags = [json.dumps(one.cost_tags().as_tags(), sort_keys=True) for one in plan.tenants]
    platform = json.dumps(plan.platform_tags().as_tags())
    (folder / "tags.json").write_text(json.dumps([platform, tags]), encoding="utf-8")
    lines = ["tenant,driver,start,end,quantity"]
    for who in (*(one.tenant for one in plan.tenants), "platform"):
        for day in range(1, 31):
            end = f"2026-11-{day + 1:02}" if day < 30 else "2026-12-01"
            amount = 1 + (len(who) * 7 + day + int(who[-1]) if who[-1].isdigit() else 5) % 11
            lines += [
                f"{who},{driver},2026-11-{day:02},{end},{amount}"
                for driver in ("cpu-requests", "memory-requests")
            ]
    (folder / "usage.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_bill(folder: Path, rows: int, path: Path) -> None:
    """Write *rows* rows of FOCUS for the tenants in *folder* to *path*."""
    platform, tags = json.loads((folder / "tags.json").read_text(encoding="utf-8"))
    services = [{"name": name, "category": category} for name, category in _SERVICES]
    sql = _BILL.format(services=len(services), tenants=len(tags), rows=rows, path=path)
    duckdb.connect().execute(sql, {"platform": platform, "services": services, "tenants": tags})


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
