"""What a stack has already, as far as it decides whether an update may begin.

Pulumi's state has the records of tenants and platform (`components/record.py`): what was applied, not what
was asked for. A tenant that the stack has and no file describes is never a wish to delete it: a file may be
missing because of a bad merge, a wrong branch, an empty folder or a wrong name. So the update stops before it
begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tiers.facts.names import SHARED_PLATFORM, TENANT_STACK
from tiers.plan.plan import Plan, TenantPlan
from tiers.vocabulary import LifecycleStage

RECORD: Final = "deployed"
"""The last part of a record's name."""
RECORD_TYPE: Final = "pulumi:index:Stash"
RELEASED: Final = "released"
"""The output of a tenant's component that says whether the tenant may be removed."""


class DeployedTenant(NamedTuple):
    """A tenant of a stack, whether it may be removed, and its tier; '' before all of it was deployed once."""

    tenant: str
    released: bool = False
    tier: str = ""


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
    portfolios, released = [], {}
    tiers: dict[str, str] = {}
    for urn, known in sorted(resources.items()):
        kind, name, outputs = str(known.get("type")), urn.rpartition("::")[2], known.get("outputs") or {}
        if kind == SHARED_PLATFORM:
            portfolios.append(name)
        elif kind == TENANT_STACK:
            released[name] = outputs.get(RELEASED) is True
        elif kind == RECORD_TYPE:
            plan = (outputs.get("input") or {}).get("plan") or {}
            tiers[str(plan.get("tenant"))] = str(plan.get("tier"))
    tenants = tuple(DeployedTenant(name, may_go, tiers.get(name, "")) for name, may_go in released.items())
    return Deployed(tuple(portfolios), tenants)


def is_released(applied: Mapping[str, Any]) -> bool:
    """Whether a tenant may be removed: decommissioning and `protected: false`, both deployed.

    Args:
        applied: Its plan as plain data.
    """
    ends = applied.get("lifecycle_stage") == LifecycleStage.DECOMMISSIONING
    return ends and applied.get("protected") is False


def refusals(
    deployed: Deployed, plan: Plan, stack: str, moved: Callable[[TenantPlan, str], Sequence[str]]
) -> Iterator[str]:
    """Why *plan* may not be deployed over what is there; nothing where it may.

    Args:
        deployed: What is there.
        plan: What is to be deployed.
        stack: The stack's name.
        moved: Which data of a tenant is in another place on its tier than on the one it has.
    """
    for portfolio in deployed.portfolios:
        if portfolio != plan.portfolio:
            yield (
                f"stack '{stack}' deploys portfolio '{portfolio}', and this is '{plan.portfolio}': nothing "
                f"was changed. Check costack:portfolio in stacks/Pulumi.{stack}.yaml; another "
                "portfolio needs another stack"
            )
            return
    wanted = {tenant.tenant: tenant for tenant in plan.tenants}
    for each in deployed.tenants:
        after = wanted.get(each.tenant)
        if after is None:
            yield from () if each.released else (_gone(each.tenant, plan.portfolio, stack),)
        elif each.tier not in ("", after.tier) and after.move is None and (data := moved(after, each.tier)):
            yield _unmoved(after, each.tier, data, stack)


def _unmoved(tenant: TenantPlan, before: str, data: Sequence[str], stack: str) -> str:
    name, after = tenant.tenant, tenant.tier
    return (
        f"tenant '{name}' is on {before}, and its file says {after}, where its {' and '.join(data)} would be "
        f"empty: nothing was changed. Write tier: {before} back and run `costack move {name} --to {after} "
        f"--stack {stack}`, which takes its data along"
    )


def _gone(tenant: str, portfolio: str, stack: str) -> str:
    return (
        f"tenant '{tenant}' is deployed and has no file in portfolios/{portfolio}/tenants: nothing was "
        f"changed. Bring {tenant}.yaml back (`git log -- portfolios/{portfolio}/tenants/{tenant}.yaml` shows "
        f"where it went); to end the tenant, run `costack decommission {tenant} --stack {stack}`"
    )
