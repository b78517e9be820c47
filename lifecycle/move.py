"""Which step a tenant's move takes next, forward or back, as the lines of its file say it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from lifecycle.errors import RefusedError
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.plan.plan import TenantPlan
from tiers.portfolio.loading import faults_of_tenant
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Move, Options, Portfolio, Tenant
from tiers.vocabulary import MoveStage

STEPS: Final[Mapping[MoveStage, str]] = {
    MoveStage.EXPAND: "makes what {to} has beside what {tenant} has on {origin}; work goes on there",
    MoveStage.MIGRATE: "stops {tenant}, copies its data to {to} and checks the copy; nobody works meanwhile",
    MoveStage.SWITCH: "starts {tenant} on {to} with the copy; what it had on {origin} is kept, read-only",
    MoveStage.CONTRACT: "saves {tenant} once more and gives up what it had on {origin}; there is no way back",
}
"""What an update does at each stage."""
_ARRIVED: Final = "takes away what {tenant} had on {origin}; the move is over"
_ORDER: Final = tuple(MoveStage)


class Step(NamedTuple):
    """What a tenant's file says after a step; `update` is what the next `pulumi up` does then."""

    tier: str
    move: Move | None
    update: str

    @property
    def lines(self) -> dict[str, str | None]:
        """The lines of the file, None for one that goes."""
        move = self.move
        return {
            "tier": self.tier,
            "move": f"{{from_tier: {move.from_tier}, stage: {move.stage}}}" if move else None,
        }


def begun(tenant: Tenant, target: str) -> Step:
    """The first step to another tier.

    Raises:
        RefusedError: When it moves already.
    """
    if tenant.move is not None:
        raise RefusedError(
            f"{tenant.tenant} moves from {tenant.move.from_tier} to {tenant.tier}: finish that with "
            "--next, or undo it with --back"
        )
    return _step(tenant.tenant, target, tenant.tier, MoveStage.EXPAND)


def onward(tenant: Tenant) -> Step:
    """The next step.

    Raises:
        RefusedError: When it does not move.
    """
    move = _move_of(tenant)
    at = _ORDER.index(move.stage) + 1
    if at == len(_ORDER):
        told = _ARRIVED.format(tenant=tenant.tenant, origin=move.from_tier)
        return Step(tenant.tier, None, told)
    return _step(tenant.tenant, tenant.tier, move.from_tier, _ORDER[at])


def back(tenant: Tenant) -> Step:
    """The step back: before the switch what was made is given up, after it the data is copied home.

    Raises:
        RefusedError: When it does not move, or what it had is given up already.
    """
    move = _move_of(tenant)
    if move.stage is MoveStage.CONTRACT:
        raise RefusedError(
            f"{tenant.tenant} gives up what it had on {move.from_tier}: go on with --next, then move "
            f"it there with --to {move.from_tier}"
        )
    switched = move.stage is MoveStage.SWITCH
    return _step(
        tenant.tenant, move.from_tier, tenant.tier, MoveStage.MIGRATE if switched else MoveStage.CONTRACT
    )


def must_be_deployed(tenant: Tenant, deployed: TenantPlan | None, tier: str, stack: str) -> None:
    """Every update takes one step: the one before must have been deployed.

    Args:
        tenant: What the file says.
        deployed: What the stack has; None when the tenant is not there.
        tier: The tier where its users work by the file.
        stack: The stack's name.

    Raises:
        RefusedError: When file and stack say different things.
    """
    if deployed is None:
        raise RefusedError(f"stack '{stack}' has no tenant '{tenant.tenant}' yet; run `pulumi up` first")
    there, here = _told(deployed.tier, deployed.move), _told(tier, tenant.move)
    if there != here:
        raise RefusedError(
            f"{tenant.tenant} is {there} in stack '{stack}', and its file says {here}: run `pulumi up` "
            "first; every update takes one step"
        )


def _told(tier: str, move: Move | None) -> str:
    return (
        f"at stage {move.stage} of its move from {move.from_tier}, on {tier}"
        if move
        else f"at rest on {tier}"
    )


def _move_of(tenant: Tenant) -> Move:
    if tenant.move is None:
        raise RefusedError(f"{tenant.tenant} does not move; begin with --to TIER")
    return tenant.move


def _step(tenant: str, target: str, origin: str, stage: MoveStage) -> Step:
    told = STEPS[stage].format(tenant=tenant, to=target, origin=origin)
    return Step(target, Move(from_tier=origin, stage=stage), told)


def options_of(
    region_named: str | None, tenant: Tenant, step: Step, platform: Platform, catalog: Catalog
) -> dict[str, str | None]:
    """What must stand under `options` for the tiers of a step: where copies lie, as long as there are any."""
    names = {step.tier} | ({step.move.from_tier} if step.move else set())
    offers = [catalog.tiers[name].offers.get(tenant.environment) for name in names if name in catalog.tiers]
    copied = any(offer is not None and offer.region_copies for offer in offers)
    there = tenant.options.dr_region
    if copied and there is None:
        region = region_named or (platform.dr_regions[0] if len(platform.dr_regions) == 1 else None)
        if region is None:
            known = ", ".join(platform.dr_regions) or "none"
            raise CatalogError(
                f"{step.tier} copies to a second region: name it with --dr-region; there are {known}"
            )
        return {"dr_region": region}
    if there is not None and not copied:
        return {"dr_region": None, **({"warm_standby": None} if tenant.options.warm_standby else {})}
    return {}


def changed(tenant: Tenant, step: Step, options: Mapping[str, str | None]) -> Tenant:
    """What the file will say; an option that is taken out is what it is without."""
    values = {name: value or Options.model_fields[name].default for name, value in options.items()}
    chosen = tenant.options.model_copy(update=values)
    return tenant.model_copy(update={"tier": step.tier, "move": step.move, "options": chosen})


def must_be_possible(after: Tenant, portfolio: Portfolio, catalog: Catalog, path: Path) -> None:
    """Nothing is written that the next command would refuse."""
    found = [
        f"{path}: {'.'.join(map(str, where))}: {message}"
        for where, message in faults_of_tenant(after, portfolio.platform, catalog)
    ]
    if found:
        raise CatalogError(*found)
