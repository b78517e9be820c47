"""An approval of a purge plan, and why a plan or its approval does not suffice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from lifecycle.decommission.approval import COUNTED_FOR, SignedApproval, not_in_time, not_of_plan
from lifecycle.decommission.outcomes import moment_of
from lifecycle.decommission.plan import CLOCKS_DIFFER_BY, VALID_FOR
from lifecycle.purge.guards import Situation, switched_off
from lifecycle.purge.ledger import DELETE, ResourceKey, key_of
from lifecycle.purge.plan import PurgePlan

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
    yield from _not_in_time(plan, seen, approval)
    if approval is not None:
        yield from _not_approved(plan, seen, approval)
    elif phrase != plan.phrase:
        yield f"the phrase does not match the plan; to apply it type: {plan.phrase}"


def begun_lately(lines: Iterable[Mapping[str, Any]], portfolio: str, now: datetime) -> frozenset[ResourceKey]:
    """What purges of a portfolio began to delete in the last hours, as their evidence says.

    The same hours as the reaper's: a command that a job repeats is one run, that of the next morning another.

    Raises:
        ValueError: When a line does not say when.
    """
    return frozenset(
        key_of(each["inputs"])
        for each in lines
        if each["step"] == DELETE
        and _portfolio_of(str(each.get("plan"))) == portfolio
        and moment_of(each) > now - COUNTED_FOR
    )


def too_many(
    goes: Collection[ResourceKey], begun: Collection[ResourceKey], lately: Collection[ResourceKey], most: int
) -> str:
    """Why a plan deletes more than one run may; '' when it does not, or has begun with all of it.

    Args:
        goes: What the plan deletes, or the part of it that comes next.
        begun: What earlier runs of it began.
        lately: What all purges began in the last hours.
        most: How many one run may delete.
    """
    new = set(goes) - set(begun)
    if not new or len(new | set(lately)) <= most:
        return ""
    before, hours = len(set(lately) - new), COUNTED_FOR // timedelta(hours=1)
    more = f" after the {before} of the last {hours} hours" if before else ""
    return (
        f"the plan deletes {len(new)} resources{more}, and one run deletes {most} at most "
        f"(purge.most_per_run){'; wait' if before else ''}"
    )


def _portfolio_of(plan: str) -> str:
    """The portfolio in the id of a plan, `purge.PORTFOLIO-HASH`."""
    return plan.removeprefix("purge.").rpartition("-")[0]


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
