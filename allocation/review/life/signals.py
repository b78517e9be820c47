"""What a signal is today: found in a month, and acknowledged, dismissed or solved by somebody, or none of it.

Silence never closes a signal. An acknowledgement ends on its day, a dismissal once the signal has grown by
half, a solution once a month after it shows the signal again; then it is open, and says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from allocation.charges import ChargePeriod
from allocation.engine.drivers import Driver
from allocation.review.life.identity import Measure, measure_of, signal_id, slug
from allocation.review.signals import Kind, Month, Signal
from tiers.portfolio.reviews.entries import SignalEntry
from tiers.portfolio.reviews.states import SignalState
from tiers.vocabulary import PLATFORM

GROWN: Final = Decimal("1.5")
"""A dismissed signal is open again from this multiple of its size on."""
_MEASURED: Final[Mapping[str, frozenset[Driver]]] = {
    slug(f"{Kind.RIGHTSIZING} CPU"): frozenset({Driver.CPU_REQUESTS, Driver.CPU_USED}),
    slug(f"{Kind.RIGHTSIZING} memory"): frozenset({Driver.MEMORY_REQUESTS, Driver.MEMORY_USED}),
    slug(f"{Kind.USERS} users"): frozenset({Driver.USERS}),
}
"""What only measured usage shows, by cause: where it was not measured, no signal says nothing."""


class SignalLife(NamedTuple):
    """A signal as it is today.

    Attributes:
        id: Its id.
        state: What it is.
        why: One clause about what was said of it, and why that holds or does not any more; empty where
            nothing was said.
        measure: How large it is; None where the month does not show it.
        rows: The rows of the month that are this signal; none where the month does not show it.
    """

    id: str
    state: SignalState
    why: str
    measure: Measure | None
    rows: tuple[Signal, ...]


@dataclass(frozen=True)
class Seen:
    """What a month shows.

    Attributes:
        period: The month.
        today: The day of the question: acknowledgements that end on it or before have ended.
        tenants: Who is deployed.
        measured: Of which tenants which drivers were measured.
    """

    period: ChargePeriod
    today: date
    tenants: frozenset[str]
    measured: frozenset[tuple[str, Driver]]


def seen_in(month: Month, today: date) -> Seen:
    """What *month* shows, on a day."""
    return Seen(
        month.statement.charge_period,
        today,
        frozenset(tenant.tenant for tenant in month.plan.tenants),
        frozenset(month.levels),
    )


def lives(
    signals: Iterable[Signal], entries: Sequence[SignalEntry], currency: str, seen: Seen
) -> tuple[SignalLife, ...]:
    """Every signal that the month shows, in its order, and those that were only spoken of.

    Args:
        signals: What the month shows.
        entries: What was said, the oldest first; the last one about a signal holds.
        currency: That of amounts.
        seen: The month and the day.
    """
    rows: dict[str, list[Signal]] = {}
    for signal in signals:
        rows.setdefault(signal_id(signal), []).append(signal)
    said = {entry.signal: entry for entry in entries}
    return (
        *(_found(name, tuple(found), said.get(name), currency, seen) for name, found in rows.items()),
        *(_absent(entry, seen) for name, entry in sorted(said.items()) if name not in rows),
    )


def open_signals(signals: Iterable[Signal], found: Iterable[SignalLife]) -> Iterator[Signal]:
    """Those of *signals* that need a decision, in their order."""
    waiting = {life.id for life in found if life.state is SignalState.OPEN}
    return (signal for signal in signals if signal_id(signal) in waiting)


def _found(
    name: str, rows: tuple[Signal, ...], entry: SignalEntry | None, currency: str, seen: Seen
) -> SignalLife:
    measure = max((measure_of(row, currency) for row in rows), key=lambda each: each.size)
    state, why = (SignalState.OPEN, "") if entry is None else _judged(entry, measure, seen)
    return SignalLife(name, state, why, measure, rows)


def _judged(entry: SignalEntry, measure: Measure, seen: Seen) -> tuple[SignalState, str]:
    """What a signal is that the month shows, after what was said of it."""
    match entry.state:
        case SignalState.ACKNOWLEDGED if entry.until is not None and seen.today >= entry.until:
            return SignalState.OPEN, f"{said(entry)}: that day has passed"
        case SignalState.DISMISSED if entry.size is not None and measure.size >= GROWN * entry.size:
            then, now = (f"{round(each, 2).normalize():,f}" for each in (entry.size, measure.size))
            return SignalState.OPEN, f"{said(entry)}: it has grown from {then} to {now} {measure.unit}"
        case SignalState.SOLVED if seen.period.start.date() >= entry.on:
            return SignalState.OPEN, f"{said(entry)}: it is back in {seen.period.start:%Y-%m}"
        case SignalState.SOLVED:
            return entry.state, f"{said(entry)}; a whole month after that day shows whether it is"
        case _:
            return entry.state, said(entry)


def _absent(entry: SignalEntry, seen: Seen) -> SignalLife:
    """A signal that was spoken of, and that the month does not show."""
    whose, _, cause = entry.signal.partition("/")
    month = f"{seen.period.start:%Y-%m}"
    needed = {(whose, driver) for driver in _MEASURED.get(cause, ())}
    if whose not in {PLATFORM, *seen.tenants}:
        shown = f"{whose} is not deployed in {month}"
    elif not needed <= seen.measured:
        shown = f"nothing of it was measured in {month}, so nobody knows"
    else:
        shown = f"{month} does not show it"
    return SignalLife(entry.signal, entry.state, f"{said(entry)}; {shown}", None, ())


def said(entry: SignalEntry) -> str:
    """What an entry says, in one clause."""
    until = f" until {entry.until}" if entry.until else ""
    because = f" because: {entry.reason}" if entry.reason else ""
    return f"{entry.state}{until} by {entry.by} on {entry.on}{because}"
