"""`costack preview`: what a change costs, before anyone approves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from allocation.adapters.usage.known_quantities import read_usage
from allocation.engine.rulebook import DIRECTORY as RULES
from allocation.engine.rulebook import rules_on
from allocation.errors import GateError
from allocation.estimate.assumptions import Assumptions, Scale
from allocation.preview.break_even import BreakEven, break_evens
from allocation.preview.comparison import Comparison, compared
from allocation.preview.cost_estimate import Conditions, valued
from allocation.preview.gates import Gates
from allocation.preview.off_hours import savings
from allocation.preview.one_off_costs import left_behind, one_off_costs
from allocation.preview.preview import Preview
from allocation.prices.price_book import DIRECTORY as PRICES
from allocation.prices.price_book import load_price_book
from allocation.runs.preview_sides import Sides, WhatIf, Where, read_sides
from cli.actions.preview_output import put
from cli.actions.preview_values import gates_of, month_of, what_if_of
from tiers.errors import CatalogError
from tiers.plan.plan import emptied


@dataclass(frozen=True)
class Asked:
    """What the command line asks for, as it was written; each field is an option of its name."""

    stack: str | None
    inventory: Path | None
    base: str | None
    plan: Path | None
    portfolio: Path | None
    tenant: str | None
    tier: str | None
    settings: tuple[str, ...]
    move: tuple[str, ...]
    more: tuple[str, ...]
    with_room: bool
    prices: Path | None
    rulebook: Path | None
    usage: Path | None
    at_hpa: str
    as_of: date | None
    period: str
    break_even: bool
    fail_over: tuple[str, ...]
    margin_floor: str | None
    expect_no_changes: bool
    cwd: Path
    output: str
    out_file: Path | None

    @classmethod
    def of(cls, given: Mapping[str, Any], now: datetime) -> Asked:
        """The options as the parser gives them; the month is that of *now* when none is named."""
        lists = {name: tuple(given[name] or ()) for name in ("settings", "move", "more", "fail_over")}
        as_of = given["as_of"].date() if given["as_of"] else None
        texts = {name: str(given[name]) for name in ("at_hpa", "output")}
        period = given["period"] or f"{now:%Y-%m}"
        return cls(**{**given, **lists, **texts, "as_of": as_of, "period": period})


def print_preview(asked: Asked) -> None:
    """Print what a change costs, then hold it to its gates.

    Raises:
        CatalogError: When a side cannot be read, or nothing is named to compare.
        AllocationError: When it cannot be allocated.
        GateError: When a gate does not pass; the preview is printed all the same.
    """
    gates = gates_of(asked.fail_over, asked.margin_floor, no_changes=asked.expect_no_changes)
    what_if = what_if_of(
        asked.tenant, asked.tier, asked.settings, asked.move, asked.more, room=asked.with_room
    )
    where = Where(asked.stack, asked.inventory, asked.base, asked.plan, asked.portfolio, asked.cwd)
    _refuse_nothing(asked, where, what_if)
    with read_sides(where, what_if) as sides:
        preview = preview_of(asked, sides, what_if, gates)
    put(preview, asked.output, asked.out_file)
    if preview.failed:
        raise GateError("\n".join(preview.failed))


def preview_of(asked: Asked, sides: Sides, what_if: WhatIf, gates: Gates) -> Preview:
    """Both sides valued and compared, and what is shown beside them."""
    before, after = _conditions(asked, sides)
    comparison = compared(
        valued(sides.before if sides.before is not None else emptied(sides.after), before),
        valued(sides.after, after),
    )
    classes = sides.catalog.classes
    return Preview(
        comparison=comparison,
        promises=classes.resilience_classes,
        one_off=one_off_costs(comparison, classes.tier_change),
        savings=savings(comparison.after, classes.off_hours),
        break_evens=_break_evens(asked, sides, what_if, comparison),
        notes=(*sides.notes, *left_behind(comparison)),
        failed=gates.failed(comparison),
    )


def _conditions(asked: Asked, sides: Sides) -> tuple[Conditions, Conditions]:
    """What each side is valued with: the same, but for the prices and rules that are part of the change."""
    period = month_of(asked.period)
    as_of = asked.as_of or period.last_day
    plans = [plan for plan in (sides.before, sides.after) if plan is not None]
    assumed = Assumptions.on(as_of)
    if asked.usage is not None:
        usage = read_usage(asked.usage, chain.from_iterable(plan.all_facts() for plan in plans), as_of)
        assumed = replace(assumed, usage=usage)
    assumed = replace(assumed, scale=Scale(asked.at_hpa))
    currency, day = sides.after.currency, period.start.date()
    regions = frozenset(fact.region for plan in plans for fact in plan.all_facts())
    prices, rules = asked.prices or PRICES, asked.rulebook or RULES
    before = Conditions(
        period, load_price_book(currency, sides.prices, regions), rules_on(day, sides.rules), assumed
    )
    return before, Conditions(
        period,
        before.prices if prices == sides.prices else load_price_book(currency, prices, regions),
        before.rules if rules == sides.rules else rules_on(day, rules),
        assumed,
    )


def _break_evens(
    asked: Asked, sides: Sides, what_if: WhatIf, comparison: Comparison
) -> tuple[BreakEven, ...]:
    if not asked.break_even:
        return ()
    change = next((each for each in comparison.tenants if each.tenant == what_if.tenant), None)
    if change is None or change.before is None or change.after is None or sides.portfolio is None:
        raise CatalogError("--break-even needs --tenant and --tier: between which tiers?")
    tiers = (change.before.tier, change.after.tier)
    if tiers[0] == tiers[1]:
        raise CatalogError(f"--break-even: {change.tenant} stays on {tiers[0]}; name another with --tier")
    settings = {name: value for name, value in (what_if.settings or {}).items() if name != "dr_region"}
    found = break_evens(
        sides.catalog, sides.portfolio, change.tenant, tiers, comparison.after.conditions, settings
    )
    return tuple(found)


def _refuse_nothing(asked: Asked, where: Where, what_if: WhatIf) -> None:
    compared_with = any((where.stack, where.inventory, where.base, where.plan))
    if not compared_with and what_if.nothing and asked.prices is None and asked.rulebook is None:
        raise CatalogError(
            "nothing to compare: name what is with --stack, --base, --inventory or --plan, or what would be "
            "with --tenant and --tier, --move, --more, --prices or --rulebook"
        )
