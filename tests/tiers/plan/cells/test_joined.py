"""The inventories of all stacks are that of the portfolio, however it is spread; what is missing is named."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.portfolios import local_plan
from tests.sampling import examples
from tests.tiers.plan.cells.portfolios import RULE, inventories
from tiers.errors import CatalogError
from tiers.inventory import Inventory, joined
from tiers.plan.cells.assigned import assigned
from tiers.portfolio.cells.assignment import Assignment

NAMES = [each.tenant for each in local_plan().tenants]
STORED = assigned(local_plan().tenants, RULE, Assignment())


@examples(20, of=200)
@given(
    st.lists(st.integers(1, 4), min_size=len(NAMES), max_size=len(NAMES)), st.randoms(use_true_random=False)
)
def test_however_tenants_are_spread_they_are_the_portfolio(cells: list[int], shuffled: Random) -> None:
    spread = Assignment(tenants={name: f"cell-{cell}" for name, cell in zip(NAMES, cells, strict=True)})
    parts = inventories(spread)
    shuffled.shuffle(parts)
    whole = joined(parts, "here")
    assert whole.plan == local_plan()
    assert whole.cloud_ids == {
        "platform/key": "arn:aws:kms:key",
        **{f"{name}/logs": f"arn:aws:logs:{name}" for name in NAMES},
    }
    assert (whole.one_of, whole.notes) == (None, ())


def refused(parts: list[Inventory]) -> tuple[str, ...]:
    with pytest.raises(CatalogError) as told:
        joined(parts, "here")
    return told.value.problems


def test_every_stack_that_is_missing_is_named() -> None:
    parts = inventories(STORED)
    assert refused([parts[0], *parts[2:-1]]) == (
        "here: the inventory of stack 'cell-1' is missing, which has acme, acme-staging",
        "here: the inventory of stack 'tenant-meridian' is missing, which has meridian",
    )
    assert refused(parts[1:]) == ("here: expected one inventory of a platform stack, found 0",)


def test_nothing_is_counted_twice() -> None:
    parts = inventories(STORED)
    assert refused([*parts, parts[1]]) == (
        "here: stack 'cell-1' is there 2 times",
        "here: tenant 'acme' is deployed by 2 stacks",
        "here: tenant 'acme-staging' is deployed by 2 stacks",
    )
    other = parts[1].model_copy(update={"plan": parts[1].plan.model_copy(update={"portfolio": "other"})})
    assert refused([parts[0], other, *parts[2:]]) == (
        "here: portfolio 'other' is not 'local', whose platform is there; keep each apart",
    )
    whole = Inventory(plan=local_plan().model_copy(update={"tenants": ()}), cloud_ids={})
    assert "an inventory is that of a whole portfolio" in refused([*parts, whole])[0]


def test_what_is_not_deployed_yet_is_pending() -> None:
    parts = inventories(STORED)
    plan = parts[1].plan.model_copy(update={"tenants": parts[1].plan.tenants[1:]})
    told = parts[2].one_of
    assert told is not None
    late = parts[1].model_copy(update={"plan": plan})
    old = parts[2].model_copy(update={"one_of": told.model_copy(update={"contract": "before"})})
    assert joined([parts[0], late, old, *parts[3:]], "here").notes == (
        "acme: is not deployed yet; update stack 'cell-1'",
        "stack 'cell-2' was told an older contract; update it",
    )
