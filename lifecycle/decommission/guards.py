"""Guards: reasons to refuse a decommission plan. Each guard is independent of the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lifecycle.decommission.approval import Approved, changed, not_approved, not_due
from lifecycle.decommission.derivation import differences, other_targets
from lifecycle.decommission.plan import CLOCKS_DIFFER_BY, VALID_FOR, DecommissionPlan, facts_sha256
from lifecycle.stack_resources import MARK, Preview
from tiers.deployed import RECORD_TYPE
from tiers.facts.data import DatabaseInstance
from tiers.facts.names import CLOSING_JOBS, SHARED_PLATFORM
from tiers.naming import physical_name
from tiers.plan.plan import TenantPlan, facts_of
from tiers.vocabulary import Environment, LifecycleStage

RESTORE_TEST_MAY_BE: Final = timedelta(days=30)
_EMPTIED: Final = "$costack:index:TenantsNamespace$"
"""A shared namespace is removed with its last tenant; until then the platform's plan has it."""
_BOUNDS: Final = tuple(f"{_EMPTIED}kubernetes:core/v1:{kind}::" for kind in ("ResourceQuota", "LimitRange"))
"""A shared namespace holds what its tenants take: less without this one."""
_RECORD: Final = f"{SHARED_PLATFORM}${RECORD_TYPE}::"
"""The platform's record holds its plan, which counts its tenants."""
_JOB: Final = "kubernetes:batch/v1:Job"
_OF_A_DUMP: Final = (
    "kubernetes:core/v1:ServiceAccount::{pod}",
    "aws:iam/role:Role::{role}",
    "aws:iam/rolePolicy:RolePolicy::{role}-policy",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation::{role}-pods",
)
"""What the last dump needs of a tenant whose offer has none: an account that may write it."""


@dataclass(frozen=True)
class Situation:
    """The situation in which a plan is applied.

    Attributes:
        now: The time, in UTC.
        account: The AWS account of the credentials in use.
        stack: The selected stack.
        deployed: The tenant as the stack's inventory has it; None when it is removed.
        urns: The tenant's resources in the state.
        phrase: The phrase that was typed; None where somebody approved the plan instead.
        restore_tested_at: When a restore test last succeeded; None when never.
        wanted: The tenant as its file asks for it; None when it has no file.
        derived: The plan that stack and catalog give now; None when the tenant is removed.
        released: Whether this plan was carried out as far as that, and the stack has it deployed.
        approved: What stands in place of the phrase.
        begun: Whether evidence says that this plan was begun.
        created_at: When the stack created the tenant; None when it is removed, or nobody knows.
    """

    now: datetime
    account: str
    stack: str
    deployed: TenantPlan | None
    urns: frozenset[str]
    phrase: str | None
    restore_tested_at: datetime | None = None
    derived: DecommissionPlan | None = None
    wanted: TenantPlan | None = None
    released: bool = False
    approved: Approved | None = None
    begun: bool = False
    created_at: datetime | None = None

    @property
    def valid_for(self) -> timedelta:
        """For how long the plan is valid."""
        return self.approved.valid_for if self.approved else VALID_FOR

    @property
    def removing(self) -> bool:
        """Whether it is removed, or its removal may have begun: then what is left is compared."""
        return self.deployed is None or self.released


