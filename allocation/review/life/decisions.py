"""What became of a decision: due, overdue, dropped, or done with the saving that filed months show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum, unique
from typing import NamedTuple

from allocation.statement.filed import FiledStatement
from allocation.statement.filed_other_months import without_other_months
from tiers.portfolio.reviews.entries import DecisionEntry
from tiers.portfolio.reviews.states import DecisionState
from tiers.vocabulary import TenantId


@unique
class Outcome(StrEnum):
    """What became of a decision; these words are shown."""

    DUE = "due"
    OVERDUE = "overdue"
    DONE = "done"
    DROPPED = "dropped"


class Saving(NamedTuple):
    """What the months around a decision cost: its own cost of a tenant, or a pool's, in units.

    Corrections of other months are left out of both. `gone` says that the later month has no such tenant or
    pool any more: then all that it cost counts as saved, and what its shares of pools were others pay.
    """

    before: str
    after: str
    was: int
    now: int
    gone: bool = False

    @property
    def units(self) -> int:
        """What is saved a month; negative where it costs more since."""
        return self.was - self.now


class DecisionLife(NamedTuple):
    """A decision as it is today.

    Attributes:
        decided: What was decided, by whom and for whom.
        last: The last entry about it; `decided` itself where there is no other.
        due: The due date that holds, after all postponements.
        outcome: What became of it.
        saving: What it saved, once a whole month after it is filed.
        unmeasured: Why there is no saving, of one that is done.
    """

    decided: DecisionEntry
    last: DecisionEntry
    due: date
    outcome: Outcome
    saving: Saving | None = None
    unmeasured: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is still to be carried out."""
        return self.outcome in {Outcome.DUE, Outcome.OVERDUE}

    def is_carried_over(self, first_month: FiledStatement) -> bool:
        """Whether it was decided before the months that a review looks at."""
        return self.decided.on < first_month.charge_period.start.date()


def decision_lives(
    entries: Iterable[DecisionEntry], months: Sequence[FiledStatement], today: date
) -> tuple[DecisionLife, ...]:
    """Every decision: overdue ones first, then those that are due, done and dropped, each by its date.

    Args:
        entries: What was said, the oldest first; the first about a decision says what it is.
        months: The months that are filed, the oldest first.
        today: The day of the question; a decision is overdue from the day after its due date.
    """
    by_id: dict[str, list[DecisionEntry]] = {}
    for entry in entries:
        by_id.setdefault(entry.decision, []).append(entry)
    own = [without_other_months(month) for month in months]
    found = [_life(one, own, today) for one in by_id.values()]
    rank = [Outcome.OVERDUE, Outcome.DUE, Outcome.DONE, Outcome.DROPPED]
    return tuple(sorted(found, key=lambda each: (rank.index(each.outcome), each.due, each.decided.decision)))


def of_review(found: Iterable[DecisionLife], first_month: FiledStatement) -> tuple[DecisionLife, ...]:
    """What a review shows: what is open, whenever it was decided, and what ended since its first month."""
    begin = first_month.charge_period.start.date()
    return tuple(each for each in found if each.is_open or each.last.on >= begin)


def _life(entries: Sequence[DecisionEntry], months: Sequence[FiledStatement], today: date) -> DecisionLife:
    decided, last = entries[0], entries[-1]
    due = next(entry.due for entry in reversed(entries) if entry.due is not None)
    match last.state:
        case DecisionState.DONE:
            saving = _saving(decided, last.on, months)
            if isinstance(saving, str):
                return DecisionLife(decided, last, due, Outcome.DONE, unmeasured=saving)
            return DecisionLife(decided, last, due, Outcome.DONE, saving)
        case DecisionState.DROPPED:
            return DecisionLife(decided, last, due, Outcome.DROPPED)
        case _:
            return DecisionLife(decided, last, due, Outcome.OVERDUE if today > due else Outcome.DUE)


def _saving(decided: DecisionEntry, done_on: date, months: Sequence[FiledStatement]) -> Saving | str:
    """The newest whole month since *done_on* against the newest one before; or why that is unknown."""
    if decided.tenant is None and decided.pool is None:
        return "the decision names no tenant and no pool"
    before = next((month for month in reversed(months) if month.period.end.date() <= done_on), None)
    after = next((month for month in reversed(months) if month.period.start.date() >= done_on), None)
    if before is None:
        return f"no whole month before {done_on} is filed"
    if after is None:
        return f"no whole month since {done_on} is filed"
    if unlike := _unlike(before, after):
        return unlike
    was, now = (_cost(decided, month) for month in (before, after))
    if was is None:
        return f"{decided.tenant or decided.pool} is not in {before.month}"
    return Saving(before.month, after.month, was, now or 0, now is None)


def _unlike(before: FiledStatement, after: FiledStatement) -> str:
    """Why two months say nothing of a saving: another rulebook moves cost that nobody saved."""
    if before.basis != after.basis:
        return f"{before.month} is {before.basis}, {after.month} is {after.basis}"
    then, now = (month.versions.get("rulebook", "unknown") for month in (before, after))
    return f"{before.month} is by rulebook {then}, {after.month} by {now}" if then != now else ""


def _cost(decided: DecisionEntry, month: FiledStatement) -> int | None:
    if decided.tenant is not None:
        line = month.by_tenant.get(TenantId(decided.tenant))
        return line.total if line else None
    totals: Mapping[str, int] = month.pool_totals
    return totals.get(str(decided.pool))
