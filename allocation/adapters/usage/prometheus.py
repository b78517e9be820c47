"""Reads drivers from Prometheus, day by day.

A day's window holds the samples at 00:00, 00:05 ... 23:55 and no other: each moment is counted once, so the
sum of the days is the month. For that the query is evaluated a millisecond before midnight. Subqueries take
their steps at whole multiples of the step, and a range is closed at its end, where it is evaluated. Whether
it is also closed at its start differs (Prometheus 2: yes, 3: no; see its docs/migration.md, "Range selectors
and lookback exclude samples coinciding with the left boundary"). Evaluated at midnight, Prometheus 2 would
count 289 samples, both midnights; a millisecond before, no sample lies on a boundary, and both count the same
288 (tried with the engines of 2.54 and 3.5).

Before a quantity is believed, the checks of `promql.yaml` must find nothing (`checks.py`).
What they let pass bounds the error: of each container two steps at each start, until it is measured, and one
after its end, because a sample stays visible for five minutes (Prometheus' docs, "Staleness"); and of each
name one per cent of a day's steps.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from allocation.adapters.usage.checks import Checks
from allocation.adapters.usage.endpoint import Endpoint
from allocation.adapters.usage.instants import Instants
from allocation.adapters.usage.labelled_days import LabelledDays
from allocation.adapters.usage.queries import Window, queries
from allocation.adapters.usage.rows import WIDE, UsageError, UsageRow, days_of
from allocation.charges import ChargePeriod

_DATABASE: Final = "odoo_"
_WHOLE: Final = 100


def _quiet(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A Prometheus, or a server with its API (Thanos, Mimir, Amazon Managed Service for Prometheus).

    Attributes:
        endpoint: Its API.
        unlabelled: The consumer of usage without a tenant's label: the pool of the platform's own pods.
            None makes such usage an error.
        cluster_label: The label that tells clusters apart; None to find it out (`Checks.window`).
        step_seconds: How far apart samples are taken; the exporters must be scraped at least twice in it.
        least_coverage_percent: Of a day's samples, how many must be there.
        tell: Called with each sentence about what is not counted and refuses nothing.
    """

    endpoint: Endpoint
    unlabelled: str | None = None
    cluster_label: str | None = None
    step_seconds: int = 300
    least_coverage_percent: int = 99
    tell: Callable[[str], None] = _quiet

    def fetch(self, period: ChargePeriod, drivers: Collection[str]) -> Iterator[UsageRow]:
        """The usage of *drivers* by consumer, for every day of *period*.

        NaN, infinite and negative quantities are passed on, for `read_usage` to refuse.

        Raises:
            UsageError: When a driver is not measured, the server does not answer, warns, or did not see
                everything once; and when days between others, or all, have no usage with a tenant's label.
        """
        for driver in sorted(drivers):
            queries().of(driver)
        server, labelled = Instants(self.endpoint), LabelledDays(self.endpoint.shown)
        checks = Checks(server, self.cluster_label, self.step_seconds, self.least_coverage_percent)
        for day in days_of(period):
            seconds = int((day.end - day.start).total_seconds())
            if seconds % self.step_seconds:
                raise UsageError(f"step of {self.step_seconds} seconds: does not divide {day}; choose 300")
            server.forget()
            for driver in sorted(drivers):
                window = checks.window(driver, day)
                self._refuse_gaps(server, driver, day, window)
                for sentence in checks.judged(driver, day, window):
                    self.tell(sentence)
                rows = list(self._used(server, driver, day, window))
                labelled.add(driver, day, (row.tenant != self.unlabelled for row in rows))
                yield from rows
        for sentence in labelled.judged(self.unlabelled):
            self.tell(sentence)

    def _used(self, server: Instants, driver: str, day: ChargePeriod, window: Window) -> Iterator[UsageRow]:
        query = queries().of(driver)
        wanted = f"driver {driver} on {day.start:%Y-%m-%d}"
        summed: dict[str, Decimal] = {}
        for labels, value in server.asked(queries().usage(driver, window), day.end, wanted):
            tenant = self._tenant(labels.get(query.tenant), query.tenant, wanted)
            summed[tenant] = WIDE.add(summed.get(tenant, Decimal()), value)
        for tenant in sorted(summed):
            quantity = query.accrued(summed[tenant], self.step_seconds)
            yield UsageRow(tenant, driver, day.start, day.end, quantity)

    def _refuse_gaps(self, server: Instants, driver: str, day: ChargePeriod, window: Window) -> None:
        wanted = f"the samples of driver {driver} on {day.start:%Y-%m-%d}"
        answered = server.asked(queries().presence(driver, window), day.end, wanted)
        found = answered[0][1] if answered else Decimal()
        # Divided, because a number of a server's may be too large to be multiplied.
        least = Decimal(window.steps * self.least_coverage_percent) / _WHOLE
        if not found.is_finite() or found < least:
            raise server.error(
                wanted,
                f"that {found} of {window.steps} are there",
                "check that the exporter ran and that the server keeps data for so long",
            )

    def _tenant(self, named: str | None, label: str, wanted: str) -> str:
        if not named:
            if self.unlabelled is None:
                raise UsageError(
                    f"{self.endpoint.shown}: asked for {wanted}, answered with usage without {label}; "
                    "name the pool it belongs to with --unlabelled"
                )
            return self.unlabelled
        return named.removeprefix(_DATABASE).replace("_", "-") if label == "datname" else named
