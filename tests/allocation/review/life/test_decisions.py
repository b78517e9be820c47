from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from allocation.report.showback.review.register import explained
from allocation.review.life.decisions import Outcome, Saving, decision_lives, of_review
from allocation.statement.filed import FiledStatement
from tests.allocation.previews import changed
from tests.allocation.showbacks import filed, statement_of
from tests.portfolios import local_plan
from tiers.portfolio.reviews.entries import DecisionEntry

TODAY = date(2026, 12, 3)


def decided(name: str = "smaller", **fields: str) -> DecisionEntry:
    told = {"decision": name, "state": "decided", "on": "2026-09-10", "by": "dana", "what": "a smaller class"}
    return DecisionEntry.model_validate({**told, "owner": "ola", "due": "2026-10-31", **fields})


def then(state: str, name: str = "smaller", **fields: str) -> DecisionEntry:
    told = {"decision": name, "state": state, "on": "2026-10-05", "by": "ola"}
    return DecisionEntry.model_validate({**told, **fields})


@cache
def month(name: str, users: str = "8") -> FiledStatement:
    """A whole month; `filed` of the tests ends on the 28th."""
    plan = local_plan() if users == "8" else changed("acme", "dedicated-db", users=users)
    return filed(statement_of(plan), name)


def outcome(*entries: DecisionEntry, today: date = TODAY) -> Outcome:
    (found,) = decision_lives(entries, (), today)
    return found.outcome


def test_a_decision_is_overdue_from_the_day_after_its_due_date() -> None:
    assert outcome(decided(), today=date(2026, 10, 31)) is Outcome.DUE
    assert outcome(decided(), today=date(2026, 11, 1)) is Outcome.OVERDUE
    later = then("postponed", due="2026-12-31", reason="the client is away")
    assert outcome(decided(), later) is Outcome.DUE
    assert outcome(decided(), then("dropped", reason="they left")) is Outcome.DROPPED


def test_a_saving_is_the_difference_of_the_whole_months_around_it() -> None:
    months = (month("2026-08"), month("2026-09"), month("2026-10"), month("2026-11", "14"))
    (found,) = decision_lives([decided(tenant="acme"), then("done")], months, TODAY)
    was, now = months[1].by_tenant["acme"].total, months[3].by_tenant["acme"].total
    assert found.saving == Saving("2026-09", "2026-11", was, now)
    assert found.saving.units == was - now < 0
    (found,) = decision_lives([decided(pool="nodes"), then("done")], months, TODAY)
    assert found.saving is not None
    assert found.saving.units == months[1].pool_totals["nodes"] - months[3].pool_totals["nodes"]


def test_the_cost_of_who_left_is_a_saving_that_says_so() -> None:
    left = month("2026-11")
    left = left.model_copy(update={"tenants": [each for each in left.tenants if each.tenant != "acme"]})
    (found,) = decision_lives([decided(tenant="acme"), then("done")], [month("2026-09"), left], TODAY)
    cost = month("2026-09").by_tenant["acme"].total
    assert found.saving == Saving("2026-09", "2026-11", cost, 0, gone=True)
    assert "which has no acme: all that it cost counts" in explained(found)


def test_months_of_unlike_length_are_named_with_their_days() -> None:
    entries = [decided(tenant="acme"), then("done", on="2027-02-01")]
    (found,) = decision_lives(entries, [month("2027-01"), month("2027-02")], date(2027, 3, 2))
    assert explained(found) == "cost of acme in 2027-01 less that in 2027-02, of 31 and 28 days"


def why(months: Iterable[FiledStatement], **fields: str) -> str:
    (found,) = decision_lives([decided(**fields), then("done")], tuple(months), TODAY)
    assert (found.outcome, found.saving) == (Outcome.DONE, None)
    return found.unmeasured


def test_what_cannot_be_measured_says_why() -> None:
    assert why([month("2026-09"), month("2026-11")]) == "the decision names no tenant and no pool"
    assert why([month("2026-10"), month("2026-11")], tenant="acme") == (
        "no whole month before 2026-10-05 is filed"
    )
    assert why([month("2026-09"), month("2026-10")], tenant="acme") == (
        "no whole month since 2026-10-05 is filed"
    )
    assert why([month("2026-09"), month("2026-11")], tenant="nobody") == "nobody is not in 2026-09"
    billed = month("2026-11").model_copy(update={"basis": "billed"})
    assert why([month("2026-09"), billed], tenant="acme") == "2026-09 is estimated, 2026-11 is billed"
    other = month("2026-11").model_copy(update={"versions": {"rulebook": "house-7"}})
    rules = month("2026-09").versions["rulebook"]
    assert why([month("2026-09"), other], pool="nodes") == (
        f"2026-09 is by rulebook {rules}, 2026-11 by house-7"
    )


def test_a_review_carries_over_what_is_open_and_shows_what_ended_in_its_months() -> None:
    entries = [
        decided("open"),
        decided("done-early"),
        then("done", "done-early", on="2026-09-20"),
        decided("done-late"),
        then("done", "done-late", on="2026-11-20"),
    ]
    first = month("2026-10")
    found = of_review(decision_lives(entries, (), TODAY), first)
    assert [(each.decided.decision, each.is_carried_over(first)) for each in found] == [
        ("open", True),
        ("done-late", True),
    ]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.dates(date(2026, 9, 11), date(2027, 3, 1)))), st.dates())
def test_no_decision_is_forgotten(postponed: list[tuple[str, date]], today: date) -> None:
    entries = [decided(name) for name in "abc"]
    entries += [
        then("postponed", name, on="2026-09-11", due=f"{due}", reason="later") for name, due in postponed
    ]
    found = decision_lives(entries, (), today)
    assert sorted(each.decided.decision for each in found) == ["a", "b", "c"]
    last = {name: date(2026, 10, 31) for name in "abc"} | dict(postponed)
    assert {each.decided.decision: each.due for each in found} == last
    assert all((each.outcome is Outcome.OVERDUE) is (today > each.due) for each in found)
