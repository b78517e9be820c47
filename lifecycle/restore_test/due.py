"""Whose backups are due to be tested: the newest result of each tenant, against what its class says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum, unique

from lifecycle.errors import LifecycleError
from lifecycle.restore_test.result import RestoreResult
from tiers.facts.every_fact import LogicalBackup
from tiers.plan.plan import Plan, TenantPlan, facts_of
from tiers.vocabulary import LifecycleStage, TenantId


@unique
class State(StrEnum):
    """What the results of a tenant say of its backups."""

    GOOD = "good"
    OLD = "too old"
    NEVER = "never tested"
    FAILED = "failed"
    UNREADABLE = "unreadable"

    @property
    def is_due(self) -> bool:
        """Whether a test is to be made; of results that nobody can read it cannot be told."""
        return self in {State.OLD, State.NEVER, State.FAILED}


@dataclass(frozen=True)
class Standing:
    """The backups of one tenant.

    Attributes:
        tenant: Whose they are.
        most_days: How old its newest good test may be.
        state: What its results say.
        newest: The newest result; None when there is none, or none can be read.
        good_at: When a test last succeeded, in UTC.
        why: Why its results cannot be read; empty if they can.
    """

    tenant: TenantId
    most_days: int
    state: State
    newest: RestoreResult | None = None
    good_at: datetime | None = None
    why: str = ""

    def age_days(self, now: datetime) -> int | None:
        """How many whole days ago a test last succeeded."""
        return None if self.good_at is None else (now - self.good_at).days


Results = Callable[[TenantId], Iterable[RestoreResult]]
"""Reads the results of a tenant's restore tests, the newest first; a LifecycleError says why it cannot."""


def standings(plan: Plan, results: Results, now: datetime, usual_days: int) -> Iterator[Standing]:
    """Where the backups of each tenant of *plan* stand, in its order.

    Tenants without dumps have none to test; those that are decommissioned are left out.

    Args:
        plan: What is deployed.
        results: Where results are.
        now: The moment that ages are counted to, in UTC.
        usual_days: How old a test may be where the class of a tenant does not say.
    """
    for tenant in plan.tenants:
        days = most_days(tenant, usual_days)
        if days is not None:
            yield _standing(tenant.tenant, days, results, now)


def most_days(tenant: TenantPlan, usual_days: int) -> int | None:
    """How old the newest good test of *tenant* may be; None where no dump is to be tested."""
    kept = facts_of(tenant.facts, LogicalBackup)
    if not kept or tenant.lifecycle_stage is LifecycleStage.DECOMMISSIONING:
        return None
    return kept[0].restore_test_age_days or usual_days


def _standing(tenant: TenantId, days: int, results: Results, now: datetime) -> Standing:
    newest: RestoreResult | None = None
    good: RestoreResult | None = None
    try:
        for result in results(tenant):
            newest = newest or result
            if result.passed:
                good = result
                break
    except LifecycleError as error:
        return Standing(tenant, days, State.UNREADABLE, why="; ".join(error.problems))
    if newest is None:
        return Standing(tenant, days, State.NEVER)
    at = None if good is None else datetime.fromisoformat(good.finished_at).astimezone(UTC)
    if not newest.passed:
        return Standing(tenant, days, State.FAILED, newest, at)
    old = at is None or (now - at).total_seconds() > days * 24 * 60 * 60
    return Standing(tenant, days, State.OLD if old else State.GOOD, newest, at)
