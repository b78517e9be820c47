"""Which tier a moving tenant works on, what moves with it, and why it cannot move as its file says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.tier import Catalog
from tiers.portfolio.tenant import Move, Tenant
from tiers.strict_yaml import Fault, Location
from tiers.vocabulary import Environment, MoveStage

_BEFORE_THE_SWITCH: Final = (MoveStage.EXPAND, MoveStage.MIGRATE)


def sold_as(catalog: Catalog, tenant: Tenant, tier: str) -> Tenant:
    """*tenant* at rest on *tier*; what only the other side of its move takes is left out."""
    changes: dict[str, object] = {"tier": tier, "move": None}
    sold = catalog.tiers.get(tier)
    offer = sold.offers.get(tenant.environment) if sold else None
    if tenant.move is not None and offer is not None and offer.region_copies is None:
        options = {"dr_region": None, "warm_standby": False}
        changes["options"] = tenant.options.model_copy(update=options)
    return tenant.model_copy(update=changes)


def working_side(catalog: Catalog, tenant: Tenant) -> Tenant:
    """*tenant* at rest on the tier where its users work."""
    if tenant.move is None:
        return tenant
    return sold_as(catalog, tenant, working_tier(tenant, tenant.move))


def moving_faults(tenant: Tenant, catalog: Catalog) -> Iterator[Fault]:
    """Why a tenant cannot move as its file says."""
    move = tenant.move
    if move is None:
        return
    where: Location = ("move", "from_tier")
    origin = catalog.tiers.get(move.from_tier)
    if origin is None:
        yield where, f"'{move.from_tier}' is not in the catalog; there are {', '.join(sorted(catalog.tiers))}"
    elif move.from_tier == tenant.tier:
        yield where, f"is {tenant.tier}, the tier it moves to; take move out of the file"
    elif tenant.environment not in origin.offers:
        yield (
            where,
            f"{move.from_tier} is not sold for '{tenant.environment}', so nothing can come from there",
        )
    elif not data_moves(catalog, tenant.environment, move.from_tier, tenant.tier):
        told = f"database and files lie in the same place on {move.from_tier} and on {tenant.tier}"
        yield ("move",), f"{told}: change the tier alone, without move"


def data_moves(catalog: Catalog, environment: Environment, origin: str, target: str) -> tuple[str, ...]:
    """What of a tenant lies elsewhere on another tier: `database`, `files`, both or nothing."""
    one, other = (catalog.tiers[tier].offers.get(environment) for tier in (origin, target))
    if one is None or other is None:
        return ()
    moved = (
        ("database", one.database.placement != other.database.placement),
        ("files", one.file_system.placement != other.file_system.placement),
    )
    return tuple(name for name, differs in moved if differs)


def working_tier(tenant: Tenant, move: Move) -> str:
    """The tier where the users of a moving tenant work."""
    return move.from_tier if move.stage in _BEFORE_THE_SWITCH else tenant.tier
