"""One-off costs of a change: servers running in parallel, data transfer, and labour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from allocation.estimate.assumptions import KnownBy
from allocation.estimate.quantities import HOURS_PER_MONTH
from allocation.money import units_of
from allocation.preview.comparison import Comparison, TenantChange
from allocation.prices.price_book import PriceBook
from tiers.catalog.classes import TierChange
from tiers.change.places import place_of
from tiers.facts.archive import ArchiveClass
from tiers.facts.copies import (
    DatabaseBackupCopy,
    DatabaseStandby,
    FileSystemReplica,
    RestoredServer,
    VaultCopy,
)
from tiers.facts.data import DatabaseInstance, FileShare, LogicalBackup, TenantDatabase
from tiers.facts.database_upgrade import major_of
from tiers.facts.every_fact import Fact, Labour
from tiers.facts.record import FactId
from tiers.plan.plan import TenantPlan, facts_of
from tiers.vocabulary import PLATFORM, TenantId

_HOURS_PER_DAY: Final = 24
_BOTH_DIRECTIONS: Final = 2
_HOUR: Final = ("everywhere", "Labour", "migration hour")
_READ: Final = {
    ArchiveClass.INSTANT: "Glacier Instant Retrieval retrieval",
    ArchiveClass.FLEXIBLE: "Glacier Flexible standard retrieval",
    ArchiveClass.DEEP: "Glacier Deep Archive standard retrieval",
}


@dataclass(frozen=True)
class OneOff:
    """A one-off cost of a change; `units` is None if the price is unknown."""

    tenant: TenantId
    what: str
    quantity: Decimal
    unit: str
    units: int | None


def one_off_costs(comparison: Comparison, rates: TierChange) -> tuple[OneOff, ...]:
    """The one-off costs of the tenants that change. New and ending tenants are not included."""
    prices = comparison.after.conditions.prices
    platforms = (comparison.before.plan.platform, comparison.after.plan.platform)
    tenants = (
        item
        for change in comparison.moved
        if change.before is not None and change.after is not None
        for item in _of_tenant(comparison, change, change.before, change.after, prices, rates)
    )
    return (*_upgrades(PLATFORM, *platforms, prices, rates), *tenants)


def moves_data(before: TenantPlan, after: TenantPlan) -> tuple[bool, bool]:
    """Whether the database moves, and whether the files move."""
    old, new = place_of(before), place_of(after)
    return old.server != new.server, old.file_system != new.file_system


def left_behind(comparison: Comparison) -> Iterator[str]:
    """A sentence for each tenant whose data would have to move while its file declares no move."""
    for change in comparison.moved:
        before, after = change.before, change.after
        if before is None or after is None or before.move or after.move:
            continue
        parts = zip(("database", "files"), moves_data(before, after), strict=True)
        if moved := " and ".join(name for name, moves in parts if moves):
            yield (
                f"{change.tenant}: its {moved} would have to move; run `costack move {change.tenant} --stack "
                f"NAME --to {after.tier}`, because changing the tier alone does not move data"
            )


def _of_tenant(  # noqa: PLR0917 - a tenant's change and its prices
    comparison: Comparison,
    change: TenantChange,
    before: TenantPlan,
    after: TenantPlan,
    prices: PriceBook,
    rates: TierChange,
) -> Iterator[OneOff]:
    database, files = moves_data(before, after)
    if database or files:
        yield from _double_running(comparison, change, rates.double_running_days)
        moved = database * _database_gib(before) + files * _filestore_gib(before)
        yield _priced(
            prices,
            change.tenant,
            f"copy of {moved} GiB, across zones",
            (before.region, "Network", "inter-AZ transfer, each direction"),
            Decimal(moved * _BOTH_DIRECTIONS),
        )
    yield from _fetched(comparison, change.tenant, before, after)
    seeded = sum(_first_copies(before, after))
    if seeded:
        yield _priced(
            prices,
            change.tenant,
            f"first copy of {seeded} GiB to the second region",
            (after.region, "DataTransfer", "Outbound data transfer to other regions"),
            Decimal(seeded),
        )
    if before.tier != after.tier:
        hours = rates.labour_hours_with_data if database or files else rates.labour_hours_in_place
        yield _priced(prices, change.tenant, "labour", _HOUR, Decimal(hours))
    yield from _servers_as_they_were(change.tenant, before, after, prices)
    yield from _labour_of_stages(change.tenant, before, after, prices, rates)
    yield from _upgrades(change.tenant, before.facts, after.facts, prices, rates)


def _fetched(
    comparison: Comparison, owner: TenantId, before: TenantPlan, after: TenantPlan
) -> Iterator[OneOff]:
    """What a restore that begins is charged for its backup: from another region, or out of an archive.

    A dump is smaller than its database, so both are at most these.
    """
    if before.restore is not None or after.restore is None or after.restore.from_archive:
        return
    if after.restore.point_in_time:  # no backup is read
        return
    prices = comparison.after.conditions.prices
    if after.failover is not None:
        home, item = _database_gib(after) + _filestore_gib(after), "Outbound data transfer to other regions"
        what = f"way home of {home} GiB from the second region"
        yield _priced(prices, owner, what, (after.failover.to, "DataTransfer", item), Decimal(home))
        return
    whose = comparison.after.tenants.get(after.restore.from_tenant or owner)
    archive = next((fact.archive for fact in facts_of(whose.facts, LogicalBackup)), None) if whose else None
    newest = comparison.after.conditions.assumptions.as_of - timedelta(
        days=archive.after_days if archive else 0
    )
    if whose is not None and archive is not None and after.restore.at.date() < newest:
        read = _database_gib(whose)
        item = _READ[archive.storage_class]
        what = f"reading of {read} GiB from {archive.storage_class}"
        yield _priced(prices, owner, what, (whose.region, "AmazonS3", item), Decimal(read))


def _servers_as_they_were(
    owner: TenantId, before: TenantPlan, after: TenantPlan, prices: PriceBook
) -> Iterator[OneOff]:
    """An hour of each server that is made for a restore: nobody knows how many it takes."""
    known = {each.id for each in facts_of(before.facts, RestoredServer)}
    for server in facts_of(after.facts, RestoredServer):
        if server.id not in known:
            item = f"RDS PostgreSQL {server.instance_class} Single-AZ"
            what = "each hour of the server as it was, beside its storage"
            yield _priced(prices, owner, what, (server.region, "AmazonRDS", item), Decimal(1))


def _labour_of_stages(
    owner: TenantId, before: TenantPlan, after: TenantPlan, prices: PriceBook, rates: TierChange
) -> Iterator[OneOff]:
    """The labour of what begins and goes through stages; the way home from a second region is no restore."""
    fails_over = after.failover is not None
    for what, was, goes_on, hours in (
        ("a restore", before.restore, after.restore if not fails_over else None, rates.labour_hours_restore),
        ("an upgrade of Odoo", before.upgrade, after.upgrade, rates.labour_hours_odoo_upgrade),
        ("a failover", before.failover, after.failover, rates.labour_hours_failover),
    ):
        if was is None and goes_on is not None:
            yield _priced(prices, owner, f"labour of {what}", _HOUR, Decimal(hours))


def _upgrades(
    owner: TenantId, before: tuple[Fact, ...], after: tuple[Fact, ...], prices: PriceBook, rates: TierChange
) -> Iterator[OneOff]:
    """The labour of each server that begins its way to a newer major version, or takes it in one step."""
    known = {server.id: server for server in facts_of(before, DatabaseInstance)}
    for server in facts_of(after, DatabaseInstance):
        old = known.get(server.id)
        if old is None or old.upgrade is not None:
            continue
        if server.upgrade is not None or major_of(server.engine_version) > major_of(old.engine_version):
            hours = Decimal(rates.labour_hours_database_upgrade)
            yield _priced(prices, owner, "labour of an upgrade of PostgreSQL", _HOUR, hours)


def _double_running(comparison: Comparison, change: TenantChange, days: int) -> Iterator[OneOff]:
    """The tenant's own resources that are replaced, running for *days* in parallel to the new ones.

    Shared resources run anyway: using them some days longer adds nothing to the bill.
    """
    gone = _ids(change.before) - _ids(change.after)
    units = sum(
        charge.units
        for charge in comparison.before.charges_of.get(change.tenant, ())
        if charge.fact in gone and charge.known_by == KnownBy.DECLARED and charge.fact_kind != _LABOUR
    )
    if units:
        part = round(Fraction(units * days * _HOURS_PER_DAY, HOURS_PER_MONTH))
        yield OneOff(change.tenant, "old servers in parallel", Decimal(days), "day", part)


def _priced(
    prices: PriceBook, tenant: TenantId, what: str, item: tuple[str, str, str], quantity: Decimal
) -> OneOff:
    price = prices.find(*item)
    if price is None:
        return OneOff(tenant, what, quantity, "", None)
    return OneOff(tenant, what, quantity, price.unit, units_of(quantity * price.price))


def _first_copies(before: TenantPlan, after: TenantPlan) -> Iterator[int]:
    """The GiB that each new copy starts with: of a database its data, not its disk nor later changes.

    A bucket's replication copies new objects only, so it starts with nothing. After a failback the copy is
    another one, with the next number.
    """
    known = {fact.id: getattr(fact, "number", 0) for fact in before.facts}
    for fact in after.facts:
        if known.get(fact.id) == getattr(fact, "number", 0):
            continue
        if isinstance(fact, DatabaseBackupCopy | DatabaseStandby):
            yield _database_gib(after)
        elif isinstance(fact, FileSystemReplica | VaultCopy):
            yield fact.storage_gib


def _ids(tenant: TenantPlan | None) -> frozenset[FactId]:
    return frozenset(fact.id for fact in tenant.facts) if tenant else frozenset()


def _database_gib(tenant: TenantPlan) -> int:
    return next((fact.storage_gib for fact in tenant.facts if isinstance(fact, TenantDatabase)), 0)


def _filestore_gib(tenant: TenantPlan) -> int:
    return next((fact.storage_gib for fact in _mounted(tenant)), 0)


def _mounted(tenant: TenantPlan) -> Iterator[FileShare]:
    return (fact for fact in tenant.facts if isinstance(fact, FileShare) and fact.mounted)


_LABOUR: Final = Labour.model_fields["kind"].default
