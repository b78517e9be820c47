"""The recovery of tenants in a second region: what was promised, and what the last rehearsal measured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from allocation.report.figures import duration
from allocation.report.showback.content import EMPTY, Cell, Table, quantity, text
from allocation.report.showback.month import Rehearsed, Showback

_OURS: Final = "Measured by `costack failover --rehearse`, whose evidence files this report was given."
_THEIRS: Final = "Measured by bringing it back from its copies there, without touching what is in use."


def rehearsals(showback: Showback, tenants: Iterable[str] | None = None) -> Table:
    """What was measured and promised of every tenant whose class asks for rehearsals.

    A client's page has its own *tenants* only, and no command to run. Where none is on file nothing is
    measured, and it says so: a promise is no evidence.
    """
    ours, wanted = tenants is None, frozenset(tenants or ())
    return Table(
        "rehearsals",
        "Recovery in the second region, rehearsed",
        (
            "tenant",
            "region",
            "rehearsed on",
            "age in days at the month's end",
            "at most",
            "back within, measured",
            "promised",
            "work lost, measured",
            "promised at most",
            "state",
        ),
        tuple(
            _row(showback, each, explained=ours)
            for each in showback.rehearsals
            if ours or each.tenant in wanted
        ),
        note=_OURS if ours else _THEIRS,
    )


def _row(showback: Showback, each: Rehearsed, *, explained: bool) -> tuple[Cell, ...]:
    end = showback.statement.period.end
    at = each.rehearsed_at
    return (
        text(showback.name_of(each.tenant)),
        text(each.region),
        text(f"{at:%Y-%m-%d}" if at else ""),
        quantity((end - at).days) if at else EMPTY,
        quantity(each.most_days),
        _time(each.rto_seconds),
        _time(each.promised_rto_seconds),
        _time(each.rpo_seconds),
        _time(each.promised_rpo_seconds),
        text(f"{each.state}: {each.why}" if each.why and explained else each.state),
    )


def _time(seconds: int | None) -> Cell:
    return text("not measured" if seconds is None else duration(seconds))
