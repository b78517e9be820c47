"""Measures one tenant with that tenant's own rights, and tells Prometheus. Runs in the operations image.

It needs Python 3.9 or newer and nothing of ours. Of a tenant it reads a count, sizes and nothing else: its
database as the tenant's own role, its files as Odoo's group, its backups by listing its own prefixes.

What cannot be measured is not told, which is not 0: a figure stands for seven days after it was measured, as
one of a backup's manifest does, and is gone then. Why a measurement failed is in the log; metrics hold names
of measures and numbers only.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any

CONFIGURATION = "/etc/odoo/odoo.conf"
FILES = "/var/lib/odoo/filestore"
HOLDS_SECONDS = 7 * 86400
RETRY_SECONDS = 300
_PATIENCE_SECONDS = 1800
_TICK_SECONDS = 1
_BACKUP_KINDS = ("dumps", "filestores", "manifests")
_MIB = 1024**2
# As users.sql: where the table is not Odoo's, nothing was counted, which is not 0.
_MODULES_SQL = r"""
SELECT to_regclass('public.ir_module_module') IS NOT NULL AS countable \gset
\if :countable
SELECT count(*) FROM public.ir_module_module WHERE state = 'installed';
\else
SELECT 'null';
\endif
"""
# The options of odoo.conf by which backups find the database too (backup.sh).
_LOGIN = {"PGHOST": "db_host", "PGUSER": "db_user", "PGPASSWORD": "db_password", "PGDATABASE": "db_name"}
_HELP = {
    "tenant_active_users": "Users that Odoo has: active, and neither portal nor public.",
    "tenant_installed_modules": "Modules that Odoo has installed.",
    "tenant_database_bytes": "Size of the database, indexes included.",
    "tenant_filestore_bytes": "Size of the files of Odoo's filestore.",
    "tenant_backup_bytes": "Size of the newest versions of dumps, file copies and manifests in the bucket.",
    "tenant_cache_reserved_bytes": "Memory of the session cache that the plan reserves.",
}


class UnmeasuredError(Exception):
    """Why a figure is not known: one sentence."""


def options_of(text: str) -> dict[str, str]:
    """The options of an odoo.conf, as backup.sh reads them."""
    pairs = (line.partition(" = ") for line in text.splitlines())
    return {name: value for name, sign, value in pairs if sign}


def login(path: str = "") -> dict[str, str]:
    """What libpq reads to log in as the tenant."""
    options = options_of(Path(path or CONFIGURATION).read_text(encoding="utf-8"))
    missing = sorted(name for name in _LOGIN.values() if name not in options)
    if missing:
        raise UnmeasuredError(f"odoo.conf: {', '.join(missing)} is missing")
    return {variable: options[name] for variable, name in _LOGIN.items()}


def users() -> int:
    """How many users the tenant's Odoo has."""
    return _asked(os.environ["USERS_SQL"], "users: the database has no table of Odoo's users yet")


def modules() -> int:
    """How many modules the tenant's Odoo has installed."""
    return _asked(_MODULES_SQL, "modules: the database has no table of Odoo's modules yet")


def database() -> int:
    """The bytes of the tenant's database, indexes included, as postgres_exporter tells them."""
    return _asked("SELECT pg_database_size(current_database());", "database: PostgreSQL told no size")


def _asked(sql: str, otherwise: str) -> int:
    options = {"PGSSLMODE": "require", "PGCONNECT_TIMEOUT": "20", "PGOPTIONS": "-c statement_timeout=60s"}
    psql = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
    said = run(psql, sql, {**login(), **options}).strip()
    if not said.isdecimal():
        raise UnmeasuredError(otherwise)
    return int(said)


def filestore() -> int:
    """The bytes of all files below the tenant's filestore; a file that goes meanwhile does not count."""
    folder = Path(FILES) / login()["PGDATABASE"]
    if not folder.is_dir():
        raise UnmeasuredError(f"filestore: there is no {folder}")
    return sum(_sizes(folder))


def _sizes(folder: Path) -> Iterator[int]:
    for place, _, names in os.walk(folder, onerror=_refuse):
        for name in names:
            try:
                yield (Path(place) / name).lstat().st_size
            except FileNotFoundError:
                continue


def _refuse(error: OSError) -> None:
    # Odoo removes folders while they are walked. What may not be read is another matter.
    if not isinstance(error, FileNotFoundError):
        raise UnmeasuredError(f"filestore: {error.strerror}: {error.filename}")


def backups() -> int:
    """The bytes of the newest versions of all objects under the tenant's prefixes; 0 without backups."""
    bucket, prefix = os.environ.get("BUCKET", ""), os.environ.get("PREFIX", "")
    if not bucket:
        return 0
    return sum(_listed(bucket, f"{kind}/{prefix}/") for kind in _BACKUP_KINDS)


