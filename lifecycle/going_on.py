"""What goes on with a tenant's data, of which there is one thing at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from lifecycle.errors import RefusedError
from tiers.catalog.tier import Catalog
from tiers.plan.plan import TenantPlan
from tiers.portfolio.platform import Platform
from tiers.portfolio.postgresql.shared_server import upgrade_of_shared_server
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import LifecycleStage


def refuse_while_busy(tenant: Tenant, then: str) -> None:
    """Let nothing else begin while something goes on with a tenant's data, its secrets or its server.

    Args:
        tenant: The tenant, as its file has it.
        then: What was to begin, as a verb.

    Raises:
        RefusedError: When something goes on, with the command that finishes it.
    """
    for what, command in _going_on(tenant):
        raise RefusedError(f"{what}: finish that with `costack {command}`, or undo it, then {then}")


def refuse_while_server_is_upgraded(tenant: Tenant, platform: Platform, catalog: Catalog, then: str) -> None:
    """Let nothing begin with a tenant's data on the server that tenants share while that is upgraded.

    Args:
        tenant: The tenant, as its file has it.
        platform: The platform, as its file has it.
        catalog: The catalog that says which server the tenant's data is on.
        then: What was to begin, as a verb.

    Raises:
        RefusedError: When it is being upgraded, with the command that finishes it.
    """
    if busy := upgrade_of_shared_server(tenant, platform, catalog):
        raise RefusedError(f"{busy}, then {then}")


def refuse_to_begin(tenant: Tenant, then: str, done: str) -> None:
    """Let nothing begin with a tenant that is not active, or with which something goes on already.

    Args:
        tenant: The tenant, as its file has it.
        then: What was to begin, as a verb.
        done: What happens to active tenants only, to follow `an active tenant`.

    Raises:
        RefusedError: When it may not begin, with the command that finishes what goes on.
    """
    if tenant.lifecycle_stage is not LifecycleStage.ACTIVE:
        raise RefusedError(f"{tenant.tenant} is {tenant.lifecycle_stage}: only an active tenant {done}")
    refuse_while_busy(tenant, then)


def deployed_plan(tenant: Tenant, deployed: TenantPlan | None, stack: str) -> TenantPlan:
    """What is *deployed* of a tenant.

    Raises:
        RefusedError: When the stack does not have it yet.
    """
    if deployed is None:
        raise RefusedError(f"stack '{stack}' has no tenant '{tenant.tenant}' yet; run `pulumi up` first")
    return deployed


def refuse_next_step(who: str, there: str, here: str, stack: str) -> NoReturn:
    """Refuse a step while the one before is not deployed.

    Args:
        who: Whose step it is, or of what.
        there: Where it stands in the stack, to follow `is`.
        here: Where it stands in its file, the same way.
        stack: The stack's name.

    Raises:
        RefusedError: Always.
    """
    raise RefusedError(
        f"{who} is {there} in stack '{stack}', but {here} in its file: run `pulumi up` first; every update "
        "takes one step"
    )


def _going_on(tenant: Tenant) -> Iterator[tuple[str, str]]:
    """What goes on, and the command that leads it."""
    name = tenant.tenant
    if (move := tenant.move) is not None:
        yield f"{name} is moving from {move.from_tier} to {tenant.tier}", "move"
    if (rotation := tenant.rotation) is not None and rotation.stage:
        yield f"rotation {rotation.number} of {name} is at stage {rotation.stage}", "rotate"
    if (restore := tenant.restore) is not None:
        yield f"{name} is being restored to {restore.moment}", restore.command
    if (upgrade := tenant.upgrade) is not None:
        yield f"{name} is being upgraded to {upgrade.to}", "upgrade"
    if (server := tenant.database_upgrade) is not None:
        whose = f"the server of {name} is at stage {server.stage} of its upgrade to PostgreSQL {server.to}"
        yield whose, "upgrade-database"
    if (failover := tenant.failover) is not None:
        yield f"{name} is at stage {failover.stage} of its failover to {failover.to}", "failover"
