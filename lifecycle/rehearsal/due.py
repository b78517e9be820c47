"""Whose recovery is due to be rehearsed: the newest result of each tenant, against what its class says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final

from lifecycle.errors import LifecycleError
from lifecycle.rehearsal.recovery import Promise, Recovery
from tiers.facts.every_fact import BucketReplication, Rehearsal
from tiers.plan.plan import Plan, TenantPlan, facts_of
from tiers.vocabulary import LifecycleStage, TenantId

UNSAID: Final = (
    "it was deployed by a version of costack that knew no rehearsals: run `pulumi up`, then try again"
)


@unique
class State(StrEnum):
    """What the results of a tenant say of its recovery."""

    GOOD = "good"
    OLD = "too old"
    NEVER = "never rehearsed"
    FAILED = "failed"
    SLOW = "slower than promised"
    UNREADABLE = "unreadable"

    @property
    def is_due(self) -> bool:
        """Whether a rehearsal is to be made; of results that nobody can read it cannot be told."""
        return self in {State.OLD, State.NEVER, State.FAILED, State.SLOW}


@dataclass(frozen=True)
class Standing:
    """The recovery of one tenant.

    Attributes:
        tenant: Whose it is.
        fact: Where it is rehearsed, and what is promised.
        state: What its results say.
        newest: The newest result; None when there is none, or none can be read.
        why: What is wrong, or how to mend it, in words; empty where all is well.
    """

    tenant: TenantId
    fact: Rehearsal
    state: State
    newest: Recovery | None = None
    why: str = ""

    @property
    def said(self) -> str:
        """A sentence for who is told."""
        return f"{self.tenant}: {self.state}: {self.why}" if self.why else f"{self.tenant}: {self.state}"

    @property
    def most_days(self) -> int:
        """How old its newest good rehearsal may be; 0 where its class does not say."""
        return self.fact.age_days or 0

    @property
    def promise(self) -> Promise:
        """What the tenant's class promises."""
        return Promise.of(self.fact)

    def age_days(self, now: datetime) -> int | None:
        """How many whole days ago it was last rehearsed."""
        return None if self.newest is None else (now - self.newest.ended_at).days


Results = Callable[[TenantId], Iterable[Recovery]]
"""Reads what rehearsals and failovers of a tenant showed, newest first, or raises LifecycleError."""


def standings(plan: Plan, results: Results, now: datetime) -> Iterator[Standing]:
    """Where the recovery of each tenant of *plan* stands whose class asks for rehearsals, in its order.

    Args:
        plan: What is deployed.
        results: Where results are.
        now: The moment that ages are counted to, in UTC.
    """
    for tenant in plan.tenants:
        for fact in facts_of(tenant.facts, Rehearsal):
            if fact.age_days is not None:
                yield standing(tenant.tenant, fact, results, now)


def unsaid(plan: Plan) -> Iterator[str]:
    """Tenants with copies of which *plan* does not say whether they are rehearsed, a sentence each.

    A version of Costack that knew no rehearsals deployed them: that nothing is due is not known of them.
    """
    for tenant in plan.tenants:
        if is_unsaid(tenant):
            yield f"{tenant.tenant}: {UNSAID}"


def is_unsaid(tenant: TenantPlan) -> bool:
    """Whether *tenant* has copies in a second region, and its plan is older than rehearsals."""
    ends = tenant.lifecycle_stage is LifecycleStage.DECOMMISSIONING
    copied = facts_of(tenant.facts, BucketReplication)
    return bool(copied) and not ends and not facts_of(tenant.facts, Rehearsal)


def standing(tenant: TenantId, fact: Rehearsal, results: Results, now: datetime) -> Standing:
    """Where the recovery of *tenant* stands at the moment *now*, in UTC."""
    try:
        # What was shown of another region, which its copies were in once, says nothing of this one.
        newest = next((each for each in results(tenant) if each.region == fact.region), None)
    except LifecycleError as error:
        return Standing(tenant, fact, State.UNREADABLE, why="; ".join(error.problems))
    if newest is None:
        mend = f"run `costack failover {tenant} --rehearse --to {fact.region}`"
        return Standing(tenant, fact, State.NEVER, why=mend)
    if not newest.passed:
        failed = ", ".join(check.name for check in newest.faults) or "nothing was checked"
        return Standing(tenant, fact, State.FAILED, newest, failed)
    if slow := "; ".join(newest.shortfalls(Promise.of(fact))):
        return Standing(tenant, fact, State.SLOW, newest, slow)
    if fact.age_days is not None and now - newest.ended_at > timedelta(days=fact.age_days):
        return Standing(tenant, fact, State.OLD, newest, f"older than {fact.age_days} days")
    return Standing(tenant, fact, State.GOOD, newest)
