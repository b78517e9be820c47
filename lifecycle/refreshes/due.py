"""Whose refresh is due: the newest result of each tenant, against its schedule, and those that go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique

from lifecycle.errors import LifecycleError
from lifecycle.refreshes.result import RefreshResult
from tiers.plan.plan import Plan, TenantPlan
from tiers.portfolio.restore.live import asked_by
from tiers.portfolio.tenant import STAGED, Tenant
from tiers.vocabulary import LifecycleStage, TenantId


@unique
class State(StrEnum):
    """What is to be done for a tenant."""

    GOOD = "good"
    OLD = "too old"
    NEVER = "never refreshed"
    NEXT = "next step"
    """A scheduled refresh goes on, and its step was deployed."""
    UPDATE = "waits for pulumi up"
    """Its file has a step that was not deployed yet."""
    TURN = "waits for its turn"
    """It is due, and the other tenant is copied for another one first."""
    BUSY = "busy"
    """It would be due, and somebody does something else with the tenant: it waits for that."""
    UNREADABLE = "unreadable"

    @property
    def is_due(self) -> bool:
        """Whether something is to be done; of results that nobody can read it cannot be told."""
        return self not in {State.GOOD, State.BUSY, State.UNREADABLE}


@dataclass(frozen=True)
class Standing:
    """Where a tenant with a schedule stands.

    Attributes:
        tenant: The tenant, as its file has it.
        state: What is to be done for it.
        newest: The newest result; None when there is none, or none can be read.
        why: Why its results cannot be read, or what it waits for.
    """

    tenant: Tenant
    state: State
    newest: RefreshResult | None = None
    why: str = ""

    def age_days(self, now: datetime) -> int | None:
        """How many whole days ago it was refreshed."""
        return None if self.newest is None else (now - self.newest.ended).days


Results = Callable[[TenantId], Iterable[RefreshResult]]
"""Reads the results of a tenant's refreshes, the newest first; a LifecycleError says why it cannot."""


def standings(plan: Plan, tenants: Iterable[Tenant], results: Results, now: datetime) -> Iterator[Standing]:
    """Where each of *tenants* with a schedule stands, in their order; also of what one began that is gone.

    Those that are decommissioned are left out.

    Args:
        plan: What is deployed.
        tenants: The tenants, as their files have them.
        results: Where results are.
        now: The moment that ages are counted to, in UTC.
    """
    known = tuple(tenants)
    for each in known:
        scheduled = each.refresh_schedule is not None or _was_begun(plan, each)
        if scheduled and each.lifecycle_stage is not LifecycleStage.DECOMMISSIONING:
            yield _standing(plan, each, known, results, now)


def _was_begun(plan: Plan, tenant: Tenant) -> bool:
    """Whether a schedule began what goes on, or what the next update ends."""
    deployed = plan.tenant(tenant.tenant)
    there = deployed.restore if deployed else None
    return any(each is not None and each.scheduled for each in (there, tenant.restore))


def _standing(
    plan: Plan, tenant: Tenant, tenants: Iterable[Tenant], results: Results, now: datetime
) -> Standing:
    deployed = plan.tenant(tenant.tenant)
    there = deployed.restore if deployed else None
    if _was_begun(plan, tenant):
        # It was begun by its schedule, and is led to its end, also where somebody has sent it back. People
        # may wait meanwhile, so what its results say is not asked.
        return Standing(tenant, State.NEXT if there == tenant.restore else State.UPDATE)
    try:
        newest = next(iter(results(tenant.tenant)), None)
    except LifecycleError as error:
        return Standing(tenant, State.UNREADABLE, why="; ".join(error.problems))
    state = _age(tenant, newest, now)
    if state is not State.GOOD:
        if busy := _busy(tenant, deployed):
            return Standing(tenant, State.BUSY, newest, busy)
        if turn := waits_for(tenant, tenants):
            return Standing(tenant, State.TURN, newest, turn)
    return Standing(tenant, state, newest)


def _age(tenant: Tenant, newest: RefreshResult | None, now: datetime) -> State:
    if newest is None or tenant.refresh_schedule is None:
        return State.NEVER
    old = now - newest.ended >= timedelta(days=tenant.refresh_schedule.every.most_days)
    return State.OLD if old else State.GOOD


def _busy(tenant: Tenant, deployed: TenantPlan | None) -> str:
    """What somebody must end first, or deploy; '' if nothing."""
    if deployed is None:
        return f"{tenant.tenant} is not deployed yet"
    if tenant.lifecycle_stage is not LifecycleStage.ACTIVE:
        return f"{tenant.tenant} is {tenant.lifecycle_stage}, and only an active tenant is refreshed"
    for name in STAGED:
        if getattr(getattr(tenant, name), "stage", None) is not None:
            return f"{tenant.tenant} has {name} at a stage, which somebody else leads"
        if getattr(getattr(deployed, name, None), "stage", None) is not None:
            return (
                f"{tenant.tenant} has {name} at a stage in the stack, and none in its file: run `pulumi up`"
            )
    return ""


def waits_for(tenant: Tenant, tenants: Iterable[Tenant]) -> str:
    """Whose live copy must be made before that of *tenant*, among *tenants*; '' if nobody's."""
    schedule = tenant.refresh_schedule
    for each in tenants if schedule is not None and schedule.live else ():
        asked = asked_by(each)
        if asked is not None and schedule is not None and asked.from_tenant == schedule.from_tenant:
            return f"{schedule.from_tenant} is copied for {each.tenant} first"
    return ""
