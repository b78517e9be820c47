"""The next step of a tenant's failover to its second region, as a line of its file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from lifecycle.errors import RefusedError
from lifecycle.going_on import deployed_plan, refuse_next_step, refuse_to_begin
from tiers.plan.plan import TenantPlan
from tiers.portfolio.failover.faults import lacks_for
from tiers.portfolio.failover.stage import (
    HOMEWARD,
    NEXT,
    THERE,
    WAY_BACK,
    Failover,
    FailoverStage,
    FirstRegion,
    found_again,
    left_at,
    may_be_lost,
    may_follow,
)
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import Region

STEPS: Final[Mapping[FailoverStage, str]] = {
    FailoverStage.FENCE: "stops {tenant}, closes its database and waits until the standby in {to} has "
    "everything that was committed; users wait from here on",
    FailoverStage.PROMOTE: "promotes the standby in {to}, ends the replication of files, so that both can be "
    "written there, and opens the database; users wait; there is no way back but by a failback",
    FailoverStage.START: "starts {tenant} in {to} and leads its records there; people work again",
    FailoverStage.SETTLED: "changes nothing of what runs; {tenant} works in {to}, and what it has in its own "
    "region stays closed",
    FailoverStage.SAVE: "stops {tenant} in {to}, backs it up there and closes its database there; users wait "
    "from here on",
    FailoverStage.RETURN: "restores that backup in {region}, beside the database that was closed there, and "
    "checks it; users wait",
    FailoverStage.SWITCH: "lets what was restored take the place of the database before in {region}, and "
    "brings back files that it names; users wait",
    FailoverStage.HOME: "starts {tenant} in {region} and leads its records there; the database of before and "
    "the promoted server in {to} are kept, closed",
    FailoverStage.CONFIRM: "drops the database that {tenant} had in {region} before, and lets the promoted "
    "server in {to} go with the update after it",
    FailoverStage.STAY: "opens the database of {tenant} in {to} again and starts it there; what was restored "
    "in {region} is dropped",
    FailoverStage.REOPEN: "opens the database of {tenant} in its own region again and starts it there; the "
    "standby follows on",
}
"""What the update of each stage does."""
_LOST: Final[Mapping[FirstRegion, str]] = {
    FirstRegion.LOST: "; it sends nothing to {region}, where nothing is closed and Odoo may still run",
    FirstRegion.LOST_AFTER_FENCE: "; it sends nothing to {region}, where everything was closed before",
    FirstRegion.LOST_AFTER_PROMOTION: "; it sends nothing to {region}, where everything was closed before",
}
_BACK: Final = (
    "stops what {tenant} still has in {region} and closes its database there: what was committed there after "
    "the loss is in that database alone"
)
_FOUND: Final[Mapping[FirstRegion, str]] = {
    FirstRegion.LOST: _BACK,
    FirstRegion.LOST_AFTER_FENCE: "forgets the replication of {tenant}'s files in {region}, where all is "
    "closed; {to} works on",
    FirstRegion.LOST_AFTER_PROMOTION: "changes nothing of what {tenant} has in {region}, where all is "
    "closed; {to} works on",
}
_AT_HOME: Final = (
    "makes a new standby and a new replica of files in {to}, and removes the promoted server with a final "
    "snapshot; {tenant} works in {region}. The file system in {to} that it wrote to stays until you delete it"
)
_ENDED: Final = "changes nothing more of {tenant}, which works in its own region as before"


class Step(NamedTuple):
    """The tenant's file after a step; `update` is what the next `pulumi up` does."""

    failover: Failover | None
    update: str
    failovers: int | None = None
    """The new value of `failovers`; None to leave it."""

    @property
    def fields(self) -> dict[str, str | None]:
        """What is written into the file."""
        counted = {} if self.failovers is None else {"failovers": str(self.failovers)}
        return {"failover": self.line, **counted}

    @property
    def line(self) -> str | None:
        """The value of `failover` in the file, None to remove it."""
        section = self.failover
        if section is None:
            return None
        answers = section.first_region is FirstRegion.ANSWERS
        region = "" if answers else f", first_region: {section.first_region}"
        moments = {"began_at": section.began_at, "lost_at": section.lost_at}
        at = "".join(f", {name}: {moment:%Y-%m-%dT%H:%M:%SZ}" for name, moment in moments.items() if moment)
        return f"{{number: {section.number}, to: {section.to}, stage: {section.stage}{region}{at}}}"


