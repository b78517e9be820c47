"""A tenant's move: which tier is in use, which data moves, and why a move is not allowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.tier import Catalog
from tiers.portfolio.tenant import Move, Tenant
from tiers.strict_yaml import Fault, Location
from tiers.vocabulary import Environment, MoveStage

_BEFORE_THE_SWITCH: Final = (MoveStage.EXPAND, MoveStage.MIGRATE)


def on_tier(catalog: Catalog, tenant: Tenant, tier: str) -> Tenant:
    """*tenant* as if it were on *tier* without a move; options of the other tier are left out."""
    changes: dict[str, object] = {"tier": tier, "move": None}
    sold = catalog.tiers.get(tier)
    offer = sold.offers.get(tenant.environment) if sold else None
    if tenant.move is not None and offer is not None and offer.region_copies is None:
        options = {"dr_region": None, "warm_standby": False}
        changes["options"] = tenant.options.model_copy(update=options)
    return tenant.model_copy(update=changes)


def on_working_tier(catalog: Catalog, tenant: Tenant) -> Tenant:
    """*tenant* as if it were, without a move, on the tier in use."""
    if tenant.move is None:
        return tenant
    return on_tier(catalog, tenant, working_tier(tenant, tenant.move))


def move_faults(tenant: Tenant, catalog: Catalog) -> Iterator[Fault]:
    """Why the move in a tenant's file is not allowed."""
    move = tenant.move
    if move is None or move.from_tier in catalog.unusable:
        return
    where: Location = ("move", "from_tier")
    origin = catalog.tiers.get(move.from_tier)
    if origin is None:
        yield where, f"'{move.from_tier}' is not in the catalog; there are {', '.join(sorted(catalog.tiers))}"
    elif move.from_tier == tenant.tier:
        yield where, f"is {tenant.tier}, the tier it moves to; remove `move` from the file"
    elif tenant.environment not in origin.offers:
        yield (
            where,
            f"{move.from_tier} is not sold for '{tenant.environment}', so no tenant can move from it",
        )
    elif not data_moves(catalog, tenant.environment, move.from_tier, tenant.tier):
        same = f"database and files are in the same place on {move.from_tier} and on {tenant.tier}"
        yield ("move",), f"{same}: change only the tier, without `move`"


def data_moves(catalog: Catalog, environment: Environment, origin: str, target: str) -> tuple[str, ...]:
    """The data that a change of tier moves: `database`, `files`, both or nothing."""
    one, other = (catalog.tiers[tier].offers.get(environment) for tier in (origin, target))
    if one is None or other is None:
        return ()
    moved = (
        ("database", one.database.placement != other.database.placement),
        ("files", one.file_system.placement != other.file_system.placement),
    )
    return tuple(name for name, differs in moved if differs)


def working_tier(tenant: Tenant, move: Move) -> str:
    """The tier in use while a tenant moves."""
    return move.from_tier if move.stage in _BEFORE_THE_SWITCH else tenant.tier
