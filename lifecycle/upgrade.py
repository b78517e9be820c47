"""The next step of a tenant's upgrade to another major version of Odoo: lines of its file, and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field, ValidationError

from lifecycle.errors import LifecycleError, RefusedError
from lifecycle.going_on import deployed_plan, refuse_next_step, refuse_to_begin
from tiers.facts.compute import Job
from tiers.plan.plan import TenantPlan, facts_of
from tiers.portfolio.tenant import Tenant
from tiers.portfolio.upgrade.stage import ORDER, Upgrade, UpgradeStage, may_follow
from tiers.vocabulary import Count, Frozen, TenantId

STEP: Final = "upgrade"
"""The step name in the evidence."""
STEPS: Final[Mapping[UpgradeStage, str]] = {
    UpgradeStage.REHEARSE: "restores {tenant}'s newest complete backup into a database beside the one in "
    "use, "
    "neutralises it, runs the command that upgrades it to {to} and checks what that made; people work "
    "meanwhile",
    UpgradeStage.UPGRADE: "stops {tenant}, backs it up, upgrades that backup to {to} beside the database "
    "in use, "
    "checks it and lets it take the place; users wait meanwhile",
    UpgradeStage.START: "starts {tenant} with {to}; the database before is kept",
    UpgradeStage.CONFIRM: "drops the database that {tenant} had before the upgrade; there is no way back",
    UpgradeStage.BACK: "stops {tenant} and gives the database before its place again; users wait meanwhile",
    UpgradeStage.DISCARD: "lets {tenant} work with the version and the database that it had before, and "
    "drops "
    "the upgraded one with all that was written there",
}
"""What the update of each stage does."""
_ENDED: Final = "changes nothing more of {tenant}; the upgrade is finished"


class Step(NamedTuple):
    """The tenant's file after a step.

    Attributes:
        upgrade: The upgrade that goes on; None when it is finished.
        update: What the next `pulumi up` does.
        fields: Field of the file -> its value; None removes it.
    """

    upgrade: Upgrade | None
    update: str
    fields: Mapping[str, str | None]


class UpgradeCheck(Frozen):
    """One check of an upgraded database."""

    name: str
    expected: str
    found: str
    ok: bool


class UpgradeResult(Frozen):
    """What the job of a rehearsal, or of an upgrade, has found: the last line of its log.

    `from_version` and `to` are versions of Odoo; `seconds` are those of restore, command and checks. `rows`
    are those of each main table before and after; None where the table is gone.
    """

    tenant: TenantId
    mode: Literal["rehearsal", "upgrade"]
    from_version: Annotated[str, Field(alias="from")]
    to: str
    backup: str
    image: str
    command: str
    finished_at: str
    seconds: Count
    command_seconds: Count
    checks: tuple[UpgradeCheck, ...]
    modules_gone: tuple[str, ...]
    modules_new: tuple[str, ...]
    rows: Mapping[str, tuple[Count, Count | None]]
    result: Literal["ok", "failed"]

    @property
    def minutes(self) -> int:
        """How long it took, in minutes, rounded up."""
        return max(1, -(-self.seconds // 60))

    def as_evidence(self) -> dict[str, Any]:
        """Its part of a record in an evidence file."""
        return self.model_dump(mode="json", by_alias=True)


def result_of(log: str, tenant: str, mode: str, version: str) -> UpgradeResult:
    """The result in the *log* of a job: that of *tenant*'s *mode* to *version*, and a good one.

    Raises:
        LifecycleError: When there is none, it is another's, or it is not good.
    """
    lines = [line for line in log.strip().splitlines() if line.startswith("{")]
    try:
        found = UpgradeResult.model_validate_json(lines[-1] if lines else "")
    except ValidationError:
        last = log.strip().splitlines()[-1][:300] if log.strip() else "nothing"
        raise LifecycleError(
            f"upgrade of '{tenant}': its job has no result; the last line of its log is: {last}"
        ) from None
    if (found.tenant, found.mode, found.to) != (tenant, mode, version):
        raise LifecycleError(
            f"upgrade of '{tenant}': expected the result of its {mode} to {version}, found that of "
            f"{found.tenant}'s "
            f"{found.mode} to {found.to}"
        )
    if found.result != "ok" or not found.checks or not all(check.ok for check in found.checks):
        names = ", ".join(check.name for check in found.checks if not check.ok)
        raise LifecycleError(
            f"upgrade of '{tenant}': its {mode} failed its checks: {names or 'none was made'}"
        )
    return found


def begin(tenant: Tenant, to: str) -> Step:
    """The first step of an upgrade to the version *to*: its rehearsal.

    Raises:
        RefusedError: When something else goes on with the tenant.
    """
    refuse_to_begin(tenant, "upgrade", "is upgraded")
    return _step(tenant.tenant, Upgrade(to=to, stage=ORDER.first))


def advance(tenant: Tenant, rehearsed_minutes: int | None = None) -> Step:
    """The next step; *rehearsed_minutes* is what evidence of the rehearsal says.

    Raises:
        RefusedError: When it is not being upgraded.
    """
    now = _going_on(tenant)
    following = ORDER.next[now.stage]
    if following is not None:
        minutes = rehearsed_minutes or now.rehearsed_minutes
        return _step(tenant.tenant, now.model_copy(update={"stage": following, "rehearsed_minutes": minutes}))
    fields: dict[str, str | None] = {"upgrade": None}
    if now.stage is UpgradeStage.CONFIRM:
        name = "odoo" if tenant.odoo is None else "odoo.version"
        fields[name] = f'{{version: "{now.to}"}}' if tenant.odoo is None else f'"{now.to}"'
        if tenant.odoo is not None and tenant.odoo.upgraded_to:
            fields["odoo.upgraded_to"] = None  # of an upgrade by hand, to the version before
    return Step(None, _ENDED.format(tenant=tenant.tenant), fields)


def back(tenant: Tenant, deployed: TenantPlan | None) -> Step:
    """The step back to the version and the database before, where *deployed* is what the last update left.

    Raises:
        RefusedError: When it is not being upgraded, or one of the two databases is being dropped already.
    """
    now = _going_on(tenant)
    if now.stage is UpgradeStage.CONFIRM:
        raise RefusedError(
            f"the database that {tenant.tenant} had before is dropped with this step: finish with --next; "
            "the backup that was made before the upgrade is of the version before and can be restored by hand"
        )
    stage = ORDER.back(now.stage, deployed.upgrade.stage if deployed and deployed.upgrade else None)
    if stage is None:
        raise RefusedError(f"{tenant.tenant} is going back already: finish with --next")
    return _step(tenant.tenant, now.model_copy(update={"stage": stage}))


def check_deployed(
    tenant: Tenant, deployed: TenantPlan | None, stack: str, *, going_back: bool = False
) -> None:
    """Check that the step before was deployed: every update takes one step.

    Who goes back may do so after an update that failed, when the stack does not have its step yet.

    Raises:
        RefusedError: When file and stack differ.
    """
    there, here = deployed_plan(tenant, deployed, stack).upgrade, tenant.upgrade
    same = whereabouts(there) == whereabouts(here)
    if not same and not (going_back and may_follow(there, here)):
        refuse_next_step(tenant.tenant, whereabouts(there), whereabouts(here), stack)


def whereabouts(upgrade: Upgrade | None) -> str:
    """Where an upgrade stands, to follow a name and `is`."""
    if upgrade is None:
        return "not being upgraded"
    return f"at stage {upgrade.stage} of its upgrade to {upgrade.to}"


def in_words(tenant: str, upgrade: Upgrade) -> str:
    """What the update of its stage does, to follow `the next update`."""
    return STEPS[upgrade.stage].format(tenant=tenant, to=upgrade.to)


def judged(deployed: TenantPlan) -> tuple[Job, str] | None:
    """The job of *deployed* whose result is evidence of its stage, and its mode; None where there is none."""
    for job in facts_of(deployed.facts, Job):
        if job.upgrade is not None:
            return job, "rehearsal" if job.upgrade.rehearses else "upgrade"
    return None


def record_of(
    tenant: Tenant, step: Step, result: UpgradeResult | None, at: datetime, stack: str
) -> dict[str, Any]:
    """The line of evidence of a *step* taken at the moment *at*, with what the stage before has found."""
    now = tenant.upgrade
    leads = step.upgrade or now
    return {
        "at": at.isoformat(),
        "step": STEP,
        "tenant": tenant.tenant,
        "stack": stack,
        "version": leads.to if leads else None,
        "deployed": now.stage if now else None,
        "next": step.upgrade.stage if step.upgrade else None,
        "found": result.as_evidence() if result else None,
    }


def _going_on(tenant: Tenant) -> Upgrade:
    if tenant.upgrade is None:
        raise RefusedError(
            f"{tenant.tenant} is not being upgraded; begin with `costack upgrade {tenant.tenant} --to "
            "VERSION`"
        )
    return tenant.upgrade


def _step(tenant: str, upgrade: Upgrade) -> Step:
    minutes = f", rehearsed_minutes: {upgrade.rehearsed_minutes}" if upgrade.rehearsed_minutes else ""
    line = f'{{to: "{upgrade.to}", stage: {upgrade.stage}{minutes}}}'
    return Step(upgrade, in_words(tenant, upgrade), {"upgrade": line})
