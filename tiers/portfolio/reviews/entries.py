"""The two files of a register, `reviews/signals.yaml` and `reviews/decisions.yaml`, as people write them.

Both only grow: an entry is what somebody said on a day, and the last one about a signal or a decision holds.
So git shows who changed what, and a merge keeps both sides.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, Field, model_validator

from tiers.portfolio.reviews.states import DecisionState, SignalState
from tiers.vocabulary import Frozen, TagValue, TenantId

_ISO: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def _day(value: object) -> date:
    """A day as people write it; pydantic's own would take a number for seconds since 1970."""
    try:
        if isinstance(value, date):
            return value
        found = date.fromisoformat(str(value))
    except ValueError:
        found = None
    if found is None or str(value) != f"{found}":
        raise ValueError(f"expected a day such as 2026-12-31, found '{value}'")
    return found


Day = Annotated[date, BeforeValidator(_day, json_schema_input_type=Annotated[str, Field(pattern=_ISO)])]
SignalId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}/[a-z0-9][a-z0-9-]{0,99}$")]
"""Of a tenant, or `platform`, and of a cause, such as `acme/fair-use-users`; the pages show it."""
DecisionId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
Words = Annotated[str, Field(min_length=3, max_length=400)]
Who = Annotated[str, Field(min_length=2, max_length=100)]
Size = Annotated[Decimal, Field(ge=0, max_digits=20, decimal_places=4, allow_inf_nan=False)]
Money = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2, allow_inf_nan=False)]


def _fits(entry: Frozen, state: str, needs: Iterable[str], may: Iterable[str], every: Iterable[str]) -> None:
    """Refuse an entry without a field that its state needs, or with one that says nothing there."""
    needed, allowed = set(needs), {*needs, *may}
    for name in every:
        given = getattr(entry, name) is not None
        if name in needed and not given:
            raise ValueError(f"{name}: is missing; an entry that is '{state}' has it")
        if given and name not in allowed:
            raise ValueError(f"{name}: says nothing in an entry that is '{state}'; leave it out")


class SignalEntry(Frozen):
    """What somebody said of a signal on a day."""

    signal: SignalId
    """The signal's id, as the pages of a report and `costack review show` print it."""
    state: SignalState
    """What it is from then on."""
    on: Day
    """The day this was said."""
    by: Who
    """Who said it."""
    until: Day | None = None
    """Of `acknowledged`: the signal is open again from this day on."""
    reason: Words | None = None
    """Why. A dismissed signal has it."""
    size: Size | None = None
    """Of `dismissed`: how large the signal was, in its own unit; `costack review signal` writes it."""

    @model_validator(mode="after")
    def _has_what_its_state_needs(self) -> Self:
        needs = {SignalState.ACKNOWLEDGED: ("until",), SignalState.DISMISSED: ("reason", "size")}
        _fits(self, self.state, needs.get(self.state, ()), ("reason",), ("until", "reason", "size"))
        if self.until is not None and self.until <= self.on:
            raise ValueError(f"until: expected a day after {self.on}, found {self.until}")
        return self


class DecisionEntry(Frozen):
    """What was decided in a review, or what became of it, on a day."""

    decision: DecisionId
    """Its id, such as `2026-q4-acme-database`; the same in all entries about it."""
    state: DecisionState
    """What it is from then on."""
    on: Day
    """The day of this entry: of `done`, the day since which it is in force."""
    by: Who
    """Who wrote it."""
    what: Words | None = None
    """Of `decided`: what is to be done."""
    owner: Who | None = None
    """Of `decided`: who sees to it."""
    due: Day | None = None
    """Of `decided` and `postponed`: it is overdue from the day after this one."""
    signal: SignalId | None = None
    """Of `decided`: the signal it answers."""
    tenant: TenantId | None = None
    """Of `decided`: the tenant whose cost it should lower; its saving is measured there."""
    pool: TagValue | None = None
    """Of `decided`: the pool whose cost it should lower, in place of a tenant."""
    saving_per_month: Money | None = None
    """Of `decided`: what it should save a month, in the portfolio's currency."""
    reason: Words | None = None
    """Why. A decision that is dropped or postponed has it."""

    @model_validator(mode="after")
    def _has_what_its_state_needs(self) -> Self:
        needs = {
            DecisionState.DECIDED: ("what", "owner", "due"),
            DecisionState.POSTPONED: ("due", "reason"),
            DecisionState.DROPPED: ("reason",),
        }
        first = ("what", "owner", "due", "signal", "tenant", "pool", "saving_per_month")
        may = (*first, "reason") if self.state is DecisionState.DECIDED else ("reason",)
        _fits(self, self.state, needs.get(self.state, ()), may, (*first, "reason"))
        if self.tenant is not None and self.pool is not None:
            raise ValueError("pool: a saving is measured in one place; name a tenant or a pool")
        if self.due is not None and self.due < self.on:
            raise ValueError(f"due: expected {self.on} or a later day, found {self.due}")
        return self


class SignalFile(Frozen):
    """`reviews/signals.yaml`: what became of signals."""

    signals: tuple[SignalEntry, ...] = ()
    """Entries, the oldest first; the last one about a signal holds."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _refuse_going_back((entry.signal, entry.on) for entry in self.signals)
        return self


class DecisionFile(Frozen):
    """`reviews/decisions.yaml`: the decisions of reviews."""

    decisions: tuple[DecisionEntry, ...] = ()
    """Entries, the oldest first; the last one about a decision holds."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _refuse_going_back((entry.decision, entry.on) for entry in self.decisions)
        known: dict[str, DecisionState] = {}
        for entry in self.decisions:
            before = known.get(entry.decision)
            begins = entry.state is DecisionState.DECIDED
            if before is None and not begins:
                raise ValueError(f"{entry.decision}: is {entry.state}, and no entry before says what it is")
            if before is not None and begins:
                raise ValueError(f"{entry.decision}: is decided twice; give the second one another id")
            if before in {DecisionState.DONE, DecisionState.DROPPED}:
                raise ValueError(f"{entry.decision}: is {entry.state} after it was {before}")
            known[entry.decision] = entry.state
        return self


class Reviews(Frozen):
    """The register of a portfolio; empty where it has none."""

    signals: tuple[SignalEntry, ...] = ()
    decisions: tuple[DecisionEntry, ...] = ()


def _refuse_going_back(entries: Iterable[tuple[str, date]]) -> None:
    """Refuse an entry that is older than the one above it about the same: nobody knows which one holds."""
    last: dict[str, date] = {}
    for name, on in entries:
        if on < last.get(name, on):
            raise ValueError(
                f"{name}: an entry of {on} stands below one of {last[name]}; put them in the order of their "
                "days"
            )
        last[name] = on