def _listed(bucket: str, prefix: str) -> int:
    command = ["aws", "s3api", "list-objects-v2", "--bucket", bucket, "--prefix", prefix]
    said = run([*command, "--query", "Contents[].Size", "--output", "text"], "", {}).split()
    # The CLI answers each page of a list, and None for one without objects.
    sizes = [each for each in said if each != "None"]
    if wrong := [each for each in sizes if not each.isdecimal()]:
        raise UnmeasuredError(f"backups: the AWS CLI answered {wrong[0]!r} for the size of an object")
    return sum(map(int, sizes))


def run(command: list[str], asked: str, more: dict[str, str]) -> str:
    """What a program prints for *asked*."""
    environment = {name: value for name, value in os.environ.items() if name != "USERS_SQL"}
    try:
        done = subprocess.run(  # noqa: S603 - programs of the image
            command,
            input=asked,
            env={**environment, **more},
            capture_output=True,
            text=True,
            errors="replace",  # a server may tell why in another encoding
            check=False,
            timeout=_PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise UnmeasuredError(f"{command[0]} did not end within {_PATIENCE_SECONDS} seconds") from None
    except OSError as error:
        raise UnmeasuredError(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        said = " ".join(done.stderr.split())[:300]
        raise UnmeasuredError(f"{command[0]} ended with exit code {done.returncode}: {said}")
    return done.stdout


@dataclass
class Figure:
    """What is told of one measure: metric, labels and how it is measured; the rest is what came of it."""

    metric: str
    measure: Callable[[], int]
    labels: dict[str, str] = field(default_factory=dict)
    value: int | None = None
    measured_at: float = 0.0
    failures: int = 0
    due: float = 0.0

    def try_now(self, now: float, every_seconds: float) -> None:
        """Measure if it is due; after a failure try again soon."""
        if now < self.due:
            return
        try:
            self.value, self.measured_at = self.measure(), now
            self.due = now + every_seconds
        except (UnmeasuredError, OSError, ValueError) as error:
            self.failures += 1
            self.due = now + min(RETRY_SECONDS, every_seconds)
            sys.stderr.write(f"not measured: {self.metric}: {error}\n")

    def known(self, now: float) -> int | None:
        """The value, as long as it stands."""
        return self.value if now - self.measured_at <= HOLDS_SECONDS else None


def exposition(figures: list[Figure], tenant: str, now: float) -> str:
    """The metrics in Prometheus' text format, version 0.0.4."""
    lines: list[str] = []
    for each in figures:
        value = each.known(now)
        lines += _family(each.metric, "gauge", _HELP[each.metric])
        if value is not None:
            lines.append(f"{each.metric}{_labels(tenant=tenant, **each.labels)} {value}")
    moment, failed = "tenant_usage_measured_timestamp_seconds", "tenant_usage_failures_total"
    lines += _family(moment, "gauge", "When a metric was measured last.")
    lines += [
        f"{moment}{_labels(metric=each.metric, tenant=tenant)} {each.measured_at:.3f}"
        for each in figures
        if each.value is not None
    ]
    lines += _family(failed, "counter", "How often a metric could not be measured; the log says why.")
    lines += [f"{failed}{_labels(metric=each.metric, tenant=tenant)} {each.failures}" for each in figures]
    return "".join(f"{line}\n" for line in lines)


def _family(name: str, kind: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _labels(**labels: str) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"


def figures_of(environment: dict[str, str]) -> list[Figure]:
    """What is measured of the tenant; whose the place is that holds it, the label `place` says."""
    reserved = int(environment["CACHE_MIB"]) * _MIB
    return [
        Figure("tenant_active_users", users),
        Figure("tenant_installed_modules", modules),
        Figure("tenant_database_bytes", database, {"place": environment["DATABASE_PLACE"]}),
        Figure("tenant_filestore_bytes", filestore, {"place": environment["FILES_PLACE"]}),
        Figure("tenant_backup_bytes", backups, {"place": environment["BACKUPS_PLACE"]}),
        Figure("tenant_cache_reserved_bytes", lambda: reserved, {"place": environment["CACHE_PLACE"]}),
    ]


class Handler(BaseHTTPRequestHandler):
    """Answers `/metrics`; a connection that says nothing ends after ten seconds."""

    timeout = 10
    text: Callable[[], str]

    def do_GET(self) -> None:
        """Answer a request."""
        found = self.path.partition("?")[0] == "/metrics"
        body = type(self).text().encode() if found else b"metrics are at /metrics\n"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
        """Log no scrape."""


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def main() -> None:
    """Serve what was measured until the pod ends."""
    signal.signal(signal.SIGTERM, _end)
    figures, tenant = figures_of(dict(os.environ)), os.environ["TENANT"]
    every = float(os.environ["EVERY_SECONDS"])
    Handler.text = staticmethod(lambda: exposition(figures, tenant, time.time()))
    server = ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while True:
        for each in figures:
            each.try_now(time.time(), every)
        time.sleep(_TICK_SECONDS)


if __name__ == "__main__":
    main()
