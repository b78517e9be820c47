"""Judges whether Prometheus saw everything once: clusters, names, gaps, and what was not measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from allocation.adapters.usage.instants import Instants, Sample
from allocation.adapters.usage.queries import Check, Window, queries
from allocation.charges import ChargePeriod
from tiers.escapes import shortened

_WHOLE: Final = 100
_SHOWN: Final = 3
_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class Checks:
    """What is asked before a quantity is believed.

    Attributes:
        server: Who is asked.
        cluster_label: The label that tells clusters apart; None to find it out.
        step_seconds: How far apart samples are taken.
        least_coverage_percent: Of a day's samples, how many must be there.
    """

    server: Instants
    cluster_label: str | None
    step_seconds: int
    least_coverage_percent: int

    def window(self, driver: str, day: ChargePeriod) -> Window:
        """The window of *day*, with the labels that tell clusters apart on all series of *driver*.

        Without `cluster_label`, these are all of `cluster_labels` in `promql.yaml` that every series has.

        Raises:
            UsageError: When a series does not have the given label.
        """
        seconds = int((day.end - day.start).total_seconds())
        window = Window(seconds, self.step_seconds, int(day.start.timestamp()))
        given = (self.cluster_label,) if self.cluster_label else queries().cluster_labels
        wanted = f"the clusters of driver {driver} on {day.start:%Y-%m-%d}"
        common = set(given)
        for series in queries().of(driver).series:
            values = self.server.asked(queries().clusters(series, window, given), day.end, wanted)
            found = {name for labels, _ in values for name in given if labels.get(name)}
            if self.cluster_label and values and not found:
                raise self.server.error(
                    wanted,
                    f"{series} without the label {self.cluster_label}",
                    "choose another --cluster-label, or add it to all targets",
                )
            common &= found
        chosen = tuple(label for label in given if label in common)
        return Window(seconds, self.step_seconds, window.start, chosen)

    def judged(self, driver: str, day: ChargePeriod, window: Window) -> Iterator[str]:
        """What is to be told about *driver*, a sentence each.

        Raises:
            UsageError: When a check finds what must not be; the message names the worst.
        """
        for name in queries().of(driver).checks:
            check = queries().checks[name]
            wanted = f"driver {driver} on {day.start:%Y-%m-%d}"
            end = day.end + timedelta(seconds=check.beyond_seconds)
            asked = f"{wanted} (query {name} of promql.yaml)"
            answered = self.server.asked(queries().check(name, driver, window), end, asked)
            found = [each for each in answered if self._too_much(check, each[1], window)]
            if not found:
                continue
            if not check.says:
                raise self.server.error(asked, f"with {_told(check, found, window)}", check.remedy)
            yield f"{wanted}: {_told(check, found, window)}"

    def _too_much(self, check: Check, value: Decimal, window: Window) -> bool:
        allowed = check.allowed_steps
        if allowed is None:
            part = Decimal(_WHOLE - self.least_coverage_percent) / _WHOLE
            limit = window.steps * part if check.counts == "samples" else Decimal()
        else:
            limit = Decimal(allowed)
        return not value.is_finite() or value > limit


def _told(check: Check, found: Sequence[Sample], window: Window) -> str:
    # Sorted by what is wrong and by name; what is no number is worst.
    worst = sorted(
        found, key=lambda each: (each[1].is_finite(), -each[1] if each[1].is_finite() else 0, str(each[0]))
    )
    shown = ", ".join(
        f"{_named(labels)} ({_amount(check, value, window)})" for labels, value in worst[:_SHOWN]
    )
    more = f" and {len(worst) - _SHOWN} more" if len(worst) > _SHOWN else ""
    return f"{check.finds}: {shown}{more}"


def _named(labels: dict[str, str]) -> str:
    return (
        " ".join(f"{shortened(name)}={shortened(value)}" for name, value in sorted(labels.items()))
        or "(no label)"
    )


def _amount(check: Check, value: Decimal, window: Window) -> str:
    amount = f"{value:.0f}" if value.is_finite() and value.adjusted() < _DIGITS else str(value)
    return f"{amount} seconds" if check.counts == "seconds" else f"{amount} of {window.steps} samples"
