"""The inventories of a period: of one portfolio one after the other, of several side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from allocation.charges import ChargePeriod
from allocation.errors import InputError
from tiers.inventory import Inventory


@dataclass(frozen=True)
class Deployed:
    """The inventory that was deployed for an interval of the period, half-open."""

    inventory: Inventory
    start: datetime
    end: datetime

    @property
    def interval(self) -> ChargePeriod:
        """The interval as a charge period."""
        return ChargePeriod(self.start, self.end)

    @property
    def portfolio(self) -> str:
        """The portfolio that was deployed."""
        return self.inventory.plan.portfolio


def portfolios_of(deployed: Iterable[Deployed]) -> tuple[str, ...]:
    """The portfolios of a run, by name."""
    return tuple(sorted({one.portfolio for one in deployed}))


def deployed_in(period: ChargePeriod, since: Sequence[tuple[datetime, Inventory]]) -> tuple[Deployed, ...]:
    """Inventories in the order they came into force, cut to *period*; the first applies from the beginning.

    Those of several portfolios stand side by side.

    Raises:
        InputError: When there is none, they have different currencies, or two portfolios have a tenant
            of the same id.
    """
    if not since:
        raise InputError("no inventory: it is needed for the tenants and their fees")
    by_portfolio: dict[str, list[tuple[datetime, Inventory]]] = {}
    for moment, inventory in since:
        by_portfolio.setdefault(inventory.plan.portfolio, []).append((moment, inventory))
    kept = tuple(one for _, own in sorted(by_portfolio.items()) for one in _in_force(period, own))
    currencies = {(one.inventory.plan.currency, one.portfolio) for one in kept}
    if len({currency for currency, _ in currencies}) != 1:
        listed = ", ".join(f"{portfolio} in {currency}" for currency, portfolio in sorted(currencies))
        raise InputError(f"expected inventories of one currency, found {listed}")
    homes: dict[str, str] = {}
    for one in kept:
        for tenant in one.inventory.plan.tenants:
            if (home := homes.setdefault(tenant.tenant, one.portfolio)) != one.portfolio:
                raise InputError(
                    f"tenant '{tenant.tenant}' is in portfolio {home} and in portfolio {one.portfolio}, and "
                    "usage names tenants by their ids only; allocate these portfolios in runs of their own"
                )
    return kept


def _in_force(period: ChargePeriod, since: Sequence[tuple[datetime, Inventory]]) -> list[Deployed]:
    """The inventories of one portfolio, one after the other."""
    ordered = sorted(since, key=lambda pair: pair[0])
    starts = [period.start, *(moment for moment, _ in ordered[1:])]
    ends = [*starts[1:], period.end]
    return [
        Deployed(inventory, max(start, period.start), min(end, period.end))
        for (_, inventory), start, end in zip(ordered, starts, ends, strict=True)
        if max(start, period.start) < min(end, period.end)
    ]


def catalogs_of(deployed: Iterable[Deployed]) -> list[str]:
    """The versions of the catalog of each portfolio's last inventory."""
    return sorted({one.portfolio: one.inventory.plan.catalog_version for one in deployed}.values())


def catalog_day(deployed: Iterable[Deployed]) -> date | None:
    """The day of the oldest of these versions, such as 2026-11 or 2026-11-23; None if one is unknown."""
    days = [_day_of(version) for version in catalogs_of(deployed)]
    known = [day for day in days if day is not None]
    return min(known) if known and len(known) == len(days) else None


def _day_of(version: str) -> date | None:
    for text in (version, f"{version}-01"):
        try:
            return date.fromisoformat(text)
        except ValueError:
            continue
    return None
