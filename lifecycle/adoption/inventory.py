"""The inventory of an estate: a CSV with a row for each machine, server or bucket, and what is known of it.

Its first columns are those of `costack import`; the others are facts that may be left out. What is left out
is unknown, and never 0.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from lifecycle.import_estate import (
    COLUMNS,
    MAX_CSV_BYTES,
    Cells,
    ExistingResource,
    each_once,
    read_lines,
    row_of,
)
from tiers.errors import CatalogError
from tiers.files import read_bytes
from tiers.strict_yaml import mistakes
from tiers.vocabulary import Environment, Frozen, Hostname, Positive, Region, ResilienceClass, TagValue

Quantity = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6, allow_inf_nan=False)]
Size = Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=6, allow_inf_nan=False)]
Amount = Annotated[Decimal, Field(ge=0, max_digits=16, decimal_places=4, allow_inf_nan=False)]

RUNS_PER_MONTH: Final[Mapping[str, int]] = {
    "none": 0,
    "weekly": 4,
    "daily": 30,
    "six-hourly": 120,
    "hourly": 720,
    "continuous": 43_200,
}
"""How often a backup that the CSV names runs in a month of 30 days; `continuous` is an archive of the log."""


class RowFacts(Frozen):
    """What a row of the CSV may say besides tenant, type, id and tags; a cell that is empty is unknown."""

    vcpu: Size | None = None
    """vCPUs of this machine."""
    memory_gib: Size | None = None
    """Memory of this machine in GiB."""
    storage_gib: Size | None = None
    """Provisioned storage of this machine, server or bucket in GiB."""
    peak_vcpu: Size | None = None
    """The most vCPUs that were in use at once on this machine."""
    peak_memory_gib: Size | None = None
    """The most memory that was in use at once on this machine, in GiB."""
    cost_per_month: Amount | None = None
    """What it costs a month today, in the currency of the platform."""
    region: Region | None = None
    """Its AWS region; left out for a machine elsewhere."""
    environment: Environment | None = None
    """What the tenant is used for."""
    client: TagValue | None = None
    """Who pays."""
    hostname: Hostname | None = None
    """Address at which people will reach Odoo."""
    users: Positive | None = None
    """How many people work with it."""
    odoo_version: Annotated[str, Field(pattern=r"^(saas[-~])?\d{1,2}(\.\d{1,2})?$")] | None = None
    """The version of Odoo that runs today, such as 16.0."""
    database_gib: Size | None = None
    """Size of the database in GiB."""
    filestore_gib: Size | None = None
    """Size of the filestore in GiB."""
    resilience_class: ResilienceClass | None = None
    """The recovery that the contract promises."""
    backup: Literal["none", "weekly", "daily", "six-hourly", "hourly", "continuous"] | None = None
    """How often it is backed up today."""
    backup_retention_days: Positive | None = None
    """For how many days these backups are kept."""
    restore_tested_on: date | None = None
    """When one of them was last restored, and somebody looked."""
    monitoring: TagValue | None = None
    """What watches it today; `none` for nothing."""
    cutover: date | None = None
    """Of a migration environment: when users change to the new system."""
    expires_on: date | None = None
    """Of a migration environment: when it ends, 00:00 UTC."""


SUMMED: Final = ("vcpu", "memory_gib", "storage_gib", "cost_per_month")
"""What belongs to a row: the tenant's is the sum of its rows."""
SAID_ONCE: Final = tuple(
    name
    for name in (
        "client",
        "hostname",
        "users",
        "odoo_version",
        "database_gib",
        "filestore_gib",
        "resilience_class",
        "backup",
        "backup_retention_days",
        "restore_tested_on",
        "monitoring",
        "cutover",
        "expires_on",
    )
)
"""What belongs to the tenant: its rows say the same or nothing."""


@dataclass(frozen=True)
class Row:
    """A row of the inventory; `resource.tenant` is the spelling that it has there."""

    resource: ExistingResource
    facts: RowFacts

    @property
    def line(self) -> int:
        """Its line in the CSV."""
        return self.resource.line

    def plain(self) -> dict[str, Any]:
        """It as plain data, without its line: moving a row changes nothing."""
        resource = self.resource
        known = self.facts.model_dump(mode="json", exclude_none=True)
        return {
            **known,
            "spelling": resource.tenant,
            "type": resource.type,
            "id": resource.id,
            "tags": dict(resource.tags),
        }