def begin(
    tenant: Tenant,
    platform: Platform,
    to: Region,
    number: int,
    at: datetime | None = None,
    *,
    lost: bool = False,
) -> Step:
    """The first step of a failover to the region *to*, the attempt *number*.

    Args:
        tenant: The tenant.
        platform: Its platform, which names the cluster there.
        to: The second region.
        number: Of this attempt; 1 for the first.
        at: The moment, in UTC, from which it is measured how long the failover takes.
        lost: Whether the tenant's own region does not answer.

    Raises:
        RefusedError: When something else goes on with the tenant, or it cannot start there.
    """
    if tenant.failover is not None:
        raise RefusedError(f"{tenant.tenant} is {whereabouts(tenant.failover)} already: go on with --next")
    refuse_to_begin(tenant, "fail over", "fails over")
    stage = FailoverStage.PROMOTE if lost else FailoverStage.FENCE
    region = FirstRegion.LOST if lost else FirstRegion.ANSWERS
    section = Failover(number=number, to=to, stage=stage, first_region=region, began_at=at)
    if found := [why for _, why in lacks_for(tenant, platform, section)]:
        raise RefusedError(f"{tenant.tenant} cannot fail over to {to}: {'; '.join(found)}")
    if tenant.options.warm_standby == "promoted":
        raise RefusedError(
            f"{tenant.tenant} cannot fail over to {to}: its standby was promoted by hand and follows no more"
        )
    return _step(tenant, section)


def lose(tenant: Tenant, deployed: Failover | None, at: datetime | None = None, *, replicates: bool) -> Step:
    """Go on without the first region, which stopped answering.

    Args:
        tenant: The tenant.
        deployed: What the last complete update has. After that of the fence the database there is closed, the
            standby has everything, and what is deployed there is what that update left.
        at: The moment, in UTC: people may have worked there until now, unless a fence was complete.
        replicates: Whether the stack still has the replication of files, which no update can end then.

    Raises:
        RefusedError: When it is lost already, or has its data back.
    """
    now = _going_on(tenant, " --region-lost")
    if not may_lose(now, deployed):
        raise RefusedError(
            f"{tenant.tenant} is {whereabouts(now)}: --region-lost is for a failover whose first region "
            "answered until now, and that has not got its data back"
        )
    late = FirstRegion.LOST_AFTER_FENCE if replicates else FirstRegion.LOST_AFTER_PROMOTION
    lost = {
        "stage": left_at(now.stage),
        "first_region": late if deployed else FirstRegion.LOST,
        "lost_at": at,
    }
    return _step(tenant, now.model_copy(update=lost))


def may_lose(now: Failover, deployed: Failover | None) -> bool:
    """Whether a failover that stands at *now* may go on without the first region."""
    return may_be_lost(now) and (deployed is not None or now.stage is FailoverStage.FENCE)


def return_home(tenant: Tenant) -> Step:
    """The first step of the way home.

    Raises:
        RefusedError: When it does not work in its second region, or its own does not answer.
    """
    now = tenant.failover
    if now is None or now.stage is not FailoverStage.SETTLED:
        raise RefusedError(
            f"{tenant.tenant} is {whereabouts(now)}: the way home begins at stage settled of a failover"
        )
    if now.is_lost:
        raise RefusedError(
            f"{tenant.tenant} is {whereabouts(now)}: once that region answers, run `costack failover "
            f"{tenant.tenant} --region-back` and `pulumi up`, which close what is there; then come home"
        )
    return _step(tenant, now.model_copy(update={"stage": FailoverStage.SAVE}))