def refusals(plan: DecommissionPlan, seen: Situation) -> tuple[str, ...]:
    """The reasons not to apply *plan*, one sentence each; empty when there are none."""
    return (
        *_not_the_plan(plan, seen),
        *_not_approved(plan, seen),
        *_not_derivable(plan, seen),
        *_not_its_time(plan, seen),
        *_not_the_same(plan, seen),
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
    if seen.approved is None and seen.phrase != plan.phrase:
        yield f"the phrase does not match the plan; to apply it type: {plan.phrase}"


def _not_approved(plan: DecommissionPlan, seen: Situation) -> Iterator[str]:
    """Whether an approval in place of the phrase suffices; its signature was checked when it was read."""
    if seen.approved is None:
        return
    yield from not_approved(plan, seen.approved, seen.now, (seen.deployed, seen.wanted))
    if seen.deployed is None or seen.removing:
        return
    yield from not_due(seen.deployed, seen.approved, seen.now)
    if seen.derived is None:
        yield f"no plan can be made of {plan.tenant} now, with which the approved one would be compared"
    else:
        closing = _closing(plan, seen.urns)
        yield from changed(plan, seen.derived, seen.deployed, closing, begun=seen.begun)


def _not_derivable(plan: DecommissionPlan, seen: Situation) -> Iterator[str]:
    """Whether the plan is what stack and catalog say; without the tenant nothing is left to act on."""
    if seen.derived is None:
        return
    if not seen.removing:
        yield from differences(plan, seen.derived)
    yield from other_targets(plan, seen.derived, whole=not seen.removing)


def _not_its_time(plan: DecommissionPlan, seen: Situation) -> Iterator[str]:
    now, ends = seen.now, plan.made_at + seen.valid_for
    if now >= ends:
        yield f"the plan expired at {ends:%Y-%m-%d %H:%M} UTC; make a new one"
    if now < plan.made_at - CLOCKS_DIFFER_BY:
        made = f"{plan.made_at:%Y-%m-%d %H:%M} UTC"
        yield f"the plan was made at {made}, which is in the future; check the clock"


def _not_the_same(plan: DecommissionPlan, seen: Situation) -> Iterator[str]:
    """Whether another tenant has the name by now: what was planned for the first one ends no second one."""
    made = seen.created_at
    if made is not None and made > plan.made_at + CLOCKS_DIFFER_BY:
        yield (
            f"the stack created {plan.tenant} at {made:%Y-%m-%d %H:%M} UTC, after the plan was made: it is "
            "another tenant of that name; make a new plan"
        )
    there = seen.wanted
    if seen.deployed is None and there is not None and facts_sha256(there) != plan.facts_sha256:
        yield (
            f"{plan.tenant} was removed, and its file asks for another tenant of that name; the plan is not "
            "for that one"
        )


def _not_what_was_planned(plan: DecommissionPlan, seen: Situation) -> Iterator[str]:
    changed = seen.deployed is not None and facts_sha256(seen.deployed) != plan.facts_sha256
    if changed and not seen.removing:
        yield f"tenant {plan.tenant} has changed since the plan was made; make a new one"
    edited = seen.wanted is not None and facts_sha256(seen.wanted) != plan.facts_sha256
    if edited and not changed and not seen.removing:
        yield (
            f"the file of {plan.tenant} has changes that are not deployed: deploy them with `pulumi up` and "
            "make a new plan, or take them out"
        )
    if more := sorted(seen.urns - _planned(plan) - _closing(plan, seen.urns)):
        yield f"the stack has {len(more)} resources that are not in the plan, such as {more[0]}"


def _not_to_end(plan: DecommissionPlan, seen: Situation) -> Iterator[str]:
    """Whether the tenant's reviewed file says that it is to be decommissioned."""
    tenant = seen.deployed
    if tenant is None or seen.removing:
        return
    if tenant.tenant != plan.tenant or tenant.environment is not plan.environment:
        there = f"{tenant.environment} {tenant.tenant}"
        yield f"the plan is for {plan.environment} {plan.tenant}, the stack has {there}"
    yield from _goes_on(tenant)
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


def _goes_on(tenant: TenantPlan) -> Iterator[str]:
    """What goes on with a tenant and is to be finished first."""
    if tenant.rotation is not None and tenant.rotation.stage:
        yield f"the secrets of {tenant.tenant} are being rotated: finish that with `costack rotate` first"
    if tenant.restore is not None:
        command = f"costack {tenant.restore.command}"
        yield f"the data of {tenant.tenant} is being restored: finish that with `{command}` first"
    if any(server.upgrade is not None for server in facts_of(tenant.facts, DatabaseInstance)):
        yield f"the server of {tenant.tenant} is being upgraded: finish `costack upgrade-database` first"
    if tenant.upgrade is not None:
        yield f"{tenant.tenant} is being upgraded: finish that with `costack upgrade` first"
    if tenant.failover is not None:
        there = tenant.failover.to
        yield f"{tenant.tenant} fails over to {there} or works there: bring it home with `costack failback`"


def _not_restorable(plan: DecommissionPlan, seen: Situation) -> Iterator[str]:
    if not plan.needs_restore_test or seen.removing:
        return
    remedy = f"run `costack restore-test {plan.tenant} --stack {plan.stack}`, then the same command again"
    if seen.restore_tested_at is None:
        yield (f"no restore of {plan.tenant} was ever tried; {remedy}")
    elif seen.now - seen.restore_tested_at > RESTORE_TEST_MAY_BE:
        yield (
            f"the last restore of {plan.tenant} was tried on {seen.restore_tested_at:%Y-%m-%d}, more than "
            f"{RESTORE_TEST_MAY_BE.days} days ago; {remedy}"
        )


def unplanned(plan: DecommissionPlan, preview: Preview, *, removing: bool) -> list[str]:
    """The resources that an update would touch and the plan does not allow; there must be none.

    Args:
        plan: The approved plan.
        preview: What the update would do.
        removing: Whether the update removes the tenant; before that nothing that holds data may go.
    """
    mine = _planned(plan) | _closing(plan, preview.deletions | preview.changes | preview.replacements)
    emptied = frozenset(urn for urn in preview.deletions if removing and _EMPTIED in urn)
    kept = (_RECORD, *_BOUNDS)
    counted = frozenset(urn for urn in preview.changes if any(each in urn for each in kept))
    others = (preview.deletions - mine - emptied) | (preview.changes - mine - counted)
    if removing:
        return sorted(others | preview.replacements)
    data = frozenset(target.urn for target in plan.targets if target.holds_data)
    lost = (preview.deletions | preview.replacements) & data
    return sorted(others | lost | (preview.replacements - mine))


def _planned(plan: DecommissionPlan) -> frozenset[str]:
    return frozenset(target.urn for target in plan.targets)


def _closing(plan: DecommissionPlan, urns: frozenset[str]) -> frozenset[str]:
    """What the tenant gets after the plan was made: jobs, the mark of its final backup, who may write that.

    Type and name: tenant `acme-final` has a CronJob `acme-final-backup`, too.
    """
    ends = [f"{_JOB}::{plan.tenant}-{part}" for part in CLOSING_JOBS]
    if plan.requested_dump:
        pod, role = physical_name(plan.tenant, "backup"), physical_name(plan.portfolio, plan.tenant, "backup")
        ends += [each.format(pod=pod, role=role) for each in _OF_A_DUMP]
    return frozenset(urn for urn in urns if urn.endswith((*ends, f"{MARK}::{plan.tenant}-last")))
