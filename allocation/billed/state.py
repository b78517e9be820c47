"""The state of a month: open while it runs, provisional until it is closed, restated if it changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum, unique
from typing import Any

from allocation.charges import ChargePeriod
from allocation.engine.drivers import IDLE, UNALLOCATED
from allocation.errors import AllocationError
from allocation.money import amount_of, text_of, units_of


@unique
class MonthState(StrEnum):
    """How final the statement of a month is."""

    OPEN = "open"
    PROVISIONAL = "provisional"
    CLOSED = "closed"
    RESTATED = "restated"


class ClosedMonthError(AllocationError):
    """The figures of a closed month would change without a reason given."""


def state_of(period: ChargePeriod, now: datetime, statements: int) -> MonthState:
    """The state at *now* of a month with *statements* filed: the closing one and its restatements."""
    if statements:
        return MonthState.CLOSED if statements == 1 else MonthState.RESTATED
    return MonthState.OPEN if now < period.end else MonthState.PROVISIONAL


def delta(before: Mapping[str, Any], after: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """The changes of a restatement by tenant and pool; they add up to the change of the bill.

    Args:
        before: The document of the last filed statement.
        after: The document of the new statement.
        reason: The reason for the restatement.

    Raises:
        AllocationError: When the parts do not add up to the change of the bill.
    """
    old, new = dict(_amounts(before)), dict(_amounts(after))
    changes = {key: new.get(key, 0) - old.get(key, 0) for key in sorted(old | new)}
    change = _units(after["totals"]["charged"]) - _units(before["totals"]["charged"])
    if sum(changes.values()) != change:
        raise AllocationError(
            f"the restatement's parts add up to {amount_of(sum(changes.values()))}, the bill changed by "
            f"{amount_of(change)}"
        )
    return {
        "period": after["period"],
        "reason": reason,
        "charged": text_of(change),
        "changes": [
            {"tenant": tenant, "pool": pool, "amount": text_of(units)}
            for (tenant, pool), units in changes.items()
            if units
        ],
    }


def _amounts(statement: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], int]]:
    for line in statement["tenants"]:
        yield (line["tenant"], "direct"), _units(line["direct"])
        yield from (((line["tenant"], pool), _units(text)) for pool, text in line["pooled"].items())
    yield from (((IDLE, pool), _units(text)) for pool, text in statement["idle"].items())
    yield (UNALLOCATED, ""), sum(_units(item["amount"]) for item in statement["unallocated"])


def _units(text: str) -> int:
    return units_of(Decimal(text))
