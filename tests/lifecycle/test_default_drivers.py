"""Every driver of the default rulebook is measured by what a real Prometheus scraped.

Two tenants' usage exporters run as processes over a real database, real files and a real backup. What
kube-state-metrics and postgres_exporter tell was recorded of both (tests/allocation/adapters/usage/recorded).
A real Prometheus scrapes all of it; nobody can wait for a day, so what it scraped is repeated every four
minutes of one, and with COSTACK_EVERY_DAY of a whole month, for `costack usage prometheus` itself.
"""

from __future__ import annotations

import csv
import functools
import http.server
import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb
import httpx
import pytest

from allocation.adapters.usage.endpoint import Endpoint
from allocation.adapters.usage.export import write_usage
from allocation.adapters.usage.intake import read_usage
from allocation.adapters.usage.prometheus import Prometheus
from allocation.adapters.usage.rows import days_of
from allocation.billed.declared_drivers import add_declared
from allocation.charges import ChargePeriod
from allocation.engine.drivers import DECLARED, MEASURED, Driver
from allocation.engine.rulebook import rulebooks
from cli.actions.costs.usage import Request, fetch_prometheus
from tests.lifecycle.pods import Pods
from tests.lifecycle.test_usage_exporter import exporting, size_of
from tests.portfolios import ROOT
from tests.postgres import NEWEST_SOLD
from tests.prometheus import running_prometheus, stored

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.prometheus,
    pytest.mark.parametrize("server", [NEWEST_SOLD], indirect=True),
]
RECORDED: Final = ROOT / "tests" / "allocation" / "adapters" / "usage" / "recorded"
EVERY_DAY: Final = bool(os.environ.get("COSTACK_EVERY_DAY"))
MONTH: Final = ChargePeriod.month("2026-12")
PERIOD: Final = MONTH if EVERY_DAY else next(iter(days_of(MONTH)))
DAYS: Final = (PERIOD.end - PERIOD.start).days
EVERY_SECONDS: Final = 240
GIB: Final = 1024**3
_PATIENCE_SECONDS: Final = 60


