"""Guards: why a plan of an end may not be acted on. Each stands alone; taking one away leaves the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lifecycle.decommission.plan import EndingPlan, facts_sha256
from tiers.facts.names import CLOSING_JOBS
from tiers.plan.plan import TenantPlan
from tiers.vocabulary import Environment, LifecycleStage

RESTORE_TEST_MAY_BE: Final = timedelta(days=30)
_EMPTIED: Final = "$costack:index:TenantsNamespace$"
"""A namespace that tenants share goes with the last of them: the plan has it for as long as one is there."""
_CLOCKS_DIFFER_BY: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class Seen:
    """What is true when somebody acts on a plan.

    Attributes:
        now: The time, in UTC.
        account: Of the credentials in use.
        stack: Which stack is selected.
        deployed: The tenant as the stack's inventory has it; None when it is gone.
        urns: The tenant's resources in the state.
        phrase: What was typed.
        restore_tested_at: When its newest backup was last restored with success; None when never.
    """

    now: datetime
    account: str
    stack: str
    deployed: TenantPlan | None
    urns: frozenset[str]
    phrase: str
    restore_tested_at: datetime | None = None


def refusals(plan: EndingPlan, seen: Seen) -> tuple[str, ...]:
    """A sentence for everything that speaks against acting on *plan*; none when nothing does."""
    return (
        *_not_the_plan(plan, seen),
        *_not_its_time(plan, seen.now),
        *_not_what_was_planned(plan, seen),
        *_not_to_end(plan, seen),
        *_not_restorable(plan, seen),
    )


def _not_the_plan(plan: EndingPlan, seen: Seen) -> Iterator[str]:
    if seen.account != plan.account:
        yield f"the plan is for account {plan.account}, these credentials are of {seen.account}"
    if seen.stack != plan.stack:
        yield f"the plan is for stack '{plan.stack}', not '{seen.stack}'"
    if seen.phrase != plan.phrase:
        yield f"the phrase is not the plan's; to act on it type: {plan.phrase}"


def _not_its_time(plan: EndingPlan, now: datetime) -> Iterator[str]:
    if now >= plan.expires_at:
        yield f"the plan expired at {plan.expires_at:%Y-%m-%d %H:%M} UTC; make a new one"
    if now < plan.made_at - _CLOCKS_DIFFER_BY:
        made = f"{plan.made_at:%Y-%m-%d %H:%M} UTC"
        yield f"the plan was made at {made}, which is still to come; check the clock"


def _not_what_was_planned(plan: EndingPlan, seen: Seen) -> Iterator[str]:
    if seen.deployed is not None and facts_sha256(seen.deployed) != plan.facts_sha256:
        yield f"tenant {plan.tenant} was changed since the plan was made; make a new one"
    if more := sorted(seen.urns - _planned(plan) - _closing(plan, seen.urns)):
        yield f"the plan does not know {len(more)} resources that are there, such as {more[0]}"


def _not_to_end(plan: EndingPlan, seen: Seen) -> Iterator[str]:
    """Whether anybody decided, in a file that others could read, that this tenant ends."""
    tenant = seen.deployed
    if tenant is None:
        return
    if tenant.tenant != plan.tenant or tenant.environment is not plan.environment:
        there = f"{tenant.environment} {tenant.tenant}"
        yield f"the plan is for {plan.environment} {plan.tenant}, deployed is {there}"
    decided = tenant.lifecycle_stage is LifecycleStage.DECOMMISSIONING
    if tenant.environment is not Environment.MIGRATION:
        if not decided:
            yield (
                f"{tenant.environment} {tenant.tenant} is {tenant.lifecycle_stage}: write lifecycle_stage: "
                "decommissioning into its file, have it approved and deployed, then make a plan"
            )
        return
    over = tenant.expires_at is not None and seen.now >= tenant.expires_at
    cut_over = tenant.cutover is not None and seen.now.date() > tenant.cutover
    if not (over or cut_over or decided or plan.early_because):
        yield (
            f"{tenant.tenant} ends on {tenant.expires_at:%Y-%m-%d} and its cutover is {tenant.cutover}; "
            "to end it earlier make a plan with --early and a reason"
        )


def _not_restorable(plan: EndingPlan, seen: Seen) -> Iterator[str]:
    if not plan.needs_restore_test:
        return
    if seen.restore_tested_at is None:
        yield (
            f"no restore of {plan.tenant} was ever tried; run `costack restore-test {plan.tenant}` and name "
            "its evidence with --restore-evidence"
        )
    elif seen.now - seen.restore_tested_at > RESTORE_TEST_MAY_BE:
        yield (
            f"the last restore of {plan.tenant} was tried on {seen.restore_tested_at:%Y-%m-%d}, more than "
            f"{RESTORE_TEST_MAY_BE.days} days ago; run `costack restore-test {plan.tenant}`"
        )


def unplanned_deletions(
    plan: EndingPlan, deletions: frozenset[str], replacements: frozenset[str]
) -> list[str]:
    """Of what a preview would take away, all that the plan does not name: nothing else may go with it."""
    emptied = frozenset(urn for urn in deletions if _EMPTIED in urn)
    return sorted((deletions - _planned(plan) - _closing(plan, deletions) - emptied) | replacements)


def _planned(plan: EndingPlan) -> frozenset[str]:
    return frozenset(target.urn for target in plan.targets)


def _closing(plan: EndingPlan, urns: frozenset[str]) -> frozenset[str]:
    """The jobs that a tenant gets on its way out, after the plan was made, and the mark of its last dump."""
    names = {f"{plan.tenant}-{part}" for part in (*CLOSING_JOBS, "last")}
    return frozenset(urn for urn in urns if urn.rpartition("::")[2] in names)
