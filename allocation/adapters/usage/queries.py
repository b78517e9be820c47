"""The PromQL of every driver, from `promql.yaml`, completed for one window."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from string import Template
from typing import Final, Literal

from allocation.adapters.usage.rows import WIDE, UsageError, rounded
from tiers.strict_yaml import load_model
from tiers.vocabulary import Frozen, Positive

FILE: Final = Path(__file__).with_name("promql.yaml")
_SECONDS_PER_HOUR: Final = 3600


class DriverQuery(Frozen):
    """The query of one driver.

    Attributes:
        unit: The driver's unit.
        accrues: Whether a step counts something held for hours, or a rate per second.
        divided_by: How many of the metric's units make one of the driver's.
        tenant: The label with the tenant's name.
        each_step: The query for one moment.
        present: A series that is there whenever the exporter works.
    """

    unit: str
    accrues: Literal["hours", "seconds"]
    divided_by: Positive = 1
    tenant: Literal["label_cost_tenant", "datname"]
    each_step: str
    present: str

    def accrued(self, summed: Decimal, step_seconds: int) -> Decimal:
        """The quantity of a sum over steps, in `unit`, to the billionth."""
        per = _SECONDS_PER_HOUR if self.accrues == "hours" else 1
        held = WIDE.multiply(summed, Decimal(step_seconds))
        return rounded(WIDE.divide(held, Decimal(per * self.divided_by)))


class Queries(Frozen):
    """The file `promql.yaml`."""

    parts: Mapping[str, str]
    drivers: Mapping[str, DriverQuery]
    elsewhere: Mapping[str, str]

    def of(self, driver: str) -> DriverQuery:
        """The query of *driver*.

        Raises:
            UsageError: When Prometheus does not measure it; the message names its source.
        """
        if driver in self.drivers:
            return self.drivers[driver]
        source = self.elsewhere.get(driver)
        known = f"it comes from {source}" if source else f"it knows {', '.join(sorted(self.drivers))}"
        raise UsageError(f"driver '{driver}': Prometheus does not measure it; {known}")

    def usage(self, driver: str, window_seconds: int, step_seconds: int) -> str:
        """The PromQL that sums *driver* over every step of a window."""
        each = self._whole(self.of(driver).each_step, step_seconds)
        return f"sum_over_time(({each})[{window_seconds}s:{step_seconds}s])"

    def presence(self, driver: str, window_seconds: int, step_seconds: int) -> str:
        """The PromQL that counts the steps of a window at which the exporter of *driver* worked."""
        return f"count_over_time((group({self.of(driver).present}))[{window_seconds}s:{step_seconds}s])"

    def _whole(self, text: str, step_seconds: int) -> str:
        """*text* with its parts filled in, recursively."""
        known = {**self.parts, "step": f"{step_seconds}s"}
        for _ in self.parts:
            if not any(f"${name}" in text for name in known):
                break
            text = Template(text.replace("$$", "$$$$")).substitute(known)
        return text.replace("$$", "$")


@cache
def queries() -> Queries:
    """The queries of this version."""
    return load_model(Queries, FILE)
