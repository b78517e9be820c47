"""The account of an ingestion: what was read, charged, refused and rounded; it always adds up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact
from typing import Any, Final, NamedTuple

from allocation.errors import AllocationError
from allocation.money import text_of

_EXACT: Final = Context(prec=100, traps=[Inexact])


@dataclass(frozen=True, slots=True)
class FileIntake:
    """One file of a bill; its *rows* are charged, or refused by a named rule.

    `has_tags` is whether it has any column of tags that its format knows.
    """

    name: str
    format: str
    sha256: str
    rows: int
    charged: int
    refused: Mapping[str, int]
    has_tags: bool = True


@dataclass(frozen=True, slots=True)
class CostIntake:
    """One of `tables.COSTS` over all files.

    Attributes:
        read: The sum of the amounts read, exact to 1e-24 of the currency.
        charged: The sum of the charges, in units of 1e-10.
        moved: The sum that rounding to units removed (negative: added), exact to 1e-24.
        refused: The sum of the refused rows whose amount could be read.
        gross_charged: The sum of the charges without their signs, in units: what one row takes back, another
            does not hide.
        gross_refused: The same of the refused rows whose amount is known.
    """

    read: Decimal
    charged: int
    moved: Decimal
    refused: Decimal
    gross_charged: int
    gross_refused: int

    @property
    def gross_read(self) -> int:
        """All that was read, charged or refused, without signs, in units."""
        return self.gross_charged + self.gross_refused

    @property
    def adds_up(self) -> bool:
        """Whether read == charged + moved + refused, to the last decimal."""
        charged = _EXACT.scaleb(Decimal(self.charged), -10)
        return self.read == _EXACT.add(_EXACT.add(charged, self.moved), self.refused)

    def moved_within(self, charges: int) -> bool:
        """Whether *charges* can have moved that much: each has at most two amounts, rounded to a unit."""
        return abs(self.moved) <= _EXACT.scaleb(Decimal(charges), -10)


class Finding(NamedTuple):
    """What a check of the bill against itself found; a run shows it as a gate of that name."""

    gate: str
    found: str
    limit: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Intake:
    """The account of every row and every unit of money of an ingestion.

    Attributes:
        files: The files in the order they were read.
        costs: The costs of `tables.COSTS` by name.
        charges: How many charges the table holds.
        notes: What was changed in charged rows, such as 'finer than 1e-24' -> how often.
        findings: What checks of the bill against itself found.
        unknown: How many refused rows have no amount that is known: it cannot be read, or is money of another
            currency. They are in no sum of what is gross.
        deliveries: What the manifests of the files say, and `left_out` what was not read and why
            (`deliveries.Collected`).

    Raises:
        AllocationError: When rows or sums do not add up, which is an error of this program, never of a bill.
    """

    files: tuple[FileIntake, ...]
    costs: Mapping[str, CostIntake]
    charges: int
    notes: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    unknown: int = 0
    deliveries: tuple[Mapping[str, Any], ...] = ()
    left_out: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        self.check()

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return sum(file.rows for file in self.files)

    @property
    def refused(self) -> dict[str, int]:
        """How many rows of all files each rule refused."""
        total: dict[str, int] = {}
        for file in self.files:
            for rule, rows in file.refused.items():
                total[rule] = total.get(rule, 0) + rows
        return total

    @property
    def has_tags(self) -> bool:
        """Whether any file has a column of tags."""
        return any(file.has_tags for file in self.files)

    def check(self) -> None:
        """Compare rows and sums.

        Raises:
            AllocationError: When they do not add up.
        """
        for file in self.files:
            if file.rows != file.charged + sum(file.refused.values()):
                raise AllocationError(
                    f"{file.name}: {file.rows} rows were read, but {file.charged} charged and "
                    f"{sum(file.refused.values())} refused"
                )
        if self.charges != sum(file.charged for file in self.files):
            raise AllocationError(
                f"{sum(file.charged for file in self.files)} rows are charged, {self.charges} were written"
            )
        for name, cost in self.costs.items():
            if not (cost.adds_up and cost.moved_within(self.charges)):
                raise AllocationError(
                    f"{name} cost does not add up: {cost.read} read, {cost.charged} units charged, "
                    f"{cost.moved} moved, {cost.refused} refused"
                )

    def document(self) -> dict[str, Any]:
        """The account as plain JSON data, for a manifest; amounts are text."""
        return {
            "files": [
                {
                    "name": file.name,
                    "format": file.format,
                    "sha256": file.sha256,
                    "rows": file.rows,
                    "charged": file.charged,
                    "refused": dict(file.refused),
                }
                for file in self.files
            ],
            "charges": self.charges,
            "costs": {
                name: {
                    "read": f"{cost.read:f}",
                    "charged": f"{_EXACT.scaleb(Decimal(cost.charged), -10):f}",
                    "moved": f"{cost.moved:f}",
                    "refused": f"{cost.refused:f}",
                    "gross_read": text_of(cost.gross_read),
                    "gross_charged": text_of(cost.gross_charged),
                    "gross_refused": text_of(cost.gross_refused),
                }
                for name, cost in self.costs.items()
            },
            "unknown_amounts": self.unknown,
            "notes": dict(self.notes),
            **({"deliveries": list(self.deliveries)} if self.deliveries else {}),
            **({"left_out": list(self.left_out)} if self.left_out else {}),
        }
