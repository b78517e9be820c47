"""What a person must do beside the updates of a failover, as commands that are filled in."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from tiers.facts.every_fact import FileSystem
from tiers.inventory import Inventory
from tiers.plan.plan import TenantPlan, facts_of
from tiers.portfolio.failover.stage import Failover, FailoverStage

_FORGET = ("aws", "efs", "delete-replication-configuration")
_ASK = ("aws", "efs", "describe-replication-configurations")


def before_update(failovers: Sequence[Failover], stack: str, *, found: bool) -> Iterator[str]:
    """What the next update needs that no file says, a sentence each; nothing while every region answers.

    Args:
        failovers: What was just written.
        stack: The stack's name.
        found: Whether a region that was lost answers again.
    """
    if any(each.is_lost for each in failovers):
        region = next(each.to for each in failovers if each.is_lost)
        config = shlex.join(("pulumi", "config", "set", "aws:stsRegion", region, "--stack", stack))
        yield (
            f"set PULUMI_K8S_SKIP_UPDATE_UNREACHABLE=true for that update, and `{config}`: the cluster and "
            "the sign-in of the lost region do not answer"
        )
    elif found:
        yield (
            "unset PULUMI_K8S_SKIP_UPDATE_UNREACHABLE for that update, and set aws:stsRegion as it was: "
            "what is in that region is to be changed again"
        )


def before_next(inventory: Inventory, tenant: TenantPlan, failover: Failover) -> Iterator[str]:
    """What is to be done after the update of this stage, before the next one, a sentence each.

    Args:
        inventory: What is deployed, which knows the file system of *tenant*.
        tenant: The tenant, as it is deployed.
        failover: The stage that was just written.
    """
    for fact in facts_of(tenant.facts, FileSystem):
        system = inventory.cloud_ids.get(fact.id, "").rpartition("/")[2] or f"ID_OF_{fact.id}"
        if failover.stage is FailoverStage.FENCE:
            asked = shlex.join((*_ASK, "--region", tenant.region, "--file-system-id", system))
            yield (
                f"{tenant.tenant}: go on once `{asked}` names a LastReplicatedTimestamp after the fence: "
                "files follow minutes later"
            )
        elif failover.is_lost and not (failover.ends_replication or _was_lost(tenant)):
            where = ("--region", failover.to, "--source-file-system-id", system)
            mode = ("--deletion-mode", "LOCAL_CONFIGURATION_ONLY")
            yield (
                f"{tenant.tenant}: make its files writable in {failover.to} with "
                f"`{shlex.join((*_FORGET, *where, *mode))}`: the provider would ask the lost region, too"
            )


def _was_lost(tenant: TenantPlan) -> bool:
    return tenant.failover is not None and tenant.failover.is_lost
