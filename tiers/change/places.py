"""Where the data of a tenant is in use, and what must not happen to it between two plans."""

from __future__ import annotations

from typing import NamedTuple

from tiers.catalog.tier import Catalog
from tiers.facts.data import FileShare, TenantDatabase
from tiers.facts.every_fact import FactId
from tiers.plan.plan import Plan, TenantPlan, facts_of
from tiers.portfolio.move import data_moves
from tiers.vocabulary import MoveStage


class DataPlace(NamedTuple):
    """The server of the database and the file system of the files in use; of two, the first one is in use."""

    server: FactId | None
    file_system: FactId | None


def place_of(tenant: TenantPlan) -> DataPlace:
    """Where *tenant* works, also while it moves."""
    return DataPlace(
        next((each.server for each in facts_of(tenant.facts, TenantDatabase)), None),
        next((each.file_system for each in facts_of(tenant.facts, FileShare) if each.mounted), None),
    )


def unmoved(before: Plan, after: Plan, catalog: Catalog) -> tuple[str, ...]:
    """A sentence for each tenant whose next update would work with an empty database or without its files.

    Data changes its place only when a move that copied it (stage `migrate`) is switched. A changed tier, a
    skipped stage or a deleted `move` would start Odoo on a place that holds nothing.
    """
    known = {each.tenant: each for each in before.tenants}
    pairs = ((known[each.tenant], each) for each in after.tenants if each.tenant in known)
    return tuple(sentence for pair in pairs if (sentence := left_behind(*pair, catalog)))


def strays(before: TenantPlan, after: TenantPlan) -> tuple[str, ...]:
    """The parts of its data, `database` and `files`, that it leaves behind; none where a copy was made."""
    pairs = zip(("database", "files"), place_of(before), place_of(after), strict=True)
    left = tuple(name for name, old, new in pairs if old != new)
    if before.move is None or after.move is None:
        return left
    copied = (before.move.stage, after.move.stage) == (MoveStage.MIGRATE, MoveStage.SWITCH)
    return () if copied and before.tier == after.move.from_tier else left


def left_behind(before: TenantPlan, after: TenantPlan, catalog: Catalog, stack: str = "") -> str:
    """What is wrong with a tenant's next update, and what to do; '' where its data goes with it.

    *stack* is the stack that the commands in the sentence are for, where it is known.
    """
    name, parts = after.tenant, " and ".join(strays(before, after))
    at = f" --stack {stack}" if stack else ""
    if not parts:
        return ""
    if before.move is not None or after.move is not None:
        return (
            f"{name}: its {parts} would be used in another place that no copy has filled: a move takes one "
            "stage after the other; put its file back as it was deployed and run "
            f"`costack move {name} --next{at}`"
        )
    known = {before.tier, after.tier} <= catalog.tiers.keys()
    if before.tier == after.tier or not (
        known and data_moves(catalog, after.environment, before.tier, after.tier)
    ):
        return (
            f"{name}: its {parts} would be used in another place, because the catalog changed where tier "
            f"{after.tier} keeps data; leave the tier as it is, and add a new one to move to"
        )
    return (
        f"{name}: changing tier {before.tier} to {after.tier} alone leaves its {parts} behind; put the tier "
        f"back and run `costack move {name} --to {after.tier}{at}`, which takes the data along"
    )
