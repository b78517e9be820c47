"""Cost, fee and margin of all tenants by what they have in common: each table adds up to the same total."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from allocation.report.showback.content import Row, Table, summed, text
from allocation.report.showback.month import Showback
from allocation.statement.filed import FiledStatement, FiledTenant
from tiers.catalog.fees import OFFER
from tiers.catalog.services import Services
from tiers.plan.plan import TenantPlan
from tiers.vocabulary import Controls, TenantId

NOT_DEPLOYED: Final = "no longer deployed"
_NO_SERVICE: Final = "no service"


def margins(showback: Showback) -> Iterator[Table]:
    """By tier, client, environment, class of controls, promise of recovery, and services sold."""

    def planned(get: Callable[[TenantPlan], str]) -> Callable[[FiledTenant], str]:
        return lambda line: get(plan) if (plan := _plan_of(showback, line)) else NOT_DEPLOYED

    services = showback.month.catalog.services
    kinds: Mapping[str, Callable[[FiledTenant], str]] = {
        "tier": lambda line: line.tier,
        "client": lambda line: line.client,
        "environment": lambda line: line.environment,
        "controls": planned(lambda plan: str(plan.controls)),
        "promise": planned(lambda plan: str(plan.resilience_class)),
        "service": planned(lambda plan: _services_of(services, plan)),
    }
    for name, get in kinds.items():
        rows = grouped(showback.statement, get)
        columns = [
            [sum(getattr(line, field) for line in lines) for lines in rows.values()]
            for field in ("total", "fee", "margin")
        ]
        found, foot = body(list(rows), columns, "total")
        yield Table(f"by-{name}", f"By {name}", (name, "cost", "fee", "margin"), found, foot)


def grouped(statement: FiledStatement, get: Callable[[FiledTenant], str]) -> dict[str, list[FiledTenant]]:
    """The tenants by what *get* says of them."""
    rows: dict[str, list[FiledTenant]] = {}
    for line in sorted(statement.tenants, key=get):
        rows.setdefault(get(line), []).append(line)
    return rows


def body(names: Iterable[str], columns: list[list[int]], total: str) -> tuple[tuple[Row, ...], tuple[Row]]:
    """A row for each of *names*, and the row of their sums."""
    rows, sums = summed([(text(name),) for name in names], columns, (text(total),))
    return rows, (sums,)


def _plan_of(showback: Showback, line: FiledTenant) -> TenantPlan | None:
    return showback.plans.get(TenantId(line.tenant))


def _services_of(services: Services | None, plan: TenantPlan) -> str:
    """The services that a tenant has, with a plus between them: by its tier, its controls, or bought."""
    bought = {each.part for each in plan.fee_parts if each.part != OFFER}
    found = [
        name
        for name, service in (services.services if services else {}).items()
        if plan.tier in service.tiers
        or name in bought
        # What is in no tier and has no fee is what enhanced controls are.
        or (
            not service.tiers
            and service.fee_per_month is None
            and service.controls is Controls.ENHANCED
            and plan.controls is Controls.ENHANCED
        )
    ]
    return " + ".join(found) or _NO_SERVICE
