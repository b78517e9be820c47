"""`costack usage`: what tenants used, from where it was measured, as a file that can be kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from allocation.adapters.pulumi.stack_outputs import inventory_of_file
from allocation.adapters.usage.agreement import disagreements
from allocation.adapters.usage.backup_manifests import counted_users
from allocation.adapters.usage.endpoint import Endpoint, Token
from allocation.adapters.usage.export import write_usage
from allocation.adapters.usage.opencost import OpenCost
from allocation.adapters.usage.prometheus import Prometheus
from allocation.adapters.usage.split_cost.usage import split_usage
from allocation.charges import ChargePeriod
from allocation.errors import AllocationError
from cli.console.output import echo
from tiers.errors import CatalogError
from tiers.inventory import Inventory

_PERCENT_APART: Final = 5
_SHOWN: Final = 10


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
    endpoint = _endpoint(request, environment)
    server = Prometheus(endpoint, request.unlabelled, request.cluster_label, tell=_tell)
    _write(request.out, list(server.fetch(_month(request.period, now), request.drivers or None)))


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


@dataclass(frozen=True)
class SplitCostRequest:
    """What the command line asks for; `against` is a usage file to compare with."""

    files: Sequence[str]
    period: str
    out: Path
    inventory: Path | None
    unlabelled: str | None
    against: Path | None


def read_split_cost(request: SplitCostRequest, now: datetime) -> None:
    """Write what pods and tasks used, by AWS' split cost allocation data, to a file; say what is not in it.

    Raises:
        AllocationError: When a report cannot be read or has no such data, or usage has no tenant.
        CatalogError: When the inventory cannot be read, or the period is not a month that is over.
    """
    period = _month(request.period, now)
    namespaces = _namespaces(inventory_of_file(request.inventory)) if request.inventory else {}
    found = split_usage(request.files, period, namespaces, request.unlabelled)
    for note in found.notes:
        echo(note, err=True)
    if request.against:
        apart, compared = disagreements(found.rows, request.against, period, _PERCENT_APART)
        for each in apart[:_SHOWN]:
            echo(str(each), err=True)
        echo(
            f"{compared - len(apart)} of {compared} quantities differ by {_PERCENT_APART} % at most from "
            f"{request.against}",
            err=True,
        )
    _write(request.out, found.rows)


def _namespaces(inventory: Inventory) -> Mapping[str, str | None]:
    """Namespace -> its only tenant; None where several share it."""
    tenants: dict[str, set[str]] = {}
    for tenant in inventory.plan.tenants:
        for fact in tenant.facts:
            if isinstance(name := getattr(fact, "namespace", None), str):
                tenants.setdefault(name, set()).add(tenant.tenant)
    return {name: next(iter(of)) if len(of) == 1 else None for name, of in tenants.items()}


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
