from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.preview.approvals import (
    Given,
    Seen,
    approval_changes,
    approvals_needed,
    missing_approvals,
)
from allocation.preview.comparison import Comparison, TenantChange, compared
from allocation.preview.cost_estimate import cost_estimate
from allocation.preview.yardstick import Word, YardstickChange
from tests.allocation.previews import changed, comparison_of, conditions, now
from tests.portfolios import local_plan
from tiers.change.effect import Effect, EffectKind
from tiers.change.effects import effects_of
from tiers.portfolio.gates.approvals import Approvals, ChangeKind
from tiers.vocabulary import Environment, TenantId

GROUPS = {"finance": ("dana", "erin"), "operations": ("ola", "kim", "Dana")}


def table(*rules: dict[str, Any]) -> Approvals:
    full = [{"approvers": ["finance"], **rule} for rule in rules]
    return Approvals.model_validate({"groups": GROUPS, "rules": full})


def seen_of(comparison: Comparison) -> Seen:
    return Seen(comparison, effects_of(comparison.before.plan, comparison.after.plan))


def asked(seen: Seen, *rules: dict[str, Any]) -> list[str]:
    return [str(each.rule.change) for each in approvals_needed(table(*rules), seen)]


EVERY = (
    {"change": "any"},
    {"change": "cost", "over_per_month": "100"},
    {"change": "cost", "over_percent": "10"},
    {"change": "margin", "below_percent": "30"},
    {"change": "restart"},
    {"change": "downtime"},
    {"change": "major"},
    {"change": "data"},
    {"change": "tier"},
    {"change": "decommission"},
    {"change": "yardstick"},
)


def test_a_move_to_a_dearer_tier_asks_those_whom_the_table_names() -> None:
    found = approvals_needed(table(*EVERY), seen_of(comparison_of("cobalt", "ha-postgresql")))
    assert [each.number for each in found] == [1, 2, 3, 4, 5, 9]
    by = {each.number: each for each in found}
    assert by[2].reasons[0].startswith("the bill rises by 738.68172824 USD a month")
    assert by[4].reasons[0].startswith("acme: the margin falls to")
    assert by[9].reasons == ("cobalt: moves from dedicated-db to ha-postgresql",)
    assert by[9].people == ("dana", "erin")
    assert by[9].approved_by is None
    assert list(missing_approvals(found)) == []  # nobody was asked yet


def test_what_changes_nothing_asks_nobody() -> None:
    assert asked(seen_of(compared(now(), now())), *EVERY) == []
    assert approvals_needed(None, seen_of(comparison_of("cobalt", "ha-postgresql"))) == ()


@pytest.mark.parametrize(
    ("environment", "expected"), [("production", ["restart", "tier"]), ("staging", []), ("migration", [])]
)
def test_a_rule_may_be_for_some_environments(environment: str, expected: list[str]) -> None:
    rules = [{**rule, "environments": [environment]} for rule in ({"change": "restart"}, {"change": "tier"})]
    assert asked(seen_of(comparison_of("cobalt", "ha-postgresql")), *rules) == expected


def test_a_tenant_that_is_gone_or_begins_to_end_is_its_decommission() -> None:
    plan = local_plan()
    without = plan.model_copy(
        update={"tenants": tuple(t for t in plan.tenants if t.tenant != "acme-staging")}
    )
    rule = {"change": "decommission"}
    gone = seen_of(compared(now(), cost_estimate(without, conditions())))
    (approval,) = approvals_needed(table(rule), gone)
    assert approval.reasons == ("acme-staging: is gone",)
    ending = seen_of(comparison_of("borealis-migration", lifecycle_stage="decommissioning"))
    (approval,) = approvals_needed(table(rule), ending)
    assert approval.reasons == ("borealis-migration: its decommissioning begins",)
    again = replace(ending, comparison=compared(ending.comparison.after, ending.comparison.after))
    assert asked(again, rule) == []


