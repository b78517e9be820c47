"""Reads drivers from OpenCost, day by day: its hours, never its prices.

OpenCost multiplies hours by list prices; costack divides the bill instead. Its `cpuCoreHours` and
`ramByteHours` count for each container the larger of request and usage (opencost.io,
specification, "workload costs"), which are our drivers cpu-billable and memory-billable. Null stands for a
number that could not be computed (core/pkg/opencost/allocation_json.go) and is passed on as missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from allocation.adapters.usage.endpoint import Endpoint
from allocation.adapters.usage.labelled_days import LabelledDays
from allocation.adapters.usage.rows import WIDE, UsageError, UsageRow, days_of, rounded
from allocation.charges import ChargePeriod

_BYTES_PER_GIB: Final = Decimal(1024**3)
_OK: Final = 200

HOURS: Final[Mapping[str, tuple[str, Decimal]]] = {
    "cpu-billable": ("cpuCoreHours", Decimal(1)),
    "memory-billable": ("ramByteHours", _BYTES_PER_GIB),
    "storage-gib": ("pvByteHours", _BYTES_PER_GIB),
}
"""Driver -> its name in OpenCost, and how many of OpenCost's units make one of the driver's."""

_RESERVED: Final = "__"
"""How OpenCost's own names begin and end: `__unallocated__` has no such label, `__unmounted__` no pod."""


def _quiet(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class OpenCost:
    """An OpenCost.

    Attributes:
        endpoint: Its API, such as http://opencost.opencost:9003.
        unlabelled: The consumer of usage without a tenant's label, as with Prometheus; None is an error.
        label: The pods' label with the tenant's name; OpenCost replaces `/` with `_` by itself.
        tell: Called with each sentence about days without a tenant's usage.
    """

    endpoint: Endpoint
    unlabelled: str | None = None
    label: str = "cost/tenant"
    tell: Callable[[str], None] = _quiet

    def fetch(self, period: ChargePeriod) -> Iterator[UsageRow]:
        """The usage of the drivers in `HOURS` by consumer, for every day of *period*.

        Raises:
            UsageError: When the answer is not OpenCost's, has no data for a day, or names no tenant on any
                day or on a day between others: then it does not know the label, and all is `__unallocated__`.
        """
        labelled = LabelledDays(self.endpoint.shown)
        for day in days_of(period):
            rows = list(self._day(day))
            cpu = [row for row in rows if row.driver == "cpu-billable"]
            labelled.add("cpu-billable", day, (row.tenant != self.unlabelled for row in cpu))
            yield from rows
        for sentence in labelled.judged(self.unlabelled):
            self.tell(sentence)

    def _day(self, day: ChargePeriod) -> Iterator[UsageRow]:
        wanted = f"allocations on {day.start:%Y-%m-%d}"
        parameters = {
            "window": f"{_moment(day.start)},{_moment(day.end)}",
            "aggregate": f"label:{self.label}",
            "includeIdle": "false",
            "accumulate": "true",
        }
        allocations = self._allocations(self.endpoint.get("allocation", parameters, wanted), wanted)
        hours: dict[tuple[str, str], Decimal | None] = {}
        for name, allocation in allocations.items():
            tenant = self._tenant(name, wanted)
            for driver, (field, per_unit) in HOURS.items():
                quantity = self._number(allocation, field, wanted)
                before = hours.get((tenant, driver), Decimal())
                # One missing part makes the sum unknown.
                if quantity is None or before is None:
                    hours[tenant, driver] = None
                else:
                    hours[tenant, driver] = WIDE.add(before, WIDE.divide(quantity, per_unit))
        for (tenant, driver), total in sorted(hours.items(), key=lambda item: item[0]):
            yield UsageRow(tenant, driver, day.start, day.end, None if total is None else rounded(total))

    def _allocations(self, answer: Any, wanted: str) -> dict[str, Any]:
        if not isinstance(answer, dict) or answer.get("code") != _OK:
            said = answer.get("message", answer) if isinstance(answer, dict) else answer
            raise self._error(wanted, f"no success: {said}", "check the URL")
        if answer.get("warning"):
            raise self._error(wanted, f"a warning: {answer['warning']}", "its data may be partial")
        sets = answer.get("data")
        if not isinstance(sets, list) or len(sets) != 1 or not isinstance(sets[0], dict) or not sets[0]:
            raise self._error(wanted, f"no set of allocations: {sets}", "check that it has data of that day")
        return sets[0]

    def _tenant(self, name: str, wanted: str) -> str:
        if not (name.startswith(_RESERVED) and name.endswith(_RESERVED)):
            return name
        if self.unlabelled is None:
            raise self._error(wanted, f"use of {name}", "name the pool it belongs to with --unlabelled")
        return self.unlabelled

    def _number(self, allocation: Any, field: str, wanted: str) -> Decimal | None:
        value = allocation.get(field) if isinstance(allocation, dict) else allocation
        if value is None or isinstance(value, Decimal):
            return value
        raise self._error(wanted, f"{field} that is no number: {value}", "check that this is OpenCost")

    def _error(self, wanted: str, said: str, remedy: str) -> UsageError:
        return UsageError(f"{self.endpoint.shown}: asked for {wanted}, answered {said[:300]}; {remedy}")


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
