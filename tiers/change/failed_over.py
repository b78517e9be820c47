"""What a failover does to a tenant, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tiers.change.effect import EffectKind
from tiers.change.servers import Change
from tiers.facts.every_fact import FileSystemReplica
from tiers.plan.plan import TenantPlan
from tiers.portfolio.failover.stage import FailoverStage, FirstRegion

_EFFECTS: Final[Mapping[FailoverStage, tuple[EffectKind, str]]] = {
    FailoverStage.FENCE: (
        EffectKind.DATA,
        "its database is closed, and the standby in {to} gets everything that was committed",
    ),
    FailoverStage.PROMOTE: (
        EffectKind.DATA,
        "the standby and the files in {to} become its data; what is in {region} is kept, and grows old",
    ),
    FailoverStage.START: (
        EffectKind.RESTART,
        "it starts in {to}, where people log in anew, without nightly dumps, alerts and the usage exporter",
    ),
    FailoverStage.SETTLED: (EffectKind.NOTICE, "it works in {to} until a failback"),
    FailoverStage.SAVE: (
        EffectKind.DATA,
        "it is backed up in {to}, and its database there is closed: with this backup it comes home",
    ),
    FailoverStage.RETURN: (
        EffectKind.NOTICE,
        "the backup of {to} is restored beside the database that was closed in {region}",
    ),
    FailoverStage.SWITCH: (
        EffectKind.DATA,
        "in {region} it becomes what it was in {to}; what was closed there is kept until confirmed",
    ),
    FailoverStage.HOME: (EffectKind.RESTART, "it starts in {region}; what it had in {to} is kept, closed"),
    FailoverStage.CONFIRM: (
        EffectKind.DATA,
        "the database of before in {region} is dropped, and the promoted server loses its protection",
    ),
    FailoverStage.STAY: (
        EffectKind.RESTART,
        "it works in {to} again; what was restored in {region} is dropped",
    ),
    FailoverStage.REOPEN: (EffectKind.RESTART, "its database in {region} is open again, and it starts there"),
}
_UNCLOSED: Final = (
    "nothing closes {region}: what was committed there after the standby last heard of it is not in {to}"
)
_LEFT: Final = "nothing else changes, and nothing is sent to {region}"
_AS_IT_WAS: Final = "nothing changes in {to}; what it has in {region} is closed, and stays so"
_CLOSED_LATE: Final = "what it still has in {region} is stopped and closed; {to} is not touched"


def failover_changes(before: TenantPlan, after: TenantPlan) -> Iterator[Change]:
    """What the next step of a failover does; nothing where no step is taken."""
    now = after.failover
    if now is None or now == before.failover:
        return
    names = {"to": now.to, "region": after.region}
    if now.first_region is FirstRegion.BACK and before.failover and before.failover.is_lost:
        yield Change(EffectKind.DATA, _CLOSED_LATE.format(**names))
        return
    if before.failover and before.failover.stage is now.stage:
        if before.failover.first_region is not now.first_region:  # else a moment was written anew
            yield Change(EffectKind.NOTICE, (_LEFT if now.is_lost else _AS_IT_WAS).format(**names))
        return
    kind, what = _EFFECTS[now.stage]
    yield Change(kind, what.format(**names))
    if now.first_region is FirstRegion.LOST and now.stage is FailoverStage.PROMOTE:
        yield Change(EffectKind.DATA, _UNCLOSED.format(**names))


def wrongly_lost(before: TenantPlan, after: TenantPlan, stack: str, *, replicates: bool) -> Iterator[str]:
    """Why *after* may not leave a region as lost; nothing where it may.

    What is declared of a lost region must be what is there: a replication of files that ended would begin
    anew, over files that people write by now, and one that did not would be ended where nobody answers.

    Args:
        before: The tenant as it is deployed.
        after: The tenant as its file has it.
        stack: The stack's name.
        replicates: Whether the stack has a replication of the tenant's files.
    """
    there, here = before.failover, after.failover
    if there is None or here is None or there.first_region is not FirstRegion.ANSWERS:
        return
    copied = any(isinstance(fact, FileSystemReplica) for fact in after.facts)
    if copied and here.first_region in _REPLICATES and _REPLICATES[here.first_region] is not replicates:
        yield (
            f"{after.tenant}: first_region is {here.first_region} in its file, and the replication of its "
            f"files {'has not ended yet' if replicates else 'has ended'}: put the file back as it was "
            f"deployed and run `costack failover {after.tenant} --stack {stack} --region-lost`"
        )


_REPLICATES: Final = {FirstRegion.LOST_AFTER_FENCE: True, FirstRegion.LOST_AFTER_PROMOTION: False}
