"""Watches on which days usage had a tenant's label: without it, all looks like the platform's own usage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from allocation.adapters.usage.rows import UsageError
from allocation.charges import ChargePeriod

_REMEDY: Final = (
    "let kube-state-metrics show the pods' label (--metric-labels-allowlist=pods=[cost/tenant]), "
    "and let the server keep it"
)


@dataclass(frozen=True, slots=True)
class LabelledDays:
    """Driver -> day -> whether any of its usage was a tenant's; days without any usage are left out.

    Attributes:
        shown: The server, for error messages.
        seen: What was added.
    """

    shown: str
    seen: dict[str, dict[date, bool]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, driver: str, day: ChargePeriod, tenants: Iterable[bool]) -> None:
        """Note whether any of the rows of *driver* on *day* is a tenant's."""
        rows = list(tenants)
        # What few pods do, no tenant may have done on a day: Jobs, requests, databases.
        if rows and driver.startswith(("cpu-", "memory-")):
            self.seen[driver][day.start.date()] = any(rows)

    def judged(self, unlabelled: str | None) -> Iterator[str]:
        """A sentence for each driver whose first or last days have no tenant's usage: maybe there was none.

        Args:
            unlabelled: The pool that took the usage.

        Raises:
            UsageError: When no day has any, or a day between others has none.
        """
        for driver, days in sorted(self.seen.items()):
            with_tenants = [day for day, any_of_them in sorted(days.items()) if any_of_them]
            without = [day for day, any_of_them in sorted(days.items()) if not any_of_them]
            if not with_tenants:
                raise UsageError(f"{self.shown}: no usage of driver {driver} has a tenant's label; {_REMEDY}")
            lost = [day for day in without if with_tenants[0] < day < with_tenants[-1]]
            if lost:
                raise UsageError(
                    f"{self.shown}: no usage of driver {driver} on {lost[0]} has a tenant's label; {_REMEDY}"
                )
            if without:
                yield (
                    f"driver {driver}: no usage has a tenant's label on {len(without)} of {len(days)} days, "
                    f"{without[0]} to {without[-1]}, and all of it went to {unlabelled}"
                )
