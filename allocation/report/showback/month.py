"""The data of a month from which all its pages are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Final

from allocation.preview.off_hours import Saving
from allocation.preview.price_age import PriceAge
from allocation.preview.rightsizing.sizes import Sizes
from allocation.report.figures import and_more, money_of, percent
from allocation.review.cause_cents import settled_causes
from allocation.review.causes import Cause, Reason, came_or_went, fee_causes
from allocation.review.findings import Standing
from allocation.review.life.register import Register
from allocation.review.signals import Month, Signal
from allocation.review.tried import Recovery, Rehearsed
from allocation.statement.filed import FiledStatement, FiledTenant
from allocation.statement.filed_other_months import without_other_months
from allocation.statement.ledger.figure import cents_of
from tiers.facts.data import LogicalBackup
from tiers.plan.plan import TenantPlan, facts_of
from tiers.portfolio.reviews.entries import Reviews

LEAST_CLIENTS: Final = 5
"""If fewer clients share a pool, a client sees its own share of it and nothing else."""
PARTS: Final = ("direct", "pooled", "idle", "unallocated")
"""The parts of a bill."""
_NAMED: Final = 3


@dataclass(frozen=True)
class Option:
    """Another tier a tenant could have: the change of its fee, and of its cost as `costack preview` shows it.

    `cost_difference` and `neighbours` are changes in units a month; None where no preview was made.
    """

    tenant: str
    tier: str
    fee_difference: int
    cost_difference: int | None = None
    neighbours: int | None = None


@dataclass(frozen=True)
class Showback:
    """A month to report.

    Attributes:
        month: The statement, what was deployed, what was measured.
        past: The months before, the oldest first.
        recoveries: The last restore test of each tenant.
        options: The other tiers each tenant could have.
        gates: Whether the figures are ready for chargeback; None for an estimate.
        rehearsals: The recovery of each tenant that is promised one in another region.
        savings: What environments that never sleep would save off-hours; part of no other figure.
        open_book: The clients whose page shows what their tenants cost.
        price_age: How old the prices of an estimate are; None of a bill.
        reviews: What people said of signals, and the decisions of reviews.
        today: The day on which due dates are judged; None for the end of the month.
        sizes: What was measured of sizes, which would do better, and what commitments would have saved.
        left_out: Whose evidence the files have of a tenant with the same id that is another portfolio's.
    """

    month: Month
    past: tuple[FiledStatement, ...] = ()
    recoveries: Mapping[str, Recovery] = field(default_factory=dict)
    options: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
    gates: tuple[tuple[str, str, str, bool], ...] | None = None
    savings: tuple[Saving, ...] = ()
    rehearsals: tuple[Rehearsed, ...] = ()
    open_book: frozenset[str] = frozenset()
    price_age: PriceAge | None = None
    reviews: Reviews = field(default_factory=Reviews)
    today: date | None = None
    sizes: Sizes = field(default_factory=Sizes)
    left_out: tuple[str, ...] = ()

    @property
    def statement(self) -> FiledStatement:
        """The statement that is reported."""
        return self.month.statement

    @property
    def before(self) -> FiledStatement | None:
        """The newest of the earlier months."""
        return self.past[-1] if self.past else None

    @cached_property
    def causes(self) -> Mapping[str, tuple[Cause, ...]]:
        """Why each tenant's cost changed since the month before; empty without an earlier month."""
        return settled_causes(self.before, self.statement) if self.before else {}

    @cached_property
    def fee_causes(self) -> Mapping[str, tuple[Cause, ...]]:
        """Why each tenant's fee changed since the month before; empty without an earlier month."""
        return fee_causes(self.before, self.statement) if self.before else {}

    @cached_property
    def register(self) -> Register:
        """What became of signals and of decisions."""
        return Register(self.month, self.past, self.reviews, self.today)

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The decisions to take: what the month shows, and nobody acknowledged, dismissed or solved."""
        return self.register.open_signals

    @property
    def standings(self) -> tuple[Standing, ...]:
        """Usage and fair use of every tenant."""
        return self.month.standings

    @cached_property
    def standings_of(self) -> Mapping[str, tuple[Standing, ...]]:
        """Usage and fair use, by tenant."""
        found: dict[str, tuple[Standing, ...]] = {}
        for each in self.standings:
            found[each.tenant] = (*found.get(each.tenant, ()), each)
        return found

    @cached_property
    def pools(self) -> frozenset[str]:
        """The pools of this month and of the one before."""
        return frozenset().union(*(month.pool_totals for month in self._compared))

    @cached_property
    def large_pools(self) -> frozenset[str]:
        """Pools shared by enough clients, in both months, that their totals reveal none of them."""
        return frozenset.intersection(*(_shared_by_many(month) for month in self._compared))

    @property
    def _compared(self) -> tuple[FiledStatement, ...]:
        return (self.statement,) if self.before is None else (self.before, self.statement)

    @cached_property
    def _own_months(self) -> tuple[FiledStatement, FiledStatement]:
        return without_other_months(self.before or self.statement), without_other_months(self.statement)

    @cached_property
    def plans(self) -> Mapping[str, TenantPlan]:
        """The plan of each deployed tenant; tenants that ended have none."""
        return {tenant.tenant: tenant for tenant in self.month.plan.tenants}

    @cached_property
    def dumped(self) -> frozenset[str]:
        """The tenants whose database is dumped, so that a dump can be restored as a test."""
        return frozenset(name for name, plan in self.plans.items() if facts_of(plan.facts, LogicalBackup))

    def name_of(self, tenant: str) -> str:
        """What people call a tenant; its id where the statement does not have it."""
        lines = (month.by_tenant.get(tenant) for month in reversed(self._compared))
        return next((line.name for line in lines if line), tenant)

    @cached_property
    def pages_of(self) -> Mapping[str, str]:
        """The page of each client, without folder and ending."""
        return page_names(self.statement.by_client)

    def service(self, tier: str) -> str:
        """What a tier is called when it is sold; its id where the catalog does not have it any more."""
        sold = self.month.catalog.tiers.get(tier)
        return sold.title if sold else tier

    def lines_of(self, client: str) -> tuple[dict[str, FiledTenant], dict[str, FiledTenant]]:
        """A client's tenants in the month before (or in this one if there is none) and in this month."""
        old, new = (
            {line.tenant: line for line in month.by_client.get(client, ())}
            for month in (self.before or self.statement, self.statement)
        )
        return old, new

    def own_lines_of(self, client: str) -> tuple[dict[str, FiledTenant], dict[str, FiledTenant]]:
        """As `lines_of`, without tenants that have left and pay for other months only."""
        old, new = (
            {name: line for name, line in lines.items() if name in month.by_tenant}
            for lines, month in zip(self.lines_of(client), self._own_months, strict=True)
        )
        return old, new

    def causes_of(self, client: str) -> dict[str, tuple[Cause, ...]]:
        """Why the cost of each of a client's tenants changed since the month before."""
        return dict(self._of_client(client, self.causes, lambda line: line.total))

    def fee_causes_of(self, client: str) -> dict[str, tuple[Cause, ...]]:
        """Why the fee of each of a client's tenants changed since the month before."""
        return dict(self._of_client(client, self.fee_causes, lambda line: line.fee))

    def _of_client(
        self, client: str, found: Mapping[str, tuple[Cause, ...]], get: Callable[[FiledTenant], int]
    ) -> Iterator[tuple[str, tuple[Cause, ...]]]:
        """A tenant that changed clients is new for the one and gone for the other."""
        old, new = self.lines_of(client)
        then, now = (month.by_tenant for month in (self.before or self.statement, self.statement))
        for name in sorted(old.keys() | new.keys()):
            if (name in old) is (name in then) and (name in new) is (name in now):
                yield name, found.get(name, ())
            else:
                yield name, tuple(came_or_went(old.get(name), new.get(name), get))


