"""The next step of a tenant's move, forward or back, as lines of its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from lifecycle.errors import RefusedError
from lifecycle.going_on import deployed_plan, refuse_next_step, refuse_while_busy
from tiers.catalog.tier import Catalog, Offer, OwnDatabase
from tiers.errors import CatalogError
from tiers.facts.database_upgrade import major_of
from tiers.plan.plan import TenantPlan
from tiers.portfolio.loading import faults_of_tenant
from tiers.portfolio.platform import Platform
from tiers.portfolio.postgresql.versions import named_version, shared_version
from tiers.portfolio.sizes.faults import sizes_of_nothing
from tiers.portfolio.tenant import Move, Options, Portfolio, Tenant
from tiers.vocabulary import MoveStage

STEPS: Final[Mapping[MoveStage, str]] = {
    MoveStage.EXPAND: "creates the resources of {to} beside those of {origin}, where {tenant} stays in use",
    MoveStage.MIGRATE: "stops {tenant}, copies its data to {to} and checks the copy; users wait meanwhile",
    MoveStage.SWITCH: "starts {tenant} on {to} with the copy; its old data on {origin} is kept, read-only",
    MoveStage.CONTRACT: "backs up {tenant} and unprotects its old data on {origin}; there is no way back",
}
"""What the update of each stage does."""
_ARRIVED: Final = "removes the resources of {tenant} on {origin}; the move is finished"
_ORDER: Final = tuple(MoveStage)


class Step(NamedTuple):
    """The tenant's file after a step; `update` is what the next `pulumi up` does."""

    tier: str
    move: Move | None
    update: str

    @property
    def lines(self) -> dict[str, str | None]:
        """The lines of the file, None for a line to remove."""
        move = self.move
        return {
            "tier": self.tier,
            "move": f"{{from_tier: {move.from_tier}, stage: {move.stage}}}" if move else None,
        }


def begin(tenant: Tenant, target: str) -> Step:
    """The first step to another tier.

    Raises:
        RefusedError: When it is moving already, or its secrets are being rotated.
    """
    if tenant.move is not None:
        raise RefusedError(
            f"{tenant.tenant} is moving from {tenant.move.from_tier} to {tenant.tier}: finish that with "
            "--next, or undo it with --back"
        )
    refuse_while_busy(tenant, "move")
    return _step(tenant.tenant, target, tenant.tier, MoveStage.EXPAND)


def advance(tenant: Tenant) -> Step:
    """The next step.

    Raises:
        RefusedError: When it does not move.
    """
    move = _move_of(tenant)
    at = _ORDER.index(move.stage) + 1
    if at == len(_ORDER):
        sentence = _ARRIVED.format(tenant=tenant.tenant, origin=move.from_tier)
        return Step(tenant.tier, None, sentence)
    return _step(tenant.tenant, tenant.tier, move.from_tier, _ORDER[at])


def back(tenant: Tenant) -> Step:
    """The step back: before the switch the new resources are removed, after it the data is copied back.

    Raises:
        RefusedError: When it does not move, or its old data is already unprotected.
    """
    move = _move_of(tenant)
    if move.stage is MoveStage.CONTRACT:
        raise RefusedError(
            f"the old data of {tenant.tenant} on {move.from_tier} is unprotected: finish with --next, "
            f"then move it back with --to {move.from_tier}"
        )
    switched = move.stage is MoveStage.SWITCH
    return _step(
        tenant.tenant, move.from_tier, tenant.tier, MoveStage.MIGRATE if switched else MoveStage.CONTRACT
    )


def check_deployed(tenant: Tenant, deployed: TenantPlan | None, tier: str, stack: str) -> None:
    """Check that the step before was deployed: every update takes one step.

    Args:
        tenant: The tenant of the file.
        deployed: The tenant of the stack; None when the stack does not have it.
        tier: The tier in use according to the file.
        stack: The stack's name.

    Raises:
        RefusedError: When file and stack differ.
    """
    has = deployed_plan(tenant, deployed, stack)
    there, here = _whereabouts(has.tier, has.move), _whereabouts(tier, tenant.move)
    if there != here:
        refuse_next_step(tenant.tenant, there, here, stack)


