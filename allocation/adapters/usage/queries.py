"""The PromQL of every driver and of its checks, from `promql.yaml`, completed for one window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from string import Template
from typing import Final, Literal

from allocation.adapters.usage.rows import WIDE, UsageError, rounded
from tiers.strict_yaml import load_model
from tiers.vocabulary import Count, Frozen, Positive

FILE: Final = Path(__file__).with_name("promql.yaml")
INSTEAD: Final = " (usage exporters)"
"""Behind a driver's name: measured by the exporters of tenants instead of the driver's own."""
_SECONDS_PER_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Window:
    """What a query is completed with.

    Attributes:
        seconds: The length of the day.
        step_seconds: How far apart samples are taken.
        start: The first moment, in seconds since 1970.
        clusters: The labels that tell clusters apart; none where the series have none.
    """

    seconds: int
    step_seconds: int
    start: int = 0
    clusters: Sequence[str] = ()

    @property
    def steps(self) -> int:
        """How many samples a day has."""
        return self.seconds // self.step_seconds


class DriverQuery(Frozen):
    """The query of one driver.

    Attributes:
        unit: The driver's unit.
        accrues: Whether a step counts something held for hours, or a rate per second.
        divided_by: How many of the metric's units make one of the driver's.
        tenant: The label with the tenant's name.
        each_step: The query for one moment.
        present: A series that is there whenever the exporter works.
        series: The metrics that are joined: a label that tells clusters apart must be on all of them.
        checks: What must find nothing before the quantity is believed.
        otherwise: Where its quantities come from while its exporter, which is an option, was never seen.
    """

    unit: str
    accrues: Literal["hours", "seconds"]
    divided_by: Positive = 1
    tenant: Literal["label_cost_tenant", "datname", "tenant"]
    each_step: str
    present: str
    series: tuple[str, ...]
    checks: tuple[str, ...]
    otherwise: str | None = None

    def accrued(self, summed: Decimal, step_seconds: int) -> Decimal:
        """The quantity of a sum over steps, in `unit`, to the billionth."""
        per = _SECONDS_PER_HOUR if self.accrues == "hours" else 1
        held = WIDE.multiply(summed, Decimal(step_seconds))
        return rounded(WIDE.divide(held, Decimal(per * self.divided_by)))


class Check(Frozen):
    """A query that answers what is wrong: for each series it names, how many steps or seconds.

    Attributes:
        finds: What it finds, in words.
        remedy: What to do then; empty when nothing is refused.
        query: The query.
        says: Whether the finding is told and nothing is refused.
        counts: What the answer counts.
        allowed_steps: How many steps are let pass; None is one per cent of the day's.
        beyond_seconds: How far into the next day it looks.
    """

    finds: str
    remedy: str = ""
    query: str
    says: bool = False
    counts: Literal["samples", "seconds"] = "samples"
    allowed_steps: Count | None = None
    beyond_seconds: Count = 0


class Queries(Frozen):
    """The file `promql.yaml`."""

    cluster_labels: tuple[str, ...]
    parts: Mapping[str, str]
    drivers: Mapping[str, DriverQuery]
    instead: Mapping[str, DriverQuery]
    checks: Mapping[str, Check]
    elsewhere: Mapping[str, str]

    def of(self, driver: str) -> DriverQuery:
        """The query of *driver*; with `INSTEAD` behind its name, the one that stands in for it.

        Raises:
            UsageError: When Prometheus does not measure it; the message names its source.
        """
        if driver in self.drivers:
            return self.drivers[driver]
        if driver.endswith(INSTEAD) and driver.removesuffix(INSTEAD) in self.instead:
            return self.instead[driver.removesuffix(INSTEAD)]
        source = self.elsewhere.get(driver)
        known = f"it comes from {source}" if source else f"it knows {', '.join(sorted(self.drivers))}"
        raise UsageError(f"driver '{driver}': Prometheus does not measure it; {known}")

    def usage(self, driver: str, window: Window) -> str:
        """The PromQL that sums *driver* over every step of a window."""
        each = self._whole(self.of(driver).each_step, driver, window)
        return f"sum_over_time(({each})[{window.seconds}s:{window.step_seconds}s])"

    def presence(self, driver: str, window: Window) -> str:
        """The PromQL that counts the steps of a window at which the exporter of *driver* worked."""
        return self._whole("count_over_time((group($present))[$window:$step])", driver, window)

    def check(self, name: str, driver: str, window: Window) -> str:
        """The PromQL of one check of *driver*."""
        return self._whole(self.checks[name].query, driver, window, self.checks[name].beyond_seconds)

    def clusters(self, series: str, window: Window, labels: Sequence[str]) -> str:
        """The PromQL that answers which values *labels* have on a metric in a window."""
        return f"group by ({', '.join(labels)}) (last_over_time({series}[{window.seconds}s]))"

    def _whole(self, text: str, driver: str, window: Window, beyond_seconds: int = 0) -> str:
        """*text* with its parts filled in, recursively."""
        known = {
            **self.parts,
            "present": self.of(driver).present,
            "step": f"{window.step_seconds}s",
            "seconds": str(window.step_seconds),
            "window": f"{window.seconds + beyond_seconds}s",
            "steps": str(window.steps),
            "start": str(window.start),
            "cluster": "".join(f"{label}, " for label in window.clusters).rstrip(),
        }
        for _ in self.parts:
            if not any(f"${name}" in text for name in known):
                break
            text = Template(text.replace("$$", "$$$$")).substitute(known)
        return text.replace("$$", "$")


@cache
def queries() -> Queries:
    """The queries of this version."""
    return load_model(Queries, FILE)
