"""An approval of a purge plan, and why a plan or its approval does not suffice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Final

from lifecycle.decommission.approval import SignedApproval, not_in_time, not_of_plan
from lifecycle.decommission.plan import CLOCKS_DIFFER_BY, VALID_FOR
from lifecycle.purge.guards import Situation, switched_off
from lifecycle.purge.plan import PurgePlan, most_of

NAMESPACE: Final = "costack-purge"
"""What the signature is for: who may approve the end of a sandbox need not be who may delete backups."""


class PurgeApproval(SignedApproval):
    """The approval of one purge plan."""

    namespace: ClassVar[str] = NAMESPACE

    portfolio: str
    account: str

    @classmethod
    def of(cls, plan: PurgePlan, who: str, when: datetime) -> PurgeApproval:
        """The approval of *plan*."""
        return cls(
            portfolio=plan.portfolio,
            account=plan.account,
            plan_sha256=plan.sha256,
            approved_by=who,
            approved_at=when.replace(microsecond=0),
        )


def refusals_of_plan(
    plan: PurgePlan, seen: Situation, approval: PurgeApproval | None, phrase: str | None
) -> Iterator[str]:
    """Why *plan* is not carried out at all.

    Args:
        plan: The plan.
        seen: The situation now.
        approval: An approval whose signature was checked; None where a phrase stands in its place.
        phrase: The phrase that was typed; None where somebody approved the plan.
    """
    if off := switched_off(seen.terms):
        yield off
    if plan.account != seen.account:
        yield f"the plan is for account {plan.account}, these credentials are for {seen.account}"
    if plan.portfolio != seen.portfolio:
        yield f"the plan is for portfolio {plan.portfolio}, not {seen.portfolio}"
    if (count := len(plan.goes)) > (most := most_of(seen.terms)):
        yield f"the plan deletes {count} resources, and one run deletes {most} at most (purge.most_per_run)"
    yield from _not_in_time(plan, seen, approval)
    if approval is not None:
        yield from _not_approved(plan, seen, approval)
    elif phrase != plan.phrase:
        yield f"the phrase does not match the plan; to apply it type: {plan.phrase}"


def _not_in_time(plan: PurgePlan, seen: Situation, approval: PurgeApproval | None) -> Iterator[str]:
    valid_for = seen.terms.valid_for if seen.terms and approval else VALID_FOR
    if not plan.begins_in_time(seen.now, valid_for):
        made = f"the plan was made at {plan.made_at:%Y-%m-%d %H:%M} UTC"
        if seen.now < plan.made_at - CLOCKS_DIFFER_BY:
            yield f"{made}, which is in the future; check the clock"
        else:
            ends = plan.made_at + valid_for
            yield f"{made}, and expired at {ends:%Y-%m-%d %H:%M} UTC; make a new one"


def _not_approved(plan: PurgePlan, seen: Situation, approval: PurgeApproval) -> Iterator[str]:
    if seen.terms is None:
        yield "platform.yaml has no `purge`: no approved plan is carried out; confirm this one with --phrase"
        return
    yield from not_of_plan(approval, plan.sha256)
    yield from not_in_time(approval, plan.made_at, seen.terms.valid_for, seen.now)
    for name in ("portfolio", "account"):
        said, planned = getattr(approval, name), getattr(plan, name)
        if said != planned:
            yield f"the approval is for {name} {said}, and the plan for {planned}"
