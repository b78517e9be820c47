"""What became of signals, and of the decisions of reviews: two tables, and the file that commands read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from allocation.charges import ChargePeriod
from allocation.money import text_of, units_of
from allocation.report.showback.content import EMPTY, Cell, Table, amount, text
from allocation.report.showback.month import Showback
from allocation.report.showback.review.decisions import reason
from allocation.review.life.decisions import DecisionLife, Saving, of_review
from allocation.review.life.signals import SignalLife
from allocation.statement.filed import FiledStatement
from allocation.statement.ledger.figure import alone
from tiers.portfolio.reviews.states import SignalState

_SIGNALS_NOTE: Final = (
    "Read from reviews/signals.yaml. A signal is open again on the day until which it was acknowledged, once "
    "it has grown by half since it was dismissed, and when it is back after it was solved. `costack review "
    "show` lists all, also those of which nobody has spoken."
)
_DECISIONS_NOTE: Final = (
    "Read from reviews/decisions.yaml. A saving is the difference between the newest whole months before and "
    "since the day it was done, without corrections of other months; its other causes are on the first page. "
    "Of a tenant that left it is all that it cost, and its fee is gone as well."
)


def signals(showback: Showback) -> Table:
    """The signals that somebody has spoken of, and what they are today: the open ones first."""
    spoken = [each for each in showback.register.signals if each.why]
    spoken.sort(key=lambda each: each.state is not SignalState.OPEN)
    return Table(
        "register",
        "What became of signals",
        ("signal", "state", "why"),
        tuple((text(each.id), text(each.state), text(each.why)) for each in spoken),
        note=_SIGNALS_NOTE,
    )


def decided(showback: Showback, first: FiledStatement) -> Table:
    """The decisions of this review and of those before that are open, or ended since its first month."""
    return Table(
        "followed",
        "What became of decisions",
        (
            "decision",
            "what",
            "owner",
            "decided on",
            "due",
            "state",
            "expected saving a month",
            "measured saving a month",
            "how it was measured, or why it is so",
        ),
        tuple(
            _row(each, first, showback.statement.currency)
            for each in of_review(showback.register.decisions, first)
        ),
        note=_DECISIONS_NOTE,
    )


def _row(each: DecisionLife, first: FiledStatement, currency: str) -> tuple[Cell, ...]:
    decision, expected = each.decided, each.decided.saving_per_month
    carried = ", carried over" if each.is_open and each.is_carried_over(first) else ""
    on = "" if each.is_open else f" on {each.last.on}"
    return (
        text(decision.decision),
        text(decision.what),
        text(decision.owner),
        text(decision.on),
        text(each.due),
        text(f"{each.outcome}{on}{carried}"),
        EMPTY if expected is None else amount(alone(units_of(expected), currency)),
        amount(alone(each.saving.units, currency)) if each.saving else EMPTY,
        text(explained(each)),
    )


def explained(each: DecisionLife) -> str:
    """How a saving was measured, or why there is none; why a decision was dropped or put off."""
    if each.saving is not None:
        return _measured(each.saving, each.decided.tenant or each.decided.pool or "")
    if each.unmeasured:
        return f"not measured: {each.unmeasured}"
    if each.last.reason:
        return f"{each.last.state} by {each.last.by} on {each.last.on} because: {each.last.reason}"
    return ""


def _measured(saving: Saving, whose: str) -> str:
    """How, and what else is in the difference."""
    said = f"cost of {whose} in {saving.before} less that in {saving.after}"
    days = [ChargePeriod.month(name).last_day.day for name in (saving.before, saving.after)]
    if saving.gone:
        return f"{said}, which has no {whose}: all that it cost counts, also its shares that others pay now"
    return f"{said}, of {days[0]} and {days[1]} days" if days[0] != days[1] else said


def document(showback: Showback) -> Mapping[str, Any]:
    """Signals and decisions as the file beside the pages has them."""
    statement = showback.statement
    return {
        "schema_version": 1,
        "portfolio": statement.portfolio,
        "period": statement.month,
        "signals": [_signal(each, statement.currency) for each in showback.register.signals],
        "decisions": [_decision(each) for each in showback.register.decisions],
    }


def _signal(each: SignalLife, currency: str) -> Mapping[str, Any]:
    return {
        "id": each.id,
        "state": str(each.state),
        "why": each.why,
        "size": f"{each.measure.size:f}" if each.measure else None,
        "unit": each.measure.unit if each.measure else "",
        "reasons": [reason(row, currency) for row in each.rows],
    }


def _decision(each: DecisionLife) -> Mapping[str, Any]:
    saving = each.saving
    return {
        "id": each.decided.decision,
        "what": each.decided.what,
        "owner": each.decided.owner,
        "due": f"{each.due}",
        "state": str(each.outcome),
        "why": explained(each),
        "saving_per_month": text_of(saving.units) if saving else None,
    }
