"""Closes a month, or holds it open: nothing is filed while a gate fails, unless a reason is filed with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from allocation.adapters.folders.filed_months import History, same_figures
from allocation.billed.readiness import Gate
from allocation.billed.state import MonthState, state_of
from allocation.charges import ChargePeriod
from allocation.engine.settlement import Residuals
from allocation.errors import AllocationError

DESPITE: Final = "despite"
"""The key of a filed statement under which the reason and the failed gates stand."""


@dataclass(frozen=True)
class Closing:
    """What was asked for.

    Attributes:
        history: Where statements are filed; None for a run that files nothing.
        close: Whether to close the month.
        restate: The reason for the restatement of a closed month.
        despite: The reason to file a statement although gates fail.
        by_day: Returns the charges by day that are filed with a statement; None to file none.
    """

    history: History | None
    close: bool = False
    restate: str | None = None
    despite: str | None = None
    by_day: Callable[[], Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class Closed:
    """What became of the month; `held` are the failed gates because of which nothing was filed."""

    state: MonthState
    held: tuple[Gate, ...] = ()
    despite: Mapping[str, Any] | None = None


def close_month(  # noqa: PLR0917 - a statement with its items and residuals, and what it has to pass
    asked: Closing,
    period: ChargePeriod,
    statement: Mapping[str, Any],
    items: Mapping[str, Any],
    residuals: Residuals,
    gates: Sequence[Gate],
    now: datetime,
) -> Closed:
    """File *statement* if it was asked for, the month is over, and every gate passes.

    A month that is filed already with the same figures stays filed, whatever the gates find now.

    Raises:
        AllocationError: When the month is not over.
        ClosedMonthError: When it is closed, its figures change, and there is no reason for a restatement.
    """
    filed = asked.history.filed(period) if asked.history else []
    if asked.history is None or not (asked.close or asked.restate or filed):
        return Closed(state_of(period, now, len(filed)))
    if now < period.end:
        raise AllocationError(
            f"{period.start:%Y-%m} runs until {period.end:%Y-%m-%d}: close it after its last day"
        )
    failed = tuple(gate for gate in gates if not gate.passed)
    changes = not filed or not same_figures(filed[-1], statement)
    # Without a reason a changed closed month is refused for that.
    if changes and failed and not asked.despite and (asked.restate or not filed):
        return Closed(state_of(period, now, len(filed)), held=failed)
    despite = None
    if failed and asked.despite:
        despite = {"reason": asked.despite, "gates": [gate._asdict() for gate in failed]}
        statement = {**statement, DESPITE: despite}
    daily = asked.by_day() if asked.by_day and changes else None
    state = asked.history.file(period, statement, items, residuals, asked.restate, daily=daily)
    return Closed(state, despite=despite)
