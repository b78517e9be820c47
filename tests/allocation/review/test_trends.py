from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from allocation.review.trends import series, slope_of, trends, used_in
from allocation.statement.filed import FiledItem, FiledStatement, FiledUsage
from tests.allocation.previews import changed
from tests.allocation.showbacks import filed, statement_of
from tests.portfolios import local_plan

MONTHS = ("2026-08", "2026-09", "2026-10", "2026-11")


def grown(month: str, gib: int, tier: str | None = None, **settings: str) -> FiledStatement:
    """An estimate in which acme's files take so many GiB."""
    plan = changed("acme", tier, **settings) if tier else local_plan()
    found = filed(statement_of(plan), month)
    pools = tuple(
        each.model_copy(update={"usage": {**each.usage, "acme": Decimal(gib * 730)}})
        if each.driver == "filestore-gib"
        else each
        for each in found.pools
    )
    return found.model_copy(update={"pools": pools})


def test_fewer_than_three_months_have_no_trend() -> None:
    assert trends([grown("2026-10", 10), grown("2026-11", 90)]) == ()
    assert trends([]) == ()


def test_what_grows_is_found_for_the_tenant_its_tier_and_all() -> None:
    found = trends([grown(month, gib) for month, gib in zip(MONTHS, (10, 20, 30, 40), strict=True)])
    assert [(each.series.whose, each.slope) for each in found] == [
        ("all tenants", Fraction(10)),
        ("tier shared-namespace", Fraction(10)),
        ("tenant acme", Fraction(10)),
    ]
    assert {(each.series.driver, each.series.unit) for each in found} == {("filestore-gib", "GiB")}
    assert found[-1].percent == 25


def test_one_odd_month_does_not_move_the_slope_and_is_where_it_bends() -> None:
    months = [*MONTHS, "2026-12"]
    found = trends([grown(month, gib) for month, gib in zip(months, (10, 20, 30, 400, 50), strict=True)])
    (acme,) = (each for each in found if each.series.whose == "tenant acme")
    assert (acme.slope, acme.bend) == (Fraction(10), "2026-11")


def test_a_move_to_another_tier_is_the_event_and_more_users_are() -> None:
    same = [grown("2026-08", 9), grown("2026-09", 10), grown("2026-10", 11)]
    months = [*same, grown("2026-11", 90, "dedicated-db")]
    found = {(each.series.whose, each.series.driver): each for each in trends(months)}
    files = found["tenant acme", "filestore-gib"]
    assert (files.bend, files.event) == ("2026-11", "moved from shared-namespace to dedicated-db")
    assert found["all tenants", "filestore-gib"].event == "moved: acme"
    more = [*same, grown("2026-11", 90, "shared-namespace", users="14")]
    found = {(each.series.whose, each.series.driver): each for each in trends(more)}
    assert found["tenant acme", "filestore-gib"].event == "users 8 to 14"


def test_an_estimate_has_the_levels_of_its_plan() -> None:
    month = grown("2026-11", 10)
    levels = {each.whose: each for each in series([month], {"2026-11": used_in(month)})}
    users = {tenant.tenant: tenant.users for tenant in local_plan().tenants}
    of_users = [
        each
        for each in series([month], {"2026-11": used_in(month)})
        if each.driver == "users" and each.whose.startswith("tenant ")
    ]
    assert levels
    assert of_users
    for each in of_users:
        assert each.levels == {"2026-11": users[each.whose.removeprefix("tenant ")]}


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=9), st.integers(-50, 50))
def test_the_slope_is_the_median_of_all_pairs_and_a_line_has_its_own(values: list[int], step: int) -> None:
    months = [f"2026-{number + 1:02}" for number in range(len(values))]
    levels = {month: Fraction(value) for month, value in zip(months, values, strict=True)}
    pairs = [
        Fraction(values[late] - values[early], late - early)
        for early in range(len(values))
        for late in range(early + 1, len(values))
    ]
    assert slope_of(levels) == median(pairs)
    assert slope_of({month: Fraction(place * step) for place, month in enumerate(months)}) == step


def test_modules_and_billed_volumes_of_logs_have_trends_although_no_pool_is_divided_by_them() -> None:
    def month(name: str, modules: int, gib: int) -> FiledStatement:
        found = filed(statement_of(local_plan()), name)
        hours = int((found.period.end - found.period.start).total_seconds()) // 3600
        kept = FiledUsage(driver="modules", unit="module-hours", use={"acme": Decimal(modules * hours)})
        logs = FiledItem(
            tenant="acme", pool="", service="AmazonCloudWatch", item="USE1-DataProcessing-Bytes", unit="GB",
            quantity=Decimal(gib * hours) / 24, amount=1,
        )  # fmt: skip
        items = (*found.items, logs, logs.model_copy(update={"other_month": "2026-01"}))
        return found.model_copy(update={"basis": "billed", "kept": (kept,), "items": items})

    found = trends([month(name, 50 + 2 * step, 2 + step) for step, name in enumerate(MONTHS)])
    mine = [each for each in found if each.series.whose == "tenant acme"]
    told = {(each.series.driver, each.series.unit): each.slope for each in mine}
    assert told == {("modules", "modules"): Fraction(2), ("logs", "GB a day"): Fraction(1)}


def test_another_rulebook_is_the_event_where_nothing_else_happened() -> None:
    months = [grown(name, gib) for name, gib in zip(MONTHS, (10, 11, 12, 90), strict=True)]
    months[-1] = months[-1].model_copy(update={"versions": {**months[-1].versions, "rulebook": "2026-12"}})
    found = {each.series.whose: each for each in trends(months)}
    assert {found[whose].event for whose in ("all tenants", "tenant acme")} == {"rulebook 2026-11 to 2026-12"}
