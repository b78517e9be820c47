"""Reads drivers from Prometheus, day by day.

A day's window holds the samples at 00:00, 00:05 ... 23:55 and no other: each moment is counted once, so the
sum of the days is the month. For that the query is evaluated a millisecond before midnight. Subqueries take
their steps at whole multiples of the step, and a range is closed at its end, where it is evaluated. Whether
it is also closed at its start differs (Prometheus 2: yes, 3: no; see its docs/migration.md, "Range selectors
and lookback exclude samples coinciding with the left boundary"). Evaluated at midnight, Prometheus 2 would
count 289 samples, both midnights; a millisecond before, no sample lies on a boundary, and both count the same
288 (tried with the engines of 2.54 and 3.5).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from allocation.adapters.usage.endpoint import Endpoint
from allocation.adapters.usage.queries import queries
from allocation.adapters.usage.rows import WIDE, UsageError, UsageRow, days_of
from allocation.charges import ChargePeriod

_PATH: Final = "api/v1/query"
_JUST_BEFORE: Final = timedelta(milliseconds=1)
_DATABASE: Final = "odoo_"
_WHOLE: Final = 100
_PAIR: Final = 2


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A Prometheus, or a server with its API (Thanos, Mimir, Amazon Managed Service for Prometheus).

    Attributes:
        endpoint: Its API.
        unlabelled: The consumer of usage without a tenant's label: the pool of the platform's own pods.
            None makes such usage an error.
        step_seconds: How far apart samples are taken; the exporters must be scraped at least twice in it.
        least_coverage_percent: Of a day's samples, how many must be there.
    """

    endpoint: Endpoint
    unlabelled: str | None = None
    step_seconds: int = 300
    least_coverage_percent: int = 99

    def fetch(self, period: ChargePeriod, drivers: Collection[str]) -> Iterator[UsageRow]:
        """The usage of *drivers* by consumer, for every day of *period*.

        NaN, infinite and negative quantities are passed on, for `read_usage` to refuse.

        Raises:
            UsageError: When a driver is not measured, the server does not answer, warns, or has gaps.
        """
        for driver in sorted(drivers):
            queries().of(driver)
        for day in days_of(period):
            seconds = int((day.end - day.start).total_seconds())
            if seconds % self.step_seconds:
                raise UsageError(f"step of {self.step_seconds} seconds: does not divide {day}; choose 300")
            for driver in sorted(drivers):
                self._refuse_gaps(driver, day, seconds)
                yield from self._used(driver, day, seconds)

    def _used(self, driver: str, day: ChargePeriod, seconds: int) -> Iterator[UsageRow]:
        query = queries().of(driver)
        wanted = f"driver {driver} on {day.start:%Y-%m-%d}"
        summed: dict[str, Decimal] = {}
        for labels, value in self._asked(queries().usage(driver, seconds, self.step_seconds), day, wanted):
            tenant = self._tenant(labels.get(query.tenant), query.tenant, wanted)
            summed[tenant] = WIDE.add(summed.get(tenant, Decimal()), value)
        for tenant in sorted(summed):
            quantity = query.accrued(summed[tenant], self.step_seconds)
            yield UsageRow(tenant, driver, day.start, day.end, quantity)

    def _refuse_gaps(self, driver: str, day: ChargePeriod, seconds: int) -> None:
        wanted = f"the samples of driver {driver} on {day.start:%Y-%m-%d}"
        query = queries().presence(driver, seconds, self.step_seconds)
        expected = seconds // self.step_seconds
        answered = self._asked(query, day, wanted)
        found = answered[0][1] if answered else Decimal()
        # Divided, because a number of a server's may be too large to be multiplied.
        if not found.is_finite() or found < Decimal(expected * self.least_coverage_percent) / _WHOLE:
            raise UsageError(
                f"{self.endpoint.shown}: asked for {wanted}, answered that {found} of {expected} are there; "
                "check that the exporter ran and that the server keeps data for so long"
            )

    def _tenant(self, named: str | None, label: str, wanted: str) -> str:
        if not named:
            if self.unlabelled is None:
                raise UsageError(
                    f"{self.endpoint.shown}: asked for {wanted}, answered with usage without {label}; "
                    "name the pool it belongs to (unlabelled)"
                )
            return self.unlabelled
        return named.removeprefix(_DATABASE).replace("_", "-") if label == "datname" else named

    def _asked(self, query: str, day: ChargePeriod, wanted: str) -> list[tuple[dict[str, str], Decimal]]:
        moment = (day.end - _JUST_BEFORE).astimezone(UTC)
        # Thanos answers with partial data and a warning, unless partial responses are disabled.
        parameters = {"query": query, "time": f"{moment:%Y-%m-%dT%H:%M:%S}.999Z", "partial_response": "false"}
        answer = self.endpoint.get(_PATH, parameters, wanted)
        if not isinstance(answer, dict) or answer.get("status") != "success":
            said = answer.get("error", answer) if isinstance(answer, dict) else answer
            raise self._error(wanted, f"no success: {said}", "check the query in promql.yaml")
        if answer.get("warnings"):
            raise self._error(wanted, f"a warning: {answer['warnings']}", "its data may be partial")
        try:
            return [_sample(each) for each in _vector(answer["data"])]
        except InvalidOperation:
            raise self._error(wanted, "a value that is no number", "check that this is Prometheus") from None
        except (KeyError, TypeError, ValueError) as error:
            raise self._error(wanted, f"no vector ({error!r})", "check that this is Prometheus") from None

    def _error(self, wanted: str, said: str, remedy: str) -> UsageError:
        return UsageError(f"{self.endpoint.shown}: asked for {wanted}, answered {said[:300]}; {remedy}")


def _vector(data: Any) -> list[Any]:
    if data["resultType"] != "vector" or not isinstance(data["result"], list):
        raise ValueError(data["resultType"])
    return data["result"]


def _sample(each: Any) -> tuple[dict[str, str], Decimal]:
    labels, value = each["metric"], each["value"]
    if not isinstance(labels, dict) or not all(isinstance(each, str) for each in labels.values()):
        raise ValueError(labels)
    if len(value) != _PAIR or not isinstance(value[1], str):
        raise ValueError(each)
    return labels, Decimal(value[1])
