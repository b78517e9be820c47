"""What was tried of promises: restore tests, and rehearsals of a recovery in a second region."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from allocation.report.figures import duration, first_of
from allocation.report.showback.content import EMPTY, Cell, Table, quantity, text
from allocation.report.showback.month import Showback
from allocation.review.tried import Rehearsed
from tiers.facts.data import LogicalBackup
from tiers.plan.plan import facts_of

_MOST_NAMED: Final = 10
UNSAID: Final = "its evidence does not name a portfolio"
"""Of a line that an older version wrote: it is counted for the tenant of its id."""
_READ: Final = "Read from the evidence of `costack restore-test`, which --all-due completes from the bucket."
_UNSAID_COUNTS: Final = (
    "Evidence of older versions does not name its portfolio and counts for the tenant of its id; "
    "`costack restore-test --all-due --check --evidence FILE` adds what the buckets have, with the name."
)
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
        text(_state(each) if explained else each.state),
    )


def _state(each: Rehearsed) -> str:
    said = f"{each.state}: {each.why}" if each.why else each.state
    return said if each.owner_said else f"{said}; {UNSAID}"


def _time(seconds: int | None) -> Cell:
    return text("not measured" if seconds is None else duration(seconds))


def restores(showback: Showback) -> Table:
    """The last restore test of each tenant with dumps, its age, and how old its class lets it be."""
    end = showback.statement.period.end
    usual = showback.month.thresholds.most_restore_test_age_days
    rows = []
    for name, plan in showback.plans.items():
        kept = facts_of(plan.facts, LogicalBackup)
        most = (kept[0].restore_test_age_days if kept else None) or usual
        tried = showback.recoveries.get(name)
        days = (end - tried.tried_at).days if tried else None
        state = "no test on file" if kept else "no dumps"
        if tried is not None and days is not None:
            state = "failed" if not tried.succeeded else "too old" if days > most else "good"
            state += "" if tried.owner_said else f"; {UNSAID}"
        rows.append(
            (
                text(name),
                text(f"{tried.tried_at:%Y-%m-%d}" if tried else ""),
                text(state),
                quantity(days) if days is not None else EMPTY,
                quantity(most) if kept else EMPTY,
            )
        )
    return Table(
        "restores",
        "Restore tests",
        ("tenant", "last test", "state", "age in days at the month's end", "at most"),
        tuple(rows),
        note=f"{_READ}{_not_counted(showback)}",
    )


def _not_counted(showback: Showback) -> str:
    """What the evidence files have of others, and what nobody can tell apart."""
    others = first_of(showback.left_out, _MOST_NAMED)
    said = f" Not counted, because it is of somebody else: {others}." if others else ""
    tried = (each.owner_said for each in showback.recoveries.values())
    rehearsed = (each.owner_said for each in showback.rehearsals)
    unsaid = not (all(tried) and all(rehearsed))
    return f"{said} {_UNSAID_COUNTS}" if unsaid else said


def unproven(showback: Showback) -> str:
    """What of backups and of recoveries in another region was never tried, or not with success."""
    untried = len(showback.dumped - showback.recoveries.keys())
    said = f"For {untried} tenants no restore test is on file"
    unproven = first_of([each.tenant for each in showback.rehearsals if not each.proven], _MOST_NAMED)
    return f"{said}; the recovery in another region is not proven: {unproven}." if unproven else f"{said}."
