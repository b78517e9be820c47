"""Advice: another size for a tenant or for the platform, with the command that shows what it saves."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from allocation.preview.comparison import compared
from allocation.preview.estimates import Estimates
from allocation.preview.supposed import supposed, supposed_platform
from allocation.statement.ledger.figure import alone, figure
from tiers.catalog.tier import Catalog
from tiers.plan.plan import Plan, TenantPlan
from tiers.portfolio.folders import PORTFOLIOS
from tiers.portfolio.tenant import Portfolio, Tenant


@dataclass(frozen=True)
class Advice:
    """Another size.

    Attributes:
        tenant: Whose; None for what tenants share.
        setting: The option of its file, or the path of the setting in `platform.yaml`.
        now: Its value; the tier's, where the file has none.
        target: The value that would do; empty where nothing of the catalog would.
        because: What was measured, and what it needs.
        own: What the tenant saves a month, in units; None where no preview was made, and of the platform.
        bill: What the bill falls by, in units; pods on shared nodes free capacity and lower no bill.
    """

    tenant: str | None
    setting: str
    now: str
    target: str
    because: str
    own: int | None = None
    bill: int | None = None

    def command(self, portfolio: str) -> str:
        """The command that shows what it saves; empty without a target."""
        if not self.target:
            return ""
        whose = ["--tenant", self.tenant] if self.tenant is not None else []
        where = ["--portfolio", str(PORTFOLIOS / portfolio), *whose]
        return shlex.join(["costack", "preview", *where, "--set", f"{self.setting}={self.target}"])


class Settled(NamedTuple):
    """A tenant as it is deployed, and its file, which says the same: nothing of it is on the way."""

    plan: TenantPlan
    file: Tenant


def settled_tenants(plan: Plan, portfolio: Portfolio) -> Iterator[Settled]:
    """Every tenant that is deployed as its file says, and neither moves nor works in its second region."""
    files = {tenant.tenant: tenant for tenant in portfolio.tenants}
    for tenant in plan.tenants:
        file = files.get(tenant.tenant)
        still = file is not None and tenant.move is None and file.move is None and file.failover is None
        if file is not None and still and file.tier == tenant.tier:
            yield Settled(tenant, file)


def headroom(catalog: Catalog) -> Decimal:
    """How many times what was measured a size has."""
    return 1 + Decimal(catalog.classes.rightsizing.headroom_percent) / 100


def number(value: Decimal) -> str:
    """A figure of a reason: two digits at most.

    >>> number(Decimal("1234.500"))
    '1,234.5'
    """
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def priced(estimates: Estimates, each: Advice) -> Advice:
    """The same with what it saves; without where the change is not possible."""
    if not each.target:
        return each
    change = {each.setting: each.target}
    if each.tenant is None:
        after = supposed_platform(estimates, change)
    else:
        after = supposed(estimates, each.tenant, None, change)
    if after is None:
        return each
    found = compared(estimates.now, after)
    bill = alone(-found.charged.difference, found.currency)
    if each.tenant is None:
        return replace(each, bill=bill)
    (own,) = (one for one in found.tenants if one.tenant == each.tenant)
    (then, now), digits = found.ledgers, found.ledgers[1].digits
    saved = figure(-own.cost.difference, then.total(each.tenant) - now.total(each.tenant), digits)
    return replace(each, own=saved, bill=bill)