def find_again(tenant: Tenant) -> Step:
    """Close what is in the first region, which answers again.

    Raises:
        RefusedError: When it was not lost, or people do not work in the second one yet.
    """
    now = _going_on(tenant)
    if not now.is_lost or now.stage not in THERE:
        raise RefusedError(
            f"{tenant.tenant} is {whereabouts(now)}: --region-back is for a failover that began with "
            "--region-lost, once it has started there"
        )
    found = now.model_copy(update={"first_region": found_again(now.first_region)})
    words = _FOUND[now.first_region]
    return Step(found, words.format(tenant=tenant.tenant, region=tenant.region, to=now.to))


def advance(tenant: Tenant) -> Step:
    """The next step.

    Raises:
        RefusedError: When it does not fail over, or has arrived.
    """
    now = _going_on(tenant)
    following = NEXT[now.stage]
    if now.stage is FailoverStage.REOPEN:
        return Step(None, _ENDED.format(tenant=tenant.tenant))
    if now.comes_home:
        words = _AT_HOME.format(tenant=tenant.tenant, to=now.to, region=tenant.region)
        return Step(None, words, tenant.failovers + 1)
    if following is None:
        raise RefusedError(
            f"{tenant.tenant} is {whereabouts(now)}, and stays there until `costack failback {tenant.tenant}`"
        )
    return _step(tenant, now.model_copy(update={"stage": following}))


def back(tenant: Tenant) -> Step:
    """The step back to the first region, while nothing was promoted.

    Raises:
        RefusedError: When it does not fail over, or the standby was promoted.
    """
    now = _going_on(tenant)
    if now.stage not in WAY_BACK:
        raise RefusedError(f"{tenant.tenant} {_no_way_back(now.stage)}")
    return _step(tenant, now.model_copy(update={"stage": WAY_BACK[now.stage]}))


def check_deployed(
    tenant: Tenant, deployed: TenantPlan | None, stack: str, *, may_have_failed: bool = False
) -> None:
    """Check that the step before was deployed: every update takes one step.

    Who goes back, or on without a region that was lost, may do so after an update that failed.

    Raises:
        RefusedError: When file and stack differ.
    """
    there, here = deployed_plan(tenant, deployed, stack).failover, tenant.failover
    if there != here and not (may_have_failed and may_follow(there, here)):
        refuse_next_step(tenant.tenant, whereabouts(there), whereabouts(here), stack)


def whereabouts(failover: Failover | None) -> str:
    """Where a failover stands, to follow a name and `is`."""
    if failover is None:
        return "in its own region"
    lost = {
        FirstRegion.LOST: ", with its own region lost",
        FirstRegion.LOST_AFTER_FENCE: ", with its own region lost after the fence",
        FirstRegion.LOST_AFTER_PROMOTION: ", with its own region lost after the promotion",
        FirstRegion.BACK: ", with its own region back",
    }
    way = "failback from" if failover.stage in HOMEWARD else "failover to"
    return f"at stage {failover.stage} of its {way} {failover.to}{lost.get(failover.first_region, '')}"


def _no_way_back(stage: FailoverStage) -> str:
    if stage in {FailoverStage.REOPEN, FailoverStage.STAY}:
        return "is going back already: finish with --next"
    if stage in HOMEWARD:
        return "works with what came home already: finish with --next, then fail over again"
    return "has a promoted standby, of which AWS makes no standby again: `costack failback` leads home"


def _going_on(tenant: Tenant, how: str = "") -> Failover:
    if tenant.failover is None:
        raise RefusedError(
            f"{tenant.tenant} works in its own region; begin with `costack failover {tenant.tenant} --to "
            f"REGION{how}`"
        )
    return tenant.failover


def _step(tenant: Tenant, failover: Failover) -> Step:
    return Step(failover, in_words(tenant, failover))


def in_words(tenant: Tenant, failover: Failover) -> str:
    """What the update of its stage does, to follow `the next update`."""
    said = STEPS[failover.stage]
    if failover.is_lost:  # nothing is dropped where nobody answers; the next way home does it
        said = said.partition("; what was restored")[0]
    words = said.format(tenant=tenant.tenant, to=failover.to, region=tenant.region)
    return words + _LOST.get(failover.first_region, "").format(region=tenant.region)