@contextmanager
def recorded_exporters() -> Iterator[str]:
    """The address at which the recorded texts are told."""
    handler = functools.partial(_Quiet, directory=str(RECORDED))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{served.server_port}"
        served.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Log nothing."""


def scraping(tenants: list[str], recorded: str, names: str) -> str:
    """The prometheus.yml that scrapes the exporters of tenants, and the recorded ones of these *names*."""
    jobs: list[dict[str, Any]] = [{"job_name": "usage", "static_configs": [{"targets": tenants}]}]
    for path in sorted(RECORDED.glob(names)):
        told = {"targets": [recorded]}
        jobs.append({"job_name": path.stem, "metrics_path": f"/{path.name}", "static_configs": [told]})
    return json.dumps(
        {
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [{"honor_labels": True, **each} for each in jobs],
        }
    )


def scraped(url: str, *, with_postgres: bool) -> dict[str, str]:
    """Series -> value, of everything that drivers ask for, as soon as all of it was scraped."""
    query = {"query": '{__name__=~"kube_pod_.+|pg_database_.+|tenant_(active_users|.+_bytes)"}'}
    end, found = time.monotonic() + _PATIENCE_SECONDS, []
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < end:
            found = client.get(f"{url}/api/v1/query", params=query).json()["data"]["result"]
            names: dict[str, int] = defaultdict(int)
            for each in found:
                names[each["metric"]["__name__"]] += 1
            if (
                names["kube_pod_labels"]
                and bool(names["pg_database_size_bytes"]) == with_postgres
                and names["tenant_active_users"] == 2
            ):
                break
            time.sleep(0.5)
    return {_series(each["metric"]): each["value"][1] for each in found}


def _series(labels: dict[str, str]) -> str:
    told = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != "__name__")
    return f"{labels['__name__']}{{{told}}}"


def repeated(series: dict[str, str]) -> Iterator[str]:
    """The OpenMetrics of a period in which nothing changed, and of the hour after it."""
    first, last = int(PERIOD.start.timestamp()), int(PERIOD.end.timestamp()) + 3600
    for name, value in sorted(series.items()):
        for moment in range(first, last, EVERY_SECONDS):
            yield f"{name} {value} {moment}"


@pytest.mark.whole("tests/cli/actions/test_measured_month measures each driver and divides by it")
@pytest.mark.sample(1)
@pytest.mark.parametrize("exporters", ["*.prom", "kube*.prom"], ids=["all exporters", "only ours"])
def test_every_driver_of_the_default_rulebook_is_measured(
    pods: Pods, backup: str, tmp_path: Path, exporters: str
) -> None:
    assert backup
    for name in ("live", "month"):
        (tmp_path / name).mkdir()
    without = {"TENANT": "borealis", "BUCKET": "", "BACKUPS_PLACE": "shared", "CACHE_MIB": "32"}
    with (
        exporting(pods) as acme,
        exporting(pods, **without) as borealis,
        recorded_exporters() as recorded,
        running_prometheus(tmp_path / "live", scraping([acme, borealis], recorded, exporters)) as url,
    ):
        series = scraped(url, with_postgres=exporters == "*.prom")
    stored(tmp_path / "month", "told", repeated(series))
    book = rulebooks()["2026-12.yaml"]
    measures = {driver for pool in book.pools for driver in pool.driver.measures}
    # Only the plan knows who may fail over, and tickets are a file of hours.
    elsewhere = {Driver.FAILOVER_USERS, Driver.SUPPORT_HOURS}
    drivers = sorted(str(driver) for driver in measures - elsewhere)
    out = tmp_path / "usage.csv"
    with running_prometheus(tmp_path / "month") as url:
        if EVERY_DAY:
            request = Request(url, "2026-12", out, None, "platform", drivers)
            fetch_prometheus(request, {}, datetime(2027, 1, 2, tzinfo=UTC))
        else:
            write_usage(list(Prometheus(Endpoint(url), "platform").fetch(PERIOD, drivers)), out)
    assert measured(out) == expected(pods, sizes(series))
    assert measured(RECORDED / "usage-2026-12.csv", 31).keys() == measured(out).keys()
    connection = duckdb.connect()
    intake = read_usage(connection, [out], PERIOD, list(Driver))
    assert (intake.refused, intake.taken) == ({}, intake.rows)
    sources = add_declared(connection, [], book)
    declared = dict.fromkeys(elsewhere, DECLARED)
    assert sources == dict.fromkeys(map(Driver, drivers), MEASURED) | declared  # coverage 100 %


def measured(path: Path, days: int = DAYS) -> dict[tuple[str, str], Decimal]:
    """Driver and tenant -> the quantity of the period; each has a row for every day."""
    quantities: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            quantities[row["driver"], row["tenant"]].append(Decimal(row["quantity"]))
    assert {len(each) for each in quantities.values()} == {days}
    return {name: round(sum(each, Decimal()), 4) for name, each in quantities.items()}


def sizes(series: dict[str, str]) -> dict[str, int]:
    """Tenant -> the size of its database: postgres_exporter's, if it was there, else the usage exporter's."""
    found = {}
    for tenant in ("acme", "borealis"):
        recorded = [value for name, value in series.items() if f'datname="odoo_{tenant}"' in name]
        own = [
            value
            for name, value in series.items()
            if name.startswith("tenant_database_bytes") and f'tenant="{tenant}"' in name
        ]
        (value,) = recorded or own
        found[tenant] = int(float(value))
    return found


def expected(pods: Pods, databases: dict[str, int]) -> dict[tuple[str, str], Decimal]:
    """What is true, told by the file system, the recorded pods and the plan."""
    files = Decimal(size_of(pods.filestore)) / GIB
    kept = sum(size_of(pods.bucket / kind / "acme") for kind in ("dumps", "filestores", "manifests"))
    held = {
        ("cpu-requests", "acme"): Decimal("0.51"),
        ("cpu-requests", "borealis"): Decimal("0.25"),
        ("cpu-requests", "platform"): Decimal("0.02"),
        ("memory-requests", "acme"): Decimal(1024 + 64) / 1024,
        ("memory-requests", "borealis"): Decimal("0.5"),
        ("memory-requests", "platform"): Decimal("0.125"),
        ("users", "acme"): Decimal(1),
        ("users", "borealis"): Decimal(1),
        ("cache-mib", "acme"): Decimal(64),
        ("cache-mib", "borealis"): Decimal(32),
        ("backup-gib", "acme"): Decimal(kept) / GIB,
        ("backup-gib", "borealis"): Decimal(0),
        **{("filestore-gib", tenant): files for tenant in ("acme", "borealis")},
        **{("database-gib", tenant): Decimal(size) / GIB for tenant, size in databases.items()},
    }
    return {name: round(amount * DAYS * 24, 4) for name, amount in held.items()}
