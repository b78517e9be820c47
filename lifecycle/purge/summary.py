"""What a purge plan says to people: what goes, what stays and why, and by how much the bill falls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from allocation.money import in_cents, units_of
from allocation.report.figures import money
from lifecycle.decommission.summary import what_to_do
from lifecycle.purge.plan import Kept, PurgePlan

UNKNOWN = "unknown cost"


def goes(plan: PurgePlan) -> Iterator[str]:
    """A line for each resource that is deleted."""
    for each in plan.goes:
        cost = amount(each.per_month, plan.currency)
        yield f"{each.line.said} of {each.line.tenant}, due since {each.line.until:%Y-%m-%d}: {cost}"


def stays(kept: Iterable[Kept], currency: str) -> Iterator[str]:
    """A line for each resource that stays: why, and what it costs."""
    for each in kept:
        yield f"{each.line.said} of {each.line.tenant}: {each.because}: {amount(each.per_month, currency)}"


def falls(plan: PurgePlan) -> str:
    """By how much the bill falls."""
    known, unknown = plan.falls_by
    more = f", and by an unknown amount for {unknown} of {len(plan.goes)} resources" if unknown else ""
    return f"the bill falls by {amount(known, plan.currency)}{more}"


def amount(per_month: str | None, currency: str) -> str:
    """An amount a month, in whole cents."""
    if per_month is None:
        return UNKNOWN
    (cents,) = in_cents([units_of(Decimal(per_month))])
    return f"{money(cents)} {currency} a month"


def markdown(plan: PurgePlan, commands: Mapping[str, str]) -> str:
    """The text of a pull request or an issue that asks for an approval of *plan*.

    Args:
        plan: The plan.
        commands: The commands to run next, by what they do.
    """
    sections = {
        "What goes": [*goes(plan), falls(plan)],
        "What is due and stays, and what it costs": list(stays(plan.refused, plan.currency)),
        "What is not due yet": list(stays(plan.waits, plan.currency)),
        "What is gone already": [f"{each.said} of {each.tenant}" for each in plan.gone],
    }
    lines = [
        f"# Purge {plan.portfolio}",
        "",
        f"What ended tenants left in account {plan.account}, whose day has come. Nothing was deleted yet.",
    ]
    for title, items in sections.items():
        if items:
            lines += ["", f"## {title}", "", *(f"- {each}" for each in items)]
    lines += what_to_do(plan.made_at, plan.sha256, commands)
    return "\n".join(lines) + "\n"
