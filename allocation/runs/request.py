"""What an allocation of bills is asked for, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from allocation.adapters.focus.run import FocusVersion
from allocation.billed.readiness import Gate
from allocation.charges import ChargePeriod
from allocation.runs.closing import Closed
from allocation.runs.distributed.reading import Engine
from allocation.statement.statement import Statement, Term


@dataclass(frozen=True)
class Request:
    """The options of the command line."""

    bills: Sequence[str | Path]
    usage: Sequence[Path]
    inventories: Sequence[str]
    period: ChargePeriod
    out: Path | None = None
    focus: Sequence[FocusVersion] = ()
    focus_csv: bool = False
    history: Path | None = None
    close: bool = False
    restate: str | None = None
    despite: str | None = None
    """The reason to file the month although gates fail."""
    rulebook: Path | None = None
    parts: bool = False
    """Whether bills with lines about the same are parts of one, and not two deliveries of it."""
    labour: Path | None = None
    """The hours of a ticket export."""
    rates: Path | None = None
    """The exchange rates into the currency of the portfolio."""
    invoices: Mapping[str, Decimal] | None = None
    """The totals of invoices; None if no statement by invoice is asked for."""
    ended: Mapping[Path, Term] = field(default_factory=dict)
    """The decommission plans of ended tenants, and the terms under which retained resources are paid."""
    engine: Engine | None = None
    """What reads the bills, where that is not DuckDB on this machine."""
    cwd: Path = Path()
    """The folder of the project, for a catalog of one's own."""


@dataclass(frozen=True)
class Outcome:
    """A statement and its readiness."""

    statement: Statement
    gates: tuple[Gate, ...]
    chargeback: tuple[str, ...]
    closed: Closed
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> list[Gate]:
        """The failed gates, if anything is to be booked and nobody filed it despite of them."""
        booked = self.chargeback and self.closed.despite is None
        return [gate for gate in self.gates if not gate.passed] if booked else []
