"""Nobody moves, holes are filled, and a full cell opens another: over years of random changes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.portfolios import local_plan
from tests.sampling import examples
from tests.tiers.plan.cells.portfolios import RULE, named, shared_and_dedicated
from tiers.plan.cells.assigned import assigned, is_dedicated
from tiers.plan.plan import TenantPlan
from tiers.portfolio.cells.assignment import Assignment, assignment_text, load_assignment
from tiers.portfolio.cells.section import CellsSpec, Owned, number_of, own_stack

NONE = Assignment()
TENANTS = st.lists(
    st.builds(
        lambda number, client, dedicated: named(f"t{number:02}", f"client-{client}", dedicated=dedicated),
        st.integers(0, 30),
        st.integers(0, 6),
        st.booleans(),
    ),
    unique_by=lambda each: each.tenant,
    max_size=25,
)


def cells_of(assignment: Assignment) -> Counter[int]:
    return Counter(number for stack in assignment.tenants.values() if (number := number_of(stack)))


@examples(20, of=400)
@given(st.lists(TENANTS, min_size=1, max_size=4), st.integers(1, 5))
def test_over_years_of_changes_nobody_moves(years: list[list[TenantPlan]], most: int) -> None:
    rule, stored = CellsSpec(tenants_per_cell=most), NONE
    for tenants in years:
        after = assigned(tenants, rule, stored)
        assert after.tenants.keys() == {each.tenant for each in tenants}
        for tenant, stack in stored.tenants.items():
            assert after.tenants.get(tenant, stack) == stack
        for each in tenants:
            if each.tenant not in stored.tenants:
                assert (after.tenants[each.tenant] == own_stack(each.tenant)) is is_dedicated(each, rule)
        sizes = cells_of(after)
        assert all(size <= most for size in sizes.values())
        # A cell is opened when those before it are full: at its opening, and only holes come later.
        opened = set(sizes) - set(cells_of(stored))
        assert opened <= set(range(1, max(sizes, default=0) + 1))
        assert all(sizes[number] == most for number in range(1, max(opened, default=1)))
        assert assigned(reversed(tenants), rule, stored) == after
        stored = after


def test_a_hole_is_filled_before_another_cell_is_opened() -> None:
    stored = assigned([named(name, name) for name in ("a1", "b1", "c1", "d1", "e1")], RULE, NONE)
    assert dict(stored.tenants) == {
        "a1": "cell-1",
        "b1": "cell-1",
        "c1": "cell-2",
        "d1": "cell-2",
        "e1": "cell-3",
    }
    left = [named(name, name) for name in ("a1", "d1", "e1")]
    without = assigned(left, RULE, stored)
    assert dict(without.tenants) == {"a1": "cell-1", "d1": "cell-2", "e1": "cell-3"}
    more = assigned([*left, *(named(name, name) for name in ("x1", "y1", "z1", "zz"))], RULE, without)
    assert [more.tenants[name] for name in ("x1", "y1", "z1", "zz")] == [
        "cell-1",
        "cell-2",
        "cell-3",
        "cell-4",
    ]


def test_a_client_stays_together_while_its_cell_has_room() -> None:
    stored = Assignment(tenants={"a1": "cell-1", "b1": "cell-2"})
    tenants = [named("a1", "a"), named("b1", "b"), named("b2", "b"), named("b3", "b")]
    after = assigned(tenants, RULE, stored)
    assert (after.tenants["b2"], after.tenants["b3"]) == ("cell-2", "cell-1")


def test_facts_say_who_is_dedicated_and_not_the_tier() -> None:
    shared, dedicated = shared_and_dedicated()
    renamed = shared.model_copy(update={"tier": dedicated.tier})
    assert [is_dedicated(each, RULE) for each in (shared, renamed, dedicated)] == [False, False, True]
    by_nodes = CellsSpec(own_stack=(Owned.NODES,))
    assert {each.tenant for each in local_plan().tenants if is_dedicated(each, by_nodes)} == {"meridian"}


def test_the_file_says_the_same(tmp_path: Path) -> None:
    made = assigned(local_plan().tenants, RULE, NONE)
    (tmp_path / "cells.yaml").write_text(assignment_text(made), encoding="utf-8")
    assert load_assignment(tmp_path) == made
    assert load_assignment(tmp_path / "elsewhere") is None
