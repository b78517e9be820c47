"""The usage exporter as a process beside a real PostgreSQL and real files, scraped by a real Prometheus."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

from components.scripts import script
from tests.lifecycle.odoo import DATABASE, PASSWORD, ROLE
from tests.lifecycle.pods import Pods
from tests.postgres import NEWEST_SOLD, give
from tests.prometheus import running_prometheus

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.prometheus,
    pytest.mark.parametrize("server", [NEWEST_SOLD], indirect=True),
]
_PATIENCE_SECONDS: Final = 60
_INSTALLED: Final = "SELECT count(*) FROM ir_module_module WHERE state = 'installed'"
_USERS: Final = "UPDATE res_users SET active = {}, share = NOT {} WHERE login IN ('__system__', 'empty')"


@contextmanager
def exporting(pods: Pods, **more: str) -> Iterator[str]:
    """The address of the exporter's process, which measures every second."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {
        "EXPORTER": script("usage_exporter.py"),
        "USERS_SQL": script("users.sql"),
        "PORT": str(port),
        "EVERY_SECONDS": "1",
        "CACHE_MIB": "64",
        "DATABASE_PLACE": "shared",
        "FILES_PLACE": "shared",
        "BACKUPS_PLACE": "shared",
        "CACHE_PLACE": "shared",
        **more,
    }
    process = pods.start('exec python3 -I -c "$EXPORTER"', **given)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        _, said = process.communicate(timeout=10)
        assert process.returncode == 0, said
        assert PASSWORD not in said


def until(measured: Callable[[], dict[str, int]], wanted: Callable[[], dict[str, int]]) -> None:
    """Wait until the exporter or Prometheus tells what is true."""
    end, found = time.monotonic() + _PATIENCE_SECONDS, {}
    while time.monotonic() < end:
        found = measured()
        if found == wanted():
            return
        time.sleep(0.2)
    assert found == wanted()


def in_prometheus(url: str) -> dict[str, int]:
    """Metric -> value of the tenant, as Prometheus has it now."""
    query = {"query": '{__name__=~"tenant_(active_users|installed_modules|.+_bytes)",tenant="acme"}'}
    with httpx.Client(trust_env=False) as client:
        answer = client.get(f"{url}/api/v1/query", params=query).json()
    return {each["metric"]["__name__"]: int(each["value"][1]) for each in answer["data"]["result"]}


def size_of(folder: Path) -> int:
    """What the files in it have, told by nobody but the file system."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def truth(pods: Pods, users: int) -> dict[str, int]:
    kinds = (pods.bucket / kind / "acme" for kind in ("dumps", "filestores", "manifests"))
    size = pods.server.ask(f"SELECT pg_database_size('{DATABASE}')")
    return {
        "tenant_active_users": users,
        "tenant_installed_modules": int(pods.server.ask(_INSTALLED, database=DATABASE)),
        "tenant_database_bytes": int(size),
        "tenant_filestore_bytes": size_of(pods.filestore),
        "tenant_backup_bytes": sum(size_of(folder) for folder in kinds),
        "tenant_cache_reserved_bytes": 64 * 1024**2,
    }


def scraping(address: str) -> str:
    return json.dumps(
        {
            "scrape_configs": [
                {"job_name": "usage", "scrape_interval": "1s", "static_configs": [{"targets": [address]}]}
            ]
        }
    )


@pytest.mark.whole("tests/allocation/adapters/usage/test_real_exporters reads what exporters tell")
def test_prometheus_scrapes_what_is_true_of_the_database_the_files_and_the_bucket(
    pods: Pods, backup: str, tmp_path: Path
) -> None:
    assert backup
    extra = pods.filestore / "zz" / "later"
    try:
        with exporting(pods) as address, running_prometheus(tmp_path, scraping(address)) as url:
            until(lambda: in_prometheus(url), lambda: truth(pods, 1))
            pods.server.ask(_USERS.format(True, True), database=DATABASE, user=ROLE, password=PASSWORD)
            extra.parent.mkdir()
            extra.write_bytes(b"x" * 12345)
            give(extra.parent)
            (pods.bucket / "dumps" / "acme" / "more.dump").write_bytes(b"y" * 54321)
            # Of another tenant, whose name only begins so.
            (pods.bucket / "dumps" / "acme-2").mkdir()
            (pods.bucket / "dumps" / "acme-2" / "one.dump").write_bytes(b"z" * 99)
            until(lambda: in_prometheus(url), lambda: truth(pods, 3))
    finally:
        pods.server.ask(_USERS.format(False, False), database=DATABASE, user=ROLE, password=PASSWORD)
        for path in (extra, *pods.bucket.glob("dumps/*/more.dump"), *pods.bucket.glob("dumps/acme-2/*")):
            path.unlink(missing_ok=True)


def test_a_database_that_is_away_is_a_counted_failure_and_no_secret_is_told(pods: Pods) -> None:
    with exporting(pods, USERS_SQL="SELECT 1 / 0;") as address, httpx.Client(trust_env=False) as client:

        def metrics() -> dict[str, str]:
            try:
                text = client.get(f"http://{address}/metrics").text
            except httpx.HTTPError:
                return {}
            assert PASSWORD not in text
            return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))

        failed = 'tenant_usage_failures_total{metric="tenant_active_users",tenant="acme"}'
        until(
            lambda: {"failed": int(metrics().get(failed, 0) != "0" and failed in metrics())},
            lambda: {"failed": 1},
        )
        assert not any(series.startswith("tenant_active_users") for series in metrics())
        assert client.get(f"http://{address}/odoo.conf").status_code == 404
