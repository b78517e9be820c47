"""An approval: who approved which plan and when, in place of a phrase; and why it does not suffice.

The signature of the file is checked before, when it is read (`lifecycle.adapters.signature`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from lifecycle.decommission.outcomes import GUARD, is_a_step, moment_of
from lifecycle.decommission.plan import CLOCKS_DIFFER_BY, VALID_FOR, DecommissionPlan
from lifecycle.expire import finding_of
from lifecycle.stack_resources import KUBERNETES, Target
from tiers.plan.plan import TenantPlan
from tiers.portfolio.gates.reaper import ReaperSpec
from tiers.vocabulary import Environment, Frozen, LifecycleStage, TenantId, UtcDatetime

NAMESPACE: Final = "costack-decommission"
"""What the signature of a decommission plan's approval is for (PROTOCOL.sshsig of OpenSSH)."""
COUNTED_FOR: Final = timedelta(hours=20)
"""For how long what one run began counts for the next: the command repeated in a job is one run, that of the
next morning is another."""
Identity = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._%+@-]{0,127}$")]
"""A name in the file of allowed signers, such as an e-mail address; no pattern and no list of names."""


class SignedApproval(Frozen):
    """What every approval says, whatever its plan does.

    Attributes:
        namespace: What its signature is for, so that none made for another purpose counts.
        plan_sha256: The hash of the whole plan; the other fields repeat what it says, for people.
        approved_by: Who, as the file of allowed signers names them.
        approved_at: When, in UTC.
    """

    namespace: ClassVar[str]

    schema_version: Literal[1] = 1
    plan_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    approved_by: Identity
    approved_at: UtcDatetime

    def document(self) -> dict[str, Any]:
        """It as plain data."""
        return self.model_dump(mode="json")


class Approval(SignedApproval):
    """The approval of one decommission plan."""

    namespace: ClassVar[str] = NAMESPACE

    tenant: TenantId
    stack: str

    @classmethod
    def of(cls, plan: DecommissionPlan, who: str, when: datetime) -> Approval:
        """The approval of *plan*."""
        moment = when.replace(microsecond=0)
        return cls(
            tenant=plan.tenant,
            stack=plan.stack,
            plan_sha256=plan.sha256,
            approved_by=who,
            approved_at=moment,
        )


def begun_at(lines: Iterable[Mapping[str, Any]]) -> Mapping[str, datetime]:
    """When each plan was last begun by an approval, by its hash, as evidence says."""
    begun = (each for each in lines if is_a_step(each) and each["step"] == GUARD)
    return {
        str(each.get("plan_sha256")): moment_of(each) for each in begun if "approved_by" in each["inputs"]
    }


def counted(plans: Iterable[str], begun: Mapping[str, datetime], now: datetime) -> frozenset[str]:
    """The plans that count for `most_per_run`, by hash: what a run would begin, and what was begun just now.

    What was begun may be finished, so it is none of these after `COUNTED_FOR`; nothing new counts as nothing.
    """
    new = {each for each in plans if each not in begun}
    return frozenset(new | {each for each, at in begun.items() if at > now - COUNTED_FOR} if new else ())


@dataclass(frozen=True)
class Approved:
    """An approval whose signature was checked, and what `platform.yaml` says of approvals; None: nothing."""

    approval: Approval
    terms: ReaperSpec | None

    @property
    def valid_for(self) -> timedelta:
        """For how long a plan and its approval are valid."""
        return self.terms.valid_for if self.terms else VALID_FOR


def switched_off(terms: ReaperSpec | None) -> str:
    """Why no approved plan is carried out at all; '' when they are."""
    if terms is None:
        return (
            "platform.yaml has no `reaper`: no approved plan is carried out; confirm this one with --phrase"
        )
    if not terms.enabled:
        return "platform.yaml says reaper.enabled: false: no approved plan is carried out"
    return ""


