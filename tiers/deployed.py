"""What a stack has already, as far as it decides whether an update may begin.

Pulumi's state has the records of tenants and platform (`components/record.py`): what was applied, not what
was asked for. A tenant that the stack has and no file describes is never a wish to delete it: a file may be
missing because of a bad merge, a wrong branch, an empty folder or a wrong name. So the update stops before it
begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from tiers.catalog.tier import Catalog
from tiers.change.gone import identity
from tiers.change.places import left_behind
from tiers.facts.names import SHARED_PLATFORM, TENANT_STACK
from tiers.plan.plan import Plan, TenantPlan
from tiers.vocabulary import LifecycleStage

RECORD: Final = "deployed"
"""The last part of a record's name."""
RECORD_TYPE: Final = "pulumi:index:Stash"
RELEASED: Final = "released"
"""The output of a tenant's component that says whether the tenant may be removed."""


class DeployedTenant(NamedTuple):
    """A tenant of a stack, and whether it may be removed.

    `applied` is the plan of its record as plain data; None before all of it was deployed once.
    """

    tenant: str
    released: bool = False
    applied: Mapping[str, Any] | None = None

    @property
    def plan(self) -> TenantPlan | None:
        """Its plan; None where there is none, or one of another version that this one cannot read."""
        try:
            return TenantPlan.model_validate(self.applied) if self.applied else None
        except ValidationError:
            return None


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
    applied: dict[str, Mapping[str, Any]] = {}
    for urn, known in sorted(resources.items()):
        kind, name, outputs = str(known.get("type")), urn.rpartition("::")[2], known.get("outputs") or {}
        if kind == SHARED_PLATFORM:
            portfolios.append(name)
        elif kind == TENANT_STACK:
            released[name] = outputs.get(RELEASED) is True
        elif kind == RECORD_TYPE:
            plan = (outputs.get("input") or {}).get("plan") or {}
            applied[str(plan.get("tenant"))] = plan
    tenants = tuple(DeployedTenant(name, may_go, applied.get(name)) for name, may_go in released.items())
    return Deployed(tuple(portfolios), tenants)


def is_released(applied: Mapping[str, Any]) -> bool:
    """Whether a tenant may be removed: decommissioning and `protected: false`, both deployed.

    Args:
        applied: Its plan as plain data.
    """
    ends = applied.get("lifecycle_stage") == LifecycleStage.DECOMMISSIONING
    return ends and applied.get("protected") is False


def refusals(deployed: Deployed, plan: Plan, stack: str, catalog: Catalog) -> Iterator[str]:
    """Why *plan* may not be deployed over what is there; nothing where it may."""
    for portfolio in deployed.portfolios:
        if portfolio != plan.portfolio:
            yield (
                f"stack '{stack}' deploys portfolio '{portfolio}', and this is '{plan.portfolio}': nothing "
                f"was changed. Check costack:portfolio in stacks/Pulumi.{stack}.yaml; another "
                "portfolio needs another stack"
            )
            return
    wanted = {tenant.tenant: tenant for tenant in plan.tenants}
    fresh = [each for name, each in wanted.items() if name not in {one.tenant for one in deployed.tenants}]
    for each in deployed.tenants:
        after = wanted.get(each.tenant)
        if after is None:
            yield from () if each.released else (_gone(each, fresh, plan.portfolio, stack),)
        elif left := _left_behind(each, after, catalog):
            yield f"{left}; nothing was changed"


def _left_behind(tenant: DeployedTenant, after: TenantPlan, catalog: Catalog) -> str:
    if tenant.applied == after.model_dump(mode="json"):
        return ""  # reading a plan takes longer than comparing it
    before = tenant.plan
    return left_behind(before, after, catalog) if before else ""


def _gone(tenant: DeployedTenant, fresh: Sequence[TenantPlan], portfolio: str, stack: str) -> str:
    name, before = tenant.tenant, tenant.plan
    other = next((each.tenant for each in fresh if before and identity(each) == identity(before)), None)
    renamed = (
        f"; '{other}' has its client and host name, and would begin empty: a name is part of database, files "
        "and backups, so keep it"
    )
    return (
        f"tenant '{name}' is deployed and has no file in portfolios/{portfolio}/tenants: nothing was "
        f"changed. Bring {name}.yaml back (`git log -- portfolios/{portfolio}/tenants/{name}.yaml` shows "
        f"where it went); to end the tenant, run `costack decommission {name} --stack {stack}`"
        f"{renamed if other else ''}"
    )
