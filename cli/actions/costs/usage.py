"""`costack usage`: what tenants used, from where it was measured, as a file that can be kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from allocation.adapters.usage.backup_manifests import counted_users
from allocation.adapters.usage.endpoint import Endpoint, Token
from allocation.adapters.usage.export import write_usage
from allocation.adapters.usage.opencost import OpenCost
from allocation.adapters.usage.prometheus import Prometheus
from allocation.adapters.usage.queries import queries
from allocation.charges import ChargePeriod
from allocation.errors import AllocationError
from cli.console.output import echo
from tiers.errors import CatalogError


@dataclass(frozen=True)
class Request:
    """What the command line asks for; `token_variable` is the environment variable with a bearer token."""

    url: str
    period: str
    out: Path
    token_variable: str | None
    unlabelled: str | None
    drivers: Sequence[str] = ()
    cluster_label: str | None = None


def fetch_prometheus(request: Request, environment: Mapping[str, str], now: datetime) -> None:
    """Write what Prometheus measured for some drivers, or for all, to a file.

    Raises:
        AllocationError: When the server does not answer, or a driver is not measured.
        CatalogError: When the period is not a month that is over.
    """
    drivers = request.drivers or sorted(queries().drivers)
    endpoint = _endpoint(request, environment)
    server = Prometheus(endpoint, request.unlabelled, request.cluster_label, tell=_tell)
    _write(request.out, list(server.fetch(_month(request.period, now), drivers)))


def fetch_opencost(request: Request, environment: Mapping[str, str], now: datetime) -> None:
    """Write what OpenCost measured to a file: its hours, never its prices.

    Raises:
        AllocationError: When the server does not answer.
        CatalogError: When the period is not a month that is over.
    """
    server = OpenCost(_endpoint(request, environment), request.unlabelled, tell=_tell)
    _write(request.out, list(server.fetch(_month(request.period, now))))


def read_backups(folder: Path, period: str, out: Path, now: datetime) -> None:
    """Write how many users the backups in *folder* counted to a file; say of whom it is not known.

    Raises:
        AllocationError: When a file is no manifest, or days in between were not counted.
        CatalogError: When the period is not a month that is over.
    """
    counted = counted_users(folder, _month(period, now))
    for tenant, first in sorted(counted.uncounted.items()):
        since = f"before {first}" if first else f"in {period}"
        echo(f"{tenant}: no backup counted its users {since}; these days have no row", err=True)
    _write(out, counted.rows)


def _tell(sentence: str) -> None:
    echo(sentence, err=True)


def _endpoint(request: Request, environment: Mapping[str, str]) -> Endpoint:
    variable = request.token_variable
    return Endpoint(request.url, Token.from_environment(variable, environment) if variable else None)


def _month(text: str, now: datetime) -> ChargePeriod:
    try:
        period = ChargePeriod.month(text)
    except AllocationError as error:
        raise CatalogError(f"--{error}") from None
    if now < period.end:
        raise CatalogError(
            f"--period '{text}': runs until {period.end:%Y-%m-%d}; usage is fetched for whole months"
        )
    return period


def _write(path: Path, rows: Sequence[object]) -> None:
    write_usage(rows, path)  # type: ignore[arg-type]
    echo(f"{path}: {len(rows)} rows", err=True)