def test_each_rule_needs_its_own_people_and_one_person_counts_once() -> None:
    rules = (
        {"change": "tier", "approvers": ["finance", "operations"], "count": 3},
        {"change": "restart", "approvers": ["operations"]},
    )
    seen = seen_of(comparison_of("cobalt", "ha-postgresql"))

    def missing(*people: str) -> list[int]:
        return [each.missing for each in approvals_needed(table(*rules), seen, Given(people))]

    assert missing() == [3, 1]
    assert missing("dana") == [2, 0]
    assert missing("DANA", "dana", "mallory") == [2, 0]
    assert missing("dana", "erin", "kim") == [0, 0]
    said = list(missing_approvals(approvals_needed(table(*rules), seen, Given(("erin",)))))
    assert said[0].startswith(
        "approvals: rule 1 (tier) needs 3 of finance, operations (Dana, erin, ola, kim), "
        "approved by erin (2 missing): "
    )
    assert (
        "rule 2 (restart) needs 1 of operations (ola, kim, Dana), approved by nobody (1 missing)" in said[1]
    )


def test_an_effect_on_the_platform_that_names_no_tenant_may_hit_every_one() -> None:
    effect = Effect(EffectKind.DATA, "is gone", ("platform/bucket",))
    seen = Seen(compared(now(), now()), (effect,))
    assert asked(seen, {"change": "data", "environments": ["analytics"]}) == ["data"]


def test_a_rule_that_changes_is_a_yardstick_and_one_that_is_new_where_none_was_is_not() -> None:
    then = table({"change": "data"}, {"change": "tier"})
    assert list(approval_changes(None, then)) == []
    assert list(approval_changes(then, then)) == []
    (gone,) = approval_changes(then, None)
    assert gone == YardstickChange(Word.GATES, "platform.yaml", "approvals: are gone")
    (fewer,) = approval_changes(then, table({"change": "tier"}))
    assert fewer.what == "approvals: rule 1 (data) changes or is gone"
    (others,) = approval_changes(
        then, then.model_copy(update={"groups": {**GROUPS, "finance": ("mallory",)}})
    )
    assert others.what == "approvals: group finance changes"
    (more,) = approval_changes(then, table({"change": "data"}, {"change": "tier"}, {"change": "any"}))
    assert more.what == "approvals: more is in them, or in another order"


# Changes made of a few numbers, so that one can be worse than another in every way there is.
NAMES = ("a", "b", "c")
ENVIRONMENTS = dict(
    zip(NAMES, (Environment.PRODUCTION, Environment.STAGING, Environment.MIGRATION), strict=True)
)
TIERS = ("small", "large")
FEE = 1000


@dataclass(frozen=True)
class Figures:
    """A change: the bill, margins, effects, who moves, who is gone, what measures it."""

    rise: int
    costs: tuple[int, ...]
    effects: frozenset[tuple[EffectKind, str]]
    moves: frozenset[str]
    ends: frozenset[str]
    words: frozenset[Word]

    def seen(self) -> Seen:
        tenants = tuple(
            TenantChange(
                TenantId(name),
                self._plan(name, after=False),
                self._plan(name, after=True),
                self._line(100),
                self._line(cost),
            )
            for name, cost in zip(NAMES, self.costs, strict=True)
        )
        sides: list[Any] = [
            SimpleNamespace(
                plan=SimpleNamespace(currency="USD", side=side),
                statement=SimpleNamespace(charged=500 * 10**10 + side * self.rise),
                charges={},
            )
            for side in (0, 1)
        ]
        effects = tuple(
            Effect(kind, "happens", (TenantId(name),), (TenantId(name),))
            for kind, name in sorted(self.effects)
        )
        moved = tuple(YardstickChange(word, "file", "changes") for word in sorted(self.words))
        return Seen(Comparison(sides[0], sides[1], tenants), effects, None, moved)

    def _plan(self, name: str, *, after: bool) -> Any:
        ends, moves = after and name in self.ends, after and name in self.moves
        return SimpleNamespace(
            environment=ENVIRONMENTS[name],
            tier=TIERS[moves],
            move=None,
            lifecycle_stage="decommissioning" if ends else "active",
        )

    def _line(self, cost: int) -> Any:
        return SimpleNamespace(fee=FEE, total=cost, margin=FEE - cost, direct=cost, pooled={})


