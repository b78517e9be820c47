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


class DeployedTenant(NamedTuple):
    """A tenant of a stack; `applied` is its plan as plain data, None before all of it was deployed once."""

    tenant: str
    applied: Mapping[str, Any] | None = None

    @property
    def is_released(self) -> bool:
        """Whether it may be removed: decommissioning and `protected: false`, both deployed."""
        said = self.applied or {}
        stage = said.get("lifecycle_stage")
        return stage == LifecycleStage.DECOMMISSIONING and said.get("protected") is False


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
    names: dict[str, list[str]] = {SHARED_PLATFORM: [], TENANT_STACK: []}
    applied: dict[str, Mapping[str, Any]] = {}
    for urn, known in resources.items():
        kind, name = str(known.get("type")), urn.rpartition("::")[2]
        if kind in names:
            names[kind].append(name)
        elif kind == RECORD_TYPE and f"{TENANT_STACK}${RECORD_TYPE}::" in urn:
            plan = ((known.get("outputs") or {}).get("input") or {}).get("plan") or {}
            applied[str(plan.get("tenant"))] = plan
    tenants = tuple(DeployedTenant(name, applied.get(name)) for name in sorted(names[TENANT_STACK]))
    return Deployed(tuple(sorted(names[SHARED_PLATFORM])), tenants)


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
        if each.tenant not in wanted and not each.is_released:
            yield _gone(each.tenant, plan.portfolio, stack)


def _gone(tenant: str, portfolio: str, stack: str) -> str:
    return (
        f"tenant '{tenant}' is deployed and has no file in portfolios/{portfolio}/tenants: nothing was "
        f"changed. Bring {tenant}.yaml back (`git log -- portfolios/{portfolio}/tenants/{tenant}.yaml` shows "
        f"where it went); to end the tenant, run `costack decommission {tenant} --stack {stack}`"
    )
