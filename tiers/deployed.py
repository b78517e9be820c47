"""What a stack has already, as far as it decides whether an update may begin.

Pulumi's state has the records of tenants and platform (`components/record.py`): what was applied, not what
was asked for. A tenant that the stack has and no file describes is never a wish to delete it: a file may be
missing because of a bad merge, a wrong branch, an empty folder or a wrong name. So the update stops before it
begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from tiers.facts.names import SHARED_PLATFORM, TENANT_STACK
from tiers.plan.plan import Plan
from tiers.vocabulary import LifecycleStage

RECORD: Final = "deployed"
"""The last part of a record's name."""
RECORD_TYPE: Final = "pulumi:index:Stash"
RELEASED: Final = "released"
"""The output of a tenant's component that says whether the tenant may be removed."""


class DeployedTenant(NamedTuple):
    """A tenant of a stack, and whether it may be removed."""

    tenant: str
    released: bool = False


class Deployed(NamedTuple):
    """The portfolios and tenants that a stack has resources of."""

    portfolios: tuple[str, ...] = ()
    tenants: tuple[DeployedTenant, ...] = ()


def deployed_of(resources: Mapping[str, Any]) -> Deployed:
    """What is deployed.

    Args:
        resources: URN -> type and outputs of each resource of the stack, as the engine's function
            `pulumi:pulumi:readStackResourceOutputs` gives them.
    """
    portfolios, tenants = [], []
    for urn, known in sorted(resources.items()):
        name = urn.rpartition("::")[2]
        if known.get("type") == SHARED_PLATFORM:
            portfolios.append(name)
        elif known.get("type") == TENANT_STACK:
            tenants.append(DeployedTenant(name, (known.get("outputs") or {}).get(RELEASED) is True))
    return Deployed(tuple(portfolios), tuple(tenants))


def is_released(applied: Mapping[str, Any]) -> bool:
    """Whether a tenant may be removed: decommissioning and `protected: false`, both deployed.

    Args:
        applied: Its plan as plain data.
    """
    ends = applied.get("lifecycle_stage") == LifecycleStage.DECOMMISSIONING
    return ends and applied.get("protected") is False


def refusals(deployed: Deployed, plan: Plan, stack: str) -> Iterator[str]:
    """Why *plan* may not be deployed over what is there; nothing where it may."""
    for portfolio in deployed.portfolios:
        if portfolio != plan.portfolio:
            yield (
                f"stack '{stack}' deploys portfolio '{portfolio}', and this is '{plan.portfolio}': nothing "
                f"was changed. Check costack:portfolio in stacks/Pulumi.{stack}.yaml; another "
                "portfolio needs another stack"
            )
            return
    wanted = {tenant.tenant for tenant in plan.tenants}
    for each in deployed.tenants:
        if each.tenant not in wanted and not each.released:
            yield _gone(each.tenant, plan.portfolio, stack)


def _gone(tenant: str, portfolio: str, stack: str) -> str:
    return (
        f"tenant '{tenant}' is deployed and has no file in portfolios/{portfolio}/tenants: nothing was "
        f"changed. Bring {tenant}.yaml back (`git log -- portfolios/{portfolio}/tenants/{tenant}.yaml` shows "
        f"where it went); to end the tenant, run `costack decommission {tenant} --stack {stack}`"
    )
