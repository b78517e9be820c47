"""Guards: reasons to refuse a decommission plan. Each guard is independent of the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lifecycle.decommission.plan import DecommissionPlan, facts_sha256
from tiers.facts.names import CLOSING_JOBS
from tiers.plan.plan import TenantPlan
from tiers.vocabulary import Environment, LifecycleStage

RESTORE_TEST_MAY_BE: Final = timedelta(days=30)
_EMPTIED: Final = "$costack:index:TenantsNamespace$"
"""A shared namespace is removed with its last tenant; until then the platform's plan has it."""
_CLOCKS_DIFFER_BY: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class Situation:
    """The situation in which a plan is applied.

    Attributes:
        now: The time, in UTC.
        account: The AWS account of the credentials in use.
        stack: The selected stack.
        deployed: The tenant as the stack's inventory has it; None when it is removed.
        urns: The tenant's resources in the state.
        phrase: The phrase that was typed.
        restore_tested_at: When a restore test last succeeded; None when never.
    """

    now: datetime
    account: str
    stack: str
    deployed: TenantPlan | None
    urns: frozenset[str]
    phrase: str
    restore_tested_at: datetime | None = None


def refusals(plan: DecommissionPlan, seen: Situation) -> tuple[str, ...]:
    """The reasons not to apply *plan*, one sentence each; empty when there are none."""
    return (
        *_not_the_plan(plan, seen),
        *_not_its_time(plan, seen.now),
        *_not_what_was_planned(plan, seen),
        *_not_to_end(plan, seen),
        *_not_restorable(plan, seen),
    )


def refusals_of_planning(plan: DecommissionPlan, deployed: TenantPlan, now: datetime) -> tuple[str, ...]:
    """A sentence for everything that will still speak against *plan* when it is carried out at once."""
    urns = frozenset(target.urn for target in plan.targets)
    seen = Situation(now, plan.account, plan.stack, deployed, urns, plan.phrase)
    return tuple(_not_to_end(plan, seen))


def _not_the_plan(plan: DecommissionPlan, seen: Situation) -> Iterator[str]:
    if seen.account != plan.account:
        yield f"the plan is for account {plan.account}, these credentials are for {seen.account}"
    if seen.stack != plan.stack:
        yield f"the plan is for stack '{plan.stack}', not '{seen.stack}'"
    if seen.phrase != plan.phrase:
        yield f"the phrase does not match the plan; to apply it type: {plan.phrase}"


def _not_its_time(plan: DecommissionPlan, now: datetime) -> Iterator[str]:
    if now >= plan.expires_at:
        yield f"the plan expired at {plan.expires_at:%Y-%m-%d %H:%M} UTC; make a new one"
    if now < plan.made_at - _CLOCKS_DIFFER_BY:
        made = f"{plan.made_at:%Y-%m-%d %H:%M} UTC"
        yield f"the plan was made at {made}, which is in the future; check the clock"


def _not_what_was_planned(plan: DecommissionPlan, seen: Situation) -> Iterator[str]:
    if seen.deployed is not None and facts_sha256(seen.deployed) != plan.facts_sha256:
        yield f"tenant {plan.tenant} has changed since the plan was made; make a new one"
    if more := sorted(seen.urns - _planned(plan) - _closing(plan, seen.urns)):
        yield f"the stack has {len(more)} resources that are not in the plan, such as {more[0]}"


def _not_to_end(plan: DecommissionPlan, seen: Situation) -> Iterator[str]:
    """Whether the tenant's reviewed file says that it is to be decommissioned."""
    tenant = seen.deployed
    if tenant is None:
        return
    if tenant.tenant != plan.tenant or tenant.environment is not plan.environment:
        there = f"{tenant.environment} {tenant.tenant}"
        yield f"the plan is for {plan.environment} {plan.tenant}, the stack has {there}"
    if tenant.rotation is not None and tenant.rotation.stage:
        yield f"the secrets of {tenant.tenant} are being rotated: finish that with `costack rotate` first"
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
            "to end it earlier, add --early REASON to the command that makes the plan"
        )


def _not_restorable(plan: DecommissionPlan, seen: Situation) -> Iterator[str]:
    if not plan.needs_restore_test:
        return
    remedy = (
        f"run `costack restore-test {plan.tenant} --stack {plan.stack} --evidence FILE` and name FILE with "
        "--restore-evidence"
    )
    if seen.restore_tested_at is None:
        yield (f"no restore of {plan.tenant} was ever tried; {remedy}")
    elif seen.now - seen.restore_tested_at > RESTORE_TEST_MAY_BE:
        yield (
            f"the last restore of {plan.tenant} was tried on {seen.restore_tested_at:%Y-%m-%d}, more than "
            f"{RESTORE_TEST_MAY_BE.days} days ago; {remedy}"
        )


def unplanned_deletions(
    plan: DecommissionPlan, deletions: frozenset[str], replacements: frozenset[str]
) -> list[str]:
    """The deletions and replacements of a preview that the plan does not name; there must be none."""
    emptied = frozenset(urn for urn in deletions if _EMPTIED in urn)
    return sorted((deletions - _planned(plan) - _closing(plan, deletions) - emptied) | replacements)


def _planned(plan: DecommissionPlan) -> frozenset[str]:
    return frozenset(target.urn for target in plan.targets)


def _closing(plan: DecommissionPlan, urns: frozenset[str]) -> frozenset[str]:
    """Jobs that the tenant gets after the plan was made, and the mark of its final backup."""
    names = {f"{plan.tenant}-{part}" for part in (*CLOSING_JOBS, "last")}
    return frozenset(urn for urn in urns if urn.rpartition("::")[2] in names)
