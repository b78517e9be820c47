"""Writes usage to the CSV that `read_usage` reads."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from allocation.adapters.usage.rows import COLUMNS, UsageError, UsageRow
from tiers.files import private


def write_usage(rows: Iterable[UsageRow], path: Path) -> None:
    """Write *rows* to *path* in sorted order: the same rows give the same bytes.

    Raises:
        UsageError: When the file cannot be written; an existing file stays unchanged.
    """
    partial = path.with_name(path.name + ".partial")
    lines = sorted(_cells(row) for row in rows)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with private(partial, "w", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(lines)
        partial.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error}") from error
    finally:
        with suppress(OSError):
            partial.unlink()


def _cells(row: UsageRow) -> tuple[str, ...]:
    return row.tenant, row.driver, _moment(row.start), _moment(row.end), _quantity(row.quantity)


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _quantity(quantity: Decimal | None) -> str:
    """The plain decimal without trailing zeros; empty for None."""
    if quantity is None:
        return ""
    if not quantity.is_finite():
        return str(quantity)
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