def _shared_by_many(statement: FiledStatement) -> frozenset[str]:
    clients: dict[str, set[str]] = {}
    for line in statement.tenants:
        for pool, units in line.pooled.items():
            if units:
                clients.setdefault(pool, set()).add(line.client)
    return frozenset(pool for pool, sharing in clients.items() if len(sharing) >= LEAST_CLIENTS)


def page_names(clients: Iterable[str]) -> dict[str, str]:
    """A file name for each client: its name if that is safe and unique, a hash otherwise.

    Some file systems ignore case: two clients must never share a page.
    """
    listed = list(clients)
    alike = Counter(client.casefold() for client in listed)
    return {
        client: client
        if _is_harmless(client) and alike[client.casefold()] == 1
        else f"client-{sha256(client.encode()).hexdigest()[:16]}"
        for client in listed
    }


def why(sums: Mapping[Reason, int] | Mapping[str, int], currency: str) -> str:
    """The largest reasons with their amounts, as one sentence.

    >>> why({"price": 10**10, "tier": -3 * 10**10, "rule": 0}, "USD")
    'tier -3.00, price +1.00 USD'
    """
    ranked = sorted(((f"{name}", units) for name, units in sums.items() if units), key=_by_weight)
    listed = ", ".join(f"{name} {money_of(units, signed=True)}" for name, units in ranked[:_NAMED])
    return f"{listed} {currency}{and_more(len(ranked), _NAMED)}" if listed else "nothing changed"


def _by_weight(part: tuple[str, int]) -> tuple[int, str]:
    return -abs(part[1]), part[0]


def changed(before: int, after: int, currency: str, month: str) -> str:
    """The change since *month*, in words."""
    step = after - before
    if not cents_of(step):
        return f"as much as in {month}"
    part = percent(abs(after - before), abs(before))
    relative = f" ({part})" if part else ""
    direction = "more" if cents_of(step) > 0 else "less"
    return f"{money_of(abs(step))} {currency}{relative} {direction} than in {month}"


def _is_harmless(name: str) -> bool:
    words = name.isascii() and all(sign.isalnum() or sign in "._-" for sign in name)
    return words and name[:1].isalnum() and name[-1:].isalnum() and len(name) <= 64 and ".." not in name  # noqa: PLR2004 - a tag's longest value is 50