@dataclass(frozen=True)
class Inventory:
    """The rows of a CSV, and the hash of the file."""

    path: Path
    sha256: str
    rows: tuple[Row, ...]


def read_inventory(path: Path) -> Inventory:
    """Read the CSV.

    Raises:
        CatalogError: With every mistake: file, line, column, what was expected and what was found.
    """
    names, lines = read_lines(path)
    _refuse_columns(path, names)
    problems: list[str] = []
    facts: list[RowFacts | None] = []
    for line, cells in lines:
        facts.append(_facts(path, line, cells, problems))
    resources = [row_of(path, line, cells) for line, cells in lines]
    if problems:
        problems += [row for row in resources if isinstance(row, str)]
        raise CatalogError(*problems)
    if not resources:
        raise CatalogError(f"{path}:1: has no rows; expected one for each machine, server or bucket")
    whole = each_once(path, resources)
    rows = tuple(Row(one, known or RowFacts()) for one, known in zip(whole, facts, strict=True))
    sha256 = hashlib.sha256(read_bytes(path, MAX_CSV_BYTES)).hexdigest()
    return Inventory(path, sha256, _with_environments(path, rows))


def total(rows: Iterable[Row], name: str) -> Decimal | None:
    """The sum of a column of `SUMMED` over those rows that have it; None where none has."""
    known = [value for row in rows if (value := getattr(row.facts, name)) is not None]
    return sum(known, Decimal(0)) if known else None


def said(rows: Iterable[Row], name: str) -> tuple[Any, str]:
    """What the *rows* say in a column of `SAID_ONCE`, None if nothing, and a sentence if they disagree."""
    lines: dict[Any, int] = {}
    for row in rows:
        if (value := getattr(row.facts, name)) is not None:
            lines.setdefault(value, row.line)
    if len(lines) > 1:
        told = " and ".join(f"line {line} says {value}" for value, line in lines.items())
        return None, f"{name}: {told}; write the same or leave one out"
    return next(iter(lines), None), ""


def plain(value: Decimal) -> str:
    """A quantity without needless zeros.

    >>> plain(Decimal("12.500")), plain(Decimal("20"))
    ('12.5', '20')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _refuse_columns(path: Path, names: Sequence[str]) -> None:
    known = (*COLUMNS, *RowFacts.model_fields)
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            remedy = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
            raise CatalogError(f"{path}:1: column '{name}' is not known; {remedy}")
        if names.count(name) > 1:
            raise CatalogError(f"{path}:1: column '{name}' is there twice; expected each column once")


def _facts(path: Path, line: int, cells: Cells, problems: list[str]) -> RowFacts | None:
    given = {name: text for name in RowFacts.model_fields if (text := str(cells.get(name) or "").strip())}
    try:
        return RowFacts.model_validate(given)
    except ValidationError as error:
        for where, message in mistakes(error, RowFacts):
            problems.append(f"{path}:{line}: {'.'.join(map(str, where))}: {message}")
        return None


def _with_environments(path: Path, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Each row with its environment: its own, or the only one that the rows of its spelling have.

    Raises:
        CatalogError: When its spelling has several, and nothing says which is this row's.
    """
    known: dict[str, set[Environment]] = defaultdict(set)
    for row in rows:
        if row.facts.environment is not None:
            known[row.resource.tenant].add(row.facts.environment)
    problems = [
        f"{path}:{row.line}: environment: is missing, and '{row.resource.tenant}' has "
        f"{' and '.join(sorted(known[row.resource.tenant]))}; expected one of them"
        for row in rows
        if row.facts.environment is None and len(known[row.resource.tenant]) > 1
    ]
    if problems:
        raise CatalogError(*problems)
    only: Callable[[str], Environment | None] = lambda spelling: next(iter(known[spelling]), None)  # noqa: E731
    return tuple(
        Row(row.resource, row.facts.model_copy(update={"environment": only(row.resource.tenant)}))
        if row.facts.environment is None
        else row
        for row in rows
    )
