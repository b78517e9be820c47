"""Previews to render: of every kind of change, with foreign words, and of a thousand tenants."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

from allocation.estimate.estimated_charges import PricedCharges
from allocation.preview.break_even import BreakEven
from allocation.preview.comparison import compared
from allocation.preview.cost_estimate import CostEstimate, cost_estimate
from allocation.preview.off_hours import Saving
from allocation.preview.preview import Preview
from tests.allocation.previews import comparison_of, conditions, now, preview_of
from tests.bench.thousand_tenants import write_portfolio
from tests.portfolios import catalog, local_plan, plan_of, tenant
from tiers.plan.plan import Plan, emptied
from tiers.plan.resolve import resolve
from tiers.portfolio.loading import load_portfolio
from tiers.portfolio.what_if import with_tiers
from tiers.vocabulary import TenantId

EVIL = (
    "a|b",
    "<script>alert(1)</script>",
    "</td></tr></table><img src=x onerror=alert(1)>",
    "`code` and ``more``",
    "line\nbreak\r\n# heading",
    "@everyone and @costack/team",
    "[click](javascript:alert(1))",
    "![pixel](https://example.com/p.png)",
    "<!-- costack-preview: local -->",
    "--> out",
    "https://example.com www.example.com a@example.com",
    "closes #1, GH-2, !3, $4, ~bug and %5",
    "**bold** _lean_ ~~gone~~ \\",
    "&lt;b&gt; &#64;root",
    "- list",
    "1. list",
    "/close",
    "{{ 7 * 7 }} {% raw %} ${{ secrets.X }}",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe\N{ZERO WIDTH SPACE}\x1b[31m\x00",
    "</summary></details>",
    "=1+1",
    "x" * 4000,
)
"""Words that a careless renderer would act on."""


@cache
def moved() -> Preview:
    """A tenant on another tier."""
    return preview_of(comparison_of("cobalt", "ha-postgresql"))


@cache
def whole() -> Preview:
    """A preview with everything that one can say, gates that failed and notes included."""
    return replace(moved(), failed=("too dear",), notes=("one more node",))


@cache
def previews() -> tuple[Preview, ...]:
    """One of each kind: a move up and down, a setting, a new stack, who comes and who goes."""
    few = [cost_estimate(plan_of(*(tenant(name) for name in names)), conditions()) for names in ("ab", "bc")]
    return (
        moved(),
        preview_of(comparison_of("halcyon", "shared-namespace")),
        preview_of(comparison_of("cobalt", "cross-region-backup")),
        preview_of(comparison_of("acme", users="9")),
        preview_of(compared(cost_estimate(emptied(local_plan()), conditions()), now())),
        preview_of(compared(*few)),
    )


def nothing() -> Preview:
    """The same twice."""
    return preview_of(compared(now(), now()))


def spelled(word: str) -> Preview:
    """`moved`, with *word* wherever a file or an option could put it."""
    before, after = (_spelled(side, word) for side in (moved().comparison.before, moved().comparison.after))
    comparison = compared(before, after)
    tenants = tuple(replace(each, tenant=TenantId(f"{each.tenant} {word}")) for each in comparison.tenants)
    preview = preview_of(replace(comparison, tenants=tenants), notes=(word, f"before {word} after"))
    return replace(
        preview,
        one_off=tuple(replace(item, what=word, unit=word) for item in moved().one_off),
        failed=(word,),
        savings=(Saving(TenantId(word), 60, 1, 1),),
        break_evens=(BreakEven(word, word, "cost", word, word, 7, 9),),
    )


def _spelled(side: CostEstimate, word: str) -> CostEstimate:
    priced = PricedCharges(
        tuple(replace(each, item=word, unit=word) for each in side.priced.charges),
        tuple(replace(each, item=word, reason=word) for each in side.priced.unpriced),
    )
    return replace(side, plan=side.plan.model_copy(update={"portfolio": word}), priced=priced)


def thousand() -> Preview:
    """A thousand tenants, all of them on another tier."""
    return many(1000)


@cache
def many(tenants: int) -> Preview:
    """So many tenants, all of them on another tier."""
    with tempfile.TemporaryDirectory() as folder:
        portfolio = load_portfolio(write_portfolio(Path(folder) / "thousand", tenants), catalog())
    plans: list[Plan] = [
        resolve(catalog(), portfolio),
        resolve(catalog(), with_tiers(catalog(), portfolio, {"all": "dedicated-db"}).portfolio),
    ]
    return preview_of(compared(*(cost_estimate(plan, conditions()) for plan in plans)))
