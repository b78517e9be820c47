"""Whether the backups and the monitoring that a tier promises exist already; what is unknown does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from lifecycle.adoption.inventory import RUNS_PER_MONTH
from lifecycle.adoption.phase import Finding
from lifecycle.adoption.subject import Subject
from tiers.vocabulary import Environment

_NONE: Final = "none"


def backup_finding(subject: Subject, today: date) -> Finding:
    """What is found about the backups and the monitoring of a tenant; *today* is the day, UTC."""
    known = subject.facts
    names = ("backup", "backup_retention_days", "restore_tested_on", "monitoring")
    facts = {**{name: known.get(name) for name in names}, "tier": subject.tier and subject.tier.tier}
    missing = [*_unwatched(subject)]
    offer, classes = subject.offer, subject.catalog.classes
    promised = classes.backup_classes.get(offer.backup_class or "") if offer else None
    if promised is not None:
        missing += _short_of(known, promised.runs_per_month, promised.retention_days)
        missing += _untested(known, today, classes.signals.most_restore_test_age_days)
    if offer is None and not missing:
        return Finding(facts, then="waits for size: the tier says what is promised")
    return Finding(
        facts,
        tuple(missing),
        f"{known.get('backup')} backups, watched by {known.get('monitoring')}",
    )


def _unwatched(subject: Subject) -> Iterator[str]:
    """What nobody may be without, whatever a tier promises."""
    known = subject.facts
    if "backup" not in known:
        yield f"backup: no row says it; expected one of {', '.join(RUNS_PER_MONTH)}"
    elif known["backup"] == _NONE and subject.environment is Environment.PRODUCTION and not subject.offer:
        yield "backup: production has none"
    if "monitoring" not in known:
        yield f"monitoring: no row says it; expected the name of what watches it, or {_NONE}"
    elif known["monitoring"].lower() == _NONE:
        yield "monitoring: nothing watches it"


def _short_of(known: Mapping[str, Any], runs: int, days: int) -> Iterator[str]:
    if "backup" not in known:
        return
    if RUNS_PER_MONTH[known["backup"]] < runs:
        yield f"backup: {known['backup']}, and the tier promises {runs} a month"
    if known["backup"] == _NONE:
        return
    kept = known.get("backup_retention_days")
    if kept is None:
        yield f"backup_retention_days: is not known, and the tier promises {days}"
    elif kept < days:
        yield f"backup_retention_days: {kept}, and the tier promises {days}"


def _untested(known: Mapping[str, Any], today: date, most_days: int) -> Iterator[str]:
    tested = known.get("restore_tested_on")
    if tested is None:
        yield "restore_tested_on: no restore is known; a backup that nobody restored proves nothing"
    elif tested > today:
        yield f"restore_tested_on: {tested} is in the future"
    elif (today - tested).days > most_days:
        yield f"restore_tested_on: {tested}, {(today - tested).days} days ago; expected {most_days} at most"
