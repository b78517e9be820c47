"""The plan that stack, inventory and catalog give by themselves, and where a plan from a file differs.

A plan is a file, and files are edited. What it says is believed only where it can be derived once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from lifecycle.decommission.plan import DecommissionPlan, facts_sha256
from lifecycle.stack_resources import KUBERNETES, Target, targets_of
from tiers.catalog.classes import Classes
from tiers.facts.every_fact import LogicalBackup
from tiers.facts.names import FINAL_DUMP
from tiers.plan.plan import Plan, TenantPlan, facts_of
from tiers.vocabulary import Environment, ResilienceClass

_ITS_OWN: Final = frozenset({"schema_version", "made_at", "early_because", "facts_sha256", "targets"})
"""Fields that nothing else says, or that have a comparison of their own."""


def derived_plan(  # noqa: PLR0917 - all that a plan is made of
    plan: Plan,
    tenant: TenantPlan,
    state: Mapping[str, Any],
    classes: Classes,
    stack: str,
    account: str,
    made_at: datetime,
    early: str | None = None,
    *,
    request_dump: bool = False,
) -> DecommissionPlan:
    """The plan for *tenant* as of *made_at*.

    Args:
        plan: The deployed portfolio.
        tenant: The deployed tenant.
        state: The exported state of *stack*.
        classes: The catalog's, which say how long copies are kept.
        stack: The name of the stack.
        account: The AWS account of the credentials in use.
        made_at: When the state was read.
        early: Why the tenant ends before its time.
        request_dump: Whether a last dump is made although its offer has none.

    Raises:
        CatalogError: When the state cannot be read, or does not have the tenant.
    """
    production = tenant.environment is Environment.PRODUCTION
    offered = has_dumps(tenant)
    return DecommissionPlan(
        stack=stack,
        portfolio=plan.portfolio,
        account=account,
        currency=plan.currency,
        region=plan.region,
        regions=tuple(sorted({plan.region, *(fact.region for fact in tenant.facts)})),
        tenant=tenant.tenant,
        client=tenant.client,
        environment=tenant.environment,
        tier=tenant.tier,
        resilience_class=tenant.resilience_class,
        made_at=made_at.replace(microsecond=0),
        facts_sha256=facts_sha256(tenant),
        targets=targets_of(state, tenant.tenant, f"stack '{stack}'"),
        keep_days=classes.endings[tenant.environment].keep_days,
        needs_restore_test=production and tenant.resilience_class is not ResilienceClass.STANDARD,
        final_dump=offered or request_dump,
        early_because=early,
        requested_dump=request_dump and not offered,
    )


def has_dumps(tenant: TenantPlan) -> bool:
    """Whether the offer of *tenant* has dumps; the one that is made for its end alone is none of them."""
    return any(fact.name != FINAL_DUMP for fact in facts_of(tenant.facts, LogicalBackup))


def differences(plan: DecommissionPlan, derived: DecommissionPlan) -> Iterator[str]:
    """A sentence for every field of *plan* that says otherwise than *derived*."""
    for name in DecommissionPlan.model_fields:
        said, found = getattr(plan, name), getattr(derived, name)
        if name not in _ITS_OWN and said != found:
            yield (
                f"the plan says {name} {_shown(said)}, and the stack says {_shown(found)}: the plan was "
                "edited, or is of another time; make a new one"
            )


def other_targets(plan: DecommissionPlan, derived: DecommissionPlan, *, whole: bool) -> Iterator[str]:
    """A sentence for every resource of *plan* that the stack knows otherwise.

    Args:
        plan: The plan of a file.
        derived: The plan that the stack gives now.
        whole: Whether all resources that hold data must still be there; not when their removal has begun.
    """
    there = {each.urn: each for each in derived.targets}
    for target in plan.targets:
        known = there.get(target.urn)
        if known is None and whole and target.holds_data:
            yield f"the plan names {target.what} {target.id}, which the stack does not have; make a new one"
        elif known is not None and _identity(known) != _identity(target):
            yield f"the plan names other ids for {target.urn} than the stack has; make a new one"


def _identity(target: Target) -> tuple[object, ...]:
    """What names it in the cloud; a Job of Kubernetes has another name whenever it is made anew."""
    if target.type.startswith(KUBERNETES):
        return (target.type,)
    return target.type, target.id, target.arn, target.region, target.also


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