def _whereabouts(tier: str, move: Move | None) -> str:
    return (
        f"at stage {move.stage} of its move from {move.from_tier} (on {tier})"
        if move
        else f"not moving (on {tier})"
    )


def _move_of(tenant: Tenant) -> Move:
    if tenant.move is None:
        raise RefusedError(f"{tenant.tenant} is not moving; begin with --to TIER")
    return tenant.move


def _step(tenant: str, target: str, origin: str, stage: MoveStage) -> Step:
    sentence = STEPS[stage].format(tenant=tenant, to=target, origin=origin)
    return Step(target, Move(from_tier=origin, stage=stage), sentence)


def options_of(
    region_named: str | None, tenant: Tenant, step: Step, platform: Platform, catalog: Catalog
) -> dict[str, str | None]:
    """The options that the tiers of a step need.

    That is the second region, as long as there are copies, and the version of a server of the tenant's own.
    """
    names = (step.tier, *([step.move.from_tier] if step.move else []))
    offers = [catalog.tiers[name].offers.get(tenant.environment) for name in names if name in catalog.tiers]
    return {
        **_second_region(region_named, tenant, step, platform, offers),
        **_own_version(tenant, step, platform, offers),
        **dict.fromkeys(sizes_of_nothing(tenant.options, [each for each in offers if each is not None])),
    }


def _own_version(
    tenant: Tenant, step: Step, platform: Platform, offers: Sequence[Offer | None]
) -> dict[str, str | None]:
    """A server that is made for data of a newer major version begins with that one; *offers*: to, from."""
    own = [offer is not None and isinstance(offer.database, OwnDatabase) for offer in offers]
    there = tenant.options.database_engine_version
    if there is not None:
        return {} if any(own) else {"database_engine_version": None}
    begins = step.move is not None and step.move.stage is MoveStage.EXPAND and own == [True, False]
    shared, usual = shared_version(platform.database), named_version(platform.database, tenant)
    newer = major_of(shared) > major_of(usual)
    return {"database_engine_version": f'"{shared}"'} if begins and newer else {}


def _second_region(
    region_named: str | None, tenant: Tenant, step: Step, platform: Platform, offers: Sequence[Offer | None]
) -> dict[str, str | None]:
    copied = any(offer is not None and offer.region_copies for offer in offers)
    there = tenant.options.dr_region
    if copied and there is None:
        region = region_named or (platform.dr_regions[0] if len(platform.dr_regions) == 1 else None)
        if region is None:
            known = ", ".join(platform.dr_regions) or "none"
            raise CatalogError(
                f"{step.tier} copies to a second region: choose one with --dr-region; there are {known}"
            )
        return {"dr_region": region}
    if there is not None and not copied:
        return {"dr_region": None, **({"warm_standby": None} if tenant.options.warm_standby else {})}
    return {}


def changed(tenant: Tenant, step: Step, options: Mapping[str, str | None]) -> Tenant:
    """The tenant of the changed file; a removed option has its default."""
    values = {
        name: value.strip('"') if value else Options.model_fields[name].default
        for name, value in options.items()
    }
    chosen = tenant.options.model_copy(update=values)
    return tenant.model_copy(update={"tier": step.tier, "move": step.move, "options": chosen})


def check_possible(after: Tenant, portfolio: Portfolio, catalog: Catalog, path: Path) -> None:
    """Check the changed tenant, so that no file is written that the next command would refuse."""
    found = [
        f"{path}: {'.'.join(map(str, where))}: {message}"
        for where, message in faults_of_tenant(after, portfolio.platform, catalog)
    ]
    if found:
        raise CatalogError(*found)
