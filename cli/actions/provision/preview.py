"""`costack preview`: what a change costs, before anyone approves it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from pathlib import Path

from allocation.adapters.approvals import read_approvals
from allocation.adapters.usage.known_quantities import read_usage
from allocation.engine.rulebook import rulebooks, rules_on
from allocation.errors import GateError
from allocation.estimate.assumptions import Assumptions, Scale
from allocation.estimate.folders import Folders
from allocation.preview.approvals import Approval, Seen, approval_changes, approvals_needed, missing_approvals
from allocation.preview.break_even import BreakEven, break_evens
from allocation.preview.comparison import Comparison, compared
from allocation.preview.cost_estimate import Conditions, cost_estimate
from allocation.preview.extended_support import extended_support_notes
from allocation.preview.gates import Gates
from allocation.preview.off_hours import savings
from allocation.preview.one_off_costs import left_behind, one_off_costs
from allocation.preview.preview import Preview
from allocation.preview.yardstick import (
    Word,
    Yardstick,
    YardstickChange,
    at_fees,
    fees_by,
    pipeline_changes,
    plan_changes,
    yardstick_changes,
)
from allocation.prices.price_book import load_price_book
from allocation.runs.before_and_after import BeforeAndAfter, WhatIf, Where, read_before_and_after
from cli.console.preview_output import put
from cli.console.preview_values import gates_of, month_of, refuse_kept, what_if_of
from tiers.catalog.loading import load_catalog
from tiers.change.effects import effects_of
from tiers.errors import CatalogError
from tiers.plan.plan import emptied
from tiers.portfolio.names import id_of


@dataclass(frozen=True)
class Change:
    """The change that the command line supposes; each field is the option of its name."""

    tenant: str | None
    tier: str | None
    settings: tuple[str, ...]
    move: tuple[str, ...]
    more: tuple[str, ...]
    add_capacity: bool


@dataclass(frozen=True)
class Basis:
    """What costs are estimated with; each field is the option of its name."""

    prices: Path | None
    rulebook: Path | None
    usage: Path | None
    at_hpa: str
    as_of: date | None
    period: str


@dataclass(frozen=True)
class Limits:
    """When the command fails; each field is the option of its name."""

    fail_over: tuple[str, ...]
    margin_floor: str | None
    expect_no_changes: bool
    fail_on: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    approvals: Path | None = None


@dataclass(frozen=True)
class Request:
    """What the command line asks for."""

    where: Where
    change: Change
    basis: Basis
    limits: Limits
    break_even: bool
    output: str
    out: Path | None


def print_preview(request: Request) -> None:
    """Print what a change costs, then hold it to its gates.

    Raises:
        CatalogError: When before or after cannot be read, or nothing is named to compare.
        AllocationError: When it cannot be allocated.
        GateError: When a gate does not pass; the preview is printed all the same.
    """
    limits, change, where = request.limits, request.change, request.where
    gates = gates_of(
        limits.fail_over,
        limits.margin_floor,
        no_changes=limits.expect_no_changes,
        fail_on=limits.fail_on,
        gone=limits.gone,
        accept=limits.accept,
    )
    what_if = what_if_of(
        change.tenant,
        change.tier,
        change.settings,
        change.move,
        change.more,
        add_capacity=change.add_capacity,
    )
    _refuse_nothing(request, what_if)
    with read_before_and_after(where, what_if) as both:
        preview = preview_of(request, both, what_if, gates)
    put(preview, request.output, request.out)
    if preview.failed:
        raise GateError(*preview.failed)


def preview_of(request: Request, both: BeforeAndAfter, what_if: WhatIf, gates: Gates) -> Preview:
    """Before and after, estimated and compared, and what is shown beside them."""
    before, after = _conditions(request, both)
    then = both.before if both.before is not None else emptied(both.after)
    gates = replace(gates, gone=frozenset(id_of(then.tenants, each) for each in gates.gone))
    refuse_kept(gates, then, both.after)
    first = cost_estimate(then, before)
    second = first.estimator.of(both.after) if before == after else cost_estimate(both.after, after)
    comparison = compared(first, second)
    measured, moved = _measured(request, both, comparison, gates)
    effects = effects_of(then, both.after)
    classes = both.catalog.classes
    seen = Seen(comparison, effects, measured, moved)
    approvals = _approvals(request.limits.approvals, both, seen)
    return Preview(
        comparison=comparison,
        promises=classes.resilience_classes,
        one_off=one_off_costs(comparison, classes.tier_change),
        savings=savings(comparison.after, classes.off_hours),
        break_evens=_break_evens(request, both, what_if, comparison),
        notes=(*both.notes, *left_behind(comparison), *extended_support_notes(comparison.after)),
        failed=(
            *both.refused,
            *gates.failed(comparison, effects, measured, moved),
            *missing_approvals(approvals),
        ),
        effects=effects,
        base=both.base,
        measured=measured,
        approvals=approvals,
    )


def _approvals(file: Path | None, both: BeforeAndAfter, seen: Seen) -> tuple[Approval, ...]:
    """The approvals needed by the rules of the base, or by those of the change where it has none."""
    if file is not None and both.supposed:
        raise CatalogError("--approvals needs a change that is made; a change that is only supposed has none")
    if file is not None and both.portfolio is None and both.approvals_now is None:
        raise CatalogError(
            "--approvals: the rules are not known, because platform.yaml is not here; run it there"
        )
    given = None if file is None else read_approvals(file)
    return approvals_needed(both.approvals_then or both.approvals_now, seen, given)


def _measured(
    request: Request, both: BeforeAndAfter, comparison: Comparison, gates: Gates
) -> tuple[Comparison | None, tuple[YardstickChange, ...]]:
    """Both sides by the base's prices, fees and rules, if these change, and what changes of them.

    What the command line itself supposes, `--prices` or `--rulebook`, is no change of the base's; where
    nothing was before, there is none to change.
    """
    before, after = comparison.before, comparison.after
    if both.supposed or both.before is None:
        return None, ()
    was, named = (Folders(*map(_from_here, folders)) for folders in (both.there, both.now))
    alone = (
        *plan_changes(comparison, before.conditions.prices, was.prices),
        *pipeline_changes(both.pipelines),
        *approval_changes(both.approvals_then, both.approvals_now),
    )
    if both.then == both.now:
        return None, alone
    then, now = (
        Yardstick(side.conditions.prices, rulebooks(folders.rules), load_catalog(folders.catalog), places)
        for side, folders, places in ((before, both.then, was), (after, both.now, named))
    )
    fees = {} if both.portfolio is None else fees_by(then.catalog, both.portfolio)
    plan = after.plan if Word.FEES in gates.accept else at_fees(after.plan, fees)
    sides = _by_the_base(request.basis, before.conditions, after.conditions)
    same = then.prices.has_the_prices_of(now.prices) and sides[1].rules == after.conditions.rules
    measured = (
        None
        if same and plan == after.plan
        else compared(cost_estimate(before.plan, sides[0]), cost_estimate(plan, sides[1]))
    )
    moved = yardstick_changes(then, now, (measured or comparison).after, after.plan, fees)
    supposed = {Word.PRICES: request.basis.prices, Word.RULES: request.basis.rulebook}
    supposed[Word.GATES] = request.basis.rulebook
    return measured, (*(each for each in moved if supposed.get(each.word) is None), *alone)


def _from_here(folder: Path) -> Path:
    """The *folder* as one types it in the working folder, if it is below."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _by_the_base(basis: Basis, before: Conditions, after: Conditions) -> tuple[Conditions, Conditions]:
    """The conditions of both sides with the prices and rules before, but for those the command line names."""
    known = before.prices.or_else(after.prices)
    prices = (known, known) if basis.prices is None else (before.prices, after.prices)
    rules = before.rules if basis.rulebook is None else after.rules
    return replace(before, prices=prices[0]), replace(after, prices=prices[1], rules=rules)


