from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from allocation.billed.billed_statement import billed_allocation
from allocation.billed.deployed import Deployed, deployed_in
from allocation.billed.overage import billed_overages
from allocation.charges import ChargePeriod
from allocation.engine import tables
from allocation.estimate.scratch import scratch
from allocation.money import units_of
from allocation.report.statement.document import document
from allocation.statement.filed import filed_statement
from allocation.statement.overage import Overage
from tests.allocation.rulebooks import POOL, rulebook
from tests.allocation.small import Line, loaded
from tests.portfolios import plan_of, tenant
from tests.sampling import examples
from tiers.catalog.overage import Measure
from tiers.inventory import Inventory

NOVEMBER = ChargePeriod.month("2026-11")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
Row = tuple[str, str, datetime, datetime, str]


def deployed(*since: tuple[datetime, int, bool]) -> tuple[Deployed, ...]:
    """One tenant, acme on the shared tier, from some days on with so many users, overage agreed or not."""
    found = []
    for moment, users, agreed in since:
        options: dict[str, object] = {"users": users} | ({"overage": "agreed"} if agreed else {})
        plan = plan_of(tenant("acme", tier="shared-namespace", options=options))
        found.append((moment, Inventory(plan=plan, cloud_ids={})))
    return deployed_in(NOVEMBER, found)


def daily(driver: str, level: str, days: Sequence[int] = range(30)) -> list[Row]:
    starts = [NOVEMBER.start + DAY * day for day in days]
    return [("acme", driver, start, start + DAY, str(Decimal(level) * 24)) for start in starts]


def found(rows: Sequence[Row], there: Sequence[Deployed]) -> dict[Measure, list[Overage]]:
    with scratch() as connection:
        tables.create(connection, "usage", tables.USAGE)
        bare = [(*row[:2], *(f"{moment:%Y-%m-%d %H:%M:%S}" for moment in row[2:4]), row[4]) for row in rows]
        tables.insert(connection, "usage", tables.USAGE, bare)
        by_measure: dict[Measure, list[Overage]] = {}
        for each in billed_overages(connection, there, NOVEMBER).get("acme", ()):
            by_measure.setdefault(each.measure, []).append(each)
        return by_measure


def test_what_was_measured_beyond_is_charged_at_the_price_of_the_offer() -> None:
    """10 users, 10 GiB and 400 core-hours are covered; a user is 19.00, a GiB 1.90, a core-hour 0.19."""
    rows = daily("users", "12.5") + daily("database-gib", "9") + daily("cpu-used", "1")
    by_measure = found(rows, deployed((LONG_AGO, 5, True)))
    assert {name: (str(row.used), row.source, row.amount) for name, (row,) in by_measure.items()} == {
        Measure.USERS: ("12.500", "measured", units_of(Decimal("47.50"))),
        Measure.DATABASE_GIB: ("9.000", "measured", 0),
        Measure.FILESTORE_GIB: ("None", "", None),
        Measure.CORE_HOURS: ("720.000", "measured", units_of(Decimal("60.80"))),
    }


def test_a_day_on_which_nothing_was_measured_makes_it_unknown_and_never_nothing() -> None:
    (row,) = found(daily("database-gib", "90", range(29)), deployed((LONG_AGO, 5, True)))[
        Measure.DATABASE_GIB
    ]
    assert (row.used, row.source, row.amount, row.charged) == (None, "", None, 0)


def test_users_whom_nobody_counted_are_those_declared() -> None:
    halfway = NOVEMBER.start + 15 * DAY
    (row,) = found([], deployed((LONG_AGO, 10, True), (halfway, 16, True)))[Measure.USERS]
    assert (row.used, row.source, row.amount) == (Decimal("13.000"), "declared", units_of(Decimal(57)))


def test_terms_count_for_the_time_in_which_they_held() -> None:
    """Agreed on the 16th: the days before are shown, and not charged."""
    there = deployed((LONG_AGO, 5, False), (NOVEMBER.start + 15 * DAY, 5, True))
    rows = daily("users", "20") + daily("cpu-used", "2")
    by_measure = found(rows, there)
    for measure, amount in ((Measure.USERS, "95.00"), (Measure.CORE_HOURS, "98.80")):
        before, after = by_measure[measure]
        assert (before.agreed, after.agreed, before.part) == (False, True, Fraction(1, 2))
        assert before.amount == after.amount == after.charged == units_of(Decimal(amount))
        assert before.charged == 0


@given(st.lists(st.integers(0, 40), min_size=30, max_size=30), st.sampled_from([1, 2, 24]))
@examples(12, of=60)
def test_the_average_is_the_same_however_often_it_was_measured(levels: list[int], parts: int) -> None:
    rows: list[Row] = []
    for day, level in enumerate(levels):
        start, step = NOVEMBER.start + DAY * day, DAY / parts
        for number in range(parts):
            begins = start + step * number
            rows.append(("acme", "users", begins, begins + step, str(Decimal(level) * 24 / parts)))
    (row,) = found(rows, deployed((LONG_AGO, 5, True)))[Measure.USERS]
    assert row.used is not None
    assert abs(Fraction(row.used) - Fraction(sum(levels), 30)) <= Fraction(1, 2000)


def test_one_row_of_the_whole_month_and_one_beside_it() -> None:
    """Two databases, one measured once for the month, one every day: they add up."""
    whole: Row = ("acme", "database-gib", NOVEMBER.start, NOVEMBER.end, str(15 * 24 * 30))
    (row,) = found([whole], deployed((LONG_AGO, 5, False)))[Measure.DATABASE_GIB]
    assert (row.used, row.amount) == (Decimal("15.000"), units_of(Decimal("9.50")))


def test_only_what_was_agreed_is_in_fee_and_margin_of_the_statement() -> None:
    fees = {}
    for agreed in (False, True):
        with loaded([Line(10**10)], []) as connection:
            there = deployed((LONG_AGO, 12, agreed))
            statement, _, _ = billed_allocation(connection, there, NOVEMBER, rulebook(POOL))
        told = document(statement)
        (line,) = filed_statement(told, None, "test").tenants
        fees[agreed] = line.fee
        (users,) = [each for each in line.overage if each.measure is Measure.USERS]
        assert (users.amount, users.agreed, line.margin) == (
            units_of(Decimal(38)),
            agreed,
            line.fee - line.total,
        )
    assert fees[True] - fees[False] == units_of(Decimal(38))
