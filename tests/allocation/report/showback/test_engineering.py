from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from allocation.engine.drivers import Driver
from allocation.money import text_of
from allocation.preview.off_hours import savings
from allocation.report.showback.content import Sentences
from allocation.report.showback.engineering import engineering
from allocation.review.tried import Recovery, Rehearsed
from allocation.review.usage_levels import Level
from tests.allocation.previews import now
from tests.allocation.showbacks import moved
from tests.portfolios import catalog


def test_what_never_sleeps_is_reported_with_what_it_would_save() -> None:
    found = savings(now(), catalog().classes.off_hours)
    assert found
    page = engineering(replace(moved(), savings=found))
    (reported,) = (each for each in page.tables if each.name == "off-hours")
    assert [(row[0].shown, row[3].exact, row[4].exact) for row in reported.rows] == [
        (each.tenant, text_of(each.saved), text_of(each.freed)) for each in found
    ]
    (foot,) = reported.foot
    assert Decimal(str(foot[4].exact)) == sum(Decimal(str(row[4].exact)) for row in reported.rows)


def test_where_everything_sleeps_nothing_is_said_of_it() -> None:
    assert "off-hours" not in {each.name for each in engineering(moved()).tables}


def test_declared_users_stand_beside_those_that_odoo_has_and_unknown_is_not_zero() -> None:
    levels = {("acme", Driver.USERS): Level({date(2026, 12, 1): Decimal(9), date(2026, 12, 31): Decimal(11)})}
    showback = moved()
    page = engineering(replace(showback, month=replace(showback.month, levels=levels)))
    (shown,) = (each for each in page.tables if each.name == "users")
    assert [[cell.plain for cell in row] for row in shown.rows] == [["acme", "14", "11", "-3", "2026-12-31"]]
    tenants = [each.tenant for each in showback.month.plan.tenants]
    sections = {each.title: each for each in page.sections if isinstance(each, Sentences)}
    (said,) = sections["Users that Odoo has"].sentences
    assert said.startswith(f"The usage files count the users of 1 of {len(tenants)} tenants; not counted: ")
    assert all(name in said for name in tenants if name != "acme")


def test_a_restore_test_is_too_old_by_what_its_class_says() -> None:
    """Twenty days are good for `standard`, and too old for who is tested weekly."""
    showback = moved()
    tried = Recovery(showback.statement.period.end - timedelta(days=20), succeeded=True)
    page = engineering(replace(showback, recoveries={"cobalt": tried, "halcyon": tried}))
    (shown,) = (each for each in page.tables if each.name == "restores")
    rows = {row[0].plain: [cell.plain for cell in row[2:]] for row in shown.rows}
    assert rows["cobalt"] == ["good", "20", "35"]
    assert rows["halcyon"] == ["too old", "20", "14"]
    assert rows["borealis-migration"] == ["no dumps", "", ""]


def test_a_promise_that_nobody_rehearsed_is_not_proven_and_says_how_it_would_be() -> None:
    never = Rehearsed("halcyon", "eu-west-1", "never rehearsed", "run it", None, 100, None, None, 3600, 300)
    page = engineering(replace(moved(), rehearsals=(never,)))
    (shown,) = (each for each in page.tables if each.name == "rehearsals")
    ((*_, rto, promised, rpo, most, state),) = [[cell.shown for cell in row] for row in shown.rows]
    assert (rto, promised, rpo, most) == ("not measured", "1 h 0 min", "not measured", "5 min 0 s")
    assert state == "never rehearsed: run it"
    assert page.answer[-1].endswith("the recovery in another region is not proven: halcyon.")