def _conditions(request: Request, both: BeforeAndAfter) -> tuple[Conditions, Conditions]:
    """What before and after are estimated with: the same, unless prices or rules change."""
    period = month_of(request.basis.period)
    as_of = request.basis.as_of or period.last_day
    plans = [plan for plan in (both.before, both.after) if plan is not None]
    assumed = Assumptions.on(as_of)
    if request.basis.usage is not None:
        usage = read_usage(
            request.basis.usage, chain.from_iterable(plan.all_facts() for plan in plans), as_of
        )
        assumed = replace(assumed, usage=usage)
    assumed = replace(assumed, scale=Scale(request.basis.at_hpa))
    currency, day = both.after.currency, period.start.date()
    regions = frozenset(fact.region for plan in plans for fact in plan.all_facts())
    then, now = both.then, both.now
    prices, rules = request.basis.prices or now.prices, request.basis.rulebook or now.rules
    before = Conditions(
        period, load_price_book(currency, then.prices, regions), rules_on(day, then.rules), assumed
    )
    return before, Conditions(
        period,
        before.prices if prices == then.prices else load_price_book(currency, prices, regions),
        before.rules if rules == then.rules else rules_on(day, rules),
        assumed,
    )


def _break_evens(
    request: Request, both: BeforeAndAfter, what_if: WhatIf, comparison: Comparison
) -> tuple[BreakEven, ...]:
    if not request.break_even:
        return ()
    named = id_of(both.portfolio.tenants if both.portfolio else (), what_if.tenant or "")
    change = next((each for each in comparison.tenants if each.tenant == named), None)
    if change is None or change.before is None or change.after is None or both.portfolio is None:
        raise CatalogError("--break-even needs --tenant NAME and --tier TIER, to compare two tiers")
    tiers = (change.before.tier, change.after.tier)
    if tiers[0] == tiers[1]:
        raise CatalogError(f"--break-even: {change.tenant} stays on {tiers[0]}; name another with --tier")
    settings = {name: value for name, value in (what_if.settings or {}).items() if name != "dr_region"}
    found = break_evens(
        both.catalog, both.portfolio, change.tenant, tiers, comparison.after.conditions, settings
    )
    return tuple(found)


def _refuse_nothing(request: Request, what_if: WhatIf) -> None:
    if (
        not request.where.given
        and what_if.nothing
        and request.basis.prices is None
        and request.basis.rulebook is None
    ):
        raise CatalogError(
            "nothing to compare: name what to compare with (--stack, --base, --base-tip, --base-folder, "
            "--inventory or --plan), or a change to suppose (--tenant with --tier or --set, --move, --more, "
            "--prices or --rulebook)"
        )
