"""The next step of a rotation of a tenant's secrets, forward or back, as a line of its file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from lifecycle.errors import RefusedError
from lifecycle.going_on import deployed_plan, refuse_next_step, refuse_while_busy
from tiers.facts.every_fact import CacheGroup, CacheSpace
from tiers.plan.plan import Plan, TenantPlan, facts_of
from tiers.portfolio.platform import Platform
from tiers.portfolio.rotation import NEVER, Rotation, TokenRotation
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import LifecycleStage, RotationStage

STEPS: Final[Mapping[RotationStage, str]] = {
    RotationStage.SECOND_LOGIN: "makes a second login of {tenant}'s database with a new password, and lets "
    "Odoo's pods start anew with it",
    RotationStage.FIRST_LOGIN: "gives {tenant}'s own login its new password, and lets Odoo's pods start anew "
    "with it",
    RotationStage.BACK: "lets Odoo's pods start anew with {tenant}'s own login and the password it had",
}
"""What the update of each stage does."""
_NO_TOKEN: Final = TokenRotation(number=0)
_ENDED: Final = "removes the second login of {tenant}'s database; the rotation is finished"


class Step(NamedTuple):
    """The rotation after a step; `update` is what the next `pulumi up` does."""

    rotation: Rotation | TokenRotation
    update: str

    @property
    def line(self) -> str:
        """The value of `rotation` in the file."""
        stage = f", stage: {self.rotation.stage}" if self.rotation.stage else ""
        return f"{{number: {self.rotation.number}{stage}}}"


def begin(tenant: Tenant) -> Step:
    """The first step of another rotation.

    Raises:
        RefusedError: When one goes on, or the tenant moves or ends.
    """
    now = tenant.rotation or NEVER
    if now.stage:
        raise RefusedError(
            f"rotation {now.number} of {tenant.tenant} is at stage {now.stage}: finish it with --next"
        )
    if tenant.lifecycle_stage is LifecycleStage.DECOMMISSIONING:
        raise RefusedError(f"{tenant.tenant} is being decommissioned: its secrets end with it")
    refuse_while_busy(tenant, "rotate")
    return _step(tenant.tenant, now.number + 1, RotationStage.SECOND_LOGIN)


def advance(tenant: Tenant) -> Step:
    """The next step.

    Raises:
        RefusedError: When no rotation goes on.
    """
    now = _going_on(tenant)
    if now.stage is RotationStage.SECOND_LOGIN:
        return _step(tenant.tenant, now.number, RotationStage.FIRST_LOGIN)
    return Step(Rotation(number=now.used), _ENDED.format(tenant=tenant.tenant))


def back(tenant: Tenant) -> Step:
    """The step back to the passwords of before.

    Raises:
        RefusedError: When no rotation goes on, or the own login has its new password already.
    """
    now = _going_on(tenant)
    if now.stage is RotationStage.BACK:
        raise RefusedError(
            f"rotation {now.number} of {tenant.tenant} is going back already: finish with --next"
        )
    if now.stage is RotationStage.FIRST_LOGIN:
        raise RefusedError(
            f"{tenant.tenant}'s own login has its new password, and the old one is gone: finish with --next, "
            "then begin another rotation"
        )
    return _step(tenant.tenant, now.number, RotationStage.BACK)


def check_deployed(
    tenant: Tenant, deployed: TenantPlan | None, stack: str, *, going_back: bool = False
) -> None:
    """Check that the step before was deployed: every update takes one step.

    Who goes back from the first stage may do so after an update that failed, when the stack has it not yet.

    Raises:
        RefusedError: When file and stack differ.
    """
    has = deployed_plan(tenant, deployed, stack).rotation
    there, here = (each or NEVER for each in (has, tenant.rotation))
    failed = going_back and there == Rotation(number=here.number - 1)
    if there != here and not failed:
        refuse_next_step(tenant.tenant, whereabouts(there), whereabouts(here), stack)


def begin_token(platform: Platform, deployed: Plan) -> Step:
    """The first step from the shared cache's token to a user for each tenant.

    Raises:
        RefusedError: When that goes on, or when each tenant has a user.
    """
    now = platform.cache.rotation or _NO_TOKEN
    if now.stage:
        raise RefusedError(f"the platform is {whereabouts(now)}: finish it with --next")
    if _shared_cache(deployed).users:
        raise RefusedError(
            "each tenant logs in to the shared cache as a user of its own, and nobody has a token of it: "
            "`costack rotate TENANT --begin` gives a tenant's user a new password"
        )
    update = (
        "gives each tenant a user of its own in the shared cache, and lets Odoo's pods of all its tenants "
        "start anew as these; the token they had opens the cache, too"
    )
    return Step(TokenRotation(number=now.number + 1, stage="both-tokens"), update)


def advance_token(platform: Platform) -> Step:
    """The last step: from then on the cache takes no token.

    Raises:
        RefusedError: When no rotation goes on.
    """
    now = platform.cache.rotation or _NO_TOKEN
    if now.stage is None:
        raise RefusedError("the token of the shared cache is not being rotated; begin with --begin")
    update = "lets the token no longer open the shared cache; the rotation is finished"
    return Step(TokenRotation(number=now.number), update)


def check_token_deployed(platform: Platform, deployed: Plan, stack: str) -> None:
    """Check that the step before was deployed, on the shared cache and with every tenant of it.

    Raises:
        RefusedError: When file and stack differ, or when a tenant's pods may not have the cache's token yet.
    """
    shared = _shared_cache(deployed)
    both: Literal["both-tokens"] | None = None if shared.replaced_number is None else "both-tokens"
    there = TokenRotation(number=shared.rotation_number, stage=both)
    here = platform.cache.rotation or _NO_TOKEN
    if there != here:
        raise RefusedError(
            f"the platform is {whereabouts(there)} in stack '{stack}', but {whereabouts(here)} in its file: "
            "run `pulumi up` first; every update takes one step"
        )
    if late := _without_token(shared, deployed):
        raise RefusedError(
            f"pods of {', '.join(late)} may still log in to the shared cache with the token in stack "
            f"'{stack}', because the last update did not come to its end there: run `pulumi up` first"
        )


def whereabouts(rotation: Rotation | TokenRotation) -> str:
    """Where a rotation stands, to follow a name and `is`."""
    if rotation.stage:
        return f"at stage {rotation.stage} of rotation {rotation.number}"
    return f"not rotating (its secrets have number {rotation.number})"


def _shared_cache(deployed: Plan) -> CacheGroup:
    (shared,) = facts_of(deployed.platform, CacheGroup)
    return shared


def _without_token(shared: CacheGroup, deployed: Plan) -> list[str]:
    """The tenants of the shared cache whose pods are deployed with another token, or without their user."""
    return [
        each.tenant
        for each in deployed.tenants
        for space in facts_of(each.facts, CacheSpace)
        if space.group == shared.id
        and (space.rotation_number != shared.rotation_number or (shared.users and space.user is None))
    ]


def _going_on(tenant: Tenant) -> Rotation:
    if tenant.rotation is None or tenant.rotation.stage is None:
        raise RefusedError(f"the secrets of {tenant.tenant} are not being rotated; begin with --begin")
    return tenant.rotation


def _step(tenant: str, number: int, stage: RotationStage) -> Step:
    return Step(Rotation(number=number, stage=stage), STEPS[stage].format(tenant=tenant))