def not_approved(
    plan: DecommissionPlan, approved: Approved, now: datetime, tenants: tuple[TenantPlan | None, ...]
) -> Iterator[str]:
    """Why *plan* may not be carried out by this approval.

    Args:
        plan: The plan.
        approved: The approval in place of a phrase.
        now: The time, in UTC.
        tenants: The tenant as it is deployed and as its file has it; None where it is not.
    """
    if off := switched_off(approved.terms):
        yield off
    if Environment.PRODUCTION in {plan.environment, *(each.environment for each in tenants if each)}:
        yield f"{plan.tenant} is production, which never ends by an approval; confirm its plan with --phrase"
    yield from _not_of_this_plan(plan, approved.approval)
    yield from not_in_time(approved.approval, plan.made_at, approved.valid_for, now)
    if plan.early_because is not None:
        yield "the plan ends it before its time, which no approval does; confirm it with --phrase"
    if not plan.final_dump:
        yield "the plan makes no last dump, without which no approval ends a tenant; confirm it with --phrase"


def _not_of_this_plan(plan: DecommissionPlan, approval: Approval) -> Iterator[str]:
    yield from not_of_plan(approval, plan.sha256)
    for name in ("tenant", "stack"):
        said, planned = getattr(approval, name), getattr(plan, name)
        if said != planned:
            yield f"the approval is for {name} {said}, and the plan for {planned}"


def not_of_plan(approval: SignedApproval, sha256: str) -> Iterator[str]:
    """Whether somebody approved another plan than the one with this hash."""
    if approval.plan_sha256 != sha256:
        yield (
            f"{approval.approved_by} approved the plan with sha256 {approval.plan_sha256[:12]}…, and this "
            f"one has {sha256[:12]}…; have this one approved"
        )


def not_in_time(
    approval: SignedApproval, made_at: datetime, valid_for: timedelta, now: datetime
) -> Iterator[str]:
    """Why an approval of a plan that was *made_at* a moment is too old, of the future, or before the plan."""
    at, by = approval.approved_at, approval.approved_by
    if now >= at + valid_for:
        yield (
            f"{by} approved it at {at:%Y-%m-%d %H:%M} UTC, more than {valid_for.days} days ago; "
            "make a new plan"
        )
    if at > now + CLOCKS_DIFFER_BY:
        yield f"{by} approved it at {at:%Y-%m-%d %H:%M} UTC, which is in the future; check the clocks"
    if at < made_at - CLOCKS_DIFFER_BY:
        yield f"{by} approved it at {at:%Y-%m-%d %H:%M} UTC, before the plan was made; have this one approved"


def not_due(deployed: TenantPlan, approved: Approved, now: datetime) -> Iterator[str]:
    """Why a tenant is not due; an approval brings no end forward."""
    grace = approved.terms.grace if approved.terms else None
    found = finding_of(deployed, now, grace)
    if found is None or not found.is_due:
        why = found.why if found else "it has no end date"
        yield f"{deployed.tenant} is not due: {why}"


def changed(
    plan: DecommissionPlan,
    derived: DecommissionPlan,
    deployed: TenantPlan,
    closing: frozenset[str],
    *,
    begun: bool,
) -> Iterator[str]:
    """Whether the plan as it is made now is another than the one that was approved.

    Once the stack has it in its last stage, its end has changed it: then the other guards compare fields.

    Args:
        plan: The approved plan.
        derived: The plan as stack and catalog give it now.
        deployed: The tenant as the stack has it.
        closing: The resources that its end makes, by URN; an interrupted update leaves some.
        begun: Whether its end has begun, which removes what holds no data, such as a sleep schedule.
    """
    if deployed.lifecycle_stage is LifecycleStage.DECOMMISSIONING:
        return
    there = {each.urn for each in derived.targets}
    approved = [each for each in plan.targets if not begun or each.holds_data or each.urn in there]
    if _core(plan, approved, closing) != _core(derived, derived.targets, closing):
        yield (
            f"the plan made now has sha256 {derived.sha256[:12]}…, and the approved one {plan.sha256[:12]}…: "
            "something has changed since; make a new one"
        )


def _core(plan: DecommissionPlan, targets: Iterable[Target], closing: frozenset[str]) -> object:
    """All that a plan says, without what its end makes, and without the ids of Kubernetes, which change."""
    kubernetes = [each for each in targets if each.type.startswith(KUBERNETES)]
    known = {each.urn: each.model_copy(update={"id": ""}) for each in kubernetes}
    kept = {each.urn: known.get(each.urn, each) for each in targets if each.urn not in closing}
    return plan.model_copy(update={"targets": ()}), kept
