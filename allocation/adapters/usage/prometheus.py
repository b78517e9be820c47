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
from allocation.adapters.usage.queries import INSTEAD, Window, queries
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

    def fetch(self, period: ChargePeriod, drivers: Collection[str] | None = None) -> Iterator[UsageRow]:
        """The usage of *drivers* by consumer, for every day of *period*.

        None asks for all but those whose exporter is an option and began later or never, which is told: a
        month is divided by what was measured in all of it, or by what is declared.

        NaN, infinite and negative quantities are passed on, for `read_usage` to refuse.

        Raises:
            UsageError: When a driver is not measured, the server does not answer, warns, or did not see
                everything once; and when days between others, or all, have no usage with a tenant's label.
        """
        server, labelled = Instants(self.endpoint), LabelledDays(self.endpoint.shown)
        for driver in drivers or ():
            queries().of(driver)
        wanted = self._begun(server, period) if drivers is None else sorted(drivers)
        asked = [self._by_whom(server, driver, next(iter(days_of(period)))) for driver in wanted]
        checks = Checks(server, self.cluster_label, self.step_seconds, self.least_coverage_percent)
        for day in days_of(period):
            seconds = int((day.end - day.start).total_seconds())
            if seconds % self.step_seconds:
                raise UsageError(f"step of {self.step_seconds} seconds: does not divide {day}; choose 300")
            server.forget()
            for driver in asked:
                window = checks.window(driver, day)
                if gap := self._gap(server, driver, day):
                    raise gap
                for sentence in checks.judged(driver, day, window):
                    self.tell(sentence)
                rows = list(self._used(server, driver, day, window))
                labelled.add(driver, day, (row.tenant != self.unlabelled for row in rows))
                yield from rows
        for sentence in labelled.judged(self.unlabelled):
            self.tell(sentence)

    def _begun(self, server: Instants, period: ChargePeriod) -> list[str]:
        """All drivers but those whose exporter, an option, came after *period* had begun or never."""
        first = next(iter(days_of(period)))
        begun = []
        for driver in sorted(queries().drivers):
            otherwise = queries().of(driver).otherwise
            # A day without it after one with it is a gap, and is refused.
            if (
                otherwise
                and not self._seen(server, driver, _day_before(first))
                and self._gap(server, driver, first)
            ):
                self.tell(
                    f"driver {driver}: no tenant's usage exporter was there all day on "
                    f"{first.start:%Y-%m-%d}, so it has no row; it comes from {otherwise}"
                )
            else:
                begun.append(driver)
        return begun

    def _by_whom(self, server: Instants, driver: str, first: ChargePeriod) -> str:
        """*driver*, or what stands in for it where its own exporter came after *first* or never."""
        other = f"{driver}{INSTEAD}"
        if driver not in queries().instead or self._seen(server, driver, _day_before(first)):
            return driver
        if not self._gap(server, driver, first) or self._gap(server, other, first):
            return driver
        self.tell(
            f"driver {driver}: measured by the usage exporters of tenants, because the exporter of "
            f"{queries().of(driver).present} was not there all day on {first.start:%Y-%m-%d}"
        )
        return other

    def _used(self, server: Instants, driver: str, day: ChargePeriod, window: Window) -> Iterator[UsageRow]:
        query = queries().of(driver)
        wanted = f"driver {driver} on {day.start:%Y-%m-%d}"
        summed: dict[str, Decimal] = {}
        for labels, value in server.asked(queries().usage(driver, window), day.end, wanted):
            tenant = self._tenant(labels.get(query.tenant), query.tenant, wanted)
            summed[tenant] = WIDE.add(summed.get(tenant, Decimal()), value)
        for tenant in sorted(summed):
            quantity = query.accrued(summed[tenant], self.step_seconds)
            yield UsageRow(tenant, driver.removesuffix(INSTEAD), day.start, day.end, quantity)

    def _gap(self, server: Instants, driver: str, day: ChargePeriod) -> UsageError | None:
        """What to say of a day on which the exporter of *driver* was not there for long enough."""
        found, window = self._seen(server, driver, day), self._window(day)
        # Divided, because a number of a server's may be too large to be multiplied.
        least = Decimal(window.steps * self.least_coverage_percent) / _WHOLE
        if found.is_finite() and found >= least:
            return None
        return server.error(
            _samples(driver, day),
            f"that {found} of {window.steps} are there",
            "check that the exporter ran and that the server keeps data for so long",
        )

    def _seen(self, server: Instants, driver: str, day: ChargePeriod) -> Decimal:
        """At how many steps of *day* the exporter of *driver* was there."""
        query = queries().presence(driver, self._window(day))
        answered = server.asked(query, day.end, _samples(driver, day))
        return answered[0][1] if answered else Decimal()

    def _window(self, day: ChargePeriod) -> Window:
        return Window(int((day.end - day.start).total_seconds()), self.step_seconds)

    def _tenant(self, named: str | None, label: str, wanted: str) -> str:
        if not named:
            if self.unlabelled is None:
                raise UsageError(
                    f"{self.endpoint.shown}: asked for {wanted}, answered with usage without {label}; "
                    "name the pool it belongs to with --unlabelled"
                )
            return self.unlabelled
        return named.removeprefix(_DATABASE).replace("_", "-") if label == "datname" else named


def _day_before(day: ChargePeriod) -> ChargePeriod:
    return ChargePeriod(day.start - (day.end - day.start), day.start)


def _samples(driver: str, day: ChargePeriod) -> str:
    return f"the samples of driver {driver} on {day.start:%Y-%m-%d}"
