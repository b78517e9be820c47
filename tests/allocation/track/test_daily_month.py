from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.errors import AllocationError, InputError
from allocation.track.daily_month import Key, Row, daily_month, of_key
from allocation.track.document import daily_document, daily_month_of
from tests.allocation.track.made import ACME, IDLE, NODES, NOVEMBER, month, row, rows
from tests.sampling import examples

kinds = st.fixed_dictionaries(
    {
        "service": st.sampled_from(["EC2", "RDS", "Tax"]),
        "category": st.sampled_from(["Usage", "Purchase", "Tax", "Credit", "Adjustment"]),
        "frequency": st.sampled_from(["", "Usage-Based", "Recurring", "One-Time"]),
        "other_month": st.sampled_from(["", "", "2026-10"]),
    }
)


@st.composite
def charges(draw: st.DrawFn) -> Row:
    key = draw(st.sampled_from([ACME, NODES, IDLE]))
    first = draw(st.integers(NOVEMBER.first, NOVEMBER.end - 1))
    units = draw(st.integers(-(10**14), 10**14))
    return row(key, first, units, draw(st.integers(1, 40)), **draw(kinds))


many = st.lists(charges(), max_size=30)


@given(many, st.integers(0, 29))
@examples(12, of=80)
def test_nothing_that_is_charged_is_lost(found: list[Row], number: int) -> None:
    made = daily_month(found, NOVEMBER, NOVEMBER.first + number)
    for key in (ACME, NODES, IDLE):
        assert made.spent(key) == sum(each.units for each in found if each.key == key)


@given(many, st.randoms(), st.integers(0, 29))
@examples(12, of=60)
def test_the_order_of_rows_says_nothing(found: list[Row], chance: object, number: int) -> None:
    mixed = list(found)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    through = NOVEMBER.first + number
    assert daily_month(mixed, NOVEMBER, through) == daily_month(found, NOVEMBER, through)


@given(many)
@examples(12, of=60)
def test_what_is_filed_is_read_as_it_was(found: list[Row]) -> None:
    made = daily_month(found, NOVEMBER, NOVEMBER.end - 1)
    read = daily_month_of(daily_document(made), "daily-000.json")
    assert read.held == made.held
    assert read.missing == made.missing
    for key, of in made.daily.items():
        assert {day: units for day, units in read.daily[key].items() if units} == {
            day: units for day, units in of.items() if units
        }


def test_a_charge_across_the_end_of_the_month_is_filed_whole() -> None:
    week = [row(ACME, first, 7 * 10**10, days=7) for first in (NOVEMBER.first - 3, NOVEMBER.end - 2)]
    made = month(NOVEMBER, week, rows(NODES, NOVEMBER), through=NOVEMBER.end - 1)
    read = daily_month_of(daily_document(made), "daily-000.json")
    assert (read.spent(ACME), made.spent(ACME), made.partial) == (14 * 10**10, 14 * 10**10, ())


@pytest.mark.parametrize(
    ("kind", "days"),
    [
        ({}, 30),
        ({"category": "Tax"}, 1),
        ({"category": "Credit"}, 1),
        ({"category": "Purchase"}, 1),
        ({"frequency": "One-Time"}, 1),
        ({"other_month": "2026-10"}, 1),
        ({"frequency": "Recurring", "service": "support"}, 1),
    ],
)
def test_what_is_booked_once_or_for_a_month_is_no_day_of_the_series(kind: dict[str, str], days: int) -> None:
    made = month(NOVEMBER, rows(ACME, NOVEMBER, until=9), [row(ACME, NOVEMBER.first, 5, days, **kind)])
    assert sum(made.daily[ACME].values()) == 9 * 10**10
    assert [each.units for each in made.held] == [5]


def test_a_fee_that_comes_every_day_is_one() -> None:
    fees = [
        row(ACME, day, 7, category="Purchase", frequency="Recurring")
        for day in range(NOVEMBER.first, NOVEMBER.first + 9)
    ]
    assert month(NOVEMBER, fees).daily == {ACME: {each.first: 7 for each in fees}}


def test_a_week_that_is_charged_at_once_is_seven_days() -> None:
    made = month(NOVEMBER, rows(NODES, NOVEMBER, until=9), [row(ACME, NOVEMBER.first + 1, 70, days=7)])
    assert made.daily[ACME] == dict.fromkeys(range(NOVEMBER.first + 1, NOVEMBER.first + 8), 10)


def test_the_last_day_is_the_last_that_is_charged_for_whole() -> None:
    full = rows(ACME, NOVEMBER, until=10)
    assert month(NOVEMBER, full).through == NOVEMBER.first + 9
    little = [row(ACME, NOVEMBER.first + 10, 10**9)]
    made = month(NOVEMBER, full, little)
    assert made.through == NOVEMBER.first + 9
    assert made.partial == (NOVEMBER.first + 10,)
    assert month(NOVEMBER, full, little, through=NOVEMBER.first + 10).through == NOVEMBER.first + 10


def test_a_month_whose_last_day_is_charged_in_part_is_not_over() -> None:
    last = NOVEMBER.end - 1
    made = month(NOVEMBER, rows(ACME, NOVEMBER, until=29), [row(ACME, last, 4 * 10**9)])
    assert (made.through, made.partial, made.is_over) == (last - 1, (last,), False)
    assert month(NOVEMBER, rows(ACME, NOVEMBER)).is_over
    said = month(NOVEMBER, rows(ACME, NOVEMBER, until=29), [row(ACME, last, 4 * 10**9)], through=last)
    assert said.is_over


def test_a_day_without_any_charge_is_unknown_and_not_free() -> None:
    gap = NOVEMBER.first + 4
    made = month(NOVEMBER, [each for each in rows(ACME, NOVEMBER, until=9) if each.first != gap])
    assert made.missing == (gap,)
    assert gap not in of_key([made], [ACME])


def test_a_tenant_that_others_are_charged_beside_costs_nothing_that_day() -> None:
    gap = NOVEMBER.first + 4
    made = month(NOVEMBER, [each for each in rows(ACME, NOVEMBER, until=9) if each.first != gap],
                 rows(NODES, NOVEMBER, until=9))  # fmt: skip
    assert of_key([made], [ACME])[gap] == 0
    assert made.missing == ()


def test_a_bill_that_does_not_say_its_days_is_refused() -> None:
    with pytest.raises(InputError, match="no charge of a single day of 2026-11"):
        month(NOVEMBER, [row(ACME, NOVEMBER.first, 5, days=30)])
    with pytest.raises(InputError, match="--through: expected a day of 2026-11"):
        month(NOVEMBER, rows(ACME, NOVEMBER), through=NOVEMBER.end)


@pytest.mark.parametrize("document", [{}, {"schema_version": 1}, {"schema_version": 1, "month": "2026-13"}])
def test_a_file_that_is_no_daily_charges_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(AllocationError, match=r"^daily-000\.json: "):
        daily_month_of(document, "daily-000.json")


def test_days_begin_with_the_first_charge() -> None:
    late = [each for each in rows(Key("new", ""), NOVEMBER, until=9) if each.first > NOVEMBER.first + 5]
    made = month(NOVEMBER, rows(NODES, NOVEMBER, until=9), late)
    assert min(of_key([made], [Key("new", "")])) == NOVEMBER.first + 6
