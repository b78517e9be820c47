"""A change is for exactly the stacks whose part of the plan differs, over random changes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.portfolios import catalog, local_portfolio, tenant
from tests.sampling import examples
from tests.tiers.plan.cells.portfolios import RULE
from tiers.catalog.tier import Catalog
from tiers.plan.cells.assigned import assigned
from tiers.plan.cells.stacks import part_of, parts_of, stacks_of, without_platform
from tiers.plan.cells.touched import InStacks, moved, touched
from tiers.plan.cells.waves import Shard, shard_of, waves
from tiers.plan.resolve import resolve
from tiers.portfolio.cells.assignment import Assignment
from tiers.portfolio.tenant import Portfolio, Tenant

TIERS = ("shared-namespace", "dedicated-db", "ha-postgresql")
NAMES = [each.tenant for each in local_portfolio().tenants]
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "users": st.integers(1, 80),
        "database_gib": st.integers(5, 60),
        "filestore_gib": st.integers(5, 60),
    },
)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("options"), st.sampled_from(NAMES), OPTIONS),
        st.tuples(st.just("hostname"), st.sampled_from(NAMES), st.sampled_from("abc")),
        st.tuples(st.just("add"), st.sampled_from(["x1", "x2", "x3"]), st.sampled_from(TIERS)),
        st.tuples(st.just("remove"), st.sampled_from(NAMES), st.none()),
        st.tuples(st.just("fee"), st.sampled_from(TIERS), st.integers(1, 9)),
        st.tuples(
            st.just("platform"), st.sampled_from(["log_gib_per_month", "log_retention_days"]), st.just(60)
        ),
    ),
    max_size=4,
    unique_by=lambda change: change[:2],
)


def in_stacks(sold: Catalog, portfolio: Portfolio, stored: Assignment) -> InStacks:
    plan = resolve(sold, portfolio)
    return InStacks(portfolio.platform, plan, assigned(plan.tenants, RULE, stored))


def changed(sold: Catalog, portfolio: Portfolio, change: tuple[str, str, Any]) -> tuple[Catalog, Portfolio]:
    kind, name, value = change
    tenants, platform = {each.tenant: each for each in portfolio.tenants}, portfolio.platform
    if kind == "options" and name in tenants:
        tenants[name] = _with(tenants[name], options=tenants[name].options.model_copy(update=value))
    elif kind == "hostname" and name in tenants:
        tenants[name] = _with(tenants[name], hostname=f"{value}.{name}.example.com")
    elif kind == "add":
        tenants[name] = tenant(name, tier=value)
    elif kind == "remove":
        tenants.pop(name, None)
    elif kind == "fee":
        tier = sold.tiers[name]
        offers = {
            environment: offer.model_copy(update={"fee_per_month": offer.fee_per_month + value})
            for environment, offer in tier.offers.items()
        }
        sold = sold.model_copy(
            update={"tiers": {**sold.tiers, name: tier.model_copy(update={"offers": offers})}}
        )
    elif kind == "platform":
        observability = platform.observability.model_copy(update={name: value})
        platform = platform.model_copy(update={"observability": observability})
    ordered = tuple(sorted(tenants.values(), key=lambda each: each.tenant))
    return sold, Portfolio(platform=platform, tenants=ordered)


def _with(one: Tenant, **values: Any) -> Tenant:
    return one.model_copy(update=values)


def parts(side: InStacks) -> dict[str, Any]:
    """What each stack deploys, as its inventory has it."""
    said = {"platform": side.assignment.model_dump_json()}
    made = {stack: part_of(side.plan, side.assignment, stack) for stack in stacks_of(side.assignment)}
    return {
        stack: (part if stack == "platform" else without_platform(part)).model_dump_json(
            exclude={"catalog_version"}
        )
        + said.get(stack, "")
        for stack, part in made.items()
    }


@examples(20, of=600)
@given(CHANGES)
def test_a_change_is_for_the_stacks_whose_plans_differ(wanted: list[tuple[str, str, Any]]) -> None:
    before = in_stacks(catalog(), local_portfolio(), Assignment())
    sold, portfolio = catalog(), local_portfolio()
    for change in wanted:
        sold, portfolio = changed(sold, portfolio, change)
    after = in_stacks(sold, portfolio, before.assignment)
    found = [each.stack for each in touched(before, after)]
    then, now = parts(before), parts(after)
    differ = [stack for stack in stacks_of(after.assignment) if then.get(stack) != now[stack]]
    if before.platform == after.platform:
        assert found == differ
    else:
        assert found == list(stacks_of(after.assignment)) or set(differ) <= set(found)
        assert len(found) == len(now)
    assert not moved(before, after)


def test_a_tenants_file_is_for_one_stack() -> None:
    before = in_stacks(catalog(), local_portfolio(), Assignment())
    for name in NAMES:
        after = in_stacks(*changed(catalog(), local_portfolio(), ("hostname", name, "a")), before.assignment)
        ((stack, because),) = touched(before, after)
        assert (stack, because) == (before.assignment.tenants[name], (name,))


def test_what_all_share_is_for_the_platform_too() -> None:
    before = in_stacks(catalog(), local_portfolio(), Assignment())
    after = in_stacks(
        *changed(catalog(), local_portfolio(), ("add", "x1", "shared-namespace")), before.assignment
    )
    platform, mine = touched(before, after)
    assert (platform.stack, mine.stack) == ("platform", after.assignment.tenants["x1"])
    assert "platform/backup-bucket" in platform.because


def test_parts_are_those_of_each_stack() -> None:
    side = in_stacks(catalog(), local_portfolio(), Assignment())
    found = parts_of(side.plan, side.assignment)
    assert found == {
        stack: part_of(side.plan, side.assignment, stack) for stack in stacks_of(side.assignment)
    }


def test_what_was_never_deployed_is_for_all() -> None:
    after = in_stacks(catalog(), local_portfolio(), Assignment())
    assert [each.stack for each in touched(None, after)] == list(stacks_of(after.assignment))


def test_a_line_that_names_another_stack_is_a_move() -> None:
    before = in_stacks(catalog(), local_portfolio(), Assignment())
    tenants = {**before.assignment.tenants, "acme": "cell-9"}
    after = before._replace(assignment=Assignment(tenants=tenants))
    assert [tuple(each) for each in moved(before, after)] == [("acme", "cell-1", "cell-9")]
    assert [each.stack for each in touched(before, after)] == ["platform", "cell-1", "cell-9"]


def test_waves_are_the_platform_sandboxes_production() -> None:
    side = in_stacks(catalog(), local_portfolio(), Assignment(tenants={"acme-staging": "cell-7"}))
    found = waves(side.plan, side.assignment, stacks_of(side.assignment))
    assert (found["platform"], found["cell-7"], found["cell-1"], found["tenant-cobalt"]) == (1, 3, 3, 3)
    alone = Assignment(tenants={**side.assignment.tenants, "acme": "cell-8"})
    assert waves(side.plan, alone, ["cell-7", "cell-8"]) == {"cell-7": 2, "cell-8": 3}


@given(st.lists(st.integers(), unique=True, max_size=40), st.integers(1, 9))
def test_shards_are_a_partition_of_equal_parts(numbers: list[int], of: int) -> None:
    stacks = [f"cell-{number}" for number in numbers]
    shards = [shard_of(stacks, Shard(number, of)) for number in range(1, of + 1)]
    assert sorted(stack for shard in shards for stack in shard) == sorted(stacks)
    assert max(map(len, shards)) - min(map(len, shards)) <= 1