COSTS = st.tuples(*[st.integers(0, 1500)] * len(NAMES))
EFFECTS = st.frozensets(st.tuples(st.sampled_from(EffectKind), st.sampled_from(NAMES)))
SOME = st.frozensets(st.sampled_from(NAMES))
FIGURES = st.builds(
    Figures, st.integers(-(10**13), 10**13), COSTS, EFFECTS, SOME, SOME, st.frozensets(st.sampled_from(Word))
)
AMOUNTS = st.decimals(0, 2000, places=2)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(ChangeKind))
    rule: dict[str, Any] = {"change": kind, "approvers": draw(st.sampled_from([["finance"], ["operations"]]))}
    rule["count"] = draw(st.integers(1, 2))
    if kind is ChangeKind.COST:
        rule[draw(st.sampled_from(["over_per_month", "over_percent"]))] = draw(AMOUNTS)
    if kind is ChangeKind.MARGIN:
        rule["below_percent"] = draw(st.decimals(-100, 100, places=2))
    if kind not in (ChangeKind.ANY, ChangeKind.COST, ChangeKind.YARDSTICK):
        rule["environments"] = draw(st.lists(st.sampled_from(Environment), unique=True, max_size=2))
    return rule


@st.composite
def worse(draw: st.DrawFn, mild: Figures) -> Figures:
    """A change that is worse than *mild*, or as bad, in every way."""
    more = draw(FIGURES)
    return Figures(
        mild.rise + abs(more.rise),
        tuple(cost + extra for cost, extra in zip(mild.costs, more.costs, strict=True)),
        mild.effects | more.effects,
        mild.moves | more.moves,
        mild.ends | more.ends,
        mild.words | more.words,
    )


@given(
    st.data(),
    st.lists(rules(), min_size=1, max_size=6),
    st.frozensets(st.sampled_from(["dana", "ola", "kim"])),
)
def test_a_worse_change_never_needs_fewer_approvals(
    data: st.DataObject, drawn: list[dict[str, Any]], people: frozenset[str]
) -> None:
    mild = data.draw(FIGURES)
    grave = data.draw(worse(mild))
    found = [
        {
            each.number: each.missing
            for each in approvals_needed(table(*drawn), figures.seen(), Given((*people,)))
        }
        for figures in (mild, grave)
    ]
    assert found[0].items() <= found[1].items()


@given(FIGURES, st.lists(rules(), min_size=1, max_size=5), rules())
def test_a_longer_table_never_asks_for_fewer_approvals(
    figures: Figures, drawn: list[dict[str, Any]], extra: dict[str, Any]
) -> None:
    seen = figures.seen()
    few, many = (approvals_needed(table(*each), seen) for each in (drawn, [*drawn, extra]))
    assert many[: len(few)] == few


@given(
    FIGURES, st.lists(rules(), min_size=1, max_size=5), st.lists(st.sampled_from(["dana", "ola", "kim", "x"]))
)
def test_more_people_never_leave_more_missing(
    figures: Figures, drawn: list[dict[str, Any]], people: list[str]
) -> None:
    seen = figures.seen()
    sums = [
        sum(each.missing for each in approvals_needed(table(*drawn), seen, Given(tuple(people[:count]))))
        for count in range(len(people) + 1)
    ]
    assert sums == sorted(sums, reverse=True)


@given(st.integers(0, 10**13), AMOUNTS)
def test_a_limit_is_met_beyond_it_and_not_at_it(rise: int, limit: Decimal) -> None:
    figures = Figures(rise, (100, 100, 100), frozenset(), frozenset(), frozenset(), frozenset())
    found = asked(figures.seen(), {"change": "cost", "over_per_month": limit})
    assert found == (["cost"] if Decimal(rise) / 10**10 > limit else [])


def test_a_neighbours_margin_counts_too() -> None:
    line = next(each for each in comparison_of("cobalt", "ha-postgresql").tenants if each.tenant == "acme")
    between = Decimal(100 * line.margin.before) / line.fee.before
    assert changed("acme") == local_plan()
    rule = {
        "change": "margin",
        "below_percent": between.quantize(Decimal("0.01")),
        "environments": ["production"],
    }
    (approval,) = approvals_needed(table(rule), seen_of(comparison_of("cobalt", "ha-postgresql")))
    assert any(each.startswith("acme: ") for each in approval.reasons)
