"""Expired environments, those that expire soon, and wrong end dates.

A finding is no permission: it is only listed, and `costack decommission` checks again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum, unique
from typing import Final

from tiers.plan.plan import Plan, TenantPlan
from tiers.vocabulary import Environment, LifecycleStage

SOON: Final = timedelta(days=14)
"""How long before its end an environment is listed."""


@unique
class State(StrEnum):
    """The state of an environment's end date; only the first two are due."""

    EXPIRED = "expired"
    CUT_OVER = "cut over"
    KEPT = "kept"
    SOON = "soon"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One environment to look at, and why; `when` is the relevant moment, if there is one."""

    tenant: TenantPlan
    state: State
    why: str
    when: datetime | None = None

    @property
    def is_due(self) -> bool:
        """Whether it should be decommissioned."""
        return self.state in (State.EXPIRED, State.CUT_OVER)


def findings(plan: Plan, now: datetime, grace: timedelta | None = None) -> tuple[Finding, ...]:
    """The environments of *plan* that are due *now*, or soon, or wrong, in the order of tenants.

    Args:
        plan: The deployed plan, or the plan of a portfolio.
        now: The moment to judge by.
        grace: How long after its cutover an environment is due, even before its end, unless that was
            extended; None: at its end only.
    """
    return tuple(found for tenant in plan.tenants if (found := finding_of(tenant, now, grace)))


def finding_of(tenant: TenantPlan, now: datetime, grace: timedelta | None = None) -> Finding | None:
    """What there is to say of one environment; None when nothing. Arguments are those of `findings`."""
    return next(_of(tenant, now, grace), None)


def due_at(tenant: TenantPlan, grace: timedelta | None = None) -> datetime | None:
    """From when on *tenant* is due, as it is now; None when never: production, protected or suspended."""
    ends, cutover = tenant.expires_at, _cutover(tenant)
    after = None if cutover is None or grace is None or tenant.extended else cutover + grace
    moments = [moment for moment in (ends, after) if moment is not None]
    if not moments:
        return None
    found = finding_of(tenant, min(moments), grace)
    return min(moments) if found and found.is_due else None


def _of(tenant: TenantPlan, now: datetime, grace: timedelta | None) -> Iterator[Finding]:
    ends, cutover = tenant.expires_at, _cutover(tenant)
    if tenant.environment is Environment.PRODUCTION:
        if ends is not None or cutover is not None:
            yield Finding(
                tenant, State.WRONG, "production must not have an end date; remove it from its file", ends
            )
        return
    if tenant.environment is Environment.MIGRATION and ends is None:
        yield Finding(tenant, State.WRONG, "a migration environment needs an end date; set expires_at")
        return
    if ends is not None and now >= ends:
        yield _due(tenant, State.EXPIRED, f"its end was {ends:%Y-%m-%d %H:%M} UTC", ends)
    elif cutover is not None and grace is not None and not tenant.extended and now >= cutover + grace:
        why = f"its cutover was {tenant.cutover}, and {grace.days} days of grace are over"
        yield _due(tenant, State.CUT_OVER, why, cutover + grace)
    elif cutover is not None and now >= cutover:
        yield Finding(tenant, State.SOON, f"its cutover was {tenant.cutover}", ends)
    elif ends is not None and now >= ends - SOON:
        yield Finding(tenant, State.SOON, f"its end is {ends:%Y-%m-%d %H:%M} UTC", ends)


def _due(tenant: TenantPlan, state: State, why: str, when: datetime) -> Finding:
    """A finding that is due, or kept when the environment is protected or suspended."""
    protected = [fact.id for fact in tenant.facts if getattr(fact, "deletion_protection", False)]
    if protected:
        return Finding(tenant, State.KEPT, f"{why}, but {protected[0]} is protected from deletion", when)
    if tenant.lifecycle_stage is LifecycleStage.SUSPENDED:
        return Finding(tenant, State.KEPT, f"{why}, but it is suspended, not given up", when)
    return Finding(tenant, state, why, when)


def _cutover(tenant: TenantPlan) -> datetime | None:
    """The end of its cutover day, because people still work on that day."""
    if tenant.cutover is None:
        return None
    return datetime.combine(tenant.cutover, time(), UTC) + timedelta(days=1)
